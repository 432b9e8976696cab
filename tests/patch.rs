//! Splices: what changes, what stays, and what is refused with its reason.

use driftguard::code::{self, Options};
use driftguard::model::{Difference, Finding, FixKind, Kind, Severity, Tree, Value, Verdict};
use driftguard::patch::{self, Direction, Stack};
use driftguard::resources;

/// A drift: address, path, what the state says, what AWS has.
type Drift<'a> = (&'a str, &'a str, Value, Value);

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
    direction: Direction,
    verdict: Verdict,
) -> (String, Vec<(FixKind, String)>) {
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
    };
    let mut findings: Vec<_> = drifts.iter().map(|drift| finding(drift, verdict)).collect();
    let changed = patch::plan(&mut findings, &stack, direction);
    let after = changed
        .get("main.tf")
        .map_or(code.as_bytes(), Vec::as_slice)
        .to_vec();
    let done = findings.into_iter().map(|finding| {
        let fix = finding.fix.unwrap();
        (fix.kind, fix.reason.unwrap_or_default())
    });
    (String::from_utf8(after).unwrap(), done.collect())
}

/// The code after all of it was adopted.
fn adopted(code: &str, drifts: &[Drift<'_>]) -> String {
    let (after, done) = fix(code, drifts, Direction::Adopt, Verdict::Drift);
    assert!(
        done.iter().all(|(kind, _)| *kind != FixKind::Refused),
        "{done:?}"
    );
    after
}

/// Why one drift was not adopted; the code is as it was.
fn refused(code: &str, drift: Drift<'_>) -> String {
    let (after, done) = fix(code, &[drift], Direction::Adopt, Verdict::Drift);
    assert_eq!(after, code);
    assert_eq!(done[0].0, FixKind::Refused);
    done[0].1.clone()
}

const WEB: &str = r#"# The web server.
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
    assert!(refused(local, drift()).contains("local at main.tf:2"));
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
        Direction::Adopt,
        Verdict::Drift,
    );
    assert_eq!((after.as_str(), done[0].0), (other, FixKind::Forget));
    let user = "output \"id\" {\n  value = aws_instance.web.id\n}\n";
    let gone: Drift<'_> = ("aws_instance.web", "", Value::Null, Value::Null);
    let (after, done) = fix(
        &format!("{WEB}\n{user}"),
        &[gone],
        Direction::Adopt,
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
    let (after, done) = fix(WEB, &[drift()], Direction::Restore, Verdict::Drift);
    assert_eq!((after.as_str(), done[0].0), (WEB, FixKind::Restore));
    let drift: Drift<'_> = (
        "aws_instance.web",
        "source_dest_check",
        true.into(),
        false.into(),
    );
    let (after, done) = fix(WEB, &[drift], Direction::Restore, Verdict::UnseenByPlan);
    assert_eq!(done[0].0, FixKind::Restore);
    assert!(after.contains("  source_dest_check"), "{after}");
}
