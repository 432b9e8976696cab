//! What a provider is asked about edits that drop code, and that take something over.

use super::fake::NO_ATTACHMENT;
use super::scan::{BUCKET, BUCKET_STATE, CODE, STATE, checkout, folder};
use crate::aws::{CONSOLE, Checkout, moto, shop};
use serde_json::{Value, json};

/// Fixes a stack of a queue, and of a bucket that AWS does not have, through a provider that behaves so. Returns the fixes
/// by type, and the code after them.
async fn dropped(behaviour: &str) -> (impl Fn(&str) -> Value, String) {
    let aws = moto().await;
    let folder = folder(behaviour, "{}");
    let checkout = checkout("");
    let in_region = |text: &str| text.replace("eu-west-1", "us-east-1");
    checkout.write("queue/main.tf", &in_region(&format!("{CODE}{BUCKET}")));
    let state = STATE.replacen(r#""resources": ["#, BUCKET_STATE, 1);
    checkout.write("queue.tfstate", &in_region(&state));
    let arguments = ["fix", "--adopt", "queue", "--state", "queue.tfstate"];
    let options = ["--unmanaged", "off", "--format", "json", "--providers"];
    let folder = folder.path().to_str().unwrap();
    let arguments = [&arguments[..], &options, &[folder]].concat();
    let run = checkout.driftguard(aws.url(), &arguments);
    let report = run.json();
    let findings = report["stacks"][0]["findings"].as_array().unwrap().clone();
    let fix = move |tf_type: &str| {
        let found = findings.iter().find(|finding| finding["type"] == tf_type);
        found.map_or(Value::Null, |finding| finding["fix"].clone())
    };
    (fix, checkout.read("queue/main.tf"))
}

#[tokio::test]
async fn code_is_dropped_of_what_the_provider_does_not_find_either() {
    let (fix, code) = dropped("null").await;
    let proof = json!({"by": "provider", "remaining": []});
    // A native reader read the bucket; the provider itself the queue.
    for tf_type in ["aws_s3_bucket", "aws_sqs_queue"] {
        let fix = fix(tf_type);
        let told = (&fix["kind"], &fix["proof"]);
        assert_eq!(told, (&"remove".into(), &proof), "{fix}");
        assert!(!code.contains(tf_type), "{code}");
    }
}

#[tokio::test]
async fn code_is_kept_of_what_the_provider_still_finds() {
    let (fix, code) = dropped("ok").await;
    let fix = fix("aws_s3_bucket");
    let reason =
        "the provider still finds it in AWS: an apply of the code without it would destroy it";
    let told = (&fix["kind"], &fix["reason"]);
    assert_eq!(told, (&"refused".into(), &reason.into()), "{fix}");
    assert!(code.contains("acme-clean"), "{code}");
}

#[tokio::test]
async fn what_the_provider_was_denied_proves_nothing() {
    let (fix, code) = dropped("null, denied").await;
    let fix = fix("aws_s3_bucket");
    let told = (&fix["kind"], &fix["proof"]["by"]);
    assert_eq!(told, (&"remove".into(), &"comparison".into()), "{fix}");
    assert!(!code.contains("acme-clean"), "{code}");
}

/// Imports what somebody attached to a role of the shop, through a provider that behaves so.
async fn imported(behaviour: &str) -> (Value, bool) {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let folder = folder(behaviour, "{}");
    let checkout = Checkout::new();
    let folder = folder.path().to_str().unwrap();
    let arguments = ["fix", "--import", "--format", "json", "--providers", folder];
    let run = checkout.driftguard(aws.url(), &arguments);
    let report = run.json();
    let stacks = report["stacks"].as_array().unwrap().iter();
    let findings = stacks.flat_map(|stack| stack["findings"].as_array().unwrap());
    let mut findings =
        findings.filter(|finding| finding["type"] == "aws_iam_role_policy_attachment");
    let fix = findings.next().unwrap()["fix"].clone();
    let code = std::fs::read_dir(checkout.path().join("infra/production"));
    let mut code = code
        .unwrap()
        .filter_map(|file| std::fs::read_to_string(file.unwrap().path()).ok());
    (fix, code.any(|text| text.contains("import {")))
}

#[tokio::test]
async fn what_is_imported_is_read_and_planned_by_the_provider() {
    let (fix, is_written) = imported("ok").await;
    let proof = json!({"by": "provider", "remaining": []});
    let told = (&fix["kind"], &fix["proof"], is_written);
    assert_eq!(told, (&"import".into(), &proof, true), "{fix}");
    let (fix, is_written) = imported(NO_ATTACHMENT).await;
    let told = (&fix["kind"], is_written);
    assert_eq!(told, (&"refused".into(), false), "{fix}");
    let reason = fix["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("the provider does not take the edited code"),
        "{fix}"
    );
}
