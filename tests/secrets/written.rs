//! What looks like a secret is never written into code, and what nobody sees only as an escape.

use crate::patch::{Drift, WEB, adopted, refused};
use driftguard::model::{Redactor, Value};

/// Values as AWS has them, not sealed: the last net before a file.
const CREDENTIALS: &[&str] = &[
    "postgres://shop:hunter2-prod@db/shop",
    "Server=db;Pwd=hunter2-prod;",
    "AKIAIOSFODNN7EXAMPLE",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIhunter2\n-----END RSA PRIVATE KEY-----\n",
];

#[test]
fn a_credential_is_adopted_into_no_literal_no_tag_and_no_policy() {
    let policy = |resource: &str| {
        serde_json::json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]})
        .to_string()
    };
    let role = "resource \"aws_iam_role_policy\" \"a\" {\n  name = \"a\"\n  role = \"web\"\n  policy = jsonencode({\n    \
                Version = \"2012-10-17\"\n    Statement = [{ Effect = \"Allow\", Action = \"s3:GetObject\", Resource = \"*\" }]\n  })\n}\n";
    for credential in CREDENTIALS {
        let live = Value::from(*credential);
        let drifts: [(&str, Drift<'_>); 3] = [
            (
                WEB,
                ("aws_instance.web", "ami", "ami-1".into(), live.clone()),
            ),
            (
                WEB,
                (
                    "aws_instance.web",
                    "tags[\"Role\"]",
                    "web".into(),
                    live.clone(),
                ),
            ),
            (
                WEB,
                (
                    "aws_instance.web",
                    "tags[\"New\"]",
                    Value::Null,
                    live.clone(),
                ),
            ),
        ];
        for (code, drift) in drifts {
            let path = drift.1.to_owned();
            let reason = refused(code, drift);
            assert!(
                reason.contains("looks like a credential"),
                "{path}: {reason}"
            );
            assert!(
                !reason.contains("hunter2") && !reason.contains("AKIA"),
                "{path}: {reason}"
            );
        }
        let drift = (
            "aws_iam_role_policy.a",
            "policy",
            policy("*").into(),
            policy(credential).into(),
        );
        let reason = refused(role, drift);
        assert!(reason.contains("credential"), "{credential}: {reason}");
    }
}

#[test]
fn what_was_sealed_is_refused_with_what_to_do() {
    let live = Redactor::new(b"key").fingerprint(&"hunter2".into());
    let reason = refused(
        WEB,
        ("aws_instance.web", "tags[\"Role\"]", "web".into(), live),
    );
    assert!(reason.contains("secret"), "{reason}");
}

/// What turns a text around or hides in it is seen by whoever reviews the change.
#[test]
fn what_nobody_sees_is_written_as_an_escape() {
    let live = "a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{e0041}f";
    let after = adopted(
        WEB,
        &[(
            "aws_instance.web",
            "tags[\"Role\"]",
            "web".into(),
            live.into(),
        )],
    );
    let line = after.lines().find(|line| line.contains("Role")).unwrap();
    assert_eq!(
        line.trim(),
        r#"Role = "a\u202eb\u2066c\u200bd\ufeffe\U000e0041f""#
    );
    // A key of a map, which has no quotes of its own.
    let after = adopted(
        WEB,
        &[(
            "aws_instance.web",
            "tags[\"k\u{202e}y\"]",
            Value::Null,
            "x".into(),
        )],
    );
    assert!(after.contains(r#""k\u202ey""#), "{after}");
}
