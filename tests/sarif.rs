//! SARIF as others read it: held to its own schema, and to what GitHub takes of it.

use crate::aws::{CONSOLE, Checkout, shop};
use crate::{npm, report::world};
use driftguard::model::{Finding, FindingId, Report, Severity, StackReport, Status};
use driftguard::report;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The package that the schema of OASIS comes in.
const PACKAGE: &str = "@microsoft/jest-sarif@1.0.0-beta.0";

/// Reads a file, and holds it to the schema and to what GitHub documents.
fn read(text: &str) -> Value {
    static SCHEMA: LazyLock<Option<jsonschema::Validator>> = LazyLock::new(|| {
        let file = npm::package(PACKAGE)?.join("lib/schemas/sarif-2.1.0-rtm.5.json");
        // One pattern, of something that we don't write, holds a stray bracket: only JavaScript reads it.
        let text = std::fs::read_to_string(file).unwrap();
        let schema = serde_json::from_str(&text.replace("{2}]?$", "{2}$")).unwrap();
        Some(jsonschema::validator_for(&schema).unwrap())
    });
    let file: Value = serde_json::from_str(text).unwrap();
    if let Some(schema) = &*SCHEMA {
        let wrong: Vec<_> = schema
            .iter_errors(&file)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(wrong, [""; 0]);
    }
    taken_by_github(&file);
    file
}

/// What GitHub asks for besides the schema.
fn taken_by_github(file: &Value) {
    assert_eq!(file["version"], "2.1.0");
    assert_eq!(file["runs"].as_array().unwrap().len(), 1);
    let driver = &file["runs"][0]["tool"]["driver"];
    let rules = driver["rules"].as_array().unwrap();
    let ids: BTreeSet<_> = rules
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), rules.len(), "a rule stands once");
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{rule}");
        }
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 20);
        let score = rule["properties"]["security-severity"].as_str().unwrap();
        assert!((0.1..=10.0).contains(&score.parse::<f64>().unwrap()));
    }
    let results = file["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() <= 25_000);
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(rule["defaultConfiguration"]["level"], result["level"]);
        assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
        assert_eq!(result["locations"].as_array().unwrap().len(), 1);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(
            !uri.is_empty() && !uri.starts_with('/') && !uri.contains([' ', ':', '\\']),
            "{uri}"
        );
        assert!(place["region"]["startLine"].as_u64().unwrap() > 0);
    }
}

fn results(file: &Value) -> Vec<String> {
    let results = file["runs"][0]["results"].as_array().unwrap().iter();
    let words = results.map(|result| {
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        let line = &place["region"]["startLine"];
        let aside = match result["suppressions"][0]["justification"].as_str() {
            Some(reason) => format!(", aside: {reason}"),
            None => String::new(),
        };
        let level = result["level"].as_str().unwrap();
        format!(
            "{level} {} {uri}:{line}{aside}",
            result["ruleId"].as_str().unwrap()
        )
    });
    words.collect()
}

#[test]
fn each_finding_is_a_result_with_its_rule_and_its_place() {
    let file = read(&report::sarif(&world()).unwrap());
    let expected = [
        "error aws_security_group/ingress/critical infra/a%20b/main.tf:16",
        "error aws_iam_role_policy_attachment/unmanaged/high infra:1",
        "warning aws_instance/deleted/medium infra/worker.tf:3",
        "note aws_instance/tags/low main.tf:1",
        "note aws_s3_bucket/unmanaged/info .driftguard.yml:1",
        "note aws_instance/tags/low infra:1, aside: the patch schedule owns it (@acme/platform)",
    ];
    assert_eq!(results(&file), expected);
    let result = &file["runs"][0]["results"][0];
    assert_eq!(
        result["message"]["text"],
        "aws_security_group.web was changed outside Terraform. ingress: without { cidr_blocks = [\"10.0.0.0/8\"], from_port = 443 }, \
         with { cidr_blocks = [\"0.0.0.0/0\"], from_port = 22 }. The whole internet reaches port 22."
    );
    assert_eq!(
        result["properties"]["tags"],
        serde_json::json!(["ATT&CK T1686.001", "CIS AWS Foundations 3.0.0 5.2"])
    );
    let all = file.to_string();
    assert!(
        !all.contains("](https"),
        "what comes from outside makes no link"
    );
    assert_eq!(
        report::sarif(&world()).unwrap(),
        report::sarif(&world()).unwrap()
    );
}

#[test]
fn what_was_not_checked_and_what_failed_is_told_of_the_run() {
    let file = read(&report::sarif(&world()).unwrap());
    let invocation = &file["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let told = invocation["toolExecutionNotifications"]
        .as_array()
        .unwrap()
        .iter();
    let told: Vec<_> = told
        .map(|one| {
            format!(
                "{}: {}",
                one["level"].as_str().unwrap(),
                one["message"]["text"].as_str().unwrap()
            )
        })
        .collect();
    let expected = [
        "warning: 2 resources of type aws_db_instance not checked: rds:DescribeDBInstances is denied",
        "note: 2 resources of type aws_kms_key not checked: DriftGuard does not read it yet",
        "note: production: the state is locked by alice",
        "error: staging could not be scanned: s3://acme-state/staging.tfstate does not exist",
    ];
    assert_eq!(told, expected);
    let file = read(&report::sarif(&Report::default()).unwrap());
    assert_eq!(
        file["runs"][0]["invocations"][0]["executionSuccessful"],
        true
    );
}

#[test]
fn of_too_many_results_the_worst_are_kept_and_the_rest_is_counted() {
    let mut report = world();
    let scanned = report.stacks[0].outcome.as_mut().unwrap();
    let one = scanned.findings[0].clone();
    let many = (0..25_000).map(|number| Finding {
        id: FindingId(format!("f-{number:012x}")),
        severity: Severity::Info,
        ..one.clone()
    });
    scanned.findings.splice(0..0, many);
    let file = read(&report::sarif(&report).unwrap());
    assert_eq!(
        results(&file)[0],
        "error aws_security_group/ingress/critical infra/a%20b/main.tf:16"
    );
    let told = file["runs"][0]["invocations"][0]["toolExecutionNotifications"]
        .as_array()
        .unwrap();
    let last = told.last().unwrap()["message"]["text"].as_str().unwrap();
    assert_eq!(last, "6 results left out: a run holds 25000");
}

#[test]
fn an_upload_closes_no_alert_that_could_not_be_looked_at_and_opens_none_that_was_set_aside() {
    let mut stacks = world().stacks.into_iter();
    let (before, failed) = (stacks.next().unwrap(), stacks.next().unwrap());
    let upload = |now: &StackReport| report::code_scanning(Some(&before), now).unwrap();
    assert_eq!(upload(&failed), None);
    let file = read(&upload(&before).unwrap());
    assert_eq!(results(&file).len(), 4);
    assert!(!file.to_string().contains("suppressions"));
    assert_eq!(
        file["runs"][0]["automationDetails"]["id"],
        "driftguard/production/"
    );
    let mut now = before.clone();
    let scanned = now.outcome.as_mut().unwrap();
    scanned.findings.clear();
    scanned.coverage[0].status = Status::Throttled;
    let file = read(&upload(&now).unwrap());
    let expected = [
        "warning aws_instance/deleted/medium infra/worker.tf:3",
        "note aws_instance/tags/low main.tf:1",
    ];
    assert_eq!(results(&file), expected);
}

#[tokio::test]
async fn a_scan_prints_it_and_the_same_world_prints_the_same_bytes() {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    let checkout = Checkout::new();
    let scan = || checkout.driftguard(aws.url(), &["scan", "--format", "sarif"]);
    let run = scan();
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(run.out, scan().out);
    let expected = [
        "error aws_security_group/ingress/critical infra/production/network.tf:16",
        "error aws_iam_role_policy_attachment/unmanaged/critical infra/production:1",
        "error aws_db_instance/backup_retention_period/high infra/production/storage.tf:31",
        "error aws_s3_bucket_public_access_block/modified/high infra/production/storage.tf:17",
        "note aws_instance/instance_type/low infra/production/terraform.tfvars:2",
        "note aws_instance/instance_type/low infra/production/terraform.tfvars:2",
        "note aws_instance/tags/info infra/production/web.tf:26",
    ];
    let found: BTreeSet<_> = results(&read(&run.out)).into_iter().collect();
    assert_eq!(found, expected.map(str::to_owned).into());
}
