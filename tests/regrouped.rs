//! Rules of a group and references to other resources: written as the provider reads them, so that the next plan is empty.

use crate::recorded_stack::{self, difference, finding};
use driftguard::code::{Options, Recorded};
use driftguard::model::{
    Attributes, Fix, FixKind, ProviderKey, RefusalKind, Resource, Tree, Value,
};
use driftguard::resources;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The ids that a state holds, by address.
type Ids<'a> = &'a [(&'a str, &'a str)];
/// The attributes of one resource that differ: path, recorded and live value.
type Differences = Vec<(&'static str, Value, Value)>;

fn resource((address, id): &(&str, &str)) -> Resource {
    let attributes = [("id".to_owned(), Value::from(*id))];
    Resource {
        address: address.parse().unwrap(),
        provider: ProviderKey {
            module: String::new(),
            name: "aws".to_owned(),
            alias: None,
        },
        id: (*id).to_owned(),
        attributes: Attributes::from(attributes),
    }
}

/// Adopts what differs in one resource, and returns the fix and all files.
fn adopt(
    files: &[(&str, &str)],
    ids: Ids<'_>,
    address: &str,
    differences: Differences,
) -> (Fix, BTreeMap<String, String>) {
    let differences = differences.into_iter();
    let attributes = differences.map(|(path, recorded, live)| difference(path, recorded, live));
    let mut findings = [finding(address, attributes.collect())];
    let tree: Tree = files.iter().map(|(path, text)| (*path, *text)).collect();
    let options = Options {
        recorded: Recorded::new([Arc::new(ids.iter().map(resource).collect())]),
        ..Options::default()
    };
    let how = (&options, &resources::catalog());
    let changed = recorded_stack::adopt(&tree, "", how, &mut findings);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut after: BTreeMap<_, _> = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    after.extend(
        changed
            .iter()
            .map(|(path, bytes)| (path.clone(), text(bytes))),
    );
    let [finding] = findings;
    (finding.fix.unwrap(), after)
}

fn rule(port: i64, description: &str, cidrs: &[&str], own: bool) -> Value {
    let none = || Value::List(Vec::new());
    Value::map([
        ("description", description.into()),
        ("from_port", port.into()),
        ("to_port", port.into()),
        ("protocol", "tcp".into()),
        ("cidr_blocks", cidrs.to_vec().into()),
        ("ipv6_cidr_blocks", none()),
        ("prefix_list_ids", none()),
        ("security_groups", none()),
        ("self", own.into()),
    ])
}

/// The code of a group with these blocks, once the rules are those of AWS.
fn regrouped(blocks: &str, recorded: Vec<Value>, live: Vec<Value>) -> String {
    let code = format!("resource \"aws_security_group\" \"a\" {{\n  name = \"a\"\n{blocks}}}\n");
    let rules = vec![("ingress", recorded.into(), live.into())];
    let (fix, after) = adopt(&[("main.tf", &code)], &[], "aws_security_group.a", rules);
    assert_eq!(fix.kind, FixKind::Adopt, "{:?}", fix.reason);
    let head = "resource \"aws_security_group\" \"a\" {\n  name = \"a\"\n";
    let body = after["main.tf"].strip_prefix(head).unwrap();
    body.strip_suffix("}\n").unwrap().to_owned()
}

/// A block of TCP rules.
fn block(port: i64, arguments: &str) -> String {
    format!(
        "\n  ingress {{\n    from_port   = {port}\n    to_port     = {port}\n    protocol    = \"tcp\"\n{arguments}  }}\n"
    )
}

const OFFICE: &str = "    cidr_blocks = [\"10.0.0.0/8\"]\n";

#[test]
fn a_rule_beside_a_block_that_aws_still_has_whole_is_a_block_of_its_own() {
    let ssh = block(22, OFFICE);
    let after = regrouped(
        &ssh,
        vec![rule(22, "", &["10.0.0.0/8"], false)],
        vec![rule(22, "", &["10.0.0.0/8", "0.0.0.0/0"], false)],
    );
    let world = block(22, "    cidr_blocks = [\"0.0.0.0/0\"]\n");
    assert_eq!(after, format!("{ssh}{world}"));
}

#[test]
fn what_is_left_of_a_block_and_what_was_added_at_the_same_ports_are_one_block() {
    let two = block(22, "    cidr_blocks = [\"10.0.0.0/8\", \"10.1.0.0/16\"]\n");
    let after = regrouped(
        &two,
        vec![rule(22, "", &["10.0.0.0/8", "10.1.0.0/16"], false)],
        vec![rule(22, "", &["10.0.0.0/8", "0.0.0.0/0"], false)],
    );
    assert_eq!(after, two.replace("10.1.0.0/16", "0.0.0.0/0"));
    let other = block(22, "    cidr_blocks = [\"10.2.0.0/16\", \"10.3.0.0/16\"]\n");
    let after = regrouped(
        &format!("{two}{other}"),
        vec![
            rule(22, "", &["10.0.0.0/8", "10.1.0.0/16"], false),
            rule(22, "", &["10.2.0.0/16", "10.3.0.0/16"], false),
        ],
        vec![rule(22, "", &["10.0.0.0/8", "10.2.0.0/16"], false)],
    );
    assert_eq!(after, two.replace("10.1.0.0/16", "10.2.0.0/16"));
}

#[test]
fn all_that_moved_to_another_port_moves_in_place() {
    let two = block(80, "    cidr_blocks = [\"10.0.0.0/8\", \"10.1.0.0/16\"]\n");
    let sources = ["10.0.0.0/8", "10.1.0.0/16"];
    let after = regrouped(
        &two,
        vec![rule(80, "", &sources, false)],
        vec![rule(8080, "", &sources, false)],
    );
    assert_eq!(after, two.replace("= 80\n", "= 8080\n"));
}

#[test]
fn a_rule_whose_source_is_its_own_group_belongs_to_the_block_at_its_ports() {
    let ssh = block(22, OFFICE);
    let own = block(22, &format!("{OFFICE}    self        = true\n"));
    let (apart, both) = (
        rule(22, "", &["10.0.0.0/8"], false),
        rule(22, "", &["10.0.0.0/8"], true),
    );
    assert_eq!(
        regrouped(&ssh, vec![apart.clone()], vec![both.clone()]),
        own
    );
    assert_eq!(
        regrouped(&own, vec![both], vec![apart]),
        own.replace("= true", "= false")
    );
}

#[test]
fn what_dynamic_blocks_make_changes_where_its_values_are_and_what_is_new_stands_beside_them() {
    let code = r#"variable "rules" {
  type = list(object({ port = number, cidrs = list(string) }))
}

resource "aws_security_group" "a" {
  name = "a"

  dynamic "ingress" {
    for_each = var.rules
    content {
      from_port   = ingress.value.port
      to_port     = ingress.value.port
      protocol    = "tcp"
      cidr_blocks = ingress.value.cidrs
    }
  }
}
"#;
    let values = "rules = [\n  { port = 22, cidrs = [\"10.0.0.0/8\"] },\n  { port = 80, cidrs = [\"10.1.0.0/16\"] },\n]\n";
    let files = [("main.tf", code), ("terraform.tfvars", values)];
    let recorded = || {
        vec![
            rule(22, "", &["10.0.0.0/8"], false),
            rule(80, "", &["10.1.0.0/16"], false),
        ]
    };
    let after = |live: Vec<Value>| {
        let rules = vec![("ingress", recorded().into(), live.into())];
        let (fix, after) = adopt(&files, &[], "aws_security_group.a", rules);
        assert_eq!(fix.kind, FixKind::Adopt, "{:?}", fix.reason);
        after
    };
    let moved = after(vec![
        rule(22, "", &["10.0.0.0/8"], false),
        rule(80, "", &["10.2.0.0/16"], false),
    ]);
    assert_eq!(moved["main.tf"], code);
    assert_eq!(
        moved["terraform.tfvars"],
        values.replace("10.1.0.0", "10.2.0.0")
    );
    let mut all = recorded();
    all.push(rule(3389, "rdp", &["0.0.0.0/0"], false));
    let opened = after(all);
    assert_eq!(opened["terraform.tfvars"], values);
    let beside = "  }\n\n  ingress {\n    from_port   = 3389\n    to_port     = 3389\n    protocol    = \"tcp\"\n    cidr_blocks = [\"0.0.0.0/0\"]\n    description = \"rdp\"\n  }\n}\n";
    assert!(opened["main.tf"].ends_with(beside), "{}", opened["main.tf"]);
}

#[test]
fn a_rule_of_a_dynamic_block_that_is_gone_takes_its_element_along() {
    let code = r#"locals {
  rules = RULES
}

resource "aws_security_group" "a" {
  name = "a"

  dynamic "ingress" {
    for_each = local.rules
    content {
      from_port   = ingress.value.port
      to_port     = ingress.value.port
      protocol    = "tcp"
      cidr_blocks = ["10.0.0.0/8"]
    }
  }
}
"#;
    let all = [22, 80, 443].map(|port| rule(port, "", &["10.0.0.0/8"], false));
    for (before, after) in [
        ("[{ port = 22 }, { port = 80 }]", "[{ port = 22 }]"),
        (
            "[{ port = 22 }, { port = 80 }, { port = 443 }]",
            "[{ port = 22 }]",
        ),
        (
            "{\n    ssh = { port = 22 }\n    web = { port = 80 } # all\n  }",
            "{\n    ssh = { port = 22 }\n  }",
        ),
    ] {
        // The literal may be a local's, or the block's own.
        for code in [
            code,
            &code
                .replace("local.rules", "RULES")
                .replace("rules = RULES\n}\n\nres", "rules = 0\n}\n\nres"),
        ] {
            let with = |rules: &str| code.replace("RULES", rules);
            let all = &all[..before.matches("port").count()];
            let rules = vec![("ingress", all.to_vec().into(), all[..1].to_vec().into())];
            let before = with(before);
            let files = [("main.tf", before.as_str())];
            let (fix, changed) = adopt(&files, &[], "aws_security_group.a", rules);
            assert_eq!(fix.kind, FixKind::Adopt, "{:?}", fix.reason);
            assert_eq!(changed["main.tf"], with(after));
        }
    }
}

const ROUTE: &str = r#"resource "aws_internet_gateway" "old" {}

resource "aws_internet_gateway" "new" {
  tags = { Name = local.name }
}

locals {
  name = "gateway"
}

resource "aws_route" "out" {
  route_table_id         = "rtb-00000001"
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.old.id
}
"#;
const GATEWAYS: Ids<'_> = &[
    ("aws_internet_gateway.old", "igw-0000000a"),
    ("aws_internet_gateway.new", "igw-0000000b"),
];

/// The fix of a route that leads to another gateway.
fn rerouted(code: &str, ids: Ids<'_>, gateway: &str) -> (Fix, String) {
    let gateway = vec![("gateway_id", "igw-0000000a".into(), gateway.into())];
    let (fix, mut after) = adopt(&[("main.tf", code)], ids, "aws_route.out", gateway);
    (fix, after.remove("main.tf").unwrap())
}

#[test]
fn a_gateway_that_the_code_declares_is_referred_to() {
    let (_, after) = rerouted(ROUTE, GATEWAYS, "igw-0000000b");
    let refers = ROUTE.replace(".old.id", ".new.id");
    assert_eq!(after, refers);
    // One of another kind, in an attribute that the code lacks.
    let nat = "resource \"aws_nat_gateway\" \"a\" {\n  count = 1\n}\n";
    let code = format!("{ROUTE}{nat}");
    let ids = [GATEWAYS, &[("aws_nat_gateway.a[0]", "nat-0000000c")]].concat();
    let changes = vec![
        ("gateway_id", "igw-0000000a".into(), Value::Null),
        ("nat_gateway_id", Value::Null, "nat-0000000c".into()),
    ];
    let (fix, after) = adopt(&[("main.tf", &code)], &ids, "aws_route.out", changes);
    assert!(fix.refused.is_empty(), "{:?}", fix.refused);
    let old = "  gateway_id             = aws_internet_gateway.old.id\n";
    let new = "  nat_gateway_id         = aws_nat_gateway.a[0].id\n";
    assert_eq!(after["main.tf"], code.replace(old, new));
}

#[test]
fn an_id_stays_where_a_reference_is_not_certain_or_leads_in_a_circle() {
    let literal = ROUTE.replace("aws_internet_gateway.old.id", "\"igw-0000000a\"");
    let written = literal.replace("igw-0000000a", "igw-0000000b");
    let twice = [GATEWAYS, &[("aws_internet_gateway.twin", "igw-0000000b")]].concat();
    assert_eq!(rerouted(&literal, &twice, "igw-0000000b").1, written);
    let circle = literal.replace("\"gateway\"", "aws_route.out.destination_cidr_block");
    let (_, after) = rerouted(&circle, GATEWAYS, "igw-0000000b");
    assert!(after.contains("\"igw-0000000b\""), "{after}");
    // A reference gives way to another reference only.
    let (fix, after) = rerouted(ROUTE, GATEWAYS, "igw-0000000d");
    assert_eq!(
        (fix.refusal, after.as_str()),
        (Some(RefusalKind::Reference), ROUTE)
    );
}

#[test]
fn what_a_for_takes_from_a_file_of_variables_is_edited_there() {
    let code = r#"variable "services" {
  type = map(object({ session = optional(number) }))
}

locals {
  sessions = { for name, service in var.services : name => coalesce(service.session, 3600) if name != "none" }
}

resource "aws_iam_role" "a" {
  for_each = var.services

  name                 = lower(each.key)
  max_session_duration = local.sessions[each.key]
  description          = element([title("first"), "second"], 3)
}
"#;
    let values = "services = {\n  web = { session = 7200 }\n  db  = { session = 3600 }\n}\n";
    let files = [("main.tf", code), ("terraform.tfvars", values)];
    let longer = vec![("max_session_duration", 7200.into(), 10800.into())];
    let (fix, after) = adopt(&files, &[], "aws_iam_role.a[\"web\"]", longer);
    assert_eq!(fix.kind, FixKind::Adopt, "{:?}", fix.reason);
    assert_eq!(after["terraform.tfvars"], values.replace("7200", "10800"));
}

#[test]
fn a_value_from_a_data_file_is_edited_in_the_form_of_the_file() {
    let code = r#"locals {
  team   = yamldecode(file("${path.module}/team.yaml"))
  people = csvdecode(file("people.csv"))
  limits = jsondecode(file("limits.json"))
}

resource "aws_iam_role" "a" {
  name                 = "a"
  max_session_duration = local.limits.sessions["a"]
  description          = local.team.roles.a.description
  path                 = local.people[1].path
  tags                 = local.team.roles.a.tags
}
"#;
    let yaml = "# The team\nroles:\n  a:\n    description: Reads # all\n    tags: {Kind: 'human', Level: \"2\", Rank: 1}\n";
    let csv = "name,path\nada,/one/\nbob,/two/\n";
    let json = "{ \"sessions\": { \"a\": 3600 } }\n";
    let files = [
        ("main.tf", code),
        ("team.yaml", yaml),
        ("people.csv", csv),
        ("limits.json", json),
    ];
    let changes = vec![
        ("max_session_duration", 3600.into(), 7200.into()),
        ("description", "Reads".into(), "Reads: all".into()),
        ("path", "/two/".into(), "/two,2/".into()),
        ("tags[\"Kind\"]", "human".into(), "it's a robot".into()),
        ("tags[\"Level\"]", "2".into(), "3".into()),
        ("tags[\"Rank\"]", "1".into(), "4".into()),
    ];
    let (fix, after) = adopt(&files, &[], "aws_iam_role.a", changes);
    assert!(fix.refused.is_empty(), "{:?}", fix.refused);
    assert_eq!(after["main.tf"], code);
    assert_eq!(
        after["team.yaml"],
        "# The team\nroles:\n  a:\n    description: \"Reads: all\" # all\n    tags: {Kind: 'it''s a robot', Level: \"3\", Rank: 4}\n"
    );
    assert_eq!(after["people.csv"], csv.replace("/two/", "\"/two,2/\""));
    assert_eq!(after["limits.json"], json.replace("3600", "7200"));
    let added = vec![("tags[\"New\"]", Value::Null, "x".into())];
    let (fix, after) = adopt(&files, &[], "aws_iam_role.a", added);
    let expected = yaml.replace("Rank: 1}", "Rank: 1, New: x}");
    assert_eq!(after["team.yaml"], expected, "{:?}", fix.reason);
}

#[test]
fn a_flag_is_turned_over_rather_than_the_branch_that_it_takes() {
    let code = r#"variable "buckets" {
  type = map(object({ versioned = optional(bool, true) }))
}

module "bucket" {
  source   = "./bucket"
  for_each = var.buckets

  versioning = each.value.versioned
}
"#;
    let module = r#"variable "versioning" {
  type = bool
}

resource "aws_s3_bucket_versioning" "a" {
  bucket = "a"

  versioning_configuration {
    status = try(var.versioning ? "Enabled" : "Suspended", "none")
  }
}
"#;
    let values = "buckets = {\n  one = { versioned = false }\n  two = {}\n}\n";
    let files = [
        ("main.tf", code),
        ("bucket/main.tf", module),
        ("terraform.tfvars", values),
    ];
    let after = |bucket: &str, recorded: &str, live: &str| {
        let address = format!("module.bucket[\"{bucket}\"].aws_s3_bucket_versioning.a");
        let status = "versioning_configuration[0].status";
        let status = vec![(status, recorded.into(), live.into())];
        let (fix, mut after) = adopt(&files, &[], &address, status);
        assert_eq!(fix.kind, FixKind::Adopt, "{:?}", fix.reason);
        assert_eq!(after["bucket/main.tf"], module);
        after.remove("terraform.tfvars").unwrap()
    };
    assert_eq!(
        after("one", "Suspended", "Enabled"),
        values.replace("false", "true")
    );
    assert_eq!(
        after("two", "Enabled", "Suspended"),
        values.replace("two = {}", "two = { versioned = false }")
    );
}

#[test]
fn a_literal_that_functions_pass_on_and_the_statements_of_dynamic_blocks_are_edited() {
    let code = r#"variable "settings" {
  type    = map(string)
  default = {}
}

variable "statements" {
  type = list(object({ sid = string, actions = list(string) }))
}

data "aws_iam_policy_document" "a" {
  count = 1

  dynamic "statement" {
    for_each = var.statements

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = ["*"]
    }
  }
}

resource "aws_iam_policy" "a" {
  name        = "a"
  description = title(lower(format("%s", var.settings["text"])))
  policy      = data.aws_iam_policy_document.a[0].json
}
"#;
    let values = "settings = { text = \"Reads\" }\nstatements = [\n  { sid = \"A\", actions = [\"s3:GetObject\"] },\n  { sid = \"B\", actions = [\"s3:ListBucket\"] },\n]\n";
    let policy = |second: Value| {
        let statement = |sid: &str, action: Value| {
            Value::map([
                ("Sid", sid.into()),
                ("Effect", "Allow".into()),
                ("Action", action),
                ("Resource", "*".into()),
            ])
        };
        let statements = vec![
            statement("A", "s3:GetObject".into()),
            statement("B", second),
        ];
        let policy = Value::map([
            ("Version", "2012-10-17".into()),
            ("Statement", Value::List(statements)),
        ]);
        Value::from(serde_json::to_string(&policy).unwrap())
    };
    let wider = vec!["s3:ListBucket", "s3:PutObject"].into();
    let changes = vec![
        ("description", "Reads".into(), "Writes".into()),
        ("policy", policy("s3:ListBucket".into()), policy(wider)),
    ];
    let files = [("main.tf", code), ("terraform.tfvars", values)];
    let (fix, after) = adopt(&files, &[], "aws_iam_policy.a", changes);
    assert!(fix.refused.is_empty(), "{:?} {:?}", fix.reason, fix.refused);
    assert_eq!(after["main.tf"], code);
    let expected = values.replace("\"Reads\"", "\"Writes\"");
    let expected = expected.replace(
        "[\"s3:ListBucket\"]",
        "[\"s3:ListBucket\", \"s3:PutObject\"]",
    );
    assert_eq!(after["terraform.tfvars"], expected);
}

#[test]
fn what_a_comment_says_of_a_rule_is_not_left_above_another_one() {
    let ssh = block(22, OFFICE);
    let office = ssh.replace(
        "\n  ingress",
        "\n  # ssh from the office, ticket 123\n  ingress",
    );
    let was = || vec![rule(22, "", &["10.0.0.0/8"], false)];
    let web = vec![rule(443, "", &["0.0.0.0/0"], false)];
    let after = regrouped(&office, was(), web.clone());
    assert_eq!(after, block(443, "    cidr_blocks = [\"0.0.0.0/0\"]\n"));
    // A rule that only moved to another port is still that of the comment.
    let moved = regrouped(&office, was(), vec![rule(2222, "", &["10.0.0.0/8"], false)]);
    assert_eq!(moved, office.replace("= 22\n", "= 2222\n"));
    // Without a comment as few bytes as possible change.
    let after = regrouped(&ssh, was(), web);
    assert_eq!(after, block(443, "    cidr_blocks = [\"0.0.0.0/0\"]\n"));
}
