//! What code leaves out gets the value that changed, and nothing that it may leave out further.

use crate::fixes::{Files, adopt, adopted_in};
use crate::recorded_stack::difference;
use driftguard::model::{Difference, FixKind, Value};

const MODULE: &str = r#"variable "opts" {
  type = object({
    a = optional(string, "da")
    b = optional(string, "db")
    n = optional(object({ k = optional(string, "dk"), deep = optional(object({ z = optional(string, "dz") }), {}) }), {})
  })
  default = {}
}

resource "aws_ebs_volume" "x" {
  size = 3
  tags = { A = var.opts.a, B = var.opts.b, K = var.opts.n.k, Z = var.opts.n.deep.z }
}
"#;
const VOLUME: &str = "module.v.aws_ebs_volume.x";

fn tag(key: &str, old: &str, new: &str) -> Difference {
    difference(&format!("tags[\"{key}\"]"), old.into(), new.into())
}

/// The call once these tags have other values.
fn call(arguments: &str, changed: Vec<Difference>) -> String {
    let code = format!("module \"v\" {{\n  source = \"./m\"\n{arguments}}}\n");
    let files: Files<'_> = &[("main.tf", &code), ("m/main.tf", MODULE)];
    let (file, text) = adopted_in(files, VOLUME, changed);
    assert_eq!(file, "main.tf");
    let start = text.find("\"./m\"\n").unwrap() + "\"./m\"\n".len();
    text[start..text.len() - 2].to_owned()
}

#[test]
fn a_left_out_argument_pins_no_default_of_its_optional_attributes() {
    let a = || tag("A", "da", "new");
    let k = || tag("K", "dk", "kn");
    let z = || tag("Z", "dz", "zn");
    assert_eq!(call("", vec![a()]), "  opts = {\n    a = \"new\"\n  }\n");
    let nested = call("", vec![k()]);
    assert_eq!(nested, "  opts = {\n    n = { k = \"kn\" }\n  }\n");
    // All that one argument lacks is written at once.
    let both = call("", vec![a(), k(), z()]);
    let expected =
        "  opts = {\n    a = \"new\"\n    n = { deep = { z = \"zn\" }, k = \"kn\" }\n  }\n";
    assert_eq!(both, expected);
}

#[test]
fn several_entries_that_one_map_lacks_are_added_at_once() {
    let (a, k) = (|| tag("A", "da", "new"), || tag("K", "dk", "kn"));
    let z = || tag("Z", "dz", "zn");
    assert_eq!(
        call("  opts = {}\n", vec![a(), k()]),
        "  opts = { a = \"new\", n = { k = \"kn\" } }\n"
    );
    assert_eq!(
        call("  opts = {}\n", vec![k(), z()]),
        "  opts = { n = { deep = { z = \"zn\" }, k = \"kn\" } }\n"
    );
    assert_eq!(
        call("  opts = { b = \"db\" }\n", vec![a(), k()]),
        "  opts = { b = \"db\", a = \"new\", n = { k = \"kn\" } }\n"
    );
}

/// An arm counts for everything that meets its condition, so it gets no key that it does not have.
#[test]
fn the_arm_of_a_conditional_gets_no_new_entry() {
    let code = "variable \"vols\" {\n  type = map(object({ tags = map(string), note = optional(string) }))\n}\n\nresource \
                \"aws_ebs_volume\" \"v\" {\n  for_each = var.vols\n  size     = 10\n  tags     = merge(each.value.tags, \
                each.value.note == null ? {} : { Note = each.value.note })\n}\n";
    let values =
        "vols = {\n  a = { tags = { k1 = \"v1\", /* c */ k2 = \"v2\" }, note = \"n\" }\n}\n";
    let files = [("main.tf", code), ("terraform.tfvars", values)];
    let address = "aws_ebs_volume.v[\"a\"]";
    let gone = difference("tags[\"k2\"]", "v2".into(), Value::Null);
    let (fix, changed) = adopt(&files, address, vec![gone]);
    assert_eq!((fix.kind, changed.len()), (FixKind::Refused, 0), "{fix:?}");
    // A key that the arm has is edited there, and a new one where all of them stand.
    let note = tag("Note", "n", "other");
    let (file, text) = adopted_in(&files, address, vec![note]);
    assert_eq!(file, "terraform.tfvars");
    assert_eq!(text, values.replace("\"n\"", "\"other\""));
    let new = difference("tags[\"New\"]", Value::Null, "x".into());
    let (_, text) = adopted_in(&files, address, vec![new]);
    assert_eq!(text, values.replace("\"v2\" }", "\"v2\", New = \"x\" }"));
}

#[test]
fn an_entry_beside_a_conditional_is_added_to_the_map_that_always_counts() {
    let code = "variable \"env\" { default = \"dev\" }\n\nlocals {\n  only = \"once\"\n}\n\nresource \"aws_ebs_volume\" \"p\" {\n  tags \
                = merge({ Once = local.only, Name = \"p\" }, var.env == \"dev\" ? { D = \"dev\" } : { P = \"prod\" })\n}\n\nresource \
                \"aws_ebs_volume\" \"q\" {\n  tags = var.env == \"dev\" ? { D = \"dev\" } : { P = \"prod\" }\n}\n";
    let files = [("main.tf", code)];
    let (_, text) = adopted_in(&files, "aws_ebs_volume.p", vec![tag("Once", "once", "new")]);
    assert_eq!(text, code.replace("\"once\"", "\"new\""));
    let new = || difference("tags[\"New\"]", Value::Null, "x".into());
    let (_, text) = adopted_in(&files, "aws_ebs_volume.p", vec![new()]);
    let expected = code.replace("Name = \"p\" }", "Name = \"p\", New = \"x\" }");
    assert_eq!(text, expected);
    let (_, text) = adopted_in(&files, "aws_ebs_volume.p", vec![tag("D", "dev", "other")]);
    assert_eq!(text, code.replacen("D = \"dev\"", "D = \"other\"", 1));
    let (fix, _) = adopt(&files, "aws_ebs_volume.q", vec![new()]);
    assert_eq!(fix.kind, FixKind::Refused, "{fix:?}");
}
