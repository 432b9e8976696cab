//! Fixes of types that no native reader knows, and that are read through the provider.

use crate::fixes::adopted_in;
use crate::recorded_stack::difference;
use driftguard::model::Value;

/// A policy with one statement, as AWS returns it.
fn policy(actions: &[&str]) -> Value {
    let statement = serde_json::json!({
        "Sid": "Use", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": actions, "Resource": "*",
    });
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
    policy.to_string().into()
}

/// Adopts a policy that allows one action more. Returns the file that changes.
fn with_an_action_more(files: &[(&str, &str)], address: &str) -> (String, String) {
    let (recorded, live) = (policy(&["a:One"]), policy(&["a:One", "a:Two"]));
    adopted_in(files, address, vec![difference("policy", recorded, live)])
}

#[test]
fn a_policy_is_edited_where_its_statement_is_written() {
    let heredoc = r#"resource "aws_sqs_queue" "q" {
  policy = <<-EOF
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Sid": "Use",
          "Effect": "Allow",
          "Principal": { "AWS": "arn:aws:iam::123456789012:root" },
          "Action": ["a:One"],
          "Resource": "*"
        }
      ]
    }
  EOF
}
"#;
    let object = r#"resource "aws_sns_topic_policy" "t" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Use"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::123456789012:root" }
      Action    = ["a:One"]
      Resource  = "*"
    }]
  })
}
"#;
    let document = r#"data "aws_iam_policy_document" "d" {
  statement {
    sid       = "Use"
    actions   = ["a:One"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::123456789012:root"]
    }
  }
}

resource "aws_kms_key" "k" {
  policy = data.aws_iam_policy_document.d.json
}
"#;
    for (code, address) in [
        (heredoc, "aws_sqs_queue.q"),
        (object, "aws_sns_topic_policy.t"),
        (document, "aws_kms_key.k"),
    ] {
        let (_, after) = with_an_action_more(&[("main.tf", code)], address);
        assert_eq!(after, code.replace("[\"a:One\"]", "[\"a:One\", \"a:Two\"]"));
    }
}

#[test]
fn a_policy_is_edited_in_its_file() {
    let code = "resource \"aws_ecr_repository_policy\" \"r\" {\n  policy = file(\"${path.module}/policy.json\")\n}\n";
    let Value::String(text) = policy(&["a:One"]) else {
        panic!("a policy is a text");
    };
    let files = [("main.tf", code), ("policy.json", text.as_str())];
    let (file, after) = with_an_action_more(&files, "aws_ecr_repository_policy.r");
    assert_eq!(file, "policy.json");
    let after: serde_json::Value = serde_json::from_str(&after).unwrap();
    let actions = serde_json::json!(["a:One", "a:Two"]);
    assert_eq!(after["Statement"][0]["Action"], actions);
}

const ACL: &str = r#"resource "aws_network_acl" "main" {
  vpc_id = "vpc-1"

  ingress {
    rule_no    = 100
    protocol   = "tcp"
    action     = "allow"
    cidr_block = "10.0.0.0/8"
    from_port  = 443
    to_port    = 443
  }

  ingress {
    rule_no    = 110
    protocol   = "tcp"
    action     = "allow"
    cidr_block = "10.0.0.0/8"
    from_port  = 80
    to_port    = 80
  }
}
"#;

/// A rule of a network ACL, as the provider reads it.
fn rule(number: i64, cidr: &str, ports: (i64, i64)) -> Value {
    Value::map([
        ("action", "allow".into()),
        ("cidr_block", cidr.into()),
        ("from_port", ports.0.into()),
        ("icmp_code", 0.into()),
        ("icmp_type", 0.into()),
        ("ipv6_cidr_block", "".into()),
        ("protocol", "6".into()),
        ("rule_no", number.into()),
        ("to_port", ports.1.into()),
    ])
}

/// Adopts other rules of the ACL.
fn with_rules(live: Vec<Value>) -> String {
    let recorded = vec![
        rule(100, "10.0.0.0/8", (443, 443)),
        rule(110, "10.0.0.0/8", (80, 80)),
    ];
    let ingress = difference("ingress", Value::List(recorded), Value::List(live));
    adopted_in(&[("main.tf", ACL)], "aws_network_acl.main", vec![ingress]).1
}

#[test]
fn a_rule_of_a_network_acl_is_edited_in_its_block() {
    let after = with_rules(vec![
        rule(100, "10.0.0.0/8", (443, 443)),
        rule(110, "0.0.0.0/0", (80, 8080)),
    ]);
    let (first, second) = ACL.split_at(ACL.rfind("ingress").unwrap());
    let second = second
        .replace("10.0.0.0/8", "0.0.0.0/0")
        .replace("to_port    = 80", "to_port    = 8080");
    assert_eq!(after, format!("{first}{second}"));
}

#[test]
fn a_new_rule_of_a_network_acl_is_a_block_like_those_beside_it() {
    let added = with_rules(vec![
        rule(100, "10.0.0.0/8", (443, 443)),
        rule(110, "10.0.0.0/8", (80, 80)),
        rule(120, "0.0.0.0/0", (22, 22)),
    ]);
    let block = r#"
  ingress {
    rule_no    = 120
    protocol   = "tcp"
    action     = "allow"
    cidr_block = "0.0.0.0/0"
    from_port  = 22
    to_port    = 22
  }
}
"#;
    assert_eq!(
        added,
        format!("{}{block}", ACL.strip_suffix("}\n").unwrap())
    );
}
