//! Splices: what changes, what stays, and what is refused with its reason.

use crate::recorded_stack;
use driftguard::code::{self, Options};
use driftguard::model::{Difference, Finding, FixKind, Kind, Severity, Tree, Value, Verdict};
use driftguard::patch::{self, FixPolicy, Stack};
use driftguard::resources;

/// A drift: address, path, what the state says, what AWS has.
pub type Drift<'a> = (&'a str, &'a str, Value, Value);

fn finding((address, path, recorded, live): &Drift<'_>, verdict: Verdict) -> Finding {
    let attributes = match path.is_empty() {
        true => Vec::new(),
        false => vec![Difference {
            path: (*path).to_owned(),
            verdict,
            declared: None,
            recorded: recorded.clone(),
            live: live.clone(),
            added: Vec::new(),
            removed: Vec::new(),
            defined_in: None,
        }],
    };
    let kind = if path.is_empty() {
        Kind::Deleted
    } else {
        Kind::Modified
    };
    let tf_type = address.split('.').rev().nth(1).unwrap_or_default();
    Finding {
        address: Some(address.parse().unwrap()),
        attributes,
        severity: Severity::Low,
        ..Finding::new(kind, verdict, tf_type)
    }
}

/// The code after a fix, and what was done about each drift: the kind, and the reason where there is one.
fn fix(
    code: &str,
    drifts: &[Drift<'_>],
    direction: FixPolicy,
    verdict: Verdict,
) -> (String, Vec<(FixKind, String)>) {
    let mut findings: Vec<_> = drifts.iter().map(|drift| finding(drift, verdict)).collect();
    let after = planned(code, &mut findings, direction);
    let done = findings.into_iter().map(|finding| {
        let fix = finding.fix.unwrap();
        (fix.kind, fix.reason.unwrap_or_default())
    });
    (after, done.collect())
}

/// The code after the fix of these findings, each of which is told what was done.
fn planned(code: &str, findings: &mut [Finding], direction: FixPolicy) -> String {
    planned_with(code, findings, |_| direction)
}

/// The same, each in the direction of its own.
fn planned_with(
    code: &str,
    findings: &mut [Finding],
    direction: impl Fn(&Finding) -> FixPolicy,
) -> String {
    let tree: Tree = [("main.tf", code)].into_iter().collect();
    let options = Options::default();
    let evaluated = code::evaluate(&tree, "", &options);
    let catalog = resources::catalog();
    let stack = Stack {
        tree: &tree,
        folder: "",
        options: &options,
        declared: &evaluated.declared,
        catalog: &catalog,
        others: Vec::new(),
    };
    let changed = patch::plan_with(findings, &stack, direction);
    let after = changed
        .get("main.tf")
        .map_or(code.as_bytes(), Vec::as_slice);
    String::from_utf8(after.to_vec()).unwrap()
}

/// The code after all of it was adopted.
pub fn adopted(code: &str, drifts: &[Drift<'_>]) -> String {
    let (after, done) = fix(code, drifts, FixPolicy::Adopt, Verdict::Drift);
    assert!(
        done.iter().all(|(kind, _)| *kind != FixKind::Refused),
        "{done:?}"
    );
    after
}

/// Why one drift was not adopted; the code is as it was.
pub fn refused(code: &str, drift: Drift<'_>) -> String {
    let (after, done) = fix(code, &[drift], FixPolicy::Adopt, Verdict::Drift);
    assert_eq!(after, code);
    assert_eq!(done[0].0, FixKind::Refused);
    done[0].1.clone()
}

#[test]
fn a_file_that_may_not_be_as_it_was_committed_is_not_edited() {
    let code = "resource \"aws_instance\" \"web\" {\n  instance_type = \"t3.small\"\n}\n";
    let drift = (
        "aws_instance.web",
        "instance_type",
        "t3.small".into(),
        "t3.large".into(),
    );
    let mut tree: Tree = [("main.tf", code)].into_iter().collect();
    tree.unverified.insert("main.tf".to_owned());
    let how = (&Options::default(), &resources::catalog());
    let mut findings = [finding(&drift, Verdict::Drift)];
    assert!(recorded_stack::adopt(&tree, "", how, &mut findings).is_empty());
    let fix = findings[0].fix.as_ref().unwrap();
    assert_eq!(fix.kind, FixKind::Refused);
    let reason = fix.reason.as_ref().unwrap();
    assert!(
        reason.contains("may not be here as it was committed"),
        "{reason}"
    );
}

pub const WEB: &str = r#"# The web server.
resource "aws_instance" "web" {
  ami           = "ami-1"
  instance_type = "t3.small" # see the capacity plan
  monitoring    = "true"

  user_data = <<-EOT
      #!/bin/sh
    echo ${"$"}HOME
  EOT

  vpc_security_group_ids = ["sg-1", "sg-2"]

  root_block_device {
    volume_type = "gp3"
    volume_size = 20
  }

  tags = {
    Name = "web"
    Role = "web"
  }
}
"#;

#[test]
fn only_the_bytes_of_the_value_change() {
    let drifts = [(
        "aws_instance.web",
        "instance_type",
        "t3.small".into(),
        Value::from("t3.large"),
    )];
    assert_eq!(adopted(WEB, &drifts), WEB.replace("t3.small", "t3.large"));
    let windows = WEB.replace('\n', "\r\n");
    assert_eq!(
        adopted(&windows, &drifts),
        windows.replace("t3.small", "t3.large")
    );
    let bare = WEB.trim_end();
    assert_eq!(adopted(bare, &drifts), bare.replace("t3.small", "t3.large"));
}

#[test]
fn a_value_in_quotes_stays_in_quotes() {
    let drifts = [("aws_instance.web", "monitoring", true.into(), false.into())];
    assert_eq!(adopted(WEB, &drifts), WEB.replace("\"true\"", "\"false\""));
}

#[test]
fn a_part_of_a_nested_block_is_edited_there() {
    let drifts = [(
        "aws_instance.web",
        "root_block_device[0].volume_size",
        20.into(),
        40.into(),
    )];
    assert_eq!(
        adopted(WEB, &drifts),
        WEB.replace("volume_size = 20", "volume_size = 40")
    );
    let drifts = [(
        "aws_instance.web",
        "root_block_device[0].iops",
        3000.into(),
        4000.into(),
    )];
    let with = "    volume_size = 20\n    iops        = 4000\n";
    assert_eq!(
        adopted(WEB, &drifts),
        WEB.replace("    volume_size = 20\n", with)
    );
}

#[test]
fn of_a_list_only_the_items_that_differ_change() {
    let drifts = [(
        "aws_instance.web",
        "vpc_security_group_ids",
        vec!["sg-1", "sg-2"].into(),
        Value::from(vec!["sg-2", "sg-3"]),
    )];
    assert_eq!(
        adopted(WEB, &drifts),
        WEB.replace("[\"sg-1\", \"sg-2\"]", "[\"sg-2\", \"sg-3\"]")
    );
}

#[test]
fn tags_come_and_go_and_their_column_stays_as_terraform_fmt_has_it() {
    let tag = |key: &str, from: Value, to: Value| (format!("tags[\"{key}\"]"), from, to);
    for ((path, from, to), before, after) in [
        (
            tag("Role", "web".into(), "api".into()),
            "Role = \"web\"",
            "Role = \"api\"",
        ),
        (
            tag("Role", "web".into(), Value::Null),
            "    Role = \"web\"\n",
            "",
        ),
        (
            tag("Team", Value::Null, "shop".into()),
            "    Role = \"web\"\n",
            "    Role = \"web\"\n    Team = \"shop\"\n",
        ),
        (
            tag("Environment", Value::Null, "x".into()),
            "    Name = \"web\"\n    Role = \"web\"\n",
            "    Name        = \"web\"\n    Role        = \"web\"\n    Environment = \"x\"\n",
        ),
        (
            tag("with space", Value::Null, "${x}".into()),
            "    Name = \"web\"\n    Role = \"web\"\n",
            "    Name         = \"web\"\n    Role         = \"web\"\n    \"with space\" = \"$${x}\"\n",
        ),
    ] {
        let found = adopted(WEB, &[("aws_instance.web", &path, from, to)]);
        assert_eq!(found, WEB.replace(before, after), "{path}");
    }
}

#[test]
fn what_the_code_leaves_out_is_put_behind_the_last_attribute() {
    let code = "resource \"aws_s3_bucket\" \"a\" {\n  bucket = \"a\"\n}\n";
    let drifts = [(
        "aws_s3_bucket.a",
        "force_destroy",
        false.into(),
        true.into(),
    )];
    assert_eq!(
        adopted(code, &drifts),
        "resource \"aws_s3_bucket\" \"a\" {\n  bucket        = \"a\"\n  force_destroy = true\n}\n"
    );
    let drifts = [(
        "aws_s3_bucket.a",
        "tags[\"Team\"]",
        Value::Null,
        "shop".into(),
    )];
    let found = adopted(code, &drifts);
    assert!(
        found.contains("tags   = {\n    Team = \"shop\"\n  }\n")
            || found.contains("tags = {\n    Team = \"shop\"\n  }\n"),
        "{found}"
    );
}

#[test]
fn two_drifts_of_one_file_are_mended_together() {
    let drifts = [
        (
            "aws_instance.web",
            "instance_type",
            "t3.small".into(),
            Value::from("t3.large"),
        ),
        (
            "aws_instance.web",
            "tags[\"Role\"]",
            "web".into(),
            "api".into(),
        ),
    ];
    let expected = WEB
        .replace("t3.small", "t3.large")
        .replace("Role = \"web\"", "Role = \"api\"");
    assert_eq!(adopted(WEB, &drifts), expected);
}

#[test]
fn what_is_not_written_as_a_value_is_refused_with_its_place() {
    let with = |value: &str| {
        format!(
            "variable \"x\" {{}}\nresource \"aws_instance\" \"web\" {{\n  instance_type = {value}\n}}\n"
        )
    };
    let drift = || {
        (
            "aws_instance.web",
            "instance_type",
            "a".into(),
            Value::from("b"),
        )
    };
    for (value, why) in [
        ("var.x", "set from outside"),
        ("var.x ? \"a\" : \"b\"", "main.tf:3 depends on a condition"),
        ("\"a-${var.x}\"", "main.tf:3 is made from a template"),
        ("lower(\"A\")", "main.tf:3 is made by `lower`"),
        (
            "data.a.b.c",
            "refers to something that the code does not set",
        ),
    ] {
        let reason = refused(&with(value), drift());
        assert!(reason.contains(why), "{value}: {reason}");
    }
    let local = "locals {\n  size = \"a\"\n}\nresource \"aws_instance\" \"web\" {\n  instance_type = local.size\n}\n";
    assert_eq!(adopted(local, &[drift()]), local.replace("\"a\"", "\"b\""));
    let shared = format!("{local}output \"size\" {{\n  value = local.size\n}}\n");
    assert!(refused(&shared, drift()).contains("local at main.tf:2"));
}

#[test]
fn a_value_that_feeds_an_instance_that_did_not_change_is_refused() {
    let code =
        "resource \"aws_instance\" \"web\" {\n  count         = 2\n  instance_type = \"a\"\n}\n";
    let drift = |index: usize| {
        (
            if index == 0 {
                "aws_instance.web[0]"
            } else {
                "aws_instance.web[1]"
            },
            "instance_type",
            Value::from("a"),
            Value::from("b"),
        )
    };
    assert!(refused(code, drift(0)).contains("feeds aws_instance.web[1] as well"));
    assert_eq!(
        adopted(code, &[drift(0), drift(1)]),
        code.replace("\"a\"", "\"b\"")
    );
}

#[test]
fn a_secret_is_never_written() {
    let redactor = driftguard::model::Redactor::new(b"key");
    let live = redactor.fingerprint(&"hunter2".into());
    let code =
        "resource \"aws_db_instance\" \"a\" {\n  identifier = \"a\"\n  password   = \"x\"\n}\n";
    let reason = refused(code, ("aws_db_instance.a", "password", Value::Null, live));
    assert!(reason.contains("secret"), "{reason}");
}

#[test]
fn what_is_gone_leaves_with_its_comment_unless_something_refers_to_it() {
    let other = "resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"b\"\n}\n";
    let gone: Drift<'_> = ("aws_instance.web", "", Value::Null, Value::Null);
    let (after, done) = fix(
        &format!("{WEB}\n{other}"),
        &[gone],
        FixPolicy::Adopt,
        Verdict::Drift,
    );
    assert_eq!((after.as_str(), done[0].0), (other, FixKind::Remove));
    let user = "output \"id\" {\n  value = aws_instance.web.id\n}\n";
    let gone: Drift<'_> = ("aws_instance.web", "", Value::Null, Value::Null);
    let (after, done) = fix(
        &format!("{WEB}\n{user}"),
        &[gone],
        FixPolicy::Adopt,
        Verdict::Drift,
    );
    assert_eq!(after, format!("{WEB}\n{user}"));
    assert!(
        done[0].1.contains("main.tf:26 refers to aws_instance.web"),
        "{done:?}"
    );
}

#[test]
fn a_restore_pins_what_no_plan_would_bring_back_and_else_leaves_the_code() {
    let drift = || -> Drift<'_> {
        (
            "aws_instance.web",
            "instance_type",
            "t3.small".into(),
            "t3.large".into(),
        )
    };
    let (after, done) = fix(WEB, &[drift()], FixPolicy::Restore, Verdict::Drift);
    assert_eq!((after.as_str(), done[0].0), (WEB, FixKind::Restore));
    let drift: Drift<'_> = (
        "aws_instance.web",
        "source_dest_check",
        true.into(),
        false.into(),
    );
    let (after, done) = fix(WEB, &[drift], FixPolicy::Restore, Verdict::UnseenByPlan);
    assert_eq!(done[0].0, FixKind::Restore);
    assert!(after.contains("  source_dest_check"), "{after}");
}

/// A policy with these statements, as AWS answers it.
fn policy(statements: serde_json::Value) -> Value {
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": statements});
    policy.to_string().into()
}

#[test]
fn of_a_policy_only_what_differs_is_rewritten_in_the_codes_own_form() {
    let read = serde_json::json!({"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
    let wide = serde_json::json!({"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:Put${x}"], "Resource": "*"});
    let other = serde_json::json!({"Sid": "Other", "Effect": "Deny", "NotAction": "s3:*", "Resource": "*", "Principal": {"AWS": "123456789012"},
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    let object = r#"resource "aws_iam_policy" "a" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Read" # the shop's
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = "*"
      },
    ]
  })
}
"#;
    let heredoc = "resource \"aws_iam_policy\" \"a\" {\n  policy = <<JSON\n{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Sid\": \"Read\", \"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"*\"}\n  ]\n}\nJSON\n}\n";
    let document = r#"data "aws_iam_policy_document" "a" {
  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = ["*"]
  }
}
resource "aws_iam_policy" "a" {
  policy = data.aws_iam_policy_document.a.json
}
"#;
    let drift = |live: serde_json::Value| {
        [(
            "aws_iam_policy.a",
            "policy",
            policy(serde_json::json!([read])),
            policy(live),
        )]
    };
    let widened = || drift(serde_json::json!([wide]));
    assert_eq!(
        adopted(object, &widened()),
        object.replace("[\"s3:GetObject\"]", "[\"s3:GetObject\", \"s3:Put$${x}\"]")
    );
    assert_eq!(
        adopted(heredoc, &widened()),
        heredoc.replace(
            "\"Action\": \"s3:GetObject\"",
            "\"Action\": [\"s3:GetObject\",\"s3:Put$${x}\"]"
        )
    );
    assert_eq!(
        adopted(document, &widened()),
        document.replace("[\"s3:GetObject\"]", "[\"s3:GetObject\", \"s3:Put$${x}\"]")
    );
    // A statement more, and the same one less.
    let both = || drift(serde_json::json!([read, other]));
    let documented = ["Effect", "Principal", "NotAction", "Resource", "Condition"];
    let arguments = [
        "effect",
        "not_actions",
        "resources",
        "principals",
        "condition",
    ];
    for (code, names) in [
        (object, documented),
        (heredoc, documented),
        (document, arguments),
    ] {
        let more = adopted(code, &both());
        assert!(
            more.starts_with(&code[..40]) && more.len() > code.len(),
            "{more}"
        );
        let (_, mut rest) = more.split_once("Other").unwrap();
        for name in names {
            (_, rest) = rest.split_once(name).expect(&more);
        }
        let back = [(
            "aws_iam_policy.a",
            "policy",
            policy(serde_json::json!([read, other])),
            policy(serde_json::json!([read])),
        )];
        assert_eq!(adopted(&more, &back), code, "{more}");
    }
    let gone = policy(serde_json::json!([]));
    let reason = refused(object, ("aws_iam_policy.a", "policy", Value::Null, gone));
    assert!(reason.contains("nothing would be left"), "{reason}");
}

#[test]
fn a_groups_rules_come_go_and_change_one_by_one() {
    let code = r#"resource "aws_security_group" "web" {
  name = "web"

  ingress {
    description = "ssh"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8", "192.168.0.0/16"]
  }

  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"#;
    let rule = |description: &str, port: i64, cidrs: &[&str]| {
        Value::map([
            ("description", description.into()),
            ("from_port", port.into()),
            ("to_port", port.into()),
            ("protocol", "tcp".into()),
            ("cidr_blocks", cidrs.to_vec().into()),
            ("ipv6_cidr_blocks", Value::List(vec![])),
            ("prefix_list_ids", Value::List(vec![])),
            ("security_groups", Value::List(vec![])),
            ("self", false.into()),
        ])
    };
    let ssh = || rule("ssh", 22, &["10.0.0.0/8", "192.168.0.0/16"]);
    let web = || rule("", 80, &["0.0.0.0/0"]);
    let after = |live: Vec<Value>| {
        let drift = (
            "aws_security_group.web",
            "ingress",
            vec![ssh(), web()].into(),
            Value::from(live),
        );
        adopted(code, &[drift])
    };
    assert_eq!(
        after(vec![rule("ssh", 22, &["10.0.0.0/8"]), web()]),
        code.replace(", \"192.168.0.0/16\"", "")
    );
    assert_eq!(
        after(vec![rule("ssh", 22, &["10.0.0.0/8", "10.9.0.0/16"]), web()]),
        code.replace("192.168.0.0/16", "10.9.0.0/16")
    );
    let beside = after(vec![ssh(), rule("", 80, &["0.0.0.0/0", "10.9.0.0/16"])]);
    assert_eq!(beside.matches("ingress {").count(), 3, "{beside}");
    assert!(beside.contains("    cidr_blocks = [\"10.9.0.0/16\"]\n  }\n}\n"));
    assert_eq!(
        after(vec![ssh(), rule("", 8080, &["0.0.0.0/0"])]),
        code.replace("= 80\n", "= 8080\n")
    );
    let last = "\n  ingress {\n    from_port   = 80\n    to_port     = 80\n    protocol    = \"tcp\"\n    cidr_blocks = [\"0.0.0.0/0\"]\n  }\n";
    assert_eq!(after(vec![ssh()]), code.replace(last, ""));
    let new = "\n  ingress {\n    description = \"tls\"\n    from_port   = 443\n    to_port     = 443\n    protocol    = \"tcp\"\n    cidr_blocks = [\"0.0.0.0/0\"]\n  }\n";
    assert_eq!(
        after(vec![ssh(), web(), rule("tls", 443, &["0.0.0.0/0"])]),
        code.replace(last, &format!("{last}{new}"))
    );
    let more = after(vec![
        ssh(),
        web(),
        rule("", 1, &["::1/1"]),
        rule("", 2, &["::2/1"]),
    ]);
    assert_eq!(more.matches("ingress {").count(), 4, "{more}");
    let dynamic = code
        .replace(
            "  ingress {\n    from_port   = 80",
            "  dynamic \"ingress\" {\n    for_each = [1]\n    content {\n    from_port   = 80",
        )
        .replace("[\"0.0.0.0/0\"]\n  }", "[\"0.0.0.0/0\"]\n  }\n  }");
    let drift = (
        "aws_security_group.web",
        "ingress",
        vec![ssh(), web()].into(),
        vec![ssh()].into(),
    );
    assert!(refused(&dynamic, drift).contains("is not written as plain blocks"));
}

#[test]
fn a_part_of_a_block_in_a_set_is_edited_where_it_stands() {
    let code = r#"resource "aws_s3_bucket_server_side_encryption_configuration" "a" {
  bucket = "a"

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}
"#;
    let rule = |algorithm: &str| {
        let inner = Value::map([
            ("sse_algorithm", algorithm.into()),
            ("kms_master_key_id", "".into()),
        ]);
        let name = "apply_server_side_encryption_by_default";
        Value::List(vec![Value::map([(name, Value::List(vec![inner]))])])
    };
    let address = "aws_s3_bucket_server_side_encryption_configuration.a";
    assert_eq!(
        adopted(code, &[(address, "rule", rule("AES256"), rule("aws:kms"))]),
        code.replace("AES256", "aws:kms")
    );
}

#[test]
fn what_is_gone_of_a_map_is_taken_out_of_it() {
    let code = r#"locals {
  workers = {
    email   = { type = "t3.micro" }
    reports = { type = "m5.large" } # nightly
  }
}
resource "aws_instance" "worker" {
  for_each      = local.workers
  instance_type = each.value.type
}
"#;
    let gone = |key: &str| {
        let address = format!("aws_instance.worker[\"{key}\"]");
        let (after, done) = fix(
            code,
            &[(&address, "", Value::Null, Value::Null)],
            FixPolicy::Adopt,
            Verdict::Drift,
        );
        (after, done[0].0)
    };
    let without = code.replace("    email   = { type = \"t3.micro\" }\n", "");
    assert_eq!(gone("email"), (without, FixKind::Remove));
    let used = format!("{code}output \"x\" {{\n  value = aws_instance.worker[\"email\"].id\n}}\n");
    let drift = (
        "aws_instance.worker[\"email\"]",
        "",
        Value::Null,
        Value::Null,
    );
    assert!(refused(&used, drift).contains("refers to aws_instance.worker[\"email\"]"));
}

#[test]
fn a_restore_says_what_the_code_left_out() {
    let code = "resource \"aws_db_instance\" \"main\" {\n  multi_az = true\n}\n";
    let drift = (
        "aws_db_instance.main",
        "publicly_accessible",
        false.into(),
        Value::from(true),
    );
    let mut findings = [finding(&drift, Verdict::Drift)];
    findings[0].attributes[0].declared = Some(Value::Null);
    assert_eq!(
        planned(code, &mut findings, FixPolicy::Restore),
        "resource \"aws_db_instance\" \"main\" {\n  multi_az            = true\n  publicly_accessible = false\n}\n"
    );
    let fix = findings[0].fix.as_ref().unwrap();
    assert!(fix.reason.as_ref().unwrap().contains("left out"));
}

#[test]
fn letters_of_several_bytes_stand_where_they_like() {
    let forced = ("a.b", "force_destroy", false.into(), Value::from(true));
    for code in [
        "resource \"a\" \"b\" {\n  x = é\n}\n",
        "resource \"a\" \"b\" {\n  x = 1\n} # é",
    ] {
        let _ = fix(
            code,
            std::slice::from_ref(&forced),
            FixPolicy::Adopt,
            Verdict::Drift,
        );
        let gone = ("a.b", "", Value::Null, Value::Null);
        let _ = fix(code, &[gone], FixPolicy::Adopt, Verdict::Drift);
    }
    let tagged = "resource \"a\" \"b\" {\n  tags = {\n    x = é\n  }\n}\n";
    let tag = ("a.b", "tags[\"Team\"]", Value::Null, Value::from("shop"));
    let _ = fix(tagged, &[tag], FixPolicy::Adopt, Verdict::Drift);
}

#[test]
fn where_there_is_no_place_for_an_edit_none_is_made() {
    let forced = || {
        (
            "aws_s3_bucket.a",
            "force_destroy",
            false.into(),
            Value::from(true),
        )
    };
    let one_line = "resource \"aws_s3_bucket\" \"a\" { bucket = \"a\" }\n";
    assert!(refused(one_line, forced()).contains("stands on one line"));
    let twice = "resource \"aws_s3_bucket\" \"a\" {\n  bucket = \"a\"\n}\nresource \"aws_s3_bucket\" \"a\" {\n  bucket = \"b\"\n}\n";
    assert!(refused(twice, forced()).contains("was not found"));
    // The second parser knows no such number: that is no reason against an edit.
    let number =
        "resource \"aws_s3_bucket\" \"a\" {\n  bucket = \"a\"\n}\nlocals {\n  big = 1e3\n}\n";
    assert!(adopted(number, &[forced()]).contains("force_destroy = true"));
}

#[test]
fn blocks_that_are_not_known_are_not_taken_for_none() {
    let code =
        "resource \"aws_security_group\" \"a\" {\n  name = \"a\"\n  dynamic \"egress\" {}\n}\n";
    let drift = (
        "aws_security_group.a",
        "egress",
        Value::Null,
        Value::from("1"),
    );
    let reason = refused(code, drift);
    assert!(
        reason.contains("is not written as plain blocks"),
        "{reason}"
    );
}

#[test]
fn a_canned_grant_that_feeds_another_bucket_is_left_alone() {
    let group = |uri: &str, permission: &str| {
        let grantee = Value::map([("type", "Group".into()), ("uri", Value::from(uri))]);
        Value::map([
            ("grantee", Value::List(vec![grantee])),
            ("permission", permission.into()),
        ])
    };
    let public = group("http://acs.amazonaws.com/groups/global/AllUsers", "READ");
    let owner = Value::map([("id", Value::from("me"))]);
    let policy = Value::List(vec![Value::map([
        ("grant", Value::List(vec![public.clone()])),
        ("owner", Value::List(vec![owner])),
    ])]);
    let adopt = |code: &str, address: &str| {
        let grants = Value::List(vec![public.clone()]);
        let path = "access_control_policy[0].grant";
        let drift = (address, path, Value::List(vec![]), grants);
        let mut findings = [finding(&drift, Verdict::UnseenByPlan)];
        findings[0]
            .after
            .insert("access_control_policy".to_owned(), policy.clone());
        let after = planned(code, &mut findings, FixPolicy::Adopt);
        (after, findings[0].fix.clone().unwrap())
    };
    let one = "resource \"aws_s3_bucket_acl\" \"a\" {\n  acl = \"private\"\n}\n";
    let (after, fix) = adopt(one, "aws_s3_bucket_acl.a");
    assert_eq!(fix.kind, FixKind::Adopt, "{:?}", fix.reason);
    assert_eq!(after, one.replace("private", "public-read"));
    let two = "resource \"aws_s3_bucket_acl\" \"a\" {\n  count = 2\n  acl   = \"private\"\n}\n";
    let (after, fix) = adopt(two, "aws_s3_bucket_acl.a[0]");
    assert_eq!((after.as_str(), fix.kind), (two, FixKind::Refused));
    let reason = fix.reason.unwrap();
    assert!(reason.contains("feeds aws_s3_bucket_acl.a[1]"), "{reason}");
}

#[test]
fn each_finding_goes_the_way_that_was_chosen_for_it() {
    let drifts: [Drift<'_>; 2] = [
        (
            "aws_instance.web",
            "instance_type",
            "t3.small".into(),
            "t3.large".into(),
        ),
        ("aws_instance.web", "monitoring", true.into(), false.into()),
    ];
    let mut findings = drifts.map(|drift| finding(&drift, Verdict::Drift));
    let after = planned_with(WEB, &mut findings, |finding| {
        match finding.attributes[0].path.as_str() {
            "monitoring" => FixPolicy::Adopt,
            _ => FixPolicy::Restore,
        }
    });
    assert_eq!(after, WEB.replace("\"true\"", "\"false\""));
    let kinds = findings.map(|finding| finding.fix.unwrap().kind);
    assert_eq!(kinds, [FixKind::Restore, FixKind::Adopt]);
}

#[test]
fn a_value_that_feeds_an_instance_which_goes_another_way_is_refused() {
    let code =
        "resource \"aws_instance\" \"web\" {\n  count         = 2\n  instance_type = \"a\"\n}\n";
    let drifts: [Drift<'_>; 2] = [
        (
            "aws_instance.web[0]",
            "instance_type",
            "a".into(),
            "b".into(),
        ),
        (
            "aws_instance.web[1]",
            "instance_type",
            "a".into(),
            "b".into(),
        ),
    ];
    let mut findings = drifts.map(|drift| finding(&drift, Verdict::Drift));
    let first = findings[0].address.clone();
    let after = planned_with(code, &mut findings, |finding| {
        match finding.address == first {
            true => FixPolicy::Adopt,
            false => FixPolicy::Restore,
        }
    });
    assert_eq!(after, code);
    let kinds = findings.map(|finding| finding.fix.unwrap().kind);
    assert_eq!(kinds, [FixKind::Refused, FixKind::Restore]);
}
