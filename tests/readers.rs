//! Code that reads what is edited: a `for` over a resource reads of its instances what its variable names, no more.

use crate::fixes::{adopt, adopted_in};
use crate::recorded_stack::difference;
use driftguard::model::{Difference, Fix, Value};

const GROUP: &str = "aws_security_group.this[\"web\"]";

/// Code that reads the groups in an instance's tag.
fn code(reader: &str) -> String {
    format!(
        "locals {{\n  groups = {{\n    web = {{ note = \"web\", team = \"edge\" }}\n    db  = {{ note = \"db\", team = \"data\" \
         }}\n  }}\n}}\n\nresource \"aws_security_group\" \"this\" {{\n  for_each    = local.groups\n  name        = each.key\n  \
         description = each.value.note\n  tags = {{\n    Team = each.value.team\n  }}\n}}\n\nresource \"aws_vpc\" \"only\" {{\n  \
         cidr_block = \"10.0.0.0/16\"\n  tags = {{\n    Team = local.groups.web.team\n  }}\n}}\n\nresource \"aws_instance\" \"reader\" \
         {{\n  user_data = {reader}\n}}\n"
    )
}

fn team() -> Vec<Difference> {
    let (before, after): (Value, Value) = ("edge".into(), "core".into());
    vec![difference("tags[\"Team\"]", before, after)]
}

fn is_refused_for_the_reader(fix: &Fix) -> bool {
    fix.refused.iter().any(|refused| {
        refused
            .reason
            .starts_with("aws_instance.reader at main.tf:")
    }) || fix
        .reason
        .as_deref()
        .is_some_and(|reason| reason.starts_with("aws_instance.reader at main.tf:"))
}

/// The code without the network, which has the same tag.
fn of_groups(reader: &str) -> String {
    let code = code(reader);
    let start = code.find("resource \"aws_vpc\"").unwrap();
    let end = code.find("resource \"aws_instance\"").unwrap();
    format!("{}{}", &code[..start], &code[end..])
}

#[test]
fn what_reads_other_attributes_of_each_instance_holds_no_edit_back() {
    for reader in [
        "jsonencode({ for k, g in aws_security_group.this : k => g.id })",
        "jsonencode([for g in aws_security_group.this : g.id])",
        "jsonencode([for g in values(aws_security_group.this) : { g = g.id }])",
        "join(\",\", [for g in aws_security_group.this : g.id if g.vpc_id != \"\"])",
        "jsonencode([for g in aws_security_group.this : [for tag in [\"a\"] : \"${tag}${g.id}\"]])",
        "jsonencode([for g in aws_security_group.this : [for g in [{ tags = \"a\" }] : g.tags]])",
        "jsonencode([for g in concat(values(aws_security_group.this), []) : g.arn])",
        "join(\",\", values(aws_security_group.this)[*].arn)",
        "values(aws_security_group.this)[0].id",
        "jsonencode({ for k, g in aws_security_group.this : k => k })",
        "jsonencode(keys(aws_security_group.this))",
        "length(aws_security_group.this)",
        "\"%{ for g in aws_security_group.this }${g.id}%{ endfor }\"",
    ] {
        let old = of_groups(reader);
        let (_, new) = adopted_in(&[("main.tf", &old)], GROUP, team());
        assert_eq!(new, old.replace("\"edge\"", "\"core\""), "{reader}");
    }
}

#[test]
fn what_reads_an_edited_attribute_of_each_instance_holds_the_edit_back() {
    for reader in [
        "jsonencode({ for k, g in aws_security_group.this : k => g.tags.Team })",
        "jsonencode({ for k, g in aws_security_group.this : k => g })",
        "jsonencode({ for k, g in aws_security_group.this : k => g[\"tags\"] })",
        "jsonencode([for g in aws_security_group.this : lookup(g, \"tags\")])",
        "jsonencode([for g in aws_security_group.this : g.id if g.tags.Team == \"edge\"])",
        "jsonencode({ for k, g in aws_security_group.this : g.tags_all.Team => k })",
        "jsonencode([for g in aws_security_group.this : [for tag in g.tags : tag]])",
        "jsonencode([for k, g in aws_security_group.this : [for k in [\"a\"] : g.tags]])",
        "jsonencode(values(aws_security_group.this)[*].tags)",
        "jsonencode(values(aws_security_group.this)[0])",
        "jsonencode(values(aws_security_group.this))",
        "jsonencode([for v in merge(values(aws_security_group.this)...) : try(v.Team, 0)])",
        "\"%{ for g in aws_security_group.this }${g.tags.Team}%{ endfor }\"",
    ] {
        let (fix, changed) = adopt(&[("main.tf", &of_groups(reader))], GROUP, team());
        assert!(changed.is_empty(), "{reader}: {changed:?}");
        assert!(is_refused_for_the_reader(&fix), "{reader}: {fix:?}");
    }
}

#[test]
fn a_for_over_one_resource_reads_its_attributes() {
    let old = code("jsonencode([for v in aws_vpc.only : try(v.Team, \"\")])");
    let old = old.replace("local.groups.web.team", "\"edge\"");
    let (fix, changed) = adopt(&[("main.tf", &old)], "aws_vpc.only", team());
    assert!(changed.is_empty(), "{changed:?}");
    assert!(is_refused_for_the_reader(&fix), "{fix:?}");
}

#[test]
fn what_reads_each_instance_holds_back_the_removal_of_one() {
    for reader in [
        "jsonencode({ for k, g in aws_security_group.this : k => g.id })",
        "jsonencode(keys(aws_security_group.this))",
        "length(aws_security_group.this)",
    ] {
        let (fix, changed) = adopt(&[("main.tf", &of_groups(reader))], GROUP, Vec::new());
        assert!(changed.is_empty(), "{reader}: {changed:?}");
        assert!(is_refused_for_the_reader(&fix), "{reader}: {fix:?}");
    }
}

/// The instance's text is unknown, by the id of a group.
fn with_id(reader: &str) -> String {
    of_groups(&format!(
        "\"${{aws_security_group.this[\"db\"].id}}${{{reader}}}\""
    ))
}

#[test]
fn what_reads_other_entries_of_each_element_of_a_value_holds_no_edit_back() {
    for reader in [
        "jsonencode({ for k, g in local.groups : k => g.note })",
        "jsonencode([for g in values(local.groups) : g.note])",
        "jsonencode(keys(local.groups))",
        "length(local.groups)",
        "jsonencode(flatten([for k, g in local.groups : [for n in [1, 2] : \"${k}${g.note}${n}\"]]))",
        "join(\",\", [for k, g in local.groups : k])",
        "local.groups[\"db\"].team",
    ] {
        let old = with_id(reader);
        let (_, new) = adopted_in(&[("main.tf", &old)], GROUP, team());
        assert_eq!(new, old.replace("\"edge\"", "\"core\""), "{reader}");
    }
}

#[test]
fn what_reads_an_edited_entry_of_each_element_of_a_value_holds_the_edit_back() {
    for reader in [
        "jsonencode({ for k, g in local.groups : k => g.team })",
        "jsonencode({ for k, g in local.groups : k => g })",
        "jsonencode([for g in local.groups : g[\"team\"]])",
        "jsonencode([for g in local.groups : g.note if g.team == \"edge\"])",
        "jsonencode(values(local.groups)[*].team)",
        "jsonencode(flatten([for g in local.groups : [for part in g : part]]))",
        "jsonencode(local.groups)",
        "local.groups[\"web\"].team",
        "local.groups[keys(local.groups)[1]].team",
    ] {
        let (fix, changed) = adopt(&[("main.tf", &with_id(reader))], GROUP, team());
        assert!(changed.is_empty(), "{reader}: {changed:?}");
        assert!(is_refused_for_the_reader(&fix), "{reader}: {fix:?}");
    }
}

/// The value stands in a file of data, and others read other files.
#[test]
fn what_reads_another_file_holds_no_edit_back() {
    let code = "resource \"aws_iam_role\" \"f\" {\n  description = yamldecode(file(\"${path.module}/a.yaml\")).note\n}\n\n\
                resource \"aws_instance\" \"reader\" {\n  user_data = READ\n}\n";
    let change = || vec![difference("description", "x".into(), "y".into())];
    for (read, is_held) in [
        (
            "templatefile(\"b.tpl\", { id = aws_iam_role.f.arn })",
            false,
        ),
        ("\"${aws_iam_role.f.arn}${file(\"b.tpl\")}\"", false),
        ("templatefile(\"c.tpl\", { id = aws_iam_role.f.arn })", true),
        ("\"${aws_iam_role.f.arn}${file(\"a.yaml\")}\"", true),
        ("\"${aws_iam_role.f.arn}${file(aws_iam_role.f.arn)}\"", true),
    ] {
        let main = code.replace("READ", read);
        let files = [
            ("main.tf", main.as_str()),
            ("a.yaml", "note: x\n"),
            ("b.tpl", "of ${id}"),
            ("c.tpl", "${file(\"a.yaml\")} of ${id}"),
        ];
        let (fix, changed) = adopt(&files, "aws_iam_role.f", change());
        assert_eq!(changed.is_empty(), is_held, "{read}: {fix:?}");
        assert_eq!(is_refused_for_the_reader(&fix), is_held, "{read}: {fix:?}");
    }
}
