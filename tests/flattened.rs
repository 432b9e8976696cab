//! Values behind `flatten` of nested `for` expressions: the literal of the very element that an instance stands for is edited.

use crate::fixes::{Files, adopt, adopted_in};
use crate::recorded_stack::difference;
use driftguard::model::{Difference, Value};

const GROUPS: &str = r#"groups = {
  web = {
    rules = [
      { port = 443, cidrs = ["0.0.0.0/0"], description = "https" },
      { port = 22, cidrs = ["10.0.0.0/8"] },
    ]
  }
  db = {
    rules = [
      { port = 5432, cidrs = ["10.0.0.0/16"], description = "https" },
      { port = 6000, to_port = 6010, cidrs = ["10.1.0.0/16"], description = "range" },
    ]
  }
}
"#;

const VARIABLE: &str = r#"variable "groups" {
  type = map(object({
    rules = list(object({
      port        = number
      to_port     = optional(number)
      cidrs       = list(string)
      description = optional(string)
    }))
  }))
}
"#;

const MERGED: &str = r#"locals {
  rules = flatten([
    for name, group in var.groups : [
      for r in group.rules : merge(r, { group = name, key = "${name}-${r.port}-${join("_", r.cidrs)}" })
    ]
  ])
}
"#;

const PLAIN: &str = r#"locals {
  rules = flatten([
    for name, group in var.groups : [
      for r in group.rules : {
        group       = name
        key         = "${name}-${r.port}-${join("_", r.cidrs)}"
        port        = r.port
        to_port     = r.to_port
        cidrs       = r.cidrs
        description = r.description
      } if r.port > 0
    ]
  ])
}
"#;

const RULE: &str = r#"
resource "aws_security_group_rule" "this" {
  for_each          = { for r in local.rules : r.key => r }
  security_group_id = "sg-1"
  type              = "ingress"
  protocol          = "tcp"
  from_port         = each.value.port
  to_port           = coalesce(each.value.to_port, each.value.port)
  cidr_blocks       = each.value.cidrs
  description       = each.value.description
}
"#;

/// What reads other parts of the same elements.
const GROUP: &str = r#"
resource "aws_security_group" "this" {
  for_each = var.groups
  name     = each.key
}

resource "aws_iam_role" "this" {
  for_each = { for r in local.rules : r.key => r.group }
  name     = each.value
}
"#;

fn rule(key: &str) -> String {
    format!("aws_security_group_rule.this[\"{key}\"]")
}

fn description(before: Value, after: Value) -> Vec<Difference> {
    vec![difference("description", before, after)]
}

#[test]
fn the_element_of_a_file_of_variables_is_edited() {
    for rules in [MERGED, PLAIN] {
        let main = format!("{VARIABLE}\n{rules}{RULE}{GROUP}");
        let files: Files<'_> = &[("main.tf", &main), ("prod.auto.tfvars", GROUPS)];
        let change = description("https".into(), "pg".into());
        let changed = adopted_in(files, &rule("db-5432-10.0.0.0/16"), change);
        let new = GROUPS.replace(
            "16\"], description = \"https\"",
            "16\"], description = \"pg\"",
        );
        assert_eq!(changed, ("prod.auto.tfvars".to_owned(), new), "{rules}");
        let change = description(Value::Null, "ssh".into());
        let changed = adopted_in(files, &rule("web-22-10.0.0.0/8"), change);
        let new = GROUPS.replace("0/8\"] }", "0/8\"], description = \"ssh\" }");
        assert_eq!(changed, ("prod.auto.tfvars".to_owned(), new), "{rules}");
        let change = vec![difference("to_port", 6010.into(), 6020.into())];
        let changed = adopted_in(files, &rule("db-6000-10.1.0.0/16"), change);
        let new = GROUPS.replace("6010", "6020");
        assert_eq!(changed, ("prod.auto.tfvars".to_owned(), new), "{rules}");
    }
}

#[test]
fn the_element_of_a_default_a_local_or_an_argument_is_edited() {
    let groups = GROUPS.trim_start_matches("groups = ");
    let change = || description("range".into(), "high".into());
    let key = "db-6000-10.1.0.0/16";

    let default = VARIABLE.replace(
        "}))\n  }))\n",
        &format!("}}))\n  }}))\n  default = {groups}"),
    );
    let main = format!("{default}\n{MERGED}{RULE}");
    let changed = adopted_in(&[("main.tf", &main)], &rule(key), change());
    assert_eq!(changed.1, main.replace("\"range\"", "\"high\""));

    let local = format!("locals {{\n  groups = {groups}}}\n");
    let rule_of_local = RULE
        .replace("each.value.to_port", "try(each.value.to_port, null)")
        .replace(
            "each.value.description",
            "lookup(each.value, \"description\", null)",
        );
    let main = format!(
        "{local}{}{rule_of_local}",
        MERGED.replace("var.groups", "local.groups")
    );
    let changed = adopted_in(&[("main.tf", &main)], &rule(key), change());
    assert_eq!(changed.1, main.replace("\"range\"", "\"high\""));

    let call = format!("module \"rules\" {{\n  source = \"./rules\"\n  groups = {groups}}}\n");
    let module = format!("{VARIABLE}\n{MERGED}{RULE}");
    let files: Files<'_> = &[("main.tf", &call), ("rules/main.tf", &module)];
    let changed = adopted_in(files, &format!("module.rules.{}", rule(key)), change());
    let new = call.replace("\"range\"", "\"high\"");
    assert_eq!(changed, ("main.tf".to_owned(), new));
}

const VOLUMES: &str = r#"locals {
  nodes = {
    web = {}
    job = {
      disks = {
        "scratch" = { size = 10 }
        data      = { size = 10, type = "gp2" }
      }
    }
  }
}

resource "aws_ebs_volume" "data" {
  for_each = {
    for d in flatten([
      for k, n in local.nodes : [for dn, d in try(n.disks, {}) : { key = "${k}:${dn}", node = k, d = d }]
    ]) : d.key => d
  }
  availability_zone = "us-east-1a"
  size              = each.value.d.size
}
"#;

#[test]
fn an_entry_of_a_nested_map_is_edited() {
    let size = vec![difference("size", 10.into(), 20.into())];
    let address = "aws_ebs_volume.data[\"job:scratch\"]";
    let changed = adopted_in(&[("main.tf", VOLUMES)], address, size);
    assert_eq!(changed.1, VOLUMES.replace("{ size = 10 }", "{ size = 20 }"));
}

const BLOCKS: &str = r#"locals {
  groups = {
    web = [{ port = 443, note = "https" }, { port = 80, note = "http" }]
    db  = [{ port = 5432, note = "http" }]
  }
  rules = flatten([for name, rules in local.groups : [for r in rules : merge(r, { group = name })]])
}

resource "aws_security_group" "this" {
  name = "this"
  dynamic "ingress" {
    for_each = local.rules
    content {
      description = ingress.value.note
      from_port   = ingress.value.port
      to_port     = ingress.value.port
      protocol    = "tcp"
      cidr_blocks = ["10.0.0.0/8"]
    }
  }
}
"#;

const QUEUES: &str = r#"resource "aws_sqs_queue" "this" {
  count         = length(local.rules)
  name          = local.rules[count.index].note
  delay_seconds = local.rules[count.index].port
}
"#;

#[test]
fn an_element_is_found_by_its_position() {
    let note = vec![difference(
        "ingress[0].description",
        "http".into(),
        "pg".into(),
    )];
    let changed = adopted_in(&[("main.tf", BLOCKS)], "aws_security_group.this", note);
    let new = BLOCKS.replace("5432, note = \"http\"", "5432, note = \"pg\"");
    assert_eq!(changed.1, new);

    let (locals, _) = BLOCKS.split_once("resource").unwrap();
    let queues = format!("{locals}{QUEUES}");
    let name = vec![difference("name", "http".into(), "web".into())];
    let changed = adopted_in(&[("main.tf", &queues)], "aws_sqs_queue.this[2]", name);
    let new = queues.replace("80, note = \"http\"", "80, note = \"web\"");
    assert_eq!(changed.1, new);
}

#[test]
fn the_element_of_a_deleted_instance_is_removed() {
    for rules in [MERGED, PLAIN] {
        let main = format!("{VARIABLE}\n{rules}{RULE}");
        let files: Files<'_> = &[("main.tf", &main), ("prod.auto.tfvars", GROUPS)];
        let changed = adopted_in(files, &rule("web-22-10.0.0.0/8"), Vec::new());
        let new = GROUPS.replace("      { port = 22, cidrs = [\"10.0.0.0/8\"] },\n", "");
        assert_eq!(changed, ("prod.auto.tfvars".to_owned(), new), "{rules}");
    }
    let address = "aws_ebs_volume.data[\"job:scratch\"]";
    let changed = adopted_in(&[("main.tf", VOLUMES)], address, Vec::new());
    let new = VOLUMES
        .replace("        \"scratch\" = { size = 10 }\n", "")
        .replace("data      = { size", "data = { size");
    assert_eq!(changed.1, new);
}

const PAIRS: &str = r#"locals {
  sizes = [{ name = "small", gb = 10 }, { name = "large", gb = 20 }]
  zones = ["us-east-1a", "us-east-1b"]
  all   = flatten([for z in local.zones : [for s in local.sizes : merge(s, { zone = z })]])
}

resource "aws_ebs_volume" "data" {
  for_each          = { for v in local.all : "${v.zone}-${v.name}" => v }
  availability_zone = each.value.zone
  size              = each.value.gb
}
"#;

#[test]
fn an_element_of_several_instances_stays() {
    let address = "aws_ebs_volume.data[\"us-east-1a-small\"]";
    let size = vec![difference("size", 10.into(), 30.into())];
    for change in [size, Vec::new()] {
        let (fix, changed) = adopt(&[("main.tf", PAIRS)], address, change);
        assert!(changed.is_empty(), "{fix:?}");
        let reason = fix.reason.unwrap();
        assert!(
            reason.contains("several instances") || reason.contains("feeds"),
            "{reason}"
        );
    }
}
