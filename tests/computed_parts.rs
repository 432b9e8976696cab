//! Values that code computes, in policies and in the rules of groups: the literal in them is edited, or nothing. What
//! stays keeps its form.

use crate::fixes::{adopt, adopted_in};
use crate::recorded_stack::difference;
use driftguard::model::{Difference, FixKind, Value};
use serde_json::json;

const POLICY: &str = "aws_iam_policy.p";

fn object(resource: &str) -> String {
    format!(
        "variable \"more\" {{\n  default = [\"arn:x\"]\n}}\n\nresource \"aws_iam_policy\" \"p\" {{\n  name = \"p\"\n  policy = \
         jsonencode({{\n    Version = \"2012-10-17\"\n    Statement = [{{\n      Effect   = \"Allow\"\n      Action   = \
         \"s3:GetObject\"\n      Resource = {resource}\n    }}]\n  }})\n}}\n"
    )
}

fn document(resource: &str) -> String {
    format!(
        "variable \"more\" {{\n  default = [\"arn:x\"]\n}}\n\ndata \"aws_iam_policy_document\" \"d\" {{\n  statement {{\n    actions   = \
         [\"s3:GetObject\"]\n    resources = {resource}\n  }}\n}}\n\nresource \"aws_iam_policy\" \"p\" {{\n  name   = \"p\"\n  policy \
         = data.aws_iam_policy_document.d.json\n}}\n"
    )
}

fn resources(before: &[&str], after: &[&str]) -> Vec<Difference> {
    let policy = |resources: &[&str]| -> Value {
        let statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources});
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
        policy.to_string().into()
    };
    vec![difference("policy", policy(before), policy(after))]
}

#[test]
fn the_literal_list_in_a_concat_is_edited() {
    let before = ["arn:a", "arn:b", "arn:x"];
    for code in [object, document] {
        for (old, after, new) in [
            (
                "concat([\"arn:a\", \"arn:b\"], var.more)",
                vec!["arn:a", "arn:b", "arn:x", "arn:new"],
                "concat([\"arn:a\", \"arn:b\", \"arn:new\"], var.more)",
            ),
            (
                "concat([\"arn:a\", \"arn:b\"], var.more)",
                vec!["arn:x", "arn:b"],
                "concat([\"arn:b\"], var.more)",
            ),
            (
                "concat([\"arn:a\"], [\"arn:b\"], var.more)",
                vec!["arn:a", "arn:c", "arn:x"],
                "concat([\"arn:a\"], [\"arn:c\"], var.more)",
            ),
            (
                "distinct(concat([\"arn:a\", \"arn:b\"], var.more))",
                vec!["arn:a", "arn:c", "arn:x"],
                "distinct(concat([\"arn:a\", \"arn:c\"], var.more))",
            ),
        ] {
            let (file, text) = adopted_in(
                &[("main.tf", &code(old))],
                POLICY,
                resources(&before, &after),
            );
            assert_eq!((file.as_str(), text), ("main.tf", code(new)), "{old}");
        }
    }
}

#[test]
fn the_list_that_a_concat_refers_to_is_edited() {
    let before = ["arn:a", "arn:x"];
    for code in [object, document] {
        let old = code("concat([\"arn:a\"], var.more)");
        let fewer = resources(&before, &before[..1]);
        let (_, text) = adopted_in(&[("main.tf", &old)], POLICY, fewer);
        assert_eq!(text, old.replace("[\"arn:x\"]", "[]"));
    }
}

#[test]
fn no_literal_takes_the_place_of_an_expression() {
    let more = ["arn:x", "arn:new"];
    for (code, before, after) in [
        (
            object("[for one in var.more : one]"),
            vec!["arn:x"],
            &more[..],
        ),
        (
            document("[for one in var.more : one]"),
            vec!["arn:x"],
            &more,
        ),
        (
            object("concat(var.more, var.more)"),
            vec!["arn:x", "arn:x"],
            &more,
        ),
    ] {
        let (fix, changed) = adopt(&[("main.tf", &code)], POLICY, resources(&before, after));
        assert_eq!((fix.kind, changed), (FixKind::Refused, vec![]), "{code}");
        let why = fix.reason.unwrap();
        assert!(why.contains("is computed at main.tf:"), "{why}");
    }
}

fn heredoc(condition: &str) -> String {
    format!(
        "locals {{\n  y = \"y\"\n}}\n\nresource \"aws_iam_policy\" \"p\" {{\n  name   = \"p\"\n  policy = <<EOF\n{{\n  \"Version\": \
         \"2012-10-17\",\n  \"Statement\": [\n    {{\n      \"Effect\": \"Allow\",\n      \"Action\": \"s3:GetObject\",\n      \
         \"Resource\": \"*\",\n      \"Condition\": {condition}\n    }}\n  ]\n}}\nEOF\n}}\n"
    )
}

#[test]
fn an_object_in_a_heredoc_keeps_its_form() {
    let with = |condition: serde_json::Value| -> Value {
        let statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition});
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
        policy.to_string().into()
    };
    let own = "{\n        \"StringEquals\": {\n          \"aws:PrincipalTag/a\": \"x\",\n          \"aws:PrincipalTag/b\": \
               \"${local.y}\"\n        },\n        \"Bool\": {\n          \"aws:SecureTransport\": \"true\"\n        }\n      }";
    let recorded = json!({
        "StringEquals": {"aws:PrincipalTag/a": "x", "aws:PrincipalTag/b": "y"},
        "Bool": {"aws:SecureTransport": "true"},
    });
    let mut changed = recorded.clone();
    changed["StringEquals"]["aws:PrincipalTag/a"] = "z".into();
    let mut added = recorded.clone();
    added["StringLike"] = json!({"aws:x": "w"});
    let mut removed = recorded.clone();
    removed.as_object_mut().unwrap().remove("Bool");
    let bool_block =
        "\n        },\n        \"Bool\": {\n          \"aws:SecureTransport\": \"true\"\n        }";
    for (live, new) in [
        (changed, own.replace("\"x\"", "\"z\"")),
        (
            added,
            own.replace(
                "\"true\"\n        }",
                "\"true\"\n        },\n        \"StringLike\": {\n          \"aws:x\": \"w\"\n        }",
            ),
        ),
        (removed, own.replace(bool_block, "\n        }")),
    ] {
        let drift = vec![difference("policy", with(recorded.clone()), with(live))];
        let (_, text) = adopted_in(&[("main.tf", &heredoc(own))], POLICY, drift);
        assert_eq!(text, heredoc(&new));
    }
    // The interpolated value itself is nobody's literal.
    let mut inside = recorded.clone();
    inside["StringEquals"]["aws:PrincipalTag/b"] = "w".into();
    let drift = vec![difference("policy", with(recorded), with(inside))];
    let (fix, changed) = adopt(&[("main.tf", &heredoc(own))], POLICY, drift);
    assert_eq!((fix.kind, changed), (FixKind::Refused, vec![]), "{fix:?}");
}

const RULES: &str = r#"variable "rules" {
  default = {
    http  = { port = 80, cidr = "10.0.0.0/8" }
    https = { port = 443, cidr = "10.0.0.0/8" }
  }
}

resource "aws_security_group" "g" {
  name = "g"
  dynamic "ingress" {
    for_each = var.rules
    content {
      protocol    = "tcp"
      from_port   = ingress.value.port
      to_port     = ingress.value.port
      cidr_blocks = [ingress.value.cidr]
    }
  }
}
"#;

#[test]
fn the_only_source_of_a_repeated_rule_is_edited_in_its_element() {
    let rule = |port: i64, source: &str| {
        Value::map([
            ("protocol", Value::from("tcp")),
            ("from_port", port.into()),
            ("to_port", port.into()),
            ("cidr_blocks", Value::List(vec![source.into()])),
        ])
    };
    let both = |first: Value| Value::List(vec![first, rule(443, "10.0.0.0/8")]);
    let locals = RULES
        .replace("variable \"rules\" {\n  default", "locals {\n  rules")
        .replace("var.rules", "local.rules");
    let before = both(rule(80, "10.0.0.0/8"));
    for (after, new) in [
        (
            rule(80, "172.16.0.0/12"),
            "port = 80, cidr = \"172.16.0.0/12\"",
        ),
        (
            rule(8080, "192.168.0.0/16"),
            "port = 8080, cidr = \"192.168.0.0/16\"",
        ),
    ] {
        let drift = || vec![difference("ingress", before.clone(), both(after.clone()))];
        for code in [RULES, &locals] {
            let (_, text) = adopted_in(&[("main.tf", code)], "aws_security_group.g", drift());
            assert_eq!(text, code.replace("port = 80, cidr = \"10.0.0.0/8\"", new));
        }
    }
}

/// AWS's tags are texts; code may have numbers and flags for them.
#[test]
fn a_number_in_json_stays_a_number() {
    let code = "{\"resource\": {\"aws_vpc\": {\"v\": {\n  \"cidr_block\": \"10.0.0.0/16\",\n  \"tags\": {\n    \"Port\": 8080,\n    \
                \"On\": true,\n    \"Name\": \"v\"\n  }\n}}}}\n";
    for (key, old, new, written) in [
        ("Port", "8080", "8081", "\"Port\": 8081"),
        ("Port", "8080", "http", "\"Port\": \"http\""),
        ("On", "true", "false", "\"On\": false"),
        ("Name", "v", "8080", "\"Name\": \"8080\""),
    ] {
        let path = format!("tags[\"{key}\"]");
        let drift = vec![difference(&path, old.into(), new.into())];
        let (_, text) = adopted_in(&[("main.tf.json", code)], "aws_vpc.v", drift);
        let line = code.lines().find(|line| line.contains(key)).unwrap();
        let line = line.trim().trim_end_matches(',');
        assert_eq!(text, code.replace(line, written));
    }
}

#[test]
fn an_entry_that_refers_to_something_is_not_lost_with_its_neighbour() {
    let code = "variable \"account\" {\n  default = \"111111111111\"\n}\n\nlocals {\n  topic = \"arn:topic\"\n}\n\n\
         resource \"aws_iam_policy\" \"p\" {\n  name = \"p\"\n  policy = jsonencode({\n    Version = \"2012-10-17\"\n    \
         Statement = [{\n      Effect   = \"Allow\"\n      Action   = \"sns:Publish\"\n      Resource = \"*\"\n      \
         Condition = { StringEquals = { \"aws:SourceAccount\" = var.account, \"aws:SourceArn\" = local.topic } }\n    }]\n  \
         })\n}\n";
    let policy = |account: &str| -> Value {
        let statement = json!({"Effect": "Allow", "Action": "sns:Publish", "Resource": "*", "Condition": {
            "StringEquals": {"aws:SourceAccount": account, "aws:SourceArn": "arn:topic"}}});
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
        policy.to_string().into()
    };
    let changed = difference("policy", policy("111111111111"), policy("222222222222"));
    let (fix, changed) = adopt(&[("main.tf", code)], POLICY, vec![changed]);
    for (_, text) in &changed {
        let is_kept = text.contains("local.topic") && text.contains("var.account");
        assert!(is_kept, "{text}");
    }
    assert!(
        !changed.is_empty() || fix.kind == FixKind::Refused,
        "{fix:?}"
    );
}
