//! Conditions under which Terraform plans: an edit that breaks one would fail where it is applied.

use crate::fixes::{adopt, adopted_in};
use crate::recorded_stack::difference;
use driftguard::model::{Difference, FixKind, RefusalKind};

const INSTANCE: &str = "aws_instance.web";

fn size(new: &str) -> Vec<Difference> {
    vec![difference("instance_type", "t3.small".into(), new.into())]
}

/// Why a change of the instance's type is not taken over; empty where it is.
fn why(code: &str, new: &str) -> String {
    let (fix, changed) = adopt(&[("main.tf", code)], INSTANCE, size(new));
    assert_eq!(changed.is_empty(), fix.kind == FixKind::Refused, "{fix:?}");
    match fix.kind {
        FixKind::Refused => {
            assert_eq!(fix.refused[0].kind, RefusalKind::Unproven);
            fix.reason.unwrap()
        }
        _ => String::new(),
    }
}

fn variable(validation: &str) -> String {
    format!(
        "variable \"size\" {{\n  default = \"t3.small\"\n{validation}}}\n\nresource \"aws_instance\" \"web\" {{\n  \
         instance_type = var.size\n}}\n"
    )
}

fn validation(condition: &str) -> String {
    format!(
        "  validation {{\n    condition     = {condition}\n    error_message = \"Only small ones, not ${{var.size}}.\"\n  }}\n"
    )
}

#[test]
fn a_value_that_a_variables_validation_refuses_is_not_written() {
    let said = "`var.size` at main.tf:1 does not allow this value: Only small ones, not m5.large.";
    for condition in [
        "contains([\"t3.small\", \"t3.micro\"], var.size)",
        "can(regex(\"^t3[.]\", var.size))",
        "length(regex(\"^t3[.]\", var.size)) > 0",
    ] {
        let code = variable(&validation(condition));
        assert_eq!(why(&code, "m5.large"), said, "{condition}");
        assert_eq!(why(&code, "t3.micro"), "", "{condition}");
    }
    // Of several the one that fails counts, and one that failed before is nobody's fault.
    let second = validation("var.size != \"\"") + &validation("startswith(var.size, \"t3\")");
    assert_eq!(why(&variable(&second), "m5.large"), said);
    let before = variable(&validation("var.size == \"other\""));
    assert_eq!(why(&before, "m5.large"), "");
    // What is not known does not become worse.
    let unknown = variable(&validation("var.size != data.aws_ssm_parameter.x.value"));
    assert_eq!(why(&unknown, "m5.large"), "");
}

#[test]
fn a_modules_validation_is_asked_with_what_its_call_hands_over() {
    let module = "variable \"size\" {\n  validation {\n    condition     = var.size != \"m5.large\"\n    error_message = \"Too \
                  large.\"\n  }\n}\nresource \"aws_instance\" \"web\" {\n  instance_type = var.size\n}\n";
    let root =
        "# the web server\nmodule \"web\" {\n  source = \"./web\"\n  size   = \"t3.small\"\n}\n";
    let files = [("main.tf", root), ("web/main.tf", module)];
    let address = "module.web.aws_instance.web";
    let (fix, changed) = adopt(&files, address, size("m5.large"));
    let said = "`var.size` at web/main.tf:1 does not allow this value: Too large.";
    assert_eq!((fix.reason.as_deref(), changed.len()), (Some(said), 0));
    let written = ("main.tf".to_owned(), root.replace("t3.small", "t3.large"));
    assert_eq!(adopted_in(&files, address, size("t3.large")), written);
}

fn lifecycle(kind: &str, condition: &str) -> String {
    format!(
        "locals {{\n  size = \"t3.small\"\n}}\n\nresource \"aws_instance\" \"web\" {{\n  instance_type = \
         \"t3.small\"\n\n  lifecycle {{\n    {kind} {{\n      condition     = {condition}\n      error_message = \"Too \
         large.\"\n    }}\n  }}\n}}\n"
    )
}

#[test]
fn what_a_resource_or_an_output_asks_for_must_hold_after_the_edit() {
    let said =
        "a condition of aws_instance.web at main.tf:5 does not hold with this value: Too large.";
    let after = lifecycle("postcondition", "startswith(self.instance_type, \"t3\")");
    assert_eq!(why(&after, "m5.large"), said);
    assert_eq!(why(&after, "t3.large"), "");
    let unknown = lifecycle("postcondition", "self.private_ip != \"\"");
    assert_eq!(why(&unknown, "m5.large"), "");
    let apart = lifecycle("precondition", "local.size == \"t3.small\"");
    assert_eq!(why(&apart, "m5.large"), "");

    let before = variable("").replace(
        "var.size\n",
        "var.size\n  lifecycle {\n    precondition {\n      condition     = var.size != \"m5.large\"\n      error_message = \
         \"Too large.\"\n    }\n  }\n",
    );
    assert_eq!(why(&before, "m5.large"), said);
    let output = variable("")
        + "\noutput \"size\" {\n  value = var.size\n  precondition {\n    condition     = var.size != \
           \"m5.large\"\n    error_message = \"Too large.\"\n  }\n}\n";
    let said = "a condition of output.size at main.tf:9 does not hold with this value: Too large.";
    assert_eq!(why(&output, "m5.large"), said);
    assert_eq!(why(&output, "t3.large"), "");
    // The condition reads the resource itself, whose state says what was before.
    let behind = output.replace(
        "condition     = var.size",
        "condition     = aws_instance.web.instance_type",
    );
    assert!(
        why(&behind, "m5.large").contains("output.size at main.tf:9"),
        "{behind}"
    );
}

/// A `check` block warns, and stops no plan.
#[test]
fn a_check_refuses_nothing() {
    let check = variable("")
        + "\ncheck \"size\" {\n  assert {\n    condition     = var.size != \"m5.large\"\n    error_message = \"Too \
           large.\"\n  }\n}\n";
    assert_eq!(why(&check, "m5.large"), "");
}
