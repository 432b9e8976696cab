//! Fixes attribute by attribute: what is added, what stays in its form, and what is left to a person.

use crate::patch::{Drift, adopted, refused};
use crate::recorded_stack::{self, difference, finding};
use driftguard::code::Options;
use driftguard::model::{Difference, Fix, FixKind, Redactor, RefusalKind, Tree, Value};
use driftguard::resources;

/// The files of a repository, by path.
pub type Files<'a> = &'a [(&'a str, &'a str)];
/// The files that change, by path.
pub type Changes = Vec<(String, String)>;

/// What is done about one resource, and the files that change.
pub fn adopt(files: Files<'_>, address: &str, attributes: Vec<Difference>) -> (Fix, Changes) {
    let mut findings = [finding(address, attributes)];
    let tree: Tree = files.iter().map(|(path, text)| (*path, *text)).collect();
    let how = (&Options::default(), &resources::full_catalog());
    let changed = recorded_stack::adopt(&tree, "", how, &mut findings);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let changed = changed.into_iter().map(|(path, bytes)| (path, text(bytes)));
    (findings[0].fix.clone().unwrap(), changed.collect())
}

/// The one file that changes.
pub fn adopted_in(
    files: Files<'_>,
    address: &str,
    attributes: Vec<Difference>,
) -> (String, String) {
    let (fix, mut changed) = adopt(files, address, attributes);
    assert_eq!((&fix.refused[..], changed.len()), (&[][..], 1), "{fix:?}");
    changed.remove(0)
}

const ROLE: &str = r#"locals {
  stage = "prod"
}

resource "aws_iam_role" "app" {
  name                 = "app"
  max_session_duration = 7200
  description          = "Role of ${local.stage}"
}
"#;

#[test]
fn an_attribute_that_cannot_be_written_holds_no_other_back() {
    let attributes = vec![
        difference("description", "Role of prod".into(), "by hand".into()),
        difference("max_session_duration", 7200.into(), 14400.into()),
    ];
    let (fix, changed) = adopt(&[("main.tf", ROLE)], "aws_iam_role.app", attributes);
    assert_eq!(fix.kind, FixKind::Adopt);
    assert_eq!(changed[0].1, ROLE.replace("7200", "14400"));
    let left = &fix.refused[0];
    assert_eq!(
        (left.path.as_str(), left.kind),
        ("description", RefusalKind::Computed)
    );
    assert_eq!(
        left.reason,
        "the value at main.tf:8 is made from a template"
    );
    let by_hand = fix.block.unwrap();
    assert!(by_hand.contains("description = \"by hand\""), "{by_hand}");
    assert!(!by_hand.contains("max_session_duration"), "{by_hand}");
}

/// The keys are the positions of a list: an entry of that key is no new one.
#[test]
fn elements_of_a_list_that_a_file_of_variables_sets_are_found_by_their_positions() {
    let code = "variable \"given\" { type = list(object({ label = optional(string, \"none\") })) }\nresource \"aws_internet_gateway\" \
                \"g\" {\n  for_each = { for i, d in var.given : i => d }\n  tags = { Label = each.value.label }\n}\n";
    let given = "given = [{ label = \"a\" }, { label = \"b\" }]\n";
    let files = [("main.tf", code), ("terraform.tfvars", given)];
    let label = difference("tags[\"Label\"]", "b".into(), "other".into());
    let address = "aws_internet_gateway.g[\"1\"]";
    assert_eq!(
        adopted_in(&files, address, vec![label]),
        (
            "terraform.tfvars".to_owned(),
            given.replace("\"b\"", "\"other\"")
        )
    );
}

/// A second entry of the same key would win over the first without a word.
#[test]
fn an_entry_under_a_computed_key_is_not_written_once_more() {
    let code = "locals {\n  key  = \"Name\"\n  name = \"web\"\n}\n\nresource \"aws_internet_gateway\" \"g\" {\n  tags = {\n    \
                (local.key) = local.name\n    Stage       = \"prod\"\n  }\n}\n";
    let (address, files) = ("aws_internet_gateway.g", [("main.tf", code)]);
    let changed = |path: &str| difference(path, Value::Null, "other".into());
    let (_, text) = adopted_in(&files, address, vec![changed("tags[\"Name\"]")]);
    assert_eq!(text, code.replace("\"web\"", "\"other\""));
    let (_, text) = adopted_in(&files, address, vec![changed("tags[\"New\"]")]);
    assert!(
        text.contains("\"prod\"\n    New         = \"other\"\n"),
        "{text}"
    );
}

#[test]
fn an_entry_that_a_map_may_have_already_is_refused_for_that() {
    let hcl = "variable \"key\" { default = \"Name\" }\nvariable \"name\" { default = \"web\" }\nresource \"aws_internet_gateway\" \
               \"g\" {\n  tags = merge({ Stage = \"prod\" }, {\n    (var.key) = upper(var.name)\n  })\n}\n";
    let json = r#"{"variable": {"key": {"default": "Name"}, "name": {"default": "web"}},
"resource": {"aws_internet_gateway": {"g": {"tags": {
  "Stage": "prod",
  "${var.key}": "${upper(var.name)}"
}}}}}"#;
    for (file, text) in [("main.tf", hcl), ("main.tf.json", json)] {
        let name = difference("tags[\"Name\"]", "WEB".into(), "other".into());
        let (fix, _) = adopt(&[(file, text)], "aws_internet_gateway.g", vec![name]);
        let why = fix.reason.unwrap_or_default();
        assert_eq!(fix.kind, FixKind::Refused, "{file}: {why}");
        assert!(!why.contains("no value that can be written"), "{why}");
        assert!(why.contains(file), "{why}");
    }
}

/// The data source reads one of the entries: that one leaves the resource alone, the others the map.
#[test]
fn entries_that_leave_one_map_do_not_stay_for_one_that_cannot() {
    let code = "variable \"tags\" {\n  default = {\n    Owner = \"ada\"\n    Stage = \"prod\"\n    Team  = \"web\"\n    Unit  = \
                \"x\"\n  }\n}\n\ndata \"aws_ami\" \"x\" {\n  owners = [var.tags.Owner]\n}\n\nresource \"aws_internet_gateway\" \
                \"g\" {\n  tags = var.tags\n}\n";
    let gone =
        |key: &str, value: &str| difference(&format!("tags[\"{key}\"]"), value.into(), Value::Null);
    let all = vec![
        gone("Owner", "ada"),
        gone("Stage", "prod"),
        gone("Team", "web"),
    ];
    let (_, text) = adopted_in(&[("main.tf", code)], "aws_internet_gateway.g", all);
    let code = code.replace("    Stage = \"prod\"\n    Team  = \"web\"\n", "");
    let merged = "tags = merge(var.tags, { Owner = null })";
    assert_eq!(text, code.replace("tags = var.tags", merged));
}

#[test]
fn where_no_attribute_can_be_written_each_reason_is_told() {
    let code = ROLE.replace("7200", "local.stage == \"prod\" ? length(\"x\") : 1");
    let attributes = vec![
        difference("description", "Role of prod".into(), "by hand".into()),
        difference("max_session_duration", 1.into(), 14400.into()),
    ];
    let (fix, changed) = adopt(&[("main.tf", &code)], "aws_iam_role.app", attributes);
    assert_eq!((fix.kind, changed.len()), (FixKind::Refused, 0));
    assert_eq!(
        fix.reason.unwrap(),
        "`description`: the value at main.tf:8 is made from a template; `max_session_duration`: the value at main.tf:7 is \
         made by `length`"
    );
}

const GROUP: &str = r#"resource "aws_security_group" "closed" {
  name    = "closed"
  ingress = []
  egress  = []
}
"#;

fn rule(port: i64, cidr: &str) -> Value {
    rule_of(port, vec![cidr])
}

fn rule_of(port: i64, cidrs: Vec<&str>) -> Value {
    Value::map([
        ("description", "".into()),
        ("from_port", port.into()),
        ("to_port", port.into()),
        ("protocol", "tcp".into()),
        ("cidr_blocks", cidrs.into()),
        ("ipv6_cidr_blocks", Value::List(vec![])),
        ("prefix_list_ids", Value::List(vec![])),
        ("security_groups", Value::List(vec![])),
        ("self", false.into()),
    ])
}

#[test]
fn rules_that_are_written_as_an_argument_stay_one() {
    let drift = |before: Vec<Value>, after: Vec<Value>| -> [Drift<'_>; 1] {
        [(
            "aws_security_group.closed",
            "ingress",
            before.into(),
            after.into(),
        )]
    };
    let one = adopted(GROUP, &drift(vec![], vec![rule(443, "10.0.0.0/8")]));
    let object = r#"    {
      cidr_blocks      = ["10.0.0.0/8"]
      description      = ""
      from_port        = 443
      ipv6_cidr_blocks = []
      prefix_list_ids  = []
      protocol         = "tcp"
      security_groups  = []
      self             = false
      to_port          = 443
    },
"#;
    let written = format!("  name = \"closed\"\n  ingress = [\n{object}  ]\n  egress = []\n");
    assert_eq!(
        one,
        GROUP.replace(
            "  name    = \"closed\"\n  ingress = []\n  egress  = []\n",
            &written
        )
    );
    let both = vec![rule(443, "10.0.0.0/8"), rule(22, "10.0.0.0/8")];
    let two = adopted(&one, &drift(vec![rule(443, "10.0.0.0/8")], both.clone()));
    assert!(two.contains(object) && two.contains("= 22\n"), "{two}");
    assert_eq!(
        adopted(&two, &drift(both, vec![rule(443, "10.0.0.0/8")])),
        one
    );
}

#[test]
fn of_an_object_in_an_argument_only_what_differs_is_written() {
    let code = r#"resource "aws_security_group" "closed" {
  name = "closed"
  ingress = [
    {
      from_port = 443, to_port = 443, protocol = "6", description = null # inside
      cidr_blocks = ["10.0.0.0/8", "192.168.0.0/16"], ipv6_cidr_blocks = [], prefix_list_ids = [], security_groups = [], self = false
    },
    { from_port = 22, to_port = 22, protocol = "tcp", description = "", cidr_blocks = ["10.0.0.0/8"], ipv6_cidr_blocks = [], prefix_list_ids = [], security_groups = [], self = false },
  ]
}
"#;
    let web = |cidrs: &[&str]| rule_of(443, cidrs.to_vec());
    let before = vec![
        web(&["10.0.0.0/8", "192.168.0.0/16"]),
        rule(22, "10.0.0.0/8"),
    ];
    let change = |after: Vec<Value>| {
        let drift = [(
            "aws_security_group.closed",
            "ingress",
            before.clone().into(),
            after.into(),
        )];
        adopted(code, &drift)
    };
    assert_eq!(
        change(vec![web(&["10.0.0.0/8"]), rule(22, "10.0.0.0/8")]),
        code.replace(", \"192.168.0.0/16\"", "")
    );
    assert_eq!(
        change(vec![before[0].clone(), rule(22, "0.0.0.0/0")]),
        code.replace(
            "\"\", cidr_blocks = [\"10.0.0.0/8\"]",
            "\"\", cidr_blocks = [\"0.0.0.0/0\"]"
        )
    );
    let lines: Vec<_> = code.lines().collect();
    let without_ssh = [&lines[..7], &lines[8..]].concat().join("\n") + "\n";
    assert_eq!(change(before[..1].to_vec()), without_ssh);
}

#[test]
fn a_list_with_comments_loses_and_gains_single_items() {
    let code = r#"resource "aws_security_group" "app" {
  name = "app"
  ingress {
    from_port = 443
    to_port   = 443
    protocol  = "tcp"
    cidr_blocks = [
      "10.0.0.0/8", # inside
      "192.168.0.0/16", "172.16.0.0/12",
      "198.51.100.0/24", # the branch
    ]
  }
}
"#;
    let rules = |last: &'static str| {
        let cidrs = vec!["10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12", last];
        Value::from(vec![rule_of(443, cidrs)])
    };
    let (before, after) = (rules("198.51.100.0/24"), rules("203.0.113.0/24"));
    let changed = adopted(
        code,
        &[("aws_security_group.app", "ingress", before, after)],
    );
    assert_eq!(
        changed,
        code.replace(
            "\"172.16.0.0/12\",\n      \"198.51.100.0/24\", # the branch\n",
            "\"172.16.0.0/12\", \"203.0.113.0/24\",\n"
        )
    );
}

const LOCALS: &str = r#"locals {
  hours    = 3600
  policies = [
    "arn:aws:iam::aws:policy/ReadOnlyAccess", # all read
    "arn:aws:iam::aws:policy/IAMReadOnlyAccess",
  ]
}

resource "aws_iam_role" "app" {
  name                 = "app"
  max_session_duration = local.hours
  managed_policy_arns  = local.policies
}
"#;

/// What a role of `LOCALS` differs in.
fn role_differs() -> Vec<Difference> {
    let policies = |names: &[&str]| {
        let arns = names
            .iter()
            .map(|name| format!("arn:aws:iam::aws:policy/{name}"));
        Value::List(arns.map(Value::from).collect())
    };
    vec![
        difference("max_session_duration", 3600.into(), 7200.into()),
        difference(
            "managed_policy_arns",
            policies(&["ReadOnlyAccess", "IAMReadOnlyAccess"]),
            policies(&["ReadOnlyAccess", "SecurityAudit"]),
        ),
    ]
}

#[test]
fn a_local_value_that_one_expression_reads_is_edited() {
    let after = LOCALS
        .replace("3600", "7200")
        .replace("IAMReadOnlyAccess", "SecurityAudit");
    let (_, text) = adopted_in(&[("main.tf", LOCALS)], "aws_iam_role.app", role_differs());
    assert_eq!(text, after);
    // In another file of the module, and handed on to another module.
    let (locals, role) = LOCALS.split_once("\n\n").unwrap();
    let call = "module \"role\" {\n  source   = \"./role\"\n  hours    = local.hours\n  policies = local.policies\n}\n";
    let variables = "variable \"hours\" {}\n\nvariable \"policies\" {}\n\n";
    let module = format!("{variables}{}", role.replace("local.", "var."));
    let files = [
        ("locals.tf", locals),
        ("main.tf", call),
        ("role/main.tf", &module),
    ];
    let (file, text) = adopted_in(&files, "module.role.aws_iam_role.app", role_differs());
    let (after, _) = after.split_once("\n\n").unwrap();
    assert_eq!((file.as_str(), text.as_str()), ("locals.tf", after));
}

#[test]
fn a_local_value_whose_argument_aws_lost_is_null() {
    let code = "locals {\n  boundary = \"arn:aws:iam::1:policy/b\"\n  owner    = \"ada\"\n}\n\nresource \"aws_iam_role\" \"app\" {\n  \
                permissions_boundary = local.boundary\n  tags                 = { Owner = local.owner, Stage = \"prod\" }\n}\n";
    let files = [("main.tf", code)];
    let lost = |path: &str, old: &str| vec![difference(path, old.into(), Value::Null)];
    let boundary = "arn:aws:iam::1:policy/b";
    let change = lost("permissions_boundary", boundary);
    let (_, text) = adopted_in(&files, "aws_iam_role.app", change);
    assert_eq!(text, code.replace(&format!("\"{boundary}\""), "null"));
    // An entry is there, whatever its value.
    let (fix, _) = adopt(&files, "aws_iam_role.app", lost("tags[\"Owner\"]", "ada"));
    assert_eq!(fix.kind, FixKind::Refused, "{fix:?}");
}

#[test]
fn a_local_value_that_others_read_is_not_edited() {
    let left = |code: &str| {
        let (fix, changed) = adopt(&[("main.tf", code)], "aws_iam_role.app", role_differs());
        let refused = fix.refused.into_iter().map(|left| left.path);
        (refused.collect::<Vec<_>>(), changed.len())
    };
    let hours = vec!["max_session_duration".to_owned()];
    for reader in [
        "output \"hours\" {\n  value = local.hours\n}\n",
        "locals {\n  text = \"${local.hours} seconds\"\n}\n",
        "resource \"aws_iam_role\" \"other\" {\n  max_session_duration = local.hours\n}\n",
    ] {
        assert_eq!(
            left(&format!("{LOCALS}\n{reader}")),
            (hours.clone(), 1),
            "{reader}"
        );
    }
    // Two instances read it by one expression, and one of them did not change.
    let twice = LOCALS.replace("  name  ", "  count                = 2\n  name  ");
    let differs = role_differs();
    let (fix, _) = adopt(&[("main.tf", &twice)], "aws_iam_role.app[0]", differs);
    let reason = fix.reason.unwrap();
    assert!(
        reason.contains("feeds aws_iam_role.app[1] as well"),
        "{reason}"
    );
}

/// The rules of a group that code puts together from two lists.
fn joined_group(rules: &str) -> String {
    let rules = rules.replace(
        "@",
        "from_port = 443, to_port = 443, protocol = \"tcp\", cidr_blocks",
    );
    let rules = rules.replace("~", "ipv6_cidr_blocks = [], prefix_list_ids = [], security_groups = [], self = false, description = \"\"");
    format!(
        "variable \"more\" {{\n  default = [\"10.9.0.0/16\"]\n}}\n\nresource \"aws_security_group\" \"g\" {{\n{rules}}}\n"
    )
}

#[test]
fn of_lists_that_are_put_together_the_one_that_holds_the_item_is_edited() {
    let rule = |cidrs: &[&str]| Value::from(vec![rule_of(443, cidrs.to_vec())]);
    let block = |cidrs: &str| {
        joined_group(&format!(
            "  ingress {{\n    from_port   = 443\n    to_port     = 443\n    protocol    = \"tcp\"\n    cidr_blocks = {cidrs}\n  }}\n"
        ))
    };
    let known = ["10.0.0.0/8", "172.16.0.0/12", "10.9.0.0/16"];
    for (old, live, new) in [
        (
            "concat([\"10.0.0.0/8\"], [\"172.16.0.0/12\"], var.more)",
            &["10.0.0.0/8", "192.168.0.0/16", "10.9.0.0/16"][..],
            "concat([\"10.0.0.0/8\"], [\"192.168.0.0/16\"], var.more)",
        ),
        (
            "distinct(concat([\"10.0.0.0/8\", \"172.16.0.0/12\"], var.more, [\"10.0.0.0/8\"]))",
            &["172.16.0.0/12", "10.9.0.0/16"],
            "distinct(concat([\"172.16.0.0/12\"], var.more, []))",
        ),
    ] {
        let change = difference("ingress", rule(&known), rule(live));
        let code = block(old);
        let files = [("main.tf", code.as_str())];
        let (_, text) = adopted_in(&files, "aws_security_group.g", vec![change]);
        assert_eq!(text, block(new));
    }
    // What stands in no literal is not edited.
    let change = difference("ingress", rule(&known), rule(&known[..2]));
    let code = block("concat([\"10.0.0.0/8\"], [\"172.16.0.0/12\"], var.more)");
    let (fix, _) = adopt(&[("main.tf", &code)], "aws_security_group.g", vec![change]);
    assert_eq!(fix.kind, FixKind::Refused, "{fix:?}");
}

#[test]
fn rules_that_are_put_together_from_lists_are_edited_in_theirs() {
    let code = |second: &str| {
        joined_group(&format!(
            "  ingress = concat([\n    {{ @ = [\"10.0.0.0/8\"], ~ }},\n  ], [\n{second}  ])\n"
        ))
    };
    let ssh = |cidr: &str| {
        format!(
            "    {{ from_port = 22, to_port = 22, protocol = \"tcp\", cidr_blocks = [\"{cidr}\"], ~ }}, # vpn\n"
        )
    };
    let before = vec![rule(443, "10.0.0.0/8"), rule(22, "10.1.0.0/16")];
    let change = |live: Vec<Value>| {
        let code = code(&ssh("10.1.0.0/16"));
        let differs = difference("ingress", before.clone().into(), live.into());
        adopted_in(&[("main.tf", &code)], "aws_security_group.g", vec![differs]).1
    };
    let moved = vec![before[0].clone(), rule(22, "10.2.0.0/16")];
    assert_eq!(change(moved), code(&ssh("10.2.0.0/16")));
    let gone = change(before[..1].to_vec());
    assert_eq!(gone, code("").replace("[\n  ])", "[])"));
}

#[test]
fn rules_in_a_local_value_are_edited_there() {
    let before = vec![rule(443, "10.0.0.0/8"), rule(22, "10.1.0.0/16")];
    let object = |port: i64, cidr: &str| {
        format!(
            "    {{ from_port = {port}, to_port = {port}, protocol = \"tcp\", cidr_blocks = [\"{cidr}\"], ipv6_cidr_blocks = [], \
             prefix_list_ids = [], security_groups = [], self = false, description = \"\" }},\n"
        )
    };
    let locals = |cidr: &str| {
        let (web, ssh) = (object(443, "10.0.0.0/8"), object(22, cidr));
        format!("locals {{\n  rules = [\n{web}{ssh}  ]\n}}\n")
    };
    let group = "resource \"aws_security_group\" \"g\" {\n  ingress = local.rules\n}\n";
    let live = vec![before[0].clone(), rule(22, "10.2.0.0/16")];
    let differs = || {
        vec![difference(
            "ingress",
            before.clone().into(),
            live.clone().into(),
        )]
    };
    let old = locals("10.1.0.0/16");
    let files = [("locals.tf", old.as_str()), ("main.tf", group)];
    let (file, text) = adopted_in(&files, "aws_security_group.g", differs());
    assert_eq!((file.as_str(), text), ("locals.tf", locals("10.2.0.0/16")));
    let both = format!("{group}\noutput \"rules\" {{\n  value = local.rules\n}}\n");
    let files = [("locals.tf", old.as_str()), ("main.tf", &both)];
    let (fix, _) = adopt(&files, "aws_security_group.g", differs());
    let why = "the value is a local at locals.tf:2, which main.tf:2, main.tf:6 read";
    assert_eq!(fix.reason.as_deref(), Some(why));
}

#[test]
fn what_a_dynamic_block_repeats_of_joined_lists_is_edited_where_it_is_written() {
    let code = |first: &str, second: &str| {
        joined_group(&format!(
            "  dynamic \"ingress\" {{\n    for_each = concat([{first}], [{second}])\n    content {{\n      from_port   = \
             ingress.value.port\n      to_port     = ingress.value.port\n      protocol    = \"tcp\"\n      cidr_blocks = \
             [ingress.value.cidr]\n    }}\n  }}\n"
        ))
    };
    let element = |port: i64, cidr: &str| format!("{{ port = {port}, cidr = \"{cidr}\" }}");
    let (https, ssh) = (element(443, "10.0.0.0/8"), element(22, "10.1.0.0/16"));
    let before = vec![rule(443, "10.0.0.0/8"), rule(22, "10.1.0.0/16")];
    let change = |live: Vec<Value>| {
        let differs = difference("ingress", before.clone().into(), live.into());
        let code = code(&https, &ssh);
        adopted_in(&[("main.tf", &code)], "aws_security_group.g", vec![differs]).1
    };
    let moved = vec![before[0].clone(), rule(22, "10.2.0.0/16")];
    assert_eq!(change(moved), code(&https, &element(22, "10.2.0.0/16")));
    assert_eq!(change(before[1..].to_vec()), code("", &ssh));
}

#[test]
fn an_item_of_joined_lists_leaves_with_its_instance() {
    let code = "resource \"aws_iam_role\" \"r\" {\n  for_each = toset(concat([\"a\", \"b\"], [\"c\"]))\n  name     = each.key\n}\n";
    let gone = |key: &str| {
        let address = format!("aws_iam_role.r[\"{key}\"]");
        adopted_in(&[("main.tf", code)], &address, Vec::new()).1
    };
    assert_eq!(gone("a"), code.replace("\"a\", ", ""));
    assert_eq!(gone("c"), code.replace("[\"c\"]", "[]"));
}

#[test]
fn an_entry_of_a_merged_map_is_edited_where_it_is_written() {
    let code = r#"locals {
  base = { tags = { Team = "core" } }
  users = {
    bulk = merge(local.base, { path = "/bulk/" })
    mail = merge({ path = "/all/" }, local.base, { path = "/mail/" })
    none = merge(local.base, var.unknown)
  }
}
variable "unknown" {}
resource "aws_iam_user" "u" {
  for_each             = local.users
  name                 = each.key
  path                 = each.value.path
  permissions_boundary = lookup(each.value, "boundary", null)
  tags                 = each.value.tags
}
"#;
    let files = [("main.tf", code)];
    let changed = |address: &str, difference: Difference| {
        let (file, text) = adopted_in(&files, address, vec![difference]);
        assert_eq!(file, "main.tf");
        text
    };
    let path = |from: &str, to: &str| difference("path", from.into(), to.into());
    assert_eq!(
        changed("aws_iam_user.u[\"bulk\"]", path("/bulk/", "/x/")),
        code.replace("\"/bulk/\"", "\"/x/\"")
    );
    assert_eq!(
        changed("aws_iam_user.u[\"mail\"]", path("/mail/", "/x/")),
        code.replace("\"/mail/\"", "\"/x/\"")
    );
    let boundary = difference(
        "permissions_boundary",
        Value::Null,
        "arn:aws:iam::1:policy/b".into(),
    );
    assert_eq!(
        changed("aws_iam_user.u[\"bulk\"]", boundary),
        code.replace(
            "{ path = \"/bulk/\" }",
            "{ path = \"/bulk/\", boundary = \"arn:aws:iam::1:policy/b\" }"
        )
    );
    // What others have of the same literal stays.
    let tag = difference("tags[\"Team\"]", "core".into(), "z".into());
    let (fix, changes) = adopt(&files, "aws_iam_user.u[\"bulk\"]", vec![tag]);
    assert_eq!((fix.kind, changes.len()), (FixKind::Refused, 0));
    let reason = fix.reason.unwrap();
    assert!(
        reason.contains("aws_iam_user.u[\"mail\"] as well"),
        "{reason}"
    );
}

/// An instance with a script.
fn heredoc(body: &str) -> String {
    format!(
        "resource \"aws_instance\" \"a\" {{\n  ami = \"ami-1\"\n\n  user_data = <<-EOT\n{body}  EOT\n}}\n"
    )
}

#[test]
fn a_heredoc_stays_one() {
    let before = heredoc("    #!/bin/sh\n    echo a\n");
    let drift = |live: &str| -> Drift<'_> {
        (
            "aws_instance.a",
            "user_data",
            "#!/bin/sh\necho a\n".into(),
            live.into(),
        )
    };
    let after = adopted(&before, &[drift("#!/bin/sh\n  echo ${b}\n")]);
    assert_eq!(after, heredoc("    #!/bin/sh\n      echo $${b}\n"));
    let reason = refused(&before, drift("no line end"));
    assert!(
        reason.contains("the heredoc at main.tf:4 cannot hold"),
        "{reason}"
    );
}

const DEFAULT: &str = r#"variable "session" {
  type    = number
  default = 3600
}

resource "aws_iam_role" "app" {
  name                 = "app"
  max_session_duration = var.session
}
"#;

#[test]
fn a_default_that_is_overridden_is_not_edited() {
    let drift = |recorded: i64| {
        vec![difference(
            "max_session_duration",
            recorded.into(),
            7200.into(),
        )]
    };
    let (_, after) = adopted_in(&[("main.tf", DEFAULT)], "aws_iam_role.app", drift(3600));
    assert_eq!(after, DEFAULT.replace("3600", "7200"));
    let files = [
        ("main.tf", DEFAULT),
        ("env/prod.tfvars", "# production\nsession = 3600\n"),
    ];
    let (fix, changed) = adopt(&files, "aws_iam_role.app", drift(3600));
    assert_eq!(
        (changed.len(), fix.refusal),
        (0, Some(RefusalKind::SetOutside))
    );
    assert_eq!(
        fix.reason.unwrap(),
        "`var.session` has its default at main.tf:3, and env/prod.tfvars:2 sets it wherever that file is used"
    );
    // The state holds what no file says: something from outside does.
    let (fix, changed) = adopt(&[("main.tf", DEFAULT)], "aws_iam_role.app", drift(5400));
    assert_eq!(
        (changed.len(), fix.refusal),
        (0, Some(RefusalKind::SetOutside))
    );
}

#[test]
fn what_a_moved_block_names_leaves_with_it() {
    let other = "resource \"aws_iam_user\" \"b\" {\n  name = \"b\"\n}\n";
    let gone = "resource \"aws_iam_user\" \"a\" {\n  name = \"a\"\n}\n\n";
    let moves = "moved {\n  from = aws_iam_user.x\n  to   = aws_iam_user.y\n}\n\nmoved {\n  from = aws_iam_user.y\n  to   = aws_iam_user.a\n}\n\n";
    let code = format!("{gone}{moves}{other}");
    let (_, after) = adopted_in(&[("main.tf", &code)], "aws_iam_user.a", vec![]);
    assert_eq!(after, other);
    let still = format!("{code}\nmoved {{\n  from = aws_iam_user.a\n  to   = aws_iam_user.c\n}}\n");
    let (fix, _) = adopt(&[("main.tf", &still)], "aws_iam_user.a", vec![]);
    assert_eq!(fix.refusal, Some(RefusalKind::Referenced), "{fix:?}");
}

/// Each takes along the blank line beside it, and between two there is one alone.
#[test]
fn blocks_that_stand_one_below_the_other_are_taken_out_together() {
    let first = "resource \"aws_iam_user\" \"a\" {\n  name = \"a\"\n}\n";
    let user = |name: &str| first.replace("\"a\"", &format!("\"{name}\""));
    let moved = "moved {\n  from = aws_iam_user.x\n  to   = aws_iam_user.b\n}\n";
    for last in [
        format!("{}\n{}", user("b"), user("c")),
        format!("{}\n{moved}", user("b")),
        format!("{}\n# Gone.\n{}\n{moved}", user("c"), user("b")),
    ] {
        let code = format!("{first}\n{last}");
        let tree: Tree = [("main.tf", code.as_str())].into_iter().collect();
        let gone = ["aws_iam_user.b", "aws_iam_user.c"];
        let gone = gone.into_iter().filter(|address| {
            let (_, name) = address.split_once('.').unwrap();
            code.contains(&format!("\"{name}\""))
        });
        let mut findings: Vec<_> = gone.map(|address| finding(address, vec![])).collect();
        let how = (&Options::default(), &resources::full_catalog());
        let changed = recorded_stack::adopt(&tree, "", how, &mut findings);
        for finding in &findings {
            let fix = finding.fix.as_ref().unwrap();
            assert_eq!(fix.kind, FixKind::Remove, "{fix:?}\n{code}");
        }
        let after = std::str::from_utf8(&changed["main.tf"]).unwrap();
        assert_eq!(after.trim_end(), first.trim_end(), "{code}");
    }
}

#[test]
fn the_last_rules_of_a_group_leave_it_together() {
    let rule_block = |port: i64| {
        format!(
            "  ingress {{\n    from_port   = {port}\n    to_port     = {port}\n    protocol    = \"tcp\"\n    cidr_blocks = \
             [\"10.0.0.0/8\"]\n  }}\n"
        )
    };
    let code = |blocks: &[i64]| {
        let blocks: Vec<_> = blocks.iter().map(|port| rule_block(*port)).collect();
        let blocks = blocks.join("\n");
        format!("resource \"aws_security_group\" \"g\" {{\n  name = \"g\"\n\n{blocks}}}\n")
    };
    let rules = |ports: &[i64]| {
        let rules = ports.iter().map(|port| rule(*port, "10.0.0.0/8"));
        Value::List(rules.collect())
    };
    let change = difference("ingress", rules(&[22, 80, 443]), rules(&[22]));
    let before = code(&[22, 80, 443]);
    let (_, after) = adopted_in(
        &[("main.tf", &before)],
        "aws_security_group.g",
        vec![change],
    );
    assert_eq!(after.replace("\n\n}", "\n}"), code(&[22]));
}

/// A block in order, such as a bucket's `logging`, leaves the code with AWS.
#[test]
fn a_block_in_order_that_aws_lost_is_taken_out() {
    const LOGGING: &str = "  logging {\n    target_bucket = \"logs\"\n  }\n";
    const RULE: &str = "  lifecycle_rule {\n    id      = \"NAME\"\n    enabled = true\n  }\n";
    let rule = |name: &str| RULE.replace("NAME", name);
    let value = |name: &str| Value::map([("id", Value::from(name)), ("enabled", true.into())]);
    let code = |blocks: &str| {
        format!("resource \"aws_s3_bucket\" \"b\" {{\n  bucket = \"b\"\n{blocks}}}\n")
    };
    let logging = Value::List(vec![Value::map([("target_bucket", Value::from("logs"))])]);
    let lost = difference("logging", logging, Value::List(Vec::new()));
    let before = code(LOGGING);
    let (_, after) = adopted_in(
        &[("main.tf", &before)],
        "aws_s3_bucket.b",
        vec![lost.clone()],
    );
    assert_eq!(after, code(""));

    let all = || Value::List(["a", "b", "c"].map(value).to_vec());
    let rules = |live: &[&str]| {
        let live = live.iter().map(|name| value(name)).collect();
        difference("lifecycle_rule", all(), Value::List(live))
    };
    let before = code(&["a", "b", "c"].map(rule).join("\n"));
    let left = |live: &[&str]| {
        adopted_in(
            &[("main.tf", &before)],
            "aws_s3_bucket.b",
            vec![rules(live)],
        )
        .1
    };
    assert_eq!(left(&["a", "c"]), code(&["a", "c"].map(rule).join("\n")));
    assert_eq!(left(&["a"]), code(&format!("{}\n", rule("a"))));
    // What is new among them is for a person to write.
    let (fix, _) = adopt(
        &[("main.tf", &before)],
        "aws_s3_bucket.b",
        vec![rules(&["a", "d"])],
    );
    assert_eq!(fix.kind, FixKind::Refused, "{fix:?}");
    let dynamic = code(
        "  dynamic \"logging\" {\n    for_each = [\"logs\"]\n    content {\n      target_bucket = logging.value\n    }\n  }\n",
    );
    let (fix, _) = adopt(&[("main.tf", &dynamic)], "aws_s3_bucket.b", vec![lost]);
    assert_eq!(fix.kind, FixKind::Refused, "{fix:?}");
}

const USER: &str = r#"variable "name" { type = string }

variable "session" {
  type    = number
  default = 3600
}

variable "tags" {
  type    = map(string)
  default = {}
}

resource "aws_iam_user" "this" {
  name = var.name
  tags = merge({ Name = var.name }, var.tags)
}

resource "aws_iam_role" "this" {
  name                 = var.name
  max_session_duration = var.session
}
"#;
const CALLS: &str = r#"module "robot" {
  source = "./user"

  name = "robot"
}

module "human" {
  source = "./user"

  name = "human"
  tags = { Kind = "human" }
}
"#;

#[test]
fn a_call_is_given_the_argument_that_it_leaves_out() {
    let files = [("main.tf", CALLS), ("user/main.tf", USER)];
    let tags = vec![
        difference("tags[\"Backup\"]", Value::Null, "daily".into()),
        difference("tags[\"Cost\"]", Value::Null, "7".into()),
    ];
    let (file, after) = adopted_in(&files, "module.robot.aws_iam_user.this", tags);
    assert_eq!(file, "main.tf");
    let given = "  name = \"robot\"\n  tags = {\n    Backup = \"daily\"\n    Cost   = \"7\"\n  }\n";
    assert_eq!(after, CALLS.replace("  name = \"robot\"\n", given));
    let session = vec![difference("max_session_duration", 3600.into(), 7200.into())];
    let (_, after) = adopted_in(&files, "module.robot.aws_iam_role.this", session);
    let given = "  name    = \"robot\"\n  session = 7200\n";
    assert_eq!(after, CALLS.replace("  name = \"robot\"\n", given));
}

/// Where a variable takes no null, a call that hands it over leaves the default in force, as one that leaves it out.
#[test]
fn a_null_that_a_call_hands_over_is_replaced() {
    let module = "variable \"session\" {\n  type     = number\n  default  = 3600\n  nullable = false\n}\n\nvariable \"tags\" \
                  {\n  type     = map(string)\n  default  = { Team = \"core\" }\n  nullable = false\n}\n\nresource \
                  \"aws_iam_role\" \"this\" {\n  name                 = \"r\"\n  max_session_duration = var.session\n  \
                  tags                 = var.tags\n}\n";
    let call = "module \"role\" {\n  source  = \"./role\"\n  session = null\n  tags    = null\n}\n";
    let files = [("main.tf", call), ("role/main.tf", module)];
    let address = "module.role.aws_iam_role.this";
    let session = difference("max_session_duration", 3600.into(), 7200.into());
    let tag = difference("tags[\"Team\"]", "core".into(), "web".into());
    for (change, old, new) in [
        (session.clone(), "session = null", "session = 7200"),
        (
            tag,
            "tags    = null",
            "tags    = {\n    Team = \"web\"\n  }",
        ),
    ] {
        let (_, after) = adopted_in(&files, address, vec![change]);
        assert_eq!(after, call.replace(old, new));
    }
    let passed = format!("variable \"given\" {{\n  default = null\n}}\n\n{call}");
    let passed = passed.replace("session = null", "session = var.given");
    let files = [("main.tf", passed.as_str()), ("role/main.tf", module)];
    let (fix, _) = adopt(&files, address, vec![session]);
    assert_eq!(
        fix.reason.as_deref(),
        Some("`session` at main.tf:7 is not written as plain values"),
        "{fix:?}"
    );
}

#[test]
fn entries_of_a_map_on_one_line_come_and_go() {
    let files = [("main.tf", CALLS), ("user/main.tf", USER)];
    let human = "module.human.aws_iam_user.this";
    let more = vec![difference("tags[\"Cost\"]", Value::Null, "7".into())];
    let (_, after) = adopted_in(&files, human, more);
    assert_eq!(
        after,
        CALLS.replace("\"human\" }", "\"human\", Cost = \"7\" }")
    );
    let less = vec![difference("tags[\"Cost\"]", "7".into(), Value::Null)];
    let (_, back) = adopted_in(&[("main.tf", &after), files[1]], human, less);
    assert_eq!(back, CALLS);
    let last = vec![difference("tags[\"Kind\"]", "human".into(), Value::Null)];
    let (_, none) = adopted_in(&files, human, last);
    assert_eq!(none, CALLS.replace("{ Kind = \"human\" }", "{}"));
}

#[test]
fn a_resource_without_tags_is_given_them() {
    let code = "resource \"aws_vpc\" \"a\" {}\n";
    let tags = |key: &str| {
        vec![difference(
            &format!("tags[\"{key}\"]"),
            Value::Null,
            "x".into(),
        )]
    };
    let (_, after) = adopted_in(&[("main.tf", code)], "aws_vpc.a", tags("Team"));
    let written = "resource \"aws_vpc\" \"a\" {\n  tags = {\n    Team = \"x\"\n  }\n}\n";
    assert_eq!(after, written);
    let (_, after) = adopted_in(&[("main.tf", written)], "aws_vpc.a", tags("Environment"));
    assert_eq!(
        after,
        written.replace(
            "    Team = \"x\"\n",
            "    Team        = \"x\"\n    Environment = \"x\"\n"
        )
    );
}

#[test]
fn a_map_that_others_share_is_merged_with_the_entry_of_one() {
    let code = "locals {\n  common = { Team = \"shop\" }\n}\n\nresource \"aws_vpc\" \"a\" {\n  tags = local.common\n}\n\nresource \"aws_vpc\" \"b\" {\n  tags = local.common\n}\n";
    let tags = vec![difference("tags[\"Zone\"]", Value::Null, "a".into())];
    let (_, after) = adopted_in(&[("main.tf", code)], "aws_vpc.a", tags);
    let merged = "\"a\" {\n  tags = merge(local.common, { Zone = \"a\" })\n";
    assert_eq!(
        after,
        code.replace("\"a\" {\n  tags = local.common\n", merged)
    );
}

#[test]
fn entries_that_one_resource_changes_in_a_shared_map_are_written_together() {
    let code = "locals {\n  common = { Env = \"prod\", Team = \"shop\" }\n}\n\nresource \"aws_vpc\" \"a\" {\n  tags = local.common\n}\n\nresource \"aws_vpc\" \"b\" {\n  tags = local.common\n}\n";
    let tags = vec![
        difference("tags[\"Env\"]", "prod".into(), "x".into()),
        difference("tags[\"New\"]", Value::Null, "n".into()),
        difference("tags[\"Team\"]", "shop".into(), "y".into()),
    ];
    let (_, after) = adopted_in(&[("main.tf", code)], "aws_vpc.a", tags);
    let merged =
        "\"a\" {\n  tags = merge(local.common, { Env = \"x\", New = \"n\", Team = \"y\" })\n";
    assert_eq!(
        after,
        code.replace("\"a\" {\n  tags = local.common\n", merged)
    );
}

#[test]
fn a_module_that_another_root_calls_is_not_edited_in_whatever_syntax_the_call_is() {
    let module = "resource \"aws_iam_user\" \"this\" {\n  name = \"x\"\n  path = \"/a/\"\n}\n";
    let call = "module \"m\" {\n  source = \"./m\"\n}\n";
    for (file, other) in [
        (
            "other/main.tf",
            "module \"source\" {\n  source = \"../m\"\n}\n",
        ),
        ("other/main.tf", "module \"source\" { source = \"../m\" }\n"),
        (
            "other/main.tf.json",
            "{\"module\": {\"m\": {\"source\": \"../m\"}}}",
        ),
        (
            "other/main.tf.json",
            "{\"module\": {\"m\": {\n  \"source\" : \"../m\"\n}}}",
        ),
    ] {
        let files = [("main.tf", call), ("m/main.tf", module), (file, other)];
        let path = vec![difference("path", "/a/".into(), "/b/".into())];
        let (fix, changed) = adopt(&files, "module.m.aws_iam_user.this", path);
        assert_eq!(
            (fix.reason.as_deref(), changed),
            (
                Some(
                    "m/main.tf is code that `other` runs as well: let the module take the value as a variable"
                ),
                Vec::new()
            ),
            "{other}"
        );
    }
}

#[test]
fn a_named_file_of_variables_is_edited_where_it_is_the_root_modules_own() {
    let code = "variable \"path\" {\n  type = string\n}\n\nresource \"aws_iam_user\" \"own\" {\n  name = \"x\"\n  path = var.path\n}\n";
    let values = "path = \"/a/\"\n";
    for (folder, reason) in [
        ("", None),
        (
            "app",
            Some(
                "env/prod.tfvars is not below the folder of this root module, and others may use it as well: set the value \
                 in a file of its own",
            ),
        ),
    ] {
        let main = driftguard::model::Tree::join(folder, "main.tf").unwrap();
        let up = if folder.is_empty() { "" } else { "../" };
        let tree: Tree = [(main.as_str(), code), ("env/prod.tfvars", values)]
            .into_iter()
            .collect();
        let options = Options {
            var_files: vec![format!("{up}env/prod.tfvars")],
            ..Options::default()
        };
        let path = difference("path", "/a/".into(), "/b/".into());
        let mut findings = [finding("aws_iam_user.own", vec![path])];
        let how = (&options, &resources::full_catalog());
        let changed = recorded_stack::adopt(&tree, folder, how, &mut findings);
        let fix = findings[0].fix.as_ref().unwrap();
        assert_eq!(fix.reason.as_deref(), reason);
        let changed = changed.get("env/prod.tfvars").map(Vec::as_slice);
        let expected = reason.is_none().then_some("path = \"/b/\"\n".as_bytes());
        assert_eq!(changed, expected);
    }
}

#[test]
fn a_reason_names_the_call_that_a_person_would_edit_and_few_addresses() {
    let module = "resource \"aws_iam_user\" \"this\" {\n  name = \"x\"\n  path = \"/a/\"\n}\n";
    let calls: String = (0..9)
        .map(|at| format!("module \"m{at}\" {{\n  source = \"./m\"\n}}\n"))
        .collect();
    let files = [("main.tf", calls.as_str()), ("m/main.tf", module)];
    let path = vec![difference("path", "/a/".into(), "/b/".into())];
    let (fix, _) = adopt(&files, "module.m4.aws_iam_user.this", path);
    assert_eq!(fix.refusal, Some(RefusalKind::Shared));
    assert_eq!(
        fix.reason.unwrap(),
        "the value of `path` feeds module.m0.aws_iam_user.this, module.m1.aws_iam_user.this, \
         module.m2.aws_iam_user.this, 5 more as well, which did not change alike or goes another way: let the module take \
         it as a variable of its own, and set that in the call at main.tf:13"
    );
}

#[test]
fn what_the_providers_schema_does_not_take_is_not_written() {
    let code = "resource \"aws_iam_user\" \"a\" {\n  name = \"a\"\n}\n";
    for (path, live) in [
        ("unique_id", Value::from("x")),
        ("nonsense", "x".into()),
        ("force_destroy", "maybe".into()),
    ] {
        let (fix, changed) = adopt(
            &[("main.tf", code)],
            "aws_iam_user.a",
            vec![difference(path, Value::Null, live)],
        );
        assert_eq!(
            (fix.refusal, changed.len()),
            (Some(RefusalKind::Unproven), 0),
            "{fix:?}"
        );
        assert!(
            fix.reason
                .unwrap()
                .contains(&format!("aws_iam_user.a.{path}"))
        );
    }
}

#[test]
fn comments_behind_values_stay_in_their_column() {
    let code = "resource \"aws_instance\" \"a\" {\n  ami           = \"ami-1\"    # base\n  instance_type = \"t3.small\" # plan\n}\n";
    let drift: Drift<'_> = (
        "aws_instance.a",
        "instance_type",
        "t3.small".into(),
        "t3.2xlarge".into(),
    );
    assert_eq!(
        adopted(code, &[drift]),
        "resource \"aws_instance\" \"a\" {\n  ami           = \"ami-1\"      # base\n  instance_type = \"t3.2xlarge\" # plan\n}\n"
    );
}
#[test]
fn a_policy_in_an_indented_heredoc_is_edited_in_place() {
    let code = r#"resource "aws_iam_policy" "p" {
  name   = "p"
  policy = <<-EOF
    {
      "Version": "2012-10-17",
      "Statement": [
        { "Effect": "Allow", "Action": ["ec2:Describe*"], "Resource": "*" }
      ]
    }
  EOF
}
"#;
    let policy = |actions: &[&str]| {
        let statement = serde_json::json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
        Value::from(policy.to_string())
    };
    let drift = (
        "aws_iam_policy.p",
        "policy",
        policy(&["ec2:Describe*"]),
        policy(&["ec2:Describe*", "s3:List*"]),
    );
    let after = adopted(code, &[drift]);
    assert_eq!(
        after,
        code.replace("[\"ec2:Describe*\"]", "[\"ec2:Describe*\", \"s3:List*\"]")
    );
}

#[test]
fn a_heredoc_keeps_its_line_ends() {
    let before = heredoc("    #!/bin/sh\n    echo a\n");
    let windows = before.replace('\n', "\r\n");
    let crlf: Drift<'_> = (
        "aws_instance.a",
        "user_data",
        "#!/bin/sh\r\necho a\r\n".into(),
        "#!/bin/sh\r\necho b\r\n".into(),
    );
    assert_eq!(
        adopted(&windows, &[crlf]),
        windows.replace("echo a", "echo b")
    );
}

#[test]
fn what_a_file_holds_in_another_form_is_refused_with_that_file() {
    let code = r#"locals {
  greeted = templatefile("note.txt.tftpl", { name = "app" })
}

resource "aws_iam_role" "greeted" {
  name        = "greeted"
  description = local.greeted
}
"#;
    let files = [("main.tf", code), ("note.txt.tftpl", "Hello ${name}")];
    let change = difference("description", "before".into(), "after".into());
    let (fix, changed) = adopt(&files, "aws_iam_role.greeted", vec![change]);
    assert_eq!((fix.kind, changed.len()), (FixKind::Refused, 0));
    let reason = fix.reason.unwrap();
    let named = "the value comes from note.txt.tftpl, which `";
    assert!(reason.starts_with(named), "{reason}");
}

#[test]
fn an_entry_that_merge_takes_from_a_data_file_is_edited_there() {
    let code = r#"locals {
  config = yamldecode(file("${path.module}/roles.yaml"))
}

resource "aws_iam_role" "merged" {
  for_each    = { for name, role in local.config.roles : name => merge(role, { path = "/" }) }
  name        = "merged-${each.key}"
  description = each.value.note
}
"#;
    let data = "note: by default\nroles:\n  app: { note: an app }\n";
    let files = [("main.tf", code), ("roles.yaml", data)];
    let change = difference("description", "an app".into(), "the app".into());
    let (file, after) = adopted_in(&files, "aws_iam_role.merged[\"app\"]", vec![change]);
    assert_eq!(file, "roles.yaml");
    assert_eq!(after, data.replace("an app", "the app"));
}

#[test]
fn what_a_module_computes_is_refused_with_the_call_that_hands_it_over() {
    let module = r#"variable "name" {}

resource "aws_iam_role" "this" {
  name        = var.name
  description = "Role of ${var.name}"
}

module "inner" {
  source = "./inner"
  names  = [var.name]
}
"#;
    let inner = r#"variable "names" {}

resource "aws_iam_role" "this" {
  count       = length(var.names)
  name        = "inner"
  description = upper(var.names[count.index])
}
"#;
    let root = "resource \"aws_iam_role\" \"own\" {\n  name        = \"own\"\n  description = upper(\"a\")\n}\n\nmodule \"app\" {\n  source = \"./app\"\n  name   = \"app\"\n}\n";
    let files = [
        ("main.tf", root),
        ("app/main.tf", module),
        ("app/inner/main.tf", inner),
    ];
    for (address, reason) in [
        (
            "module.app.aws_iam_role.this",
            "the value at app/main.tf:5 is made from a template: look at what the call at main.tf:6 hands over, and at what it leaves to a default",
        ),
        (
            "module.app.module.inner.aws_iam_role.this[0]",
            "the value at app/inner/main.tf:6 is made by `upper`: look at what the call at main.tf:6 hands over, and at what it leaves to a default",
        ),
        (
            "aws_iam_role.own",
            "the value at main.tf:3 is made by `upper`",
        ),
    ] {
        let change = difference("description", "before".into(), "after".into());
        let (fix, _) = adopt(&files, address, vec![change]);
        assert_eq!(fix.reason.unwrap(), reason);
    }
}

#[test]
fn a_policy_document_of_dynamic_blocks_is_refused_with_its_own_place() {
    let code = r#"data "aws_iam_policy_document" "access" {
  dynamic "statement" {
    for_each = { read = "s3:GetObject" }
    content {
      sid       = statement.key
      actions   = [statement.value]
      resources = ["*"]
    }
  }
}

resource "aws_iam_policy" "access" {
  name   = "access"
  policy = data.aws_iam_policy_document.access.json
}
"#;
    let policy = |action: &str| {
        Value::from(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"read","Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#
        ))
    };
    let change = difference("policy", policy("s3:GetObject"), policy("s3:*"));
    let (fix, _) = adopt(&[("main.tf", code)], "aws_iam_policy.access", vec![change]);
    assert_eq!(
        fix.reason.unwrap(),
        "the policy document at main.tf:1 makes its statements by `dynamic` blocks, or of what is not known"
    );
}

#[test]
fn a_key_that_a_map_has_already_is_not_added_once_more() {
    let own = "locals {\n  stage = \"prod\"\n}\n\nresource \"aws_eip\" \"own\" {\n  tags = { Name = \"own-${local.stage}\" }\n}\n";
    let merged = "locals {\n  stage = \"prod\"\n  all   = { Team = \"web\" }\n}\n\nresource \"aws_eip\" \"own\" {\n  tags = merge(local.all, { \"Name\" = \"own-${local.stage}\" })\n}\n";
    for code in [own, merged] {
        let change = difference("tags[\"Name\"]", "own-prod".into(), "other".into());
        let (fix, changed) = adopt(&[("main.tf", code)], "aws_eip.own", vec![change]);
        assert_eq!((fix.kind, changed), (FixKind::Refused, Vec::new()));
        let reason = fix.reason.unwrap();
        assert!(reason.ends_with("is made from a template"), "{reason}");
    }
    let json = r#"{"locals": {"stage": "prod"}, "resource": {"aws_eip": {"own": {"tags": {"Name": "own-${local.stage}"}}}}}"#;
    let change = difference("tags[\"Name\"]", "own-prod".into(), "other".into());
    let (fix, changed) = adopt(&[("main.tf.json", json)], "aws_eip.own", vec![change]);
    assert_eq!((fix.kind, changed), (FixKind::Refused, Vec::new()));
}

#[test]
fn a_value_that_a_file_of_variables_in_json_sets_is_edited_there() {
    let code = r#"variable "stage" {}

variable "app" {
  type = object({
    session = number
    tags    = optional(map(string), {})
    path    = optional(string, "/")
  })
}

resource "aws_iam_role" "app" {
  name                 = "app"
  max_session_duration = var.app.session
  description          = var.stage
  path                 = var.app.path
  tags                 = var.app.tags
}
"#;
    let set = "{\n  \"stage\": \"prod\",\n  \"app\": {\n    \"session\": 7200,\n    \"tags\": { \"Team\": \"web\" }\n  }\n}\n";
    let files = [("main.tf", code), ("app.auto.tfvars.json", set)];
    let attributes = vec![
        difference("description", "prod".into(), "by hand".into()),
        difference("max_session_duration", 7200.into(), 3600.into()),
        difference("tags[\"Kind\"]", Value::Null, "x".into()),
        difference("tags[\"Team\"]", "web".into(), "shop".into()),
    ];
    let (path, after) = adopted_in(&files, "aws_iam_role.app", attributes);
    let expected = set
        .replace("\"prod\"", "\"by hand\"")
        .replace("7200", "3600")
        .replace("\"web\"", "\"shop\", \"Kind\": \"x\"");
    assert_eq!((path.as_str(), after), ("app.auto.tfvars.json", expected));
}

#[test]
fn a_map_in_a_block_is_edited_entry_by_entry() {
    let disk = |tags: &str| {
        format!(
            "locals {{\n  stage = \"prod\"\n}}\n\nresource \"aws_instance\" \"web\" {{\n  root_block_device {{\n    tags = {tags}\n  }}\n}}\n"
        )
    };
    let map = |entries: &[(&str, &str)]| {
        Value::map(
            entries
                .iter()
                .map(|(key, value)| (*key, Value::from(*value))),
        )
    };
    let adopted = |before: &str, recorded: &[(&str, &str)], live: &[(&str, &str)]| {
        let change = difference("root_block_device[0].tags", map(recorded), map(live));
        let code = disk(before);
        adopt(&[("main.tf", &code)], "aws_instance.web", vec![change])
    };
    let lines = "{\n      Name  = \"web\" # the disk\n      Stage = local.stage\n      Team  = \"a\"\n    }";
    let recorded = [("Name", "web"), ("Stage", "prod"), ("Team", "a")];
    for (before, live, after) in [
        (
            lines,
            [("Name", "web"), ("Stage", "prod"), ("Team", "b")],
            lines.replace("\"a\"", "\"b\""),
        ),
        (
            lines,
            [("Name", "web"), ("Owner", "b"), ("Stage", "prod")],
            lines.replace("Team  = \"a\"", "Owner = \"b\""),
        ),
        (
            "{ Name = \"web\", \"Stage\" = \"prod\", Team = \"a\" }",
            [("Name", "x"), ("Stage", "y"), ("Zone", "z")],
            "{ Name = \"x\", \"Stage\" = \"y\", Zone = \"z\" }".to_owned(),
        ),
    ] {
        let (fix, changed) = adopted(before, &recorded, &live);
        assert_eq!(fix.kind, FixKind::Adopt, "{fix:?}");
        assert_eq!(changed[0].1, disk(&after));
    }
    let (_, changed) = adopted(lines, &recorded, &[("Stage", "prod")]);
    assert_eq!(changed[0].1, disk("{\n      Stage = local.stage\n    }"));
    let (_, changed) = adopted("{ A = \"1\", B = \"2\" }", &[("A", "1"), ("B", "2")], &[]);
    assert_eq!(changed[0].1, disk("{}"));
    let (fix, changed) = adopted(lines, &recorded, &[("Stage", "test")]);
    assert_eq!(
        (fix.reason.as_deref(), changed),
        (
            Some(
                "`root_block_device[0].tags[\"Stage\"]` at main.tf:9 is not written as plain values"
            ),
            Vec::new()
        )
    );
}

const SIZED: &str = r#"module "sizes" {
  source = "./sizes"
}

resource "aws_instance" "web" {
  instance_type = module.sizes.web
}
"#;

#[test]
fn the_literal_in_an_output_is_edited_where_one_place_reads_it() {
    let outputs = "output \"web\" {\n  value = \"t3.small\"\n}\n\noutput \"db\" {\n  value = \"t3.large\"\n}\n";
    let change = || difference("instance_type", "t3.small".into(), "t3.micro".into());
    let files = [("main.tf", SIZED), ("sizes/main.tf", outputs)];
    let (path, after) = adopted_in(&files, "aws_instance.web", vec![change()]);
    let expected = outputs.replace("t3.small", "t3.micro");
    assert_eq!((path.as_str(), after), ("sizes/main.tf", expected));

    let again = "module \"other\" {\n  source = \"./sizes\"\n}\n";
    let reader = "output \"web\" {\n  value = \"${module.sizes.web}-x\"\n}\n";
    for more in [again, reader] {
        let files = [files[0], files[1], ("more.tf", more)];
        let (fix, changed) = adopt(&files, "aws_instance.web", vec![change()]);
        assert_eq!(
            (fix.reason.as_deref(), fix.refusal, changed),
            (
                Some(
                    "the value is an output's at sizes/main.tf:2, which more than one place reads"
                ),
                Some(RefusalKind::Shared),
                Vec::new()
            )
        );
    }
}

#[test]
fn a_document_behind_an_output_is_edited_where_its_statements_are() {
    let root = "module \"access\" {\n  source  = \"./access\"\n  actions = [\"s3:GetObject\"]\n}\n\nresource \"aws_iam_policy\" \"own\" {\n  name   = \"own\"\n  policy = module.access.json\n}\n";
    let module = "variable \"actions\" {\n  type = list(string)\n}\n\ndata \"aws_iam_policy_document\" \"this\" {\n  statement {\n    actions   = var.actions\n    resources = [\"*\"]\n  }\n}\n\noutput \"json\" {\n  value = data.aws_iam_policy_document.this.json\n}\n";
    let policy = |action: &str, resource: &str| {
        Value::from(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}]}}"#
        ))
    };
    let files = [("main.tf", root), ("access/main.tf", module)];
    let adopted = |live: Value| {
        let change = difference("policy", policy("s3:GetObject", "*"), live);
        adopted_in(&files, "aws_iam_policy.own", vec![change])
    };
    assert_eq!(
        adopted(policy("s3:PutObject", "*")),
        (
            "main.tf".to_owned(),
            root.replace("s3:GetObject", "s3:PutObject")
        )
    );
    assert_eq!(
        adopted(policy("s3:GetObject", "arn:aws:s3:::x")),
        (
            "access/main.tf".to_owned(),
            module.replace("\"*\"", "\"arn:aws:s3:::x\"")
        )
    );
}

#[test]
fn the_other_parts_of_a_statement_keep_their_text() {
    let own = |code: &str| {
        format!(
            "locals {{\n  arn = \"arn:aws:s3:::x\"\n}}\n\nresource \"aws_iam_policy\" \"own\" {{\n  name   = \"own\"\n  policy = {code}}}\n"
        )
    };
    let policy = |statements: &str| {
        Value::from(format!(
            r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
        ))
    };
    let first =
        r#""Sid":"One","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::x/*""#;
    let tls = r#""Condition":{"Bool":{"aws:SecureTransport":"true"}}"#;
    let check = |before: &str, after: &str, (recorded, live): (String, String)| {
        let change = difference("policy", policy(&recorded), policy(&live));
        let (before, after) = (own(before), own(after));
        let (_, changed) = adopted_in(&[("main.tf", &before)], "aws_iam_policy.own", vec![change]);
        assert_eq!(changed, after);
    };
    let (without, with) = (format!("{{{first}}}"), format!("{{{first},{tls}}}"));
    let json = "<<-EOF\n    {\n      \"Version\": \"2012-10-17\",\n      \"Statement\": {\n        \"Sid\": \"One\",\n        \"Effect\": \"Allow\",\n        \"Action\": \"s3:GetObject\",\n        \"Resource\": \"${local.arn}/*\"ADDED\n      }\n    }\n  EOF\n";
    let object = "jsonencode({\n    Version = \"2012-10-17\"\n    Statement = [{\n      Sid      = \"One\"\n      Effect   = \"Allow\" # why\n      Action   = \"s3:GetObject\"\n      Resource = \"${local.arn}/*\"ADDED\n    }]\n  })\n";
    for (code, added) in [
        (
            json,
            ",\n        \"Condition\": {\"Bool\":{\"aws:SecureTransport\":\"true\"}}",
        ),
        (
            object,
            "\n      Condition = { Bool = { \"aws:SecureTransport\" = \"true\" } }",
        ),
    ] {
        let (shorter, longer) = (code.replace("ADDED", ""), code.replace("ADDED", added));
        let longer = match code == object {
            true => longer
                .replace("      Sid      =", "      Sid       =")
                .replace("      Effect   =", "      Effect    =")
                .replace("      Action   =", "      Action    =")
                .replace("      Resource =", "      Resource  ="),
            false => longer,
        };
        check(&shorter, &longer, (without.clone(), with.clone()));
        check(&longer, &shorter, (with.clone(), without.clone()));
    }
}

#[test]
fn a_document_gains_and_loses_a_condition_and_keeps_its_references() {
    let code = "locals {\n  arn = \"arn:aws:s3:::x\"\n}\n\ndata \"aws_iam_policy_document\" \"own\" {\n  statement {\n    sid       = \"One\"\n    actions   = [\"s3:GetObject\"] # why\n    resources = [\"${local.arn}/*\"]\n  }\n}\n\nresource \"aws_iam_policy\" \"own\" {\n  name   = \"own\"\n  policy = data.aws_iam_policy_document.own.json\n}\n";
    let longer = code.replace(
        "/*\"]\n",
        "/*\"]\n\n    condition {\n      test     = \"Bool\"\n      variable = \"aws:SecureTransport\"\n      values   = [\"true\"]\n    }\n",
    );
    let policy = |more: &str| {
        Value::from(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"One","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::x/*"{more}}}]}}"#
        ))
    };
    let tls = r#","Condition":{"Bool":{"aws:SecureTransport":"true"}}"#;
    let adopted = |code: &str, recorded: &str, live: &str| {
        let change = difference("policy", policy(recorded), policy(live));
        adopted_in(&[("main.tf", code)], "aws_iam_policy.own", vec![change]).1
    };
    assert_eq!(adopted(code, "", tls), longer);
    assert_eq!(adopted(&longer, tls, ""), code);
}

#[test]
fn a_single_statement_becomes_a_list_with_another() {
    let code = "resource \"aws_iam_policy\" \"own\" {\n  name = \"own\"\n  policy = jsonencode({\n    Statement = {\n      Effect = \"Allow\", Action = \"s3:GetObject\", Resource = \"*\"\n    }\n    Version = \"2012-10-17\"\n  })\n}\n";
    let policy = |more: &str| {
        Value::from(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}{more}]}}"#
        ))
    };
    let more = r#",{"Effect":"Deny","Action":"s3:PutObject","Resource":"*"}"#;
    let change = difference("policy", policy(""), policy(more));
    let (_, after) = adopted_in(&[("main.tf", code)], "aws_iam_policy.own", vec![change]);
    let expected = code.replace("Statement = {", "Statement = [{").replace(
        "    }\n    Version",
        "      }, {\n      Effect   = \"Deny\"\n      Action   = \"s3:PutObject\"\n      Resource = \"*\"\n    }]\n    Version",
    );
    assert_eq!(after, expected);
}

#[test]
fn behind_an_output_the_value_is_edited_where_the_call_sets_it() {
    let module = "variable \"size\" {\n  default = \"t3.small\"\n}\n\noutput \"web\" {\n  value = var.size\n}\n";
    let change = || difference("instance_type", "t3.small".into(), "t3.micro".into());
    let files = [("main.tf", SIZED), ("sizes/main.tf", module)];
    let after = adopted_in(&files, "aws_instance.web", vec![change()]);
    let left_out = SIZED.replace("./sizes\"\n", "./sizes\"\n  size   = \"t3.micro\"\n");
    assert_eq!(after, ("main.tf".to_owned(), left_out));

    let repeated = SIZED
        .replace("./sizes\"\n", "./sizes\"\n  for_each = { a = \"t3.small\", b = \"t3.large\" }\n  size     = each.value\n")
        .replace("sizes.web", "sizes[\"a\"].web");
    let files = [("main.tf", repeated.as_str()), ("sizes/main.tf", module)];
    let after = adopted_in(&files, "aws_instance.web", vec![change()]);
    let expected = repeated.replace("t3.small", "t3.micro");
    assert_eq!(after, ("main.tf".to_owned(), expected));
}

#[test]
fn what_an_output_computes_is_refused_with_the_place_that_computes_it() {
    let change = || difference("instance_type", "t3.small".into(), "t3.micro".into());
    for (value, why) in [
        (
            "lower(\"T3.SMALL\")",
            "the value at sizes/main.tf:2 is made by `lower`",
        ),
        (
            "aws_instance.other.instance_type",
            "`aws_instance.other.instance_type` at sizes/main.tf:2 refers to something that the code does not set",
        ),
        (
            "\"${local.size}\" == \"\" ? \"x\" : local.size",
            "the value is a local at sizes/local.tf:2, which sizes/main.tf:2 reads more than once",
        ),
    ] {
        let module = format!("output \"web\" {{\n  value = {value}\n}}\n");
        let local = "locals {\n  size = \"t3.small\"\n}\n";
        let files = [
            ("main.tf", SIZED),
            ("sizes/main.tf", &module),
            ("sizes/local.tf", local),
        ];
        let (fix, changed) = adopt(&files, "aws_instance.web", vec![change()]);
        let reason = fix.reason.unwrap();
        assert!(reason.ends_with(why) && changed.is_empty(), "{reason}");
    }
}

#[test]
fn of_a_documents_blocks_only_the_list_that_differs_changes() {
    let code = r#"locals {
  account = "arn:aws:iam::1:root"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    # Who may use it.
    principals {
      type        = "AWS"
      identifiers = [local.account, "arn:aws:iam::2:root"]
    }
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
    condition {
      test     = "StringLike"
      variable = "aws:PrincipalArn"
      values   = ["a", "b"]
    }
  }
}

resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
"#;
    let policy = |accounts: &str, service: &str, arns: &str| {
        Value::from(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":{accounts},"Service":{service}}},"Condition":{{"StringLike":{{"aws:PrincipalArn":{arns}}}}}}}]}}"#
        ))
    };
    let two = r#"["arn:aws:iam::2:root","arn:aws:iam::1:root"]"#;
    let (ec2, arns) = (r#""ec2.amazonaws.com""#, r#"["a","b"]"#);
    let before = policy(two, ec2, arns);
    for (live, old, new) in [
        (
            policy(
                r#"["arn:aws:iam::1:root","arn:aws:iam::2:root","arn:aws:iam::3:root"]"#,
                ec2,
                arns,
            ),
            "\"arn:aws:iam::2:root\"]",
            "\"arn:aws:iam::2:root\", \"arn:aws:iam::3:root\"]",
        ),
        (
            policy(two, r#"["ec2.amazonaws.com","x.amazonaws.com"]"#, arns),
            "\"ec2.amazonaws.com\"]",
            "\"ec2.amazonaws.com\", \"x.amazonaws.com\"]",
        ),
        (policy(two, ec2, "\"b\""), "[\"a\", \"b\"]", "[\"b\"]"),
    ] {
        let change = difference("assume_role_policy", before.clone(), live);
        let (_, after) = adopted_in(&[("main.tf", code)], "aws_iam_role.app", vec![change]);
        assert_eq!(after, code.replace(old, new));
    }
}

#[test]
fn blocks_within_a_block_are_named_as_such() {
    let code = "resource \"aws_batch_scheduling_policy\" \"fair\" {\n  name = \"fair\"\n  fair_share_policy {\n    \
                share_decay_seconds = 60\n  }\n}\n";
    let share = Value::map([
        ("share_identifier", Value::from("A")),
        ("weight_factor", 2.into()),
    ]);
    let path = "fair_share_policy[0].share_distribution";
    let attributes = vec![difference(
        path,
        Value::List(Vec::new()),
        Value::List(vec![share]),
    )];
    let (fix, changed) = adopt(
        &[("main.tf", code)],
        "aws_batch_scheduling_policy.fair",
        attributes,
    );
    assert_eq!((fix.kind, changed.len()), (FixKind::Refused, 0));
    assert_eq!(
        fix.reason.unwrap(),
        format!("`{path}` is a block at main.tf:1")
    );
}

/// The entry of the file has no such key, so `try` takes its last argument: of this instance alone the file tells.
#[test]
fn what_an_entry_of_a_file_leaves_out_is_added_there() {
    let main = "locals {\n  config = yamldecode(file(\"${path.module}/config.yaml\"))\n}\n\nmodule \"buckets\" {\n  source     = \"./bucket\"\n  \
                for_each   = { for b in local.config.buckets : b.name => b }\n  name       = each.key\n  versioning = \
                try(each.value.versioning, false)\n}\n";
    let bucket = "variable \"name\" {}\nvariable \"versioning\" {\n  type = bool\n}\nresource \"aws_s3_bucket_versioning\" \"this\" \
                  {\n  bucket = var.name\n  versioning_configuration {\n    status = var.versioning ? \"Enabled\" : \
                  \"Suspended\"\n  }\n}\n";
    let yaml = "buckets:\n  - name: logs\n    versioning: true\n  - name: assets # of the site\n  - name: more\n";
    let files = [
        ("main.tf", main),
        ("bucket/main.tf", bucket),
        ("config.yaml", yaml),
    ];
    let address = "module.buckets[\"assets\"].aws_s3_bucket_versioning.this";
    let status = |live: &str| {
        difference(
            "versioning_configuration[0].status",
            "Suspended".into(),
            live.into(),
        )
    };
    let (file, text) = adopted_in(&files, address, vec![status("Enabled")]);
    let added = "name: assets # of the site\n    versioning: true\n";
    let expected = yaml.replace("name: assets # of the site\n", added);
    assert_eq!((file.as_str(), text), ("config.yaml", expected));
}

/// One secret in a map of a block must not hide what else changed in it.
#[test]
fn the_entries_of_a_map_beside_a_secret_are_named_for_a_person() {
    let code = r#"resource "aws_lambda_function" "f" {
  environment {
    variables = {
      LOG     = "info"
      OLD     = "1"
      REGION  = "eu"
      API_KEY = "x"
    }
  }
}
"#;
    let redactor = Redactor::new(b"key");
    let map = |entries: &[(&str, &str)]| {
        let entries = entries
            .iter()
            .map(|(key, value)| (*key, Value::from(*value)));
        redactor.redact_value("variables", Value::map(entries))
    };
    let before = [
        ("LOG", "info"),
        ("OLD", "1"),
        ("REGION", "eu"),
        ("API_KEY", "plain-word-1"),
    ];
    let live = [
        ("LOG", "debug"),
        ("REGION", "eu"),
        ("API_KEY", "plain-word-2"),
        ("NEW_TOKEN", "plain-word-3"),
    ];
    let change = difference("environment[0].variables", map(&before), map(&live));
    let (fix, changed) = adopt(&[("main.tf", code)], "aws_lambda_function.f", vec![change]);
    assert!(changed.is_empty());
    let reason = fix.reason.unwrap();
    let secret = "`environment[0].variables[\"API_KEY\"]` is a secret, which code must not hold";
    assert!(reason.contains(secret), "{reason}");
    let by_hand = fix.block.unwrap();
    let lines = r#"  # beside the other entries of `environment[0].variables`:
  #   API_KEY = null # a secret: set it from a variable
  #   LOG = "debug"
  #   NEW_TOKEN = null # a secret: set it from a variable
  #   OLD: take it out
"#;
    assert!(by_hand.contains(lines), "{by_hand}");
}
