//! Values that a called module merges, filters and joins from what its calls hand over: the literal of one call is edited.

use crate::fixes::{Files, adopt, adopted_in};
use crate::recorded_stack::difference;
use driftguard::model::{Difference, Value};
use serde_json::json;

const SUBNET: &str = "module.subnet[\"a\"].aws_subnet.this";

/// The module whose tags an expression makes.
fn subnet(tags: &str) -> String {
    format!(
        "variable \"name\" {{}}\n\nvariable \"tags\" {{\n  type = map(string)\n}}\n\nmodule \"labels\" {{\n  source = \"../labels\"\n  \
         name   = var.name\n  tags   = var.tags\n}}\n\nresource \"aws_subnet\" \"this\" {{\n  vpc_id = \"vpc-1\"\n  tags   = {tags}\n}}\n"
    )
}

const NETWORK: &str = r#"locals {
  common  = { Owner = "platform" }
  subnets = {
    a = { tags = { Tier = "edge" } }
    b = { tags = { Tier = "core" } }
  }
}

module "subnet" {
  source   = "./subnet"
  for_each = local.subnets
  name     = each.key
  tags     = merge(local.common, each.value.tags)
}
"#;

const LABELS: &str = r#"variable "name" {}

variable "tags" {
  type = map(string)
}

variable "extra" {
  type    = map(string)
  default = null
}

output "tags" {
  value = { for key, value in merge({ Name = var.name }, var.tags, coalesce(var.extra, {})) : key => value if value != null }
}

output "merged" {
  value = merge({ Name = var.name }, var.tags)
}
"#;

#[test]
fn the_literal_of_one_call_is_edited_behind_filters_and_outputs() {
    for tags in [
        "{ for key, value in var.tags : key => value }",
        "{ for key, value in merge({ Name = var.name }, var.tags) : key => value if value != null }",
        "merge({ for key, value in var.tags : key => value }, { Name = var.name })",
        "module.labels.tags",
        "module.labels.merged",
        "merge(module.labels.tags, { Kind = \"subnet\" })",
    ] {
        let subnet = subnet(tags);
        let files: Files<'_> = &[
            ("main.tf", NETWORK),
            ("subnet/main.tf", &subnet),
            ("labels/main.tf", LABELS),
        ];
        let tier = |after: Value| vec![difference("tags[\"Tier\"]", "edge".into(), after)];
        let changed = adopted_in(files, SUBNET, tier("dmz".into()));
        let new = NETWORK.replace("edge", "dmz");
        assert_eq!(changed, ("main.tf".to_owned(), new), "{tags}");
        let changed = adopted_in(files, SUBNET, tier(Value::Null));
        let new = NETWORK.replace("{ Tier = \"edge\" }", "{}");
        assert_eq!(changed, ("main.tf".to_owned(), new), "{tags}");
        let zone = vec![difference("tags[\"Zone\"]", Value::Null, "a".into())];
        let changed = adopted_in(files, SUBNET, zone);
        let new = NETWORK.replace("\"edge\" }", "\"edge\", Zone = \"a\" }");
        assert_eq!(changed, ("main.tf".to_owned(), new), "{tags}");
    }
}

#[test]
fn a_filter_that_changes_values_is_no_literal() {
    for tags in [
        "{ for key, value in var.tags : key => upper(value) }",
        "{ for key, value in var.tags : upper(key) => value }",
        "{ for key, value in var.tags : value => key }",
    ] {
        let subnet = subnet(tags);
        let files: Files<'_> = &[
            ("main.tf", NETWORK),
            ("subnet/main.tf", &subnet),
            ("labels/main.tf", LABELS),
        ];
        let (path, old) = match tags {
            tags if tags.contains("upper(value)") => ("tags[\"Tier\"]", "EDGE"),
            tags if tags.contains("upper(key)") => ("tags[\"TIER\"]", "edge"),
            _ => ("tags[\"edge\"]", "Tier"),
        };
        let tier = vec![difference(path, old.into(), "dmz".into())];
        let (fix, changed) = adopt(files, SUBNET, tier);
        assert!(changed.is_empty(), "{tags}: {fix:?}");
    }
}

const ROLES: &str = r#"locals {
  services = {
    api    = { actions = ["s3:GetObject", "s3:ListBucket"] }
    worker = { actions = ["sqs:ReceiveMessage"] }
  }
}

module "role" {
  source   = "./role"
  for_each = local.services
  name     = each.key
  actions  = each.value.actions
}
"#;

fn policy(actions: &[&str]) -> Value {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
    policy.to_string().into()
}

fn actions(before: &[&str], after: &[&str]) -> Vec<Difference> {
    vec![difference("policy", policy(before), policy(after))]
}

/// A module with a policy that allows these actions.
fn role(actions: &str, is_document: bool) -> String {
    let variables = "variable \"name\" {}\n\nvariable \"actions\" {\n  type = list(string)\n}\n\n";
    let written = match is_document {
        true => format!(
            "data \"aws_iam_policy_document\" \"this\" {{\n  statement {{\n    actions   = {actions}\n    resources = [\"*\"]\n  }}\n}}\n\n\
             resource \"aws_iam_role_policy\" \"this\" {{\n  role   = var.name\n  policy = data.aws_iam_policy_document.this.json\n}}\n"
        ),
        false => format!(
            "resource \"aws_iam_role_policy\" \"this\" {{\n  role = var.name\n  policy = jsonencode({{\n    Version = \
             \"2012-10-17\"\n    Statement = [{{\n      Effect   = \"Allow\"\n      Action   = {actions}\n      Resource = \"*\"\n    \
             }}]\n  }})\n}}\n"
        ),
    };
    format!("{variables}{written}")
}

#[test]
fn the_list_of_one_call_is_edited_in_a_concat_that_all_calls_share() {
    let address = "module.role[\"api\"].aws_iam_role_policy.this";
    let before = ["logs:PutLogEvents", "s3:GetObject", "s3:ListBucket"];
    for is_document in [false, true] {
        let role = role("concat([\"logs:PutLogEvents\"], var.actions)", is_document);
        let files: Files<'_> = &[("main.tf", ROLES), ("role/main.tf", &role)];
        let fewer = actions(&before, &before[..2]);
        let new = ROLES.replace(", \"s3:ListBucket\"", "");
        let changed = adopted_in(files, address, fewer);
        assert_eq!(changed, ("main.tf".to_owned(), new), "{is_document}");
        let more = actions(&before, &[&before[..], &["s3:PutObject"]].concat());
        let new = ROLES.replace("\"s3:ListBucket\"", "\"s3:ListBucket\", \"s3:PutObject\"");
        let changed = adopted_in(files, address, more);
        assert_eq!(changed, ("main.tf".to_owned(), new), "{is_document}");
        // What all calls share does not go for one of them.
        let (fix, changed) = adopt(files, address, actions(&before, &before[1..]));
        assert!(changed.is_empty(), "{is_document}: {fix:?}");
    }
}

#[test]
fn the_list_of_no_call_is_edited_where_two_are_joined() {
    let role = role("concat(var.actions, var.actions)", false);
    let files: Files<'_> = &[("main.tf", ROLES), ("role/main.tf", &role)];
    let address = "module.role[\"worker\"].aws_iam_role_policy.this";
    let one = "sqs:ReceiveMessage";
    let more = actions(&[one, one], &[one, one, "sqs:DeleteMessage"]);
    let (fix, changed) = adopt(files, address, more);
    assert!(changed.is_empty(), "{fix:?}");
}

const RULES: &str = r#"locals {
  groups = {
    web = { rules = { admin = { port = 22 }, metrics = { port = 9100 } } }
    db  = { rules = { admin = { port = 5432 } } }
  }
  rules = merge([
    for group, settings in local.groups : {
      for name, rule in settings.rules : "${group}/${name}" => merge(rule, { group = group })
    }
  ]...)
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each          = local.rules
  security_group_id = each.value.group
  from_port         = each.value.port
  ip_protocol       = "tcp"
}
"#;

#[test]
fn the_literal_is_edited_behind_maps_that_are_merged_from_a_list() {
    let address = "aws_vpc_security_group_ingress_rule.this[\"db/admin\"]";
    let port = vec![difference("from_port", 5432.into(), 5433.into())];
    let (_, new) = adopted_in(&[("main.tf", RULES)], address, port);
    assert_eq!(new, RULES.replace("5432", "5433"));
    // What each group computes has no literal.
    let group = vec![difference("security_group_id", "db".into(), "x".into())];
    let (fix, changed) = adopt(&[("main.tf", RULES)], address, group);
    assert!(changed.is_empty(), "{fix:?}");
}

const ROUTES: &str = r#"variable "routes" {
  type = list(object({ cidr = string }))
  default = [
    { cidr = "0.0.0.0/0" },
    { cidr = "192.168.0.0/16" },
  ]
}

resource "aws_route_table" "this" {
  vpc_id = "vpc-1"
  dynamic "route" {
    for_each = var.routes
    content {
      cidr_block = route.value.cidr
      gateway_id = "igw-1"
    }
  }
}
"#;

fn routes(destinations: &[&str]) -> Value {
    let route = |cidr: &&str| {
        Value::map([
            ("cidr_block", Value::from(*cidr)),
            ("gateway_id", "igw-1".into()),
        ])
    };
    Value::List(destinations.iter().map(route).collect())
}

#[test]
fn one_call_sets_the_list_that_a_dynamic_block_repeats_by_default() {
    let calls = "module \"one\" {\n  source = \"./table\"\n}\n\nmodule \"other\" {\n  source = \"./table\"\n}\n";
    let files: Files<'_> = &[("main.tf", calls), ("table/main.tf", ROUTES)];
    let all = ["0.0.0.0/0", "192.168.0.0/16"];
    for (after, set) in [
        (&all[..1], "[\n    { cidr = \"0.0.0.0/0\" },\n  ]"),
        (
            &["0.0.0.0/0", "192.168.7.0/24"][..],
            "[\n    { cidr = \"0.0.0.0/0\" },\n    { cidr = \"192.168.7.0/24\" },\n  ]",
        ),
    ] {
        let lost = vec![difference("route", routes(&all), routes(after))];
        let (file, new) = adopted_in(files, "module.one.aws_route_table.this", lost);
        assert_eq!(file, "main.tf");
        let start = "module \"one\" {\n  source = \"./table\"\n";
        let rest = new.strip_prefix(start).unwrap();
        let (argument, _) = rest.split_once("\n}").unwrap();
        assert_eq!(argument, format!("  routes = {set}"));
    }
}
