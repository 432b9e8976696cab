//! The Terraform of docs/events.md is what the real one validated and planned; `record.py` records that.

use driftguard::web::events::PATH;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const PAGE: &str = include_str!("../../docs/events.md");
const RECORDED: &str = include_str!("events.json");
/// The version of the provider that is recorded.
const VERSIONS: &str = "terraform {\n  required_providers {\n    aws = { source = \"hashicorp/aws\", version = \"5.100.0\" }\n  }\n}\n";

/// The block of the page.
fn block() -> &'static str {
    let (_, rest) = PAGE.split_once("```hcl\n").unwrap();
    rest.split_once("```\n").unwrap().0
}

#[test]
fn the_terraform_of_the_page_is_the_one_that_was_planned_and_sends_to_the_server() {
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    assert_eq!(
        recorded["block"],
        hex::encode(Sha256::digest(block())),
        "record it anew: tests/api/record.py"
    );
    let planned = &recorded["planned"];
    let destination = &planned["aws_cloudwatch_event_api_destination.driftguard"];
    let endpoint = format!("https://driftguard.example.com{PATH}");
    assert_eq!(destination["invocation_endpoint"], endpoint);
    assert_eq!(destination["http_method"], "POST");
    let rule = &planned["aws_cloudwatch_event_rule.driftguard"]["event_pattern"];
    let rule: Value = serde_json::from_str(rule.as_str().unwrap()).unwrap();
    assert_eq!(rule["detail-type"][0], "AWS API Call via CloudTrail");
    assert_eq!(planned.as_object().unwrap().len(), 6, "{planned}");
}

/// Where Terraform and a mirror of providers are at hand, as `TF_CLI_CONFIG_FILE` names one, Terraform itself is asked.
#[test]
fn the_terraform_of_the_page_is_valid() {
    let mirror = std::env::var_os("TF_CLI_CONFIG_FILE");
    let Some(mirror) = mirror.filter(|file| Path::new(file).is_file()) else {
        eprintln!("SKIPPED: no providers for Terraform on this machine");
        return;
    };
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("main.tf"), block()).unwrap();
    std::fs::write(folder.path().join("versions.tf"), VERSIONS).unwrap();
    for arguments in [
        &["fmt", "-check", "-diff", "main.tf"][..],
        &["init", "-input=false", "-no-color"],
        &["validate", "-no-color"],
    ] {
        let Some(done) = terraform(folder.path(), &mirror, arguments) else {
            eprintln!("SKIPPED: no Terraform on this machine");
            return;
        };
        if arguments[0] == "init" && !done.status.success() {
            eprintln!("SKIPPED: no such provider on this machine: {done:?}");
            return;
        }
        assert!(done.status.success(), "{arguments:?}: {done:?}");
    }
}

fn terraform(folder: &Path, mirror: &OsStr, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new("terraform");
    command.args(arguments).current_dir(folder);
    command.env("TF_CLI_CONFIG_FILE", mirror);
    command.env("CHECKPOINT_DISABLE", "1");
    command.output().ok()
}
