//! Buckets in the style of the provider's version 3: blocks inside `aws_s3_bucket` that resources of their own replace today.
//!
//! `tests/older` holds such a stack, the calls with which Terraform made it, its state right after that and after
//! `terraform apply -refresh-only`, and what somebody then did in the console; `scripts/record-stack tests/older PROVIDERS`
//! makes them anew. Each of those changes is an update in the real provider's plan.

use crate::aws::{Checkout, Run, moto};
use crate::parity::differences;
use driftguard::standin::moto::Moto;

const ACCOUNT: &str = include_str!("older/account.jsonl");
const APPLIED: &str = include_str!("older/terraform.tfstate");
const REFRESHED: &str = include_str!("older/refreshed.tfstate");
const CONSOLE: &str = include_str!("older/console.jsonl");
const CODE: &str = include_str!("older/repo/infra/production/main.tf");

const CHANGES: &[&str] = &[
    "aws_s3_bucket.data cors_rule, lifecycle_rule, logging, server_side_encryption_configuration, versioning",
    "aws_s3_bucket.locked object_lock_configuration",
    "aws_s3_bucket.site policy, website",
    "aws_s3_bucket.source replication_configuration",
    "aws_s3_bucket_versioning.newer versioning_configuration",
];

/// Scans the stack, with this code and this state.
fn scan(aws: &Moto, code: &str, state: &str) -> Run {
    let checkout = Checkout::new();
    std::fs::remove_dir_all(checkout.path().join("infra")).unwrap();
    std::fs::remove_file(checkout.path().join(".driftguard.yml")).unwrap();
    checkout.write("main.tf", code);
    checkout.write("given.tfstate", state);
    let arguments = [
        "scan",
        "--state",
        "given.tfstate",
        "--unmanaged",
        "off",
        "--format",
        "json",
    ];
    checkout.driftguard(aws.url(), &arguments)
}

/// The findings of a scan: each address with the attributes that differ.
fn found(run: &Run) -> Vec<String> {
    let report = run.json();
    let findings = report["stacks"][0]["findings"].as_array().unwrap().clone();
    let words = findings.iter().map(|finding| {
        let paths = finding["attributes"].as_array().unwrap().iter();
        let paths = paths.map(|one| {
            one["path"]
                .as_str()
                .unwrap()
                .split('[')
                .next()
                .unwrap()
                .to_owned()
        });
        let mut paths: Vec<_> = paths.collect();
        paths.dedup();
        format!(
            "{} {}",
            finding["address"].as_str().unwrap(),
            paths.join(", ")
        )
    });
    words.collect()
}

/// Code of which nothing is evaluated: each block stands in a module that is not in the repository.
const ELSEWHERE: &str = r#"
terraform {
  backend "s3" {
    bucket = "b"
    key    = "k"
  }
}
module "all" { source = "example.com/acme/buckets/aws" }
"#;

#[tokio::test]
async fn the_older_blocks_of_a_bucket_are_read_where_code_sets_them_or_nobody_knows_the_code() {
    let aws = moto().await;
    aws.replay(ACCOUNT).await.unwrap();
    for state in [APPLIED, REFRESHED] {
        for code in [CODE, ELSEWHERE] {
            let run = scan(&aws, code, state);
            assert_eq!(found(&run), [""; 0], "{run:?}");
            assert_eq!(run.code, 0, "{run:?}");
            assert_eq!(run.json()["stacks"][0]["set_aside"], serde_json::json!([]));
        }
    }
    aws.replay(CONSOLE).await.unwrap();
    for code in [CODE, ELSEWHERE] {
        let run = scan(&aws, code, APPLIED);
        assert_eq!(found(&run), CHANGES, "{run:?}");
        assert_eq!(run.code, 2);
    }
    // What is known of the code alone is not what others set: a block that it leaves out is not read.
    let newer = CODE.replace("  versioning {\n    enabled = true\n  }\n", "");
    let told = found(&scan(&aws, &newer, APPLIED));
    assert!(!told[0].contains("versioning"), "{told:?}");
}

#[tokio::test]
async fn the_older_blocks_are_read_as_the_provider_writes_them() {
    let aws = moto().await;
    aws.replay(ACCOUNT).await.unwrap();
    let (_, wrong, _) = differences(aws.url(), REFRESHED).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_the_code_sets_and_nothing_reads_is_named_in_the_coverage() {
    let aws = moto().await;
    aws.replay(ACCOUNT).await.unwrap();
    let code = CODE.replacen(
        "bucket = \"older-logs\"",
        "bucket = \"older-logs\"\n  force_destroy = true",
        1,
    );
    let run = scan(&aws, &code, APPLIED);
    let rows = run.json()["stacks"][0]["coverage"]
        .as_array()
        .unwrap()
        .clone();
    let named = rows.iter().filter(|row| row.get("never_read").is_some());
    let named: Vec<_> = named
        .map(|row| (row["type"].clone(), row["never_read"].clone()))
        .collect();
    assert_eq!(
        named,
        [(
            "aws_s3_bucket".into(),
            serde_json::json!(["acl", "force_destroy"])
        )]
    );
    assert_eq!(run.code, 0);
}
