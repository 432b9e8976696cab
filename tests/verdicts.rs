//! What a difference means: drift, drift that no plan shows, or none, by what code, state and AWS say of it.

use driftguard::code::{self, Options, Recorded};
use driftguard::diff::{self, Differences, Ownership, ReadResource};
use driftguard::model::{
    Address, Attribute, Attributes, AwsLocation, Declared, DeclaredResource, Definition, Interrupt,
    Nesting, Parts, PlannedChanges, ProviderKey, Reading, Report, Resource, Scanned, Schema,
    Severity, Shape, Site, Source, StackName, StackReport, Tree, Type, UnmanagedResource, Value,
    ValueMap, Verdict,
};
use driftguard::report::{self, Paint};
use driftguard::resources;
use driftguard::score::{self, Benchmark};
use std::collections::BTreeMap;
use std::sync::Arc;

fn aws() -> ProviderKey {
    ProviderKey {
        module: String::new(),
        name: "aws".to_owned(),
        alias: None,
    }
}

fn attributes(json: &str) -> Attributes {
    serde_json::from_str(json).unwrap()
}

fn resource(address: &str, id: &str, attributes: Attributes) -> Resource {
    Resource {
        address: address.parse().unwrap(),
        provider: aws(),
        id: id.to_owned(),
        attributes,
    }
}

/// Compares one resource with what AWS has of it.
fn compared(
    declared: &Declared,
    code: &code::Evaluated,
    recorded: &Resource,
    live: Attributes,
) -> Differences {
    let catalog = resources::catalog();
    let resources = [ReadResource {
        resource: recorded,
        location: AwsLocation::default(),
        reading: Reading::Found(live),
        planned: None,
    }];
    let interrupt = Interrupt::default();
    let stack = diff::Stack {
        declared,
        provider_tags: &|_| code.providers.first().map(|provider| &provider.tags),
        pending_removal: &|_| None,
        resources: &resources,
        unmanaged: &[],
        interrupt: &interrupt,
    };
    diff::compare(&stack, &Ownership::new([recorded], &catalog), &catalog)
}

/// The same with code, and the state and AWS's answer in JSON. Without code nothing of it is evaluated.
fn with_code(code: &str, address: &str, recorded: &str, live: &str) -> Differences {
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let evaluated = code::evaluate(&tree, "", &Options::default());
    let recorded = resource(address, "x", attributes(recorded));
    compared(&evaluated.declared, &evaluated, &recorded, attributes(live))
}

/// What is found, and what is set aside: each path with its verdict.
fn told(found: &Differences) -> (Vec<String>, Vec<String>) {
    let lines = |findings: &[driftguard::model::Finding]| {
        let all = findings.iter().flat_map(|finding| &finding.attributes);
        all.map(|one| format!("{} {:?}", one.path, one.verdict))
            .collect()
    };
    (lines(&found.findings), lines(&found.set_aside))
}

/// The same where the variables that nobody sets here may be set outside the code.
fn with_variables(code: &str, address: &str, recorded: &str, live: &str) -> Differences {
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let recorded = resource(address, "x", attributes(recorded));
    let mut options = Options {
        recorded: Recorded::new([Arc::new(vec![recorded.clone()])]),
        ..Options::default()
    };
    let outside = code::outside_variables(&tree, "", &options, &resources::catalog());
    options.outside = outside.names();
    options.null_defaults = Arc::new(outside.null_defaults);
    let evaluated = code::evaluate(&tree, "", &options);
    compared(&evaluated.declared, &evaluated, &recorded, attributes(live))
}

fn found(code: &str, address: &str, recorded: &str, live: &str) -> Vec<String> {
    told(&with_code(code, address, recorded, live)).0
}

/// Terraform plans null where the variable was set to null, whatever its default: with that default as its value in AWS it
/// removes what somebody added there.
#[test]
fn a_default_that_aws_has_and_the_state_has_not_may_be_overridden_by_null() {
    let code = r#"
variable "boundary" {
  default = "arn:aws:iam::1:policy/b"
}
variable "owner" {
  default = "ada"
}
resource "aws_iam_role" "app" {
  permissions_boundary = var.boundary
  tags                 = { Owner = var.owner }
}
"#;
    let state = r#"{"permissions_boundary": null, "tags": {}, "tags_all": {}}"#;
    let live = r#"{"permissions_boundary": "arn:aws:iam::1:policy/b", "tags": {"Owner": "ada"},
        "tags_all": {"Owner": "ada"}}"#;
    let told = |code: &str| told(&with_variables(code, "aws_iam_role.app", state, live));
    let drift = ["permissions_boundary Drift", "tags[\"Owner\"] Drift"].map(str::to_owned);
    assert_eq!(told(code), (drift.to_vec(), vec![]));
    // What takes no null has its default, and so has what code sets itself.
    let fixed = code.replace("  default", "  nullable = false\n  default");
    let stale = [
        "permissions_boundary StaleState",
        "tags[\"Owner\"] StaleState",
    ];
    let stale = stale.map(str::to_owned).to_vec();
    assert_eq!(told(&fixed), (vec![], stale.clone()), "{fixed}");
    let set = format!("{code}\nlocals {{ b = \"arn:aws:iam::1:policy/b\" }}\n");
    let set = set
        .replace("= var.boundary", "= local.b")
        .replace("= var.owner", "= \"ada\"");
    assert_eq!(told(&set), (vec![], stale));
}

const ENCRYPTION: &str = "aws_s3_bucket_server_side_encryption_configuration.b";
const RULE: &str = r#"
resource "aws_s3_bucket_server_side_encryption_configuration" "b" {
  bucket = "b"
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "aws:kms" }
  }
}
"#;

fn encrypted(key: &str, bucket_key: &str, newer: &str) -> String {
    format!(
        r#"{{"bucket": "b", "rule": [{{"apply_server_side_encryption_by_default":
        [{{"kms_master_key_id": "{key}", "sse_algorithm": "aws:kms"}}], "bucket_key_enabled": {bucket_key}{newer}}}]}}"#
    )
}

#[test]
fn what_a_block_of_a_set_leaves_out_is_the_providers_default_again() {
    let plain = encrypted("", "false", "");
    for live in [
        encrypted(
            "arn:aws:kms:us-east-1:999999999999:key/foreign",
            "false",
            "",
        ),
        encrypted("", "true", ""),
    ] {
        let told = told(&with_code(RULE, ENCRYPTION, &plain, &live));
        assert_eq!(told, (vec!["rule Drift".to_owned()], vec![]), "{live}");
    }
    // What a newer provider than the embedded schema wrote says nothing.
    let newer = encrypted("", "false", r#", "blocked_encryption_types": ["SSE-C"]"#);
    assert_eq!(found(RULE, ENCRYPTION, &newer, &plain), [""; 0]);
}

#[test]
fn code_that_says_what_aws_has_is_a_stale_state_only_where_all_of_it_is_certain() {
    let code = |session: &str| {
        format!(
            "variable \"outside\" {{}}\nresource \"aws_iam_role\" \"app\" {{\n  max_session_duration = {session}\n}}\n"
        )
    };
    let state = r#"{"max_session_duration": 7200}"#;
    let live = r#"{"max_session_duration": 3600}"#;
    let found = |session: &str| told(&with_code(&code(session), "aws_iam_role.app", state, live));
    let (drift, stale) = (
        vec!["max_session_duration Drift".to_owned()],
        vec!["max_session_duration StaleState".to_owned()],
    );
    assert_eq!(found("3600"), (vec![], stale));
    assert_eq!(found("var.outside"), (drift, vec![]));
}

#[test]
fn what_code_and_aws_agree_on_stands_outside_of_any_fold_where_a_rule_calls_it_severe() {
    let code = "resource \"aws_s3_bucket_public_access_block\" \"b\" {\n  bucket              = \"b\"\n  block_public_acls   = \
                true\n  block_public_policy = false\n}\n";
    let flags = |policy: bool| {
        format!(r#"{{"bucket": "b", "block_public_acls": true, "block_public_policy": {policy}}}"#)
    };
    let address = "aws_s3_bucket_public_access_block.b";
    let mut found = with_code(code, address, &flags(true), &flags(false));
    assert_eq!(told(&found).1, ["block_public_policy StaleState"]);
    let benchmark = Benchmark::parse("cis-3.0").unwrap();
    score::score(&mut found.set_aside, &benchmark, &Interrupt::default());
    assert!(found.set_aside[0].severity >= Severity::High, "{found:?}");
    let scanned = Scanned {
        set_aside: found.set_aside,
        ..Scanned::default()
    };
    let stack = StackReport {
        name: StackName::new("shop").unwrap(),
        path: String::new(),
        backend: None,
        outcome: Ok(scanned),
    };
    let report = Report {
        stacks: vec![stack],
        accounts: Vec::new(),
    };
    let text = report::text(&report, Paint::Plain);
    assert!(text.contains("block_public_policy by main.tf:4"), "{text}");
    assert!(text.ends_with("No drift found.\n"), "{text}");
    let page = report::summary(&report);
    let (shown, _) = page.split_once("<details>").unwrap();
    assert!(
        shown.contains("main.tf:4") && shown.contains("**high**"),
        "{page}"
    );
}

#[test]
fn a_tag_that_code_and_aws_dropped_is_a_stale_state_and_an_unknown_map_hides_no_default_tag() {
    let provider = "provider \"aws\" {\n  default_tags { tags = { Dept = \"ops\" } }\n}\n";
    let gateway = |tags: &str| {
        format!(
            "{provider}variable \"outside\" {{}}\nresource \"aws_internet_gateway\" \"g\" {{\n  tags = {tags}\n}}\n"
        )
    };
    let state = r#"{"tags": {"Name": "g", "Old": "x"}, "tags_all": {"Name": "g", "Old": "x", "Dept": "ops"}}"#;
    let live = r#"{"tags_all": {"Name": "g", "Dept": "ops"}}"#;
    let address = "aws_internet_gateway.g";
    let found = |tags: &str, state: &str, live: &str| {
        told(&with_code(&gateway(tags), address, state, live))
    };
    assert_eq!(
        found("{ Name = \"g\" }", state, live),
        (vec![], vec![r#"tags["Old"] StaleState"#.to_owned()])
    );
    // The resource may set the tag itself, to what it was.
    let state = r#"{"tags": {"Dept": "shop"}, "tags_all": {"Dept": "shop"}}"#;
    let live = r#"{"tags_all": {"Dept": "ops"}}"#;
    assert_eq!(
        found("var.outside", state, live),
        (vec![r#"tags["Dept"] Drift"#.to_owned()], vec![])
    );
}

#[test]
fn where_code_was_not_evaluated_what_it_may_set_is_drift_and_what_changes_by_itself_is_not() {
    let instance = |state: &str, live: &str| found("", "aws_instance.web", state, live);
    assert_eq!(
        instance(
            r#"{"key_name": "ours", "monitoring": false}"#,
            r#"{"key_name": "theirs", "monitoring": true}"#
        ),
        ["key_name Drift", "monitoring Drift"]
    );
    // Optional and computed: what AWS and the provider change by themselves.
    let settled =
        r#"{"cpu_core_count": 4, "associate_public_ip_address": true, "public_ip": "1.2.3.4"}"#;
    assert_eq!(instance(r#"{"cpu_core_count": 2}"#, settled), [""; 0]);
    // Seen by no plan, as far as that is known.
    assert_eq!(
        instance(
            r#"{"disable_api_termination": true}"#,
            r#"{"disable_api_termination": false}"#
        ),
        ["disable_api_termination UnseenByPlan"]
    );
    let acl = |uri: &str| {
        format!(
            r#"{{"access_control_policy": [{{"grant": [{{"permission": "READ", "grantee": [{{"type": "Group", "uri": "{uri}"}}]}}]}}]}}"#
        )
    };
    let acl = found("", "aws_s3_bucket_acl.b", &acl("a"), &acl("b"));
    assert_eq!(acl, ["access_control_policy[0].grant UnseenByPlan"]);
}

#[test]
fn of_a_block_that_was_not_evaluated_each_part_may_be_set() {
    let code = "variable \"outside\" {}\nresource \"aws_instance\" \"web\" {\n  dynamic \"root_block_device\" {\n    for_each = var.outside\n    content {}\n  }\n}\n";
    let disk = |iops: u32| {
        format!(r#"{{"root_block_device": [{{"iops": {iops}, "volume_id": "vol-{iops}"}}]}}"#)
    };
    assert_eq!(
        found(code, "aws_instance.web", &disk(3000), &disk(16000)),
        ["root_block_device[0].iops Drift"]
    );
}

#[test]
fn tags_that_the_provider_ignores_are_nobodys() {
    let code = r#"
provider "aws" {
  ignore_tags {
    keys         = ["ScannedAt"]
    key_prefixes = ["kubernetes.io/"]
  }
}
resource "aws_internet_gateway" "g" { tags = { Name = "g" } }
"#;
    let state = r#"{"tags": {"Name": "g"}, "tags_all": {"Name": "g"}}"#;
    let live = r#"{"tags_all": {"Name": "g", "ScannedAt": "now", "kubernetes.io/cluster/x": "owned", "Other": "x"}}"#;
    assert_eq!(
        found(code, "aws_internet_gateway.g", state, live),
        [r#"tags["Other"] Drift"#]
    );
}

/// What the provider may ignore is no drift and is named; what the state recorded it does not ignore.
#[test]
fn tags_that_the_provider_may_ignore_are_set_aside() {
    let told = |blocks: &str| {
        let code = format!(
            "variable \"given\" {{}}\nprovider \"aws\" {{\n{blocks}\n}}\nresource \"aws_internet_gateway\" \"g\" {{ tags = {{ \
             Name = \"g\" }} }}\n"
        );
        let state = r#"{"tags": {"Name": "g", "Old": "o"}, "tags_all": {"Name": "g", "Old": "o"}}"#;
        let live = r#"{"tags_all": {"Name": "changed", "ScannedAt": "now", "k8s/x": "1"}}"#;
        let found = with_code(&code, "aws_internet_gateway.g", state, live);
        let reason = found
            .set_aside
            .iter()
            .find_map(|finding| finding.reason.clone());
        (told(&found), reason.unwrap_or_default())
    };
    let drift = || vec![r#"tags["Name"] Drift"#.to_owned()];
    let stale = || r#"tags["Old"] StaleState"#.to_owned();
    for unknown in [
        "ignore_tags { keys = var.given }",
        "ignore_tags { keys = [\"Other\", var.given] }",
        "ignore_tags { key_prefixes = var.given }",
        "dynamic \"ignore_tags\" {\n  for_each = var.given\n  content { keys = [\"Other\"] }\n}",
        "dynamic \"ignore_tags\" {\n  for_each = [1]\n  content { keys = [var.given] }\n}",
    ] {
        let ((found, aside), reason) = told(unknown);
        assert_eq!(found, drift(), "{unknown}");
        let may_be = |key: &str| format!("tags[\"{key}\"] Ignored");
        assert_eq!(
            aside,
            [may_be("ScannedAt"), may_be("k8s/x"), stale()],
            "{unknown}"
        );
        assert_eq!(
            reason,
            "the code does not determine the provider's `ignore_tags`, which may name it"
        );
    }
    let known = "ignore_tags {\n  keys = [\"ScannedAt\"]\n  key_prefixes = [\"k8s/\"]\n}";
    assert_eq!(told(known).0, (drift(), vec![stale()]));
}

/// `dynamic` makes blocks of a provider as it makes those of a resource.
#[test]
fn tags_of_a_provider_count_where_dynamic_blocks_make_them() {
    let code = |each: &str| {
        format!(
            r#"
variable "given" {{}}
provider "aws" {{
  dynamic "ignore_tags" {{
    for_each = ["ScannedAt"]
    content {{
      keys = [ignore_tags.value]
    }}
  }}
  dynamic "default_tags" {{
    for_each = {each}
    iterator = added
    content {{
      tags = added.value
    }}
  }}
}}
resource "aws_internet_gateway" "g" {{ tags = {{ Name = "g" }} }}
"#
        )
    };
    let state = r#"{"tags": {"Name": "g"}, "tags_all": {"Name": "g", "Dept": "ops"}}"#;
    let live = r#"{"tags_all": {"Name": "g", "ScannedAt": "now"}}"#;
    let told = |each: &str| {
        told(&with_code(
            &code(each),
            "aws_internet_gateway.g",
            state,
            live,
        ))
    };
    let removed = || vec!["tags_all[\"Dept\"] Drift".to_owned()];
    assert_eq!(told(r#"[{ Dept = "ops" }]"#), (removed(), vec![]));
    assert_eq!(told("var.given"), (removed(), vec![]));
    let stale = vec!["tags_all[\"Dept\"] StaleState".to_owned()];
    assert_eq!(told("[]"), (vec![], stale));
}

#[test]
fn to_ignore_all_tags_alone_hides_no_change_of_a_tag() {
    let code = |ignored: &str| {
        format!(
            "provider \"aws\" {{\n  default_tags {{ tags = {{ Dept = \"ops\" }} }}\n}}\nresource \"aws_internet_gateway\" \
             \"g\" {{\n  tags = {{ Name = \"g\" }}\n  lifecycle {{ ignore_changes = [{ignored}] }}\n}}\n"
        )
    };
    let state = r#"{"tags": {"Name": "g"}, "tags_all": {"Name": "g", "Dept": "ops"}}"#;
    let live = r#"{"tags_all": {"Name": "g", "Dept": "changed"}}"#;
    let found = |ignored: &str| {
        told(&with_code(
            &code(ignored),
            "aws_internet_gateway.g",
            state,
            live,
        ))
    };
    let path = "tags_all[\"Dept\"]";
    assert_eq!(found("tags_all"), (vec![format!("{path} Drift")], vec![]));
    assert_eq!(
        found("tags, tags_all"),
        (vec![], vec![format!("{path} Ignored")])
    );
    assert_eq!(found("tags"), (vec![], vec![format!("{path} Ignored")]));
}

/// Terraform takes the tags that AWS has for the code's, and the provider adds its own to them.
#[test]
fn a_default_tag_that_was_removed_is_set_again_although_tags_are_ignored() {
    let code = |ignored: &str| {
        format!(
            "provider \"aws\" {{\n  default_tags {{ tags = {{ Dept = \"ops\" }} }}\n}}\nresource \"aws_internet_gateway\" \
             \"g\" {{\n  tags = {{ Name = \"g\" }}\n  lifecycle {{ ignore_changes = [{ignored}] }}\n}}\n"
        )
    };
    let state = r#"{"tags": {"Name": "g"}, "tags_all": {"Name": "g", "Dept": "ops"}}"#;
    let found = |ignored: &str, live: &str| {
        told(&with_code(
            &code(ignored),
            "aws_internet_gateway.g",
            state,
            live,
        ))
    };
    let removed = r#"{"tags_all": {"Name": "g"}}"#;
    let drift = || (vec!["tags_all[\"Dept\"] Drift".to_owned()], vec![]);
    for ignored in ["tags", "tags[\"Dept\"]"] {
        assert_eq!(found(ignored, removed), drift(), "{ignored}");
    }
    let ignored = vec!["tags_all[\"Dept\"] Ignored".to_owned()];
    assert_eq!(found("tags, tags_all", removed), (vec![], ignored));
    let own = r#"{"tags_all": {"Dept": "ops"}}"#;
    assert_eq!(
        found("tags", own),
        (vec![], vec!["tags[\"Name\"] Ignored".to_owned()])
    );
}

#[test]
fn default_tags_of_volumes_are_no_drift() {
    let code = r#"
provider "aws" {
  default_tags { tags = { Env = "prod" } }
}
resource "aws_instance" "web" {
  volume_tags = { Name = "web" }
}
"#;
    let state = r#"{"volume_tags": {"Name": "web"}, "tags": {}, "tags_all": {}}"#;
    let found = |tags: &str| {
        let live = format!(r#"{{"volume_tags": {tags}}}"#);
        found(code, "aws_instance.web", state, &live)
    };
    assert_eq!(found(r#"{"Name": "web", "Env": "prod"}"#), [""; 0]);
    let changed = ["volume_tags Drift"];
    assert_eq!(found(r#"{"Name": "web", "Env": "test"}"#), changed);
    assert_eq!(found(r#"{"Name": "x", "Env": "prod"}"#), changed);
}

/// Terraform takes the recorded value of what is ignored for the code's.
#[test]
fn what_the_code_ignores_waits_for_no_apply() {
    let code = |ignored: &str| {
        format!(
            "resource \"aws_instance\" \"web\" {{\n  ami = \"ami-2\"\n  volume_tags = {{ Name = \"web\" }}\n  lifecycle {{ \
             ignore_changes = [{ignored}] }}\n}}\n"
        )
    };
    let state = r#"{"ami": "ami-1", "volume_tags": {"Name": "web"}}"#;
    let live = r#"{"ami": "ami-1", "volume_tags": {"Name": "web", "Seen": "now"}}"#;
    let found = |ignored: &str| told(&with_code(&code(ignored), "aws_instance.web", state, live));
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(
        found("tags"),
        (list(&["volume_tags Drift"]), list(&["ami NotApplied"]))
    );
    assert_eq!(
        found("ami, volume_tags[\"Seen\"]"),
        (vec![], list(&["volume_tags Ignored"]))
    );
    assert_eq!(
        found("ami, volume_tags[\"Name\"]"),
        (list(&["volume_tags Drift"]), vec![])
    );
}

/// The provider leaves these out when it reads a volume's tags, as it does with a resource's own.
#[test]
fn tags_that_the_provider_ignores_are_nobodys_in_blocks_as_well() {
    let code = |ignored: &str| {
        format!(
            "provider \"aws\" {{\n  region = \"us-east-1\"\n  ignore_tags {{\n    key_prefixes = [{ignored}]\n  }}\n}}\n\
             resource \"aws_instance\" \"web\" {{\n  root_block_device {{\n    tags = {{ Name = \"web\" }}\n  }}\n}}\n"
        )
    };
    let volume = |further: &str| {
        format!(
            r#"{{"root_block_device": [{{"volume_id": "vol-1", "tags": {{"Name": "web"{further}}}}}],
            "volume_tags": {{"Name": "web"{further}}}}}"#
        )
    };
    let (recorded, live) = (volume(""), volume(r#", "backup:plan": "daily""#));
    let told = |ignored: &str| found(&code(ignored), "aws_instance.web", &recorded, &live);
    assert_eq!(told("\"backup:\""), [""; 0]);
    let both = ["root_block_device[0].tags Drift", "volume_tags Drift"];
    assert_eq!(told("\"other:\""), both);
    assert_eq!(told("var.given"), [""; 0]);
}

#[test]
fn tags_that_the_provider_may_ignore_are_set_aside_in_blocks_as_well() {
    let code = "variable \"given\" {}\nprovider \"aws\" {\n  ignore_tags { keys = var.given }\n}\nresource \"aws_instance\" \"web\" \
                {\n  root_block_device {}\n  ebs_block_device {\n    device_name = \"f\"\n    tags = { Name = \"f\" }\n  }\n}\n";
    let volumes = |root: &str, name: &str, further: &str| {
        format!(
            r#"{{"root_block_device": [{{"volume_id": "vol-1", "tags": {root}}}],
            "ebs_block_device": [{{"device_name": "f", "volume_id": "vol-2", "tags": {{"Name": "{name}"{further}}}}}]}}"#
        )
    };
    let recorded = volumes("{}", "f", "");
    let told = |live: &str| told(&with_code(code, "aws_instance.web", &recorded, live));
    let scanned = r#", "ScannedAt": "now""#;
    let (root, further) = ("root_block_device[0].tags", "ebs_block_device");
    assert_eq!(
        told(&volumes(r#"{"ScannedAt": "now"}"#, "f", scanned)),
        (
            vec![],
            vec![format!("{further} Ignored"), format!("{root} Ignored")]
        )
    );
    let (found, aside) = told(&volumes("{}", "other", scanned));
    assert!(
        !aside.iter().any(|line| line.starts_with(further)),
        "{aside:?}"
    );
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(further));
}

/// What is found in AWS below a role or elsewhere.
fn unmanaged(tf_type: &str, import_id: &str, attributes: &str) -> UnmanagedResource {
    UnmanagedResource {
        tf_type: tf_type.to_owned(),
        import_id: import_id.to_owned(),
        under: None,
        path: None,
        account: driftguard::model::AccountId::new("123456789012").unwrap(),
        region: None,
        attributes: self::attributes(attributes),
    }
}

#[test]
fn what_a_state_claims_by_a_type_that_is_not_read_is_not_unmanaged() {
    let states = [
        (
            "aws_iam_policy_attachment.all",
            r#"{"policy_arn": "arn:p", "roles": ["app", "batch"], "users": ["ada"], "groups": ["ops"]}"#,
        ),
        (
            "aws_iam_role_policy_attachments_exclusive.app",
            r#"{"role_name": "app", "policy_arns": ["arn:q"]}"#,
        ),
        (
            "aws_iam_role_policies_exclusive.app",
            r#"{"role_name": "app", "policy_names": ["inline"]}"#,
        ),
        (
            "aws_iam_group_policy_attachments_exclusive.ops",
            r#"{"group_name": "ops", "policy_arns": ["arn:q"]}"#,
        ),
        (
            "aws_iam_group_policies_exclusive.ops",
            r#"{"group_name": "ops", "policy_names": ["inline"]}"#,
        ),
        ("aws_default_security_group.d", r#"{}"#),
        ("aws_rds_cluster_instance.i", r#"{"arn": "arn:db"}"#),
    ];
    let catalog = resources::catalog();
    let managed = states.map(|(address, text)| resource(address, "sg-1", attributes(text)));
    let ownership = Ownership::new(&managed, &catalog);
    for (tf_type, id, text) in [
        (
            "aws_iam_role_policy_attachment",
            "batch/arn:p",
            r#"{"role": "batch", "policy_arn": "arn:p"}"#,
        ),
        (
            "aws_iam_role_policy_attachment",
            "app/arn:q",
            r#"{"role": "app", "policy_arn": "arn:q"}"#,
        ),
        (
            "aws_iam_user_policy_attachment",
            "ada/arn:p",
            r#"{"user": "ada", "policy_arn": "arn:p"}"#,
        ),
        (
            "aws_iam_group_policy_attachment",
            "ops/arn:p",
            r#"{"group": "ops", "policy_arn": "arn:p"}"#,
        ),
        (
            "aws_iam_group_policy_attachment",
            "ops/arn:q",
            r#"{"group": "ops", "policy_arn": "arn:q"}"#,
        ),
        (
            "aws_iam_group_policy",
            "ops:inline",
            r#"{"group": "ops", "name": "inline"}"#,
        ),
        (
            "aws_iam_role_policy",
            "app:inline",
            r#"{"role": "app", "name": "inline"}"#,
        ),
        ("aws_security_group", "sg-1", "{}"),
        ("aws_db_instance", "i", r#"{"arn": "arn:db"}"#),
    ] {
        assert!(
            ownership.claims(&unmanaged(tf_type, id, text)),
            "{tf_type} {id}"
        );
    }
    for (tf_type, id, text) in [
        (
            "aws_iam_role_policy_attachment",
            "other/arn:p",
            r#"{"role": "other", "policy_arn": "arn:p"}"#,
        ),
        (
            "aws_iam_role_policy_attachment",
            "batch/arn:q",
            r#"{"role": "batch", "policy_arn": "arn:q"}"#,
        ),
        (
            "aws_iam_role_policy",
            "app:other",
            r#"{"role": "app", "name": "other"}"#,
        ),
        (
            "aws_iam_group_policy_attachment",
            "ops/arn:z",
            r#"{"group": "ops", "policy_arn": "arn:z"}"#,
        ),
        (
            "aws_iam_group_policy",
            "ops:other",
            r#"{"group": "ops", "name": "other"}"#,
        ),
        ("aws_subnet", "sg-1", "{}"),
    ] {
        assert!(
            !ownership.claims(&unmanaged(tf_type, id, text)),
            "{tf_type} {id}"
        );
    }
}

/// Each nested attribute that code may set, of every type that is read: where code writes the block and leaves the
/// attribute out, AWS having one is told. Exempt is what the type's own file says is never read.
#[test]
fn each_nested_attribute_that_a_written_block_leaves_out_is_told_when_aws_has_one() {
    let catalog = resources::catalog();
    let mut silent = Vec::new();
    let mut tried = 0;
    for (tf_type, schema) in catalog.iter() {
        for (name, attribute) in &schema.attributes {
            let Shape::Block(_, _) = &attribute.shape else {
                continue;
            };
            for path in nested(schema, name, attribute) {
                tried += 1;
                let written =
                    BTreeMap::from([(name.as_str(), written(attribute, &path[1..], false))]);
                let live =
                    BTreeMap::from([(name.as_str(), self::written(attribute, &path[1..], true))]);
                if told_of(tf_type, &written, &live) == 0 {
                    silent.push(format!("{tf_type}.{}", path.join(".")));
                }
            }
        }
    }
    assert!(tried > 60, "{tried}");
    // Its only argument, for which the provider takes whatever AWS has where it is null.
    assert_eq!(silent, ["aws_instance.credit_specification.cpu_credits"]);
}

/// The paths of the settable attributes in a block, names from the outside in.
fn nested(schema: &Schema, name: &str, attribute: &Attribute) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut waiting = vec![(vec![name.to_owned()], attribute)];
    while let Some((path, attribute)) = waiting.pop() {
        let plain = path.join(".");
        let skipped = schema.rules.never_read.contains(&plain.as_str());
        let sample = sample_of(attribute);
        if skipped || name == "timeouts" || (schema.rules.normalize)(&plain, sample).is_null() {
            continue;
        }
        match &attribute.shape {
            Shape::Block(_, parts) => waiting.extend(parts.iter().map(|(name, part)| {
                let mut path = path.clone();
                path.push(name.clone());
                (path, part)
            })),
            Shape::Plain(_) if attribute.optional && !attribute.computed => paths.push(path),
            Shape::Plain(_) => {}
        }
    }
    paths
}

/// A block with nothing but the blocks on a path, and at its end the attribute itself or nothing.
fn written(attribute: &Attribute, path: &[String], with_end: bool) -> Value {
    let Shape::Block(nesting, parts) = &attribute.shape else {
        return if with_end {
            sample_of(attribute)
        } else {
            Value::Null
        };
    };
    let mut block: ValueMap = parts
        .keys()
        .map(|name| (name.clone(), Value::Null))
        .collect();
    // Something else is set as well, so that the block is one.
    let other = parts.iter().find(|(name, part)| {
        Some(*name) != path.first() && matches!(part.shape, Shape::Plain(Type::String))
    });
    if let Some((name, part)) = other {
        block.insert(name.clone(), sample_of(part));
    }
    if let Some((first, rest)) = path.split_first() {
        block.insert(first.clone(), written(&parts[first], rest, with_end));
    }
    match nesting {
        Nesting::Single => Value::Map(block),
        _ => Value::List(vec![Value::Map(block)]),
    }
}

fn sample_of(attribute: &Attribute) -> Value {
    match &attribute.shape {
        Shape::Plain(ty) => sample(ty),
        Shape::Block(..) => Value::List(vec![Value::map([("any", Value::from("x"))])]),
    }
}

fn sample(ty: &Type) -> Value {
    match ty {
        Type::Bool => Value::Bool(true),
        Type::Number => 7.into(),
        Type::String | Type::Dynamic => "x".into(),
        Type::List(of) | Type::Set(of) => Value::List(vec![sample(of)]),
        Type::Map(of) => Value::map([("k", sample(of))]),
        Type::Object(parts) => {
            Value::map(parts.iter().map(|(name, of)| (name.clone(), sample(of))))
        }
    }
}

/// How many differences are told where code and state say the first, and AWS has the second.
fn told_of(tf_type: &str, written: &BTreeMap<&str, Value>, live: &BTreeMap<&str, Value>) -> usize {
    let owned = |values: &BTreeMap<&str, Value>| -> Attributes {
        values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    };
    let address: Address = format!("{tf_type}.x").parse().unwrap();
    let definition = |(name, value): (String, Value)| {
        let source = Source {
            file: "main.tf".to_owned(),
            line: 1,
            span: (0, 0),
        };
        let definition = Definition {
            value: value_of_code(&value),
            source,
            site: Site::Literal,
            parts: Parts::Whole,
            alternatives: None,
        };
        (name, definition)
    };
    let declared = DeclaredResource {
        attributes: owned(written).into_iter().map(definition).collect(),
        ..DeclaredResource::default()
    };
    let declared = Declared {
        resources: BTreeMap::from([(address, declared)]),
    };
    let recorded = resource(&format!("{tf_type}.x"), "x", owned(written));
    let found = compared(
        &declared,
        &code::Evaluated::default(),
        &recorded,
        owned(live),
    );
    let told = found
        .findings
        .iter()
        .flat_map(|finding| &finding.attributes);
    told.filter(|one| matches!(one.verdict, Verdict::Drift | Verdict::UnseenByPlan))
        .count()
}

/// What code writes of a block: not what is null.
fn value_of_code(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().map(value_of_code).collect()),
        Value::Map(entries) => {
            let set = entries.iter().filter(|(_, value)| !value.is_null());
            Value::map(set.map(|(name, value)| (name.clone(), value_of_code(value))))
        }
        other => other.clone(),
    }
}

#[test]
fn the_ports_of_a_rule_for_all_protocols_mean_nothing() {
    let rule = |protocol: &str| {
        let code = format!(
            r#"resource "aws_security_group_rule" "all" {{
  type              = "egress"
  security_group_id = "sg-1"
  protocol          = "{protocol}"
  from_port         = -1
  to_port           = -1
  cidr_blocks       = ["0.0.0.0/0"]
}}"#
        );
        let recorded = format!(
            r#"{{"type": "egress", "security_group_id": "sg-1", "protocol": "{protocol}", "from_port": 0, "to_port": 0,
                "cidr_blocks": ["0.0.0.0/0"]}}"#
        );
        let address = "aws_security_group_rule.all";
        told(&with_code(&code, address, &recorded, &recorded)).1
    };
    assert_eq!(rule("-1"), [""; 0]);
    assert_eq!(rule("all"), [""; 0]);
    assert_eq!(rule("tcp"), ["from_port NotApplied", "to_port NotApplied"]);
}

#[test]
fn a_block_whose_arguments_are_null_asks_for_nothing() {
    let code = "resource \"aws_instance\" \"i\" {\n  instance_type = \"t3.micro\"\n  credit_specification {\n    cpu_credits = null\n  }\n}\n";
    let values = |credits: &str| {
        format!(
            r#"{{"instance_type": "t3.micro", "credit_specification": [{{"cpu_credits": "{credits}"}}]}}"#
        )
    };
    for live in ["standard", "unlimited"] {
        let found = with_code(code, "aws_instance.i", &values("standard"), &values(live));
        assert_eq!(told(&found), (vec![], vec![]), "{live}");
    }
    let asked = code.replace("null", "\"unlimited\"");
    let found = with_code(
        &asked,
        "aws_instance.i",
        &values("standard"),
        &values("standard"),
    );
    let waits = vec!["credit_specification NotApplied".to_owned()];
    assert_eq!(told(&found).1, waits);
}

/// Compares what a provider read of a type that no native reader knows, and what it planned.
fn planned(
    (code, address): (&str, &str),
    (recorded, live): (&str, &str),
    changes: PlannedChanges,
) -> Vec<String> {
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let evaluated = code::evaluate(&tree, "", &Options::default());
    let recorded = resource(address, "x", attributes(recorded));
    let catalog = resources::full_catalog();
    let resources = [ReadResource {
        resource: &recorded,
        location: AwsLocation::default(),
        reading: Reading::Found(attributes(live)),
        planned: Some(changes),
    }];
    let interrupt = Interrupt::default();
    let stack = diff::Stack {
        declared: &evaluated.declared,
        provider_tags: &|_| evaluated.providers.first().map(|provider| &provider.tags),
        pending_removal: &|_| None,
        resources: &resources,
        unmanaged: &[],
        interrupt: &interrupt,
    };
    let ownership = Ownership::new([&recorded], &catalog);
    let (found, aside) = told(&diff::compare(&stack, &ownership, &catalog));
    found.into_iter().chain(aside).collect()
}

/// Its code need not list its rules: then no plan shows one that was added.
#[test]
fn a_rule_that_was_added_to_a_default_group_is_found_though_no_plan_shows_it() {
    let code = "resource \"aws_default_security_group\" \"d\" {\n  vpc_id = \"vpc-1\"\n}\n";
    let of = (code, "aws_default_security_group.d");
    let closed = r#"{"vpc_id": "vpc-1", "ingress": []}"#;
    let open = r#"{"vpc_id": "vpc-1", "ingress": [{"cidr_blocks": ["0.0.0.0/0"], "description": "", "from_port": 0,
        "ipv6_cidr_blocks": [], "prefix_list_ids": [], "protocol": "-1", "security_groups": [], "self": false, "to_port": 0}]}"#;
    let found = planned(of, (closed, open), PlannedChanges::default());
    assert_eq!(found, ["ingress UnseenByPlan"]);
    let found = planned(of, (closed, closed), PlannedChanges::default());
    assert_eq!(found, [""; 0]);
}

/// All tags are the resource's own and those of its provider, whatever the plan calls them.
#[test]
fn of_all_tags_only_those_wait_for_an_apply_that_the_code_changed() {
    let code = "provider \"aws\" {\n  default_tags { tags = { a = \"1\" } }\n}\n\
                resource \"aws_sqs_queue\" \"q\" {\n  name = \"q\"\n}\n";
    let values = r#"{"name": "q", "tags_all": {"a": "1", "b": "old"}}"#;
    let changes = PlannedChanges {
        not_applied: ["tags_all".to_owned()].into(),
        ..PlannedChanges::default()
    };
    let found = planned((code, "aws_sqs_queue.q"), (values, values), changes);
    assert_eq!(found, ["tags_all[\"b\"] NotApplied"]);
}
