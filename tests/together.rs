//! Fixes that are written in one run: each may be right alone where together they break the code.

use crate::recorded_stack::{self, difference, finding};
use driftguard::code::{Options, Recorded};
use driftguard::model::{
    Attributes, Difference, Finding, Fix, FixKind, ProviderKey, RefusalKind, Resource, Tree, Value,
};
use driftguard::resources;
use std::sync::Arc;

/// Adopts what differs in several resources of one file: the fixes, and the file after them.
fn adopt(code: &str, ids: &[(&str, &str)], findings: &mut [Finding]) -> (Vec<Fix>, String) {
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let resource = |(address, id): &(&str, &str)| Resource {
        address: address.parse().unwrap(),
        provider: ProviderKey {
            module: String::new(),
            name: "aws".to_owned(),
            alias: None,
        },
        id: (*id).to_owned(),
        attributes: Attributes::from([("id".to_owned(), Value::from(*id))]),
    };
    let options = Options {
        recorded: Recorded::new([Arc::new(ids.iter().map(resource).collect())]),
        ..Options::default()
    };
    let how = (&options, &resources::full_catalog());
    let changed = recorded_stack::adopt(&tree, "", how, findings);
    let after = changed.get("main.tf");
    let after = after.map_or(code.to_owned(), |bytes| {
        String::from_utf8(bytes.clone()).unwrap()
    });
    let fixes = findings.iter().map(|finding| finding.fix.clone().unwrap());
    (fixes.collect(), after)
}

fn size(address: &str, new: i64) -> Finding {
    finding(address, vec![difference("size", 10.into(), new.into())])
}

fn kinds(fixes: &[Fix]) -> Vec<FixKind> {
    fixes.iter().map(|fix| fix.kind).collect()
}

/// Volumes whose sizes may not exceed a sum.
fn volumes(names: &[&str], limit: usize) -> String {
    let sizes: Vec<_> = names.iter().map(|name| format!("{name} = 10")).collect();
    format!(
        "variable \"sizes\" {{\n  default = {{ {} }}\n  validation {{\n    condition     = sum(values(var.sizes)) < {limit}\n    \
         error_message = \"too much\"\n  }}\n}}\n\nresource \"aws_ebs_volume\" \"v\" {{\n  for_each = var.sizes\n  size     = \
         each.value\n}}\n",
        sizes.join(", ")
    )
}

#[test]
fn fixes_that_break_a_validation_together_are_not_all_made() {
    let code = volumes(&["a", "b"], 45);
    let mut findings = ["a", "b"].map(|key| size(&format!("aws_ebs_volume.v[\"{key}\"]"), 30));
    let (fixes, after) = adopt(&code, &[], &mut findings);
    assert_eq!(kinds(&fixes), [FixKind::Adopt, FixKind::Refused]);
    assert_eq!(after, code.replace("a = 10", "a = 30"));
    let (reason, kind) = (fixes[1].reason.as_deref(), fixes[1].refused[0].kind);
    let why = "together with the other fixes, `var.sizes` at main.tf:1 does not allow this value: too much";
    assert_eq!((reason, kind), (Some(why), RefusalKind::Conflict));
    // Each alone is right.
    let (fixes, after) = adopt(&code, &[], &mut findings[1..]);
    assert_eq!(kinds(&fixes), [FixKind::Adopt]);
    assert_eq!(after, code.replace("b = 10", "b = 30"));
}

/// Which ones are made does not depend on how they are halved: those that come first are.
#[test]
fn of_many_fixes_only_those_are_refused_that_break_something() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let code = volumes(&names, 150);
    let live = [20, 20, 60, 20, 11, 11, 40, 12, 12];
    let both = names.iter().zip(live);
    let findings = both.map(|(name, live)| size(&format!("aws_ebs_volume.v[\"{name}\"]"), live));
    let mut findings: Vec<_> = findings.collect();
    let (fixes, after) = adopt(&code, &[], &mut findings);
    let refused = names.iter().zip(&fixes);
    let refused = refused.filter(|(_, fix)| fix.kind == FixKind::Refused);
    let refused: Vec<_> = refused.map(|(name, _)| *name).collect();
    // 20 + 20 + 10 + 20 + 11 + 11 + 40 + 12 + 12 would be 156.
    assert_eq!(refused, ["c", "g"], "{after}");
    for kept in ["a = 20", "c = 10", "d = 20", "g = 10", "i = 12"] {
        assert!(after.contains(kept), "{kept}: {after}");
    }
}

#[test]
fn fixes_that_break_a_precondition_together_are_not_all_made() {
    let code = "locals {\n  one = { x = { name = \"k1\" }, y = { name = \"k2\" } }\n}\n\nresource \"aws_ebs_volume\" \"k\" {\n  for_each \
                = local.one\n  size     = 1\n  tags     = { Name = each.value.name }\n}\n\nresource \"aws_ebs_volume\" \"other\" \
                {\n  size = 1\n  lifecycle {\n    precondition {\n      condition     = length(distinct([for v in local.one : \
                v.name])) == 2\n      error_message = \"names must differ\"\n    }\n  }\n}\n";
    let renamed = |key: &str, old: &str| {
        let name = difference("tags[\"Name\"]", old.into(), "same".into());
        finding(&format!("aws_ebs_volume.k[\"{key}\"]"), vec![name])
    };
    let mut findings = [renamed("x", "k1"), renamed("y", "k2")];
    let (fixes, after) = adopt(code, &[], &mut findings);
    assert_eq!(kinds(&fixes), [FixKind::Adopt, FixKind::Refused]);
    assert_eq!(after, code.replace("k1", "same"));
    let reason = fixes[1].reason.as_deref().unwrap();
    assert!(
        reason.starts_with(
            "together with the other fixes, a condition of aws_ebs_volume.other at main.tf:"
        ),
        "{reason}"
    );
}

fn rule(groups: &[&str]) -> Value {
    let none = || Value::List(Vec::new());
    let text = |text: &str| Value::from(text);
    Value::map([
        ("description", text("")),
        ("from_port", 80.into()),
        ("to_port", 80.into()),
        ("protocol", text("tcp")),
        ("cidr_blocks", none()),
        ("ipv6_cidr_blocks", none()),
        ("prefix_list_ids", none()),
        ("security_groups", groups.to_vec().into()),
        ("self", false.into()),
    ])
}

#[test]
fn fixes_that_would_refer_to_each_other_are_not_both_made() {
    let group = |name: &str| {
        format!("resource \"aws_security_group\" \"{name}\" {{\n  name = \"{name}\"\n}}\n")
    };
    let code = group("h") + "\n" + &group("i");
    let (h, i) = ("sg-0a1b2c3d4e", "sg-0f1e2d3c4b");
    let ids = [("aws_security_group.h", h), ("aws_security_group.i", i)];
    let gains = |address: &str, other: &str| -> Finding {
        let (none, one) = (Value::List(Vec::new()), Value::List(vec![rule(&[other])]));
        finding(address, vec![difference("ingress", none, one)])
    };
    let mut findings = [gains(ids[0].0, i), gains(ids[1].0, h)];
    let (fixes, after) = adopt(&code, &ids, &mut findings);
    assert_eq!(kinds(&fixes), [FixKind::Adopt, FixKind::Refused], "{after}");
    assert!(after.contains("security_groups = [aws_security_group.i.id]"));
    assert!(!after.contains("aws_security_group.h.id"), "{after}");
    let why = "together with the other fixes, aws_security_group.h would need aws_security_group.i, which needs it in turn: \
               Terraform refuses such a cycle";
    let other = "together with the other fixes, aws_security_group.i would need aws_security_group.h, which needs it in turn: \
                 Terraform refuses such a cycle";
    let reason = fixes[1].reason.as_deref().unwrap();
    assert!([why, other].contains(&reason), "{reason}");
}

/// Of a fix that breaks something beside the others what breaks nothing is made all the same.
#[test]
fn the_other_attributes_of_a_refused_fix_are_written() {
    let code = "variable \"sizes\" {\n  default = { a = 10, b = 10 }\n  validation {\n    condition     = var.sizes.a + var.sizes.b \
                < 45\n    error_message = \"too much\"\n  }\n}\n\nresource \"aws_ebs_volume\" \"a\" {\n  size = \
                var.sizes.a\n}\n\nresource \"aws_ebs_volume\" \"b\" {\n  size = var.sizes.b\n  iops = 100\n}\n";
    let mut both = size("aws_ebs_volume.b", 30);
    let iops: Difference = difference("iops", 100.into(), 200.into());
    both.attributes.push(iops);
    let mut findings = [size("aws_ebs_volume.a", 30), both];
    let (fixes, after) = adopt(code, &[], &mut findings);
    assert_eq!(kinds(&fixes), [FixKind::Adopt, FixKind::Adopt]);
    let refused: Vec<_> = fixes[1].refused.iter().map(|left| &left.path).collect();
    assert_eq!(refused, ["size"]);
    let expected = code
        .replace("a = 10", "a = 30")
        .replace("iops = 100", "iops = 200");
    assert_eq!(after, expected);
}

/// What another resource computes from the same literal may follow it to what AWS has there as well.
#[test]
fn a_literal_may_take_along_what_drifted_to_the_same_value() {
    let code = "variable \"sizes\" {\n  default = [10]\n}\n\nresource \"aws_ebs_volume\" \"plain\" {\n  size = \
                var.sizes[0]\n}\n\nresource \"aws_ebs_volume\" \"computed\" {\n  size = var.sizes[0] + 0\n}\n";
    let mut findings = [
        size("aws_ebs_volume.computed", 30),
        size("aws_ebs_volume.plain", 30),
    ];
    let (fixes, after) = adopt(code, &[], &mut findings);
    assert_eq!(kinds(&fixes)[1], FixKind::Adopt, "{fixes:?}");
    assert_eq!(after, code.replace("[10]", "[30]"));
    // Where it drifted to another value, the literal stays.
    let mut findings = [
        size("aws_ebs_volume.computed", 31),
        size("aws_ebs_volume.plain", 30),
    ];
    let (fixes, after) = adopt(code, &[], &mut findings);
    assert_eq!(kinds(&fixes), [FixKind::Refused, FixKind::Refused]);
    assert_eq!(after, code);
}

/// A fix that is not made holds no other back that would edit the same bytes.
#[test]
fn a_fix_that_edits_what_a_dropped_one_edits_as_well_is_made() {
    let code = "variable \"roles\" {\n  default = { a = \"x\", d = \"x\", b = \"x\", c = \"x\" }\n  validation {\n    condition     = \
                contains(keys(var.roles), \"a\") || contains(keys(var.roles), \"b\")\n    error_message = \"a or b\"\n  }\n}\n\n\
                resource \"aws_iam_role\" \"r\" {\n  for_each = var.roles\n  path     = each.value\n}\n";
    let deleted = |key: &str| finding(&format!("aws_iam_role.r[\"{key}\"]"), Vec::new());
    let mut findings = ["a", "b", "c"].map(deleted);
    let (fixes, after) = adopt(code, &[], &mut findings);
    assert_eq!(
        kinds(&fixes),
        [FixKind::Remove, FixKind::Refused, FixKind::Remove],
        "{fixes:?}"
    );
    let left = "{ d = \"x\", b = \"x\" }";
    assert!(after.contains(left), "{after}");
    // Of two that stay, the first is made.
    let mut findings = ["b", "c"].map(deleted);
    let (fixes, _) = adopt(code, &[], &mut findings);
    assert_eq!(kinds(&fixes), [FixKind::Remove, FixKind::Refused]);
    assert_eq!(
        fixes[1].reason.as_deref(),
        Some("another fix edits main.tf:2 as well")
    );
}

#[test]
fn an_output_that_follows_a_fixed_value_is_named() {
    let code = "variable \"size\" {\n  default = 10\n}\n\nresource \"aws_ebs_volume\" \"v\" {\n  size = var.size\n}\n\noutput \
                \"size\" {\n  value = var.size\n}\n\noutput \"other\" {\n  value = \"x\"\n}\n";
    let (fixes, _) = adopt(code, &[], &mut [size("aws_ebs_volume.v", 30)]);
    let note = "the next plan changes the output `size` as well";
    assert_eq!(fixes[0].reason.as_deref(), Some(note));
}

/// Instances of which one was deleted, and code that refers to an instance.
fn instances(reader: &str) -> (String, Vec<(String, String)>) {
    let code = format!(
        "locals {{\n  m    = {{ a = 1, b = 2 }}\n  pick = \"b\"\n}}\n\nresource \"aws_ebs_volume\" \"o\" {{\n  for_each = local.m\n  \
         size     = each.value\n}}\n\n{reader}\n"
    );
    let id = |key: &str| (format!("aws_ebs_volume.o[\"{key}\"]"), format!("vol-{key}"));
    (code, vec![id("a"), id("b")])
}

fn without_b(reader: &str) -> (Fix, bool) {
    let (code, ids) = instances(reader);
    let ids: Vec<_> = ids
        .iter()
        .map(|(at, id)| (at.as_str(), id.as_str()))
        .collect();
    let mut findings = [finding("aws_ebs_volume.o[\"b\"]", Vec::new())];
    let (mut fixes, after) = adopt(&code, &ids, &mut findings);
    (fixes.remove(0), after != code)
}

#[test]
fn an_instance_that_code_refers_to_by_a_computed_key_is_not_removed() {
    for reader in [
        "resource \"aws_ebs_volume\" \"u\" {\n  for_each = { x = \"a\", y = \"b\" }\n  tags     = { P = \
         aws_ebs_volume.o[each.value].id }\n}",
        "output \"o\" { value = aws_ebs_volume.o[local.pick].id }",
        "output \"o\" { value = [for k in [\"a\", \"b\"] : aws_ebs_volume.o[k].id] }",
        "locals { unused = aws_ebs_volume.o[local.pick].id }",
        "locals { unused = true ? aws_ebs_volume.o[local.pick].id : \"\" }",
        "module \"elsewhere\" {\n  source = \"hashicorp/x/aws\"\n  id     = aws_ebs_volume.o[local.pick].id\n}",
        "data \"aws_ebs_volume\" \"d\" {\n  filter {\n    name   = \"volume-id\"\n    values = \
         [aws_ebs_volume.o[local.pick].id]\n  }\n}",
        "output \"o\" {\n  value = try(local.caught, \"none\")\n}\nlocals { caught = aws_ebs_volume.o[local.pick].id }",
    ] {
        let (fix, is_changed) = without_b(reader);
        assert_eq!(
            (fix.kind, is_changed),
            (FixKind::Refused, false),
            "{reader}"
        );
        let reason = fix.reason.unwrap();
        let is_told = reason.starts_with("main.tf:")
            && reason.ends_with(" refers to aws_ebs_volume.o[\"b\"]");
        assert!(is_told, "{reader}: {reason}");
        let at = instances(reader).0;
        let line = at
            .lines()
            .position(|line| line.contains("o[local.pick]"))
            .map(|at| at + 1);
        if let Some(line) = line {
            assert!(reason.starts_with(&format!("main.tf:{line} ")), "{reason}");
        }
    }
}

#[test]
fn an_instance_whose_missing_is_caught_is_removed() {
    for reader in [
        "output \"o\" { value = try(aws_ebs_volume.o[local.pick].id, \"none\") }",
        "output \"o\" { value = can(aws_ebs_volume.o[local.pick].id) }",
        "output \"o\" { value = local.pick == \"a\" ? aws_ebs_volume.o[local.pick].id : \"none\" }",
        "output \"o\" { value = aws_ebs_volume.o[\"a\"].id }",
        "output \"o\" { value = [for k in [\"a\"] : aws_ebs_volume.o[k].id] }",
    ] {
        let (fix, is_changed) = without_b(reader);
        assert_eq!(
            (fix.kind, is_changed),
            (FixKind::Remove, true),
            "{reader}: {fix:?}"
        );
    }
}

#[test]
fn what_was_deleted_with_what_refers_to_it_is_removed_together() {
    let vpc = "resource \"aws_vpc\" \"v\" {\n  cidr_block = \"10.0.0.0/16\"\n}\n";
    let subnet = |name: &str| {
        format!("resource \"aws_subnet\" \"{name}\" {{\n  vpc_id = aws_vpc.v.id\n}}\n")
    };
    let kept = "resource \"aws_vpc\" \"kept\" {\n  cidr_block = \"10.1.0.0/16\"\n}\n";
    let code = [vpc, &subnet("a"), &subnet("b"), kept].join("\n");
    let ids = [
        ("aws_vpc.v", "vpc-1"),
        ("aws_subnet.a", "subnet-a"),
        ("aws_subnet.b", "subnet-b"),
    ];
    let deleted = |address: &str| finding(address, Vec::new());
    let mut findings = ["aws_subnet.a", "aws_subnet.b", "aws_vpc.v"].map(deleted);
    let (fixes, after) = adopt(&code, &ids, &mut findings);
    assert_eq!(kinds(&fixes), [FixKind::Remove; 3], "{fixes:?}");
    assert_eq!(after.trim(), kept.trim());
    // One that is still there holds it back.
    let mut findings = ["aws_subnet.a", "aws_vpc.v"].map(deleted);
    let (fixes, after) = adopt(&code, &ids, &mut findings);
    assert_eq!(kinds(&fixes), [FixKind::Remove, FixKind::Refused]);
    assert_eq!(
        fixes[1].reason.as_deref(),
        Some("main.tf:10 refers to aws_vpc.v")
    );
    assert_eq!(after, [vpc, &subnet("b"), kept].join("\n"));
}

/// The bucket stays, since an output reads it: an apply would create it without its policy, open to whoever asks.
#[test]
fn the_code_of_a_part_stays_with_that_of_its_deleted_parent() {
    let bucket = "resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"b\"\n}\n\n";
    let policy =
        "resource \"aws_s3_bucket_policy\" \"b\" {\n  bucket = \"b\"\n  policy = \"{}\"\n}\n\n";
    let other = "resource \"aws_s3_bucket_policy\" \"other\" {\n  bucket = \"other\"\n  policy = \"{}\"\n}\n";
    let output = "\noutput \"arn\" {\n  value = aws_s3_bucket.b.arn\n}\n";
    let deleted = |address: &str, id: &str| Finding {
        import_id: Some(id.to_owned()),
        before: Attributes::from([("bucket".to_owned(), Value::from(id))]),
        ..finding(address, Vec::new())
    };
    let findings = || {
        [
            deleted("aws_s3_bucket.b", "b"),
            deleted("aws_s3_bucket_policy.b", "b"),
            deleted("aws_s3_bucket_policy.other", "other"),
        ]
    };
    let code = format!("{bucket}{policy}{other}{output}");
    let (fixes, after) = adopt(&code, &[], &mut findings());
    assert_eq!(
        kinds(&fixes),
        [FixKind::Refused, FixKind::Refused, FixKind::Remove]
    );
    let why = "aws_s3_bucket.b, of which it is a part, stays in the code: an apply would create that without it";
    assert_eq!(fixes[1].reason.as_deref(), Some(why));
    assert!(after.contains(policy) && !after.contains(other), "{after}");

    let code = format!("{bucket}{policy}{other}");
    let (fixes, _) = adopt(&code, &[], &mut findings());
    assert_eq!(kinds(&fixes), [FixKind::Remove; 3]);
}
