//! `driftguard scan --providers`, as a person runs it in a checkout.

use super::fake::{OTHER_BUCKET, program};
use super::folder::platform;
use crate::aws::{Checkout, Run, moto};
use std::path::PathBuf;
use tempfile::TempDir;

pub const CODE: &str = r#"
provider "aws" {
  region = "eu-west-1"
}

resource "aws_sqs_queue" "orders" {
  name                       = "q"
  visibility_timeout_seconds = 30
}

resource "aws_ssm_parameter" "limit" {
  name  = "/limit"
  type  = "String"
  value = "hunter2-parameter"
}
"#;

pub const STATE: &str = r#"{"version": 4, "serial": 1, "lineage": "l", "terraform_version": "1.11.4", "resources": [
  {"mode": "managed", "type": "aws_sqs_queue", "name": "orders",
   "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
   "instances": [{"schema_version": 1, "attributes": {"id": "q", "arn": "arn:aws:sqs:eu-west-1:123456789012:q",
     "name": "q", "visibility_timeout_seconds": 30, "policy": null, "secret": "hunter2-recorded", "tags": null, "tags_all": {}}}]},
  {"mode": "managed", "type": "aws_ssm_parameter", "name": "limit",
   "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
   "instances": [{"schema_version": 0, "attributes": {"id": "/limit", "name": "/limit", "type": "String", "value": "hunter2-parameter",
     "arn": "arn:aws:ssm:eu-west-1:123456789012:parameter/limit"}}]}]}"#;

/// A folder of providers that holds one that behaves so.
pub fn folder(behaviour: &str, live: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let platform = platform();
    let package: PathBuf = folder.path().join(format!(
        "registry.terraform.io/hashicorp/aws/9.9.9/{platform}"
    ));
    program(&package, behaviour, live);
    folder
}

/// A stack of a queue and a parameter.
pub fn checkout(settings: &str) -> Checkout {
    let checkout = Checkout::new();
    std::fs::create_dir(checkout.path().join("queue")).unwrap();
    checkout.write("queue/main.tf", CODE);
    checkout.write("queue.tfstate", STATE);
    if !settings.is_empty() {
        checkout.write(".driftguard.yml", settings);
    }
    checkout
}

/// Scans the stack.
async fn scan(folder: Option<&TempDir>, settings: &str) -> Run {
    run(&["scan"], folder, &checkout(settings)).await
}

/// Scans or fixes the stack.
async fn run(command: &[&str], folder: Option<&TempDir>, checkout: &Checkout) -> Run {
    run_in(&[], command, folder, checkout).await
}

/// The same with more in the environment.
async fn run_in(
    environment: &[(&str, &str)],
    command: &[&str],
    folder: Option<&TempDir>,
    checkout: &Checkout,
) -> Run {
    let aws = moto().await;
    let mut arguments = command.to_vec();
    arguments.extend([
        "queue",
        "--state",
        "queue.tfstate",
        "--unmanaged",
        "off",
        "--format",
        "json",
    ]);
    let path = folder.map(|folder| folder.path().to_str().unwrap());
    if let Some(path) = path {
        arguments.extend(["--providers", path]);
    }
    checkout.driftguard_in(environment, aws.url(), &arguments)
}

/// Each type with its status and reason.
fn coverage(run: &Run) -> Vec<String> {
    let report = run.json();
    let rows = report["stacks"][0]["coverage"].as_array().unwrap().iter();
    let words = |row: &serde_json::Value| {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        [text("type"), text("status"), text("reason")].join(" ")
    };
    rows.map(words).collect()
}

#[tokio::test]
async fn what_no_native_reader_knows_is_found_through_the_provider() {
    let folder = folder(
        "ok",
        r#"{"visibility_timeout_seconds": 90, "secret": "hunter2-live"}"#,
    );
    let run = scan(Some(&folder), "").await;
    let report = run.json();
    let finding = &report["stacks"][0]["findings"][0];
    assert_eq!(finding["address"], "aws_sqs_queue.orders", "{run:?}");
    let attribute = |path: &str| {
        let attributes = finding["attributes"].as_array().unwrap().iter();
        let mut attributes = attributes.filter(|attribute| attribute["path"] == path);
        attributes.next().cloned().unwrap_or_default()
    };
    let timeout = attribute("visibility_timeout_seconds");
    assert_eq!(
        (&timeout["declared"], &timeout["live"]),
        (&30.into(), &90.into())
    );
    assert!(
        timeout["defined_in"]["file"]
            .as_str()
            .unwrap()
            .ends_with("queue/main.tf")
    );
    assert!(
        attribute("secret")["live"]["fingerprint"].is_string(),
        "{finding}"
    );
    assert!(!format!("{run:?}").contains("hunter2"), "{run:?}");
    assert_eq!(run.code, 2);
    let rows = coverage(&run);
    assert_eq!(rows[0], "aws_sqs_queue checked ");
    assert!(
        rows[1].starts_with("aws_ssm_parameter withheld the provider fetches the secret"),
        "{rows:?}"
    );
}

#[tokio::test]
async fn an_untouched_queue_shows_nothing_and_without_a_provider_it_is_not_read() {
    let folder = folder("ok", r#"{"secret": null}"#);
    let state_and_aws_differ = scan(Some(&folder), "").await;
    assert_eq!(
        state_and_aws_differ.findings(),
        [""; 0],
        "the code leaves the secret out as well"
    );
    let without = scan(None, "").await;
    assert_eq!(without.findings(), [""; 0]);
    for row in coverage(&without) {
        assert!(
            row.contains("unsupported DriftGuard does not read this type yet"),
            "{row}"
        );
    }
    // It would not fetch a secret.
    let report = without.json();
    let with_provider = |at: usize| report["stacks"][0]["coverage"][at]["with_provider"].clone();
    assert_eq!(
        [with_provider(0), with_provider(1)],
        [true.into(), serde_json::Value::Null]
    );
}

#[tokio::test]
async fn a_repository_can_only_leave_types_out() {
    let folder = folder("ok", r#"{"visibility_timeout_seconds": 90}"#);
    for settings in [
        "providers: off\n",
        "providers:\n  except: [aws_sqs_queue]\n",
    ] {
        let run = scan(Some(&folder), settings).await;
        assert_eq!(run.findings(), [""; 0], "{settings}");
        let rows = coverage(&run);
        assert!(
            rows[0].starts_with("aws_sqs_queue withheld `providers` in .driftguard.yml"),
            "{rows:?}"
        );
    }
    let wrong = scan(Some(&folder), "providers: perhaps\n").await;
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(
        wrong.err.contains("providers") && wrong.err.contains("perhaps"),
        "{}",
        wrong.err
    );
}

#[tokio::test]
async fn what_the_provider_could_not_read_is_told_and_never_deleted() {
    let folder = folder("denied", "{}");
    let run = scan(Some(&folder), "").await;
    assert_eq!(run.findings(), [""; 0]);
    let report = run.json();
    let row = &report["stacks"][0]["coverage"][0];
    assert_eq!(row["status"], "denied", "{row}");
    assert_eq!(row["missing_action"], "sqs:GetQueueAttributes", "{row}");
    assert_eq!(run.code, 3, "{run:?}");
}

/// Fixes the queue whose timeout AWS has at 90, through a provider that behaves so. Returns the fix, and the code after it.
async fn fix(behaviour: &str) -> (serde_json::Value, String) {
    let folder = folder(
        behaviour,
        r#"{"visibility_timeout_seconds": 90, "secret": null}"#,
    );
    let checkout = checkout("");
    let run = run(&["fix", "--adopt"], Some(&folder), &checkout).await;
    assert!(!format!("{run:?}").contains("hunter2"), "{run:?}");
    let code = std::fs::read_to_string(checkout.path().join("queue/main.tf")).unwrap();
    let fix = run.json()["stacks"][0]["findings"][0]["fix"].clone();
    (fix, code)
}

#[tokio::test]
async fn an_edit_after_which_the_provider_plans_nothing_is_proven() {
    let (fix, code) = fix("ok").await;
    let proof = serde_json::json!({"by": "provider", "remaining": []});
    assert_eq!(
        (&fix["kind"], &fix["proof"]),
        (&"adopt".into(), &proof),
        "{fix}"
    );
    assert_eq!(code, CODE.replace("= 30", "= 90"));
}

#[tokio::test]
async fn an_edit_that_the_provider_refuses_or_would_still_change_is_not_made() {
    for (behaviour, reason) in [
        (
            "refuses 90",
            "the provider does not take the edited code: expected visibility_timeout_seconds to be at most 60",
        ),
        (
            "always plans 30",
            "with this edit the provider would still change `visibility_timeout_seconds`",
        ),
    ] {
        let (fix, code) = fix(behaviour).await;
        assert_eq!(fix["kind"], "refused", "{fix}");
        assert!(fix["reason"].as_str().unwrap().starts_with(reason), "{fix}");
        assert_eq!(code, CODE, "{behaviour}");
    }
}

#[tokio::test]
async fn an_attribute_that_the_provider_disproves_holds_no_other_back() {
    let described = |code: &str, pool: &str| {
        let labels = format!("= 30\n  labels = {{\n    pool = \"{pool}\"\n  }}\n");
        code.replace("= 30\n", &labels)
    };
    for (behaviour, reason) in [
        ("refuses 90", "the provider does not take the edited code"),
        (
            "always plans 30",
            "with this edit the provider would still change",
        ),
    ] {
        let folder = folder(
            behaviour,
            r#"{"visibility_timeout_seconds": 90, "secret": null, "labels": {"pool": "b"}}"#,
        );
        let checkout = checkout("");
        checkout.write("queue/main.tf", &described(CODE, "a"));
        let state = STATE.replace(
            r#""tags": null"#,
            r#""labels": {"pool": "a"}, "tags": null"#,
        );
        checkout.write("queue.tfstate", &state);
        let run = run(&["fix", "--adopt"], Some(&folder), &checkout).await;
        let fix = &run.json()["stacks"][0]["findings"][0]["fix"];
        assert_eq!(fix["kind"], "adopt", "{fix}");
        assert_eq!(fix["proof"]["by"], "provider", "{fix}");
        let refused = &fix["refused"][0];
        assert_eq!(refused["path"], "visibility_timeout_seconds", "{fix}");
        assert!(
            refused["reason"].as_str().unwrap().starts_with(reason),
            "{fix}"
        );
        assert!(!format!("{run:?}").contains("hunter2"), "{run:?}");
        let code = std::fs::read_to_string(checkout.path().join("queue/main.tf")).unwrap();
        assert_eq!(code, described(CODE, "b"), "{behaviour}");
    }
}

#[tokio::test]
async fn each_entry_of_a_map_and_each_part_of_a_block_is_fixed_or_refused_by_itself() {
    let extra = r#"
  labels                     = { pool = "main", zone = "b" }

  rule {
    note   = "n"
    target = format("%s-%s", "t", "u")
    labels = { size = "small" }
  }
"#;
    let code = CODE.replace(" = 30\n", &format!(" = 30{extra}"));
    let recorded = r#""labels": {"pool": "main", "zone": "a"},
      "rule": [{"note": "n", "target": "t-u", "labels": {"size": "small"}}], "tags": null"#;
    let live = r#"{"secret": null, "labels": {"pool": "other", "zone": "a"},
      "rule": [{"note": "m", "target": "v", "labels": {"size": "large"}}]}"#;
    let folder = folder("ok", live);
    let checkout = checkout("");
    checkout.write("queue/main.tf", &code);
    checkout.write(
        "queue.tfstate",
        &STATE.replacen(r#""tags": null"#, recorded, 1),
    );
    let run = run(&["fix", "--adopt"], Some(&folder), &checkout).await;
    let finding = run.json()["stacks"][0]["findings"][0].clone();
    let attributes = finding["attributes"].as_array().unwrap().iter();
    let paths: Vec<_> = attributes.map(|found| found["path"].clone()).collect();
    let expected = [
        r#"labels["pool"]"#,
        "rule[0].labels",
        "rule[0].note",
        "rule[0].target",
    ];
    assert_eq!(paths, expected, "{finding}");
    let fix = &finding["fix"];
    // The zone was changed in the code, and not applied.
    let left = "this fix leaves it";
    let proof = serde_json::json!({
        "by": "provider",
        "remaining": [r#"labels["zone"]"#, "rule[0].target"],
        "reasons": {r#"labels["zone"]"#: "not part of this finding", "rule[0].target": left},
    });
    assert_eq!(
        (&fix["kind"], &fix["proof"]),
        (&"adopt".into(), &proof),
        "{fix}"
    );
    let refused = fix["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 1, "{fix}");
    assert_eq!(refused[0]["path"], "rule[0].target", "{fix}");
    let edited = std::fs::read_to_string(checkout.path().join("queue/main.tf")).unwrap();
    let fixed = code
        .replace(r#""main""#, r#""other""#)
        .replace(r#""small""#, r#""large""#)
        .replace(r#""n""#, r#""m""#);
    assert_eq!(edited, fixed);
}

pub const BUCKET: &str = r#"
resource "aws_s3_bucket" "clean" {
  bucket = "acme-clean"
}
"#;

pub const BUCKET_STATE: &str = r#""resources": [
  {"mode": "managed", "type": "aws_s3_bucket", "name": "clean",
   "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
   "instances": [{"schema_version": 0, "attributes": {"id": "acme-clean", "bucket": "acme-clean", "arn": "arn:aws:s3:::acme-clean"}}]},"#;

/// A native reader that reads in a wrong shape is DriftGuard's fault: nobody but the operator is told.
#[tokio::test]
async fn a_plan_that_changes_a_clean_native_resource_is_logged_and_no_finding() {
    let aws = moto().await;
    aws.put_object("acme-clean", "key", "text").await.unwrap();
    let live = r#"{"visibility_timeout_seconds": 90, "secret": null}"#;
    let log = async |behaviour: &str| {
        let folder = folder(behaviour, live);
        let checkout = checkout("");
        let in_region = |text: &str| text.replace("eu-west-1", "us-east-1");
        checkout.write("queue/main.tf", &in_region(&format!("{CODE}{BUCKET}")));
        let state = STATE.replacen(r#""resources": ["#, BUCKET_STATE, 1);
        checkout.write("queue.tfstate", &in_region(&state));
        let folder = folder.path().to_str().unwrap();
        let arguments = ["fix", "--adopt", "queue", "--state", "queue.tfstate"];
        let options = ["--unmanaged", "off", "--format", "json", "--providers"];
        let arguments = [&arguments[..], &options, &[folder]].concat();
        let run = checkout.driftguard_in(
            &[("RUST_LOG", "warn"), ("NO_COLOR", "1")],
            aws.url(),
            &arguments,
        );
        let queue = "low modified aws_sqs_queue.orders visibility_timeout_seconds";
        assert_eq!(run.findings(), [queue], "{run:?}");
        assert_eq!(coverage(&run)[0], "aws_s3_bucket checked ", "{run:?}");
        run.err
    };
    let told = "plans a change of a resource without drift";
    let right = log("ok").await;
    assert!(!right.contains(told), "{right}");
    let wrong = log(OTHER_BUCKET).await;
    let line = wrong.lines().find(|line| line.contains(told));
    let line = line.unwrap_or_else(|| panic!("{wrong}"));
    assert!(line.contains("aws_s3_bucket"), "{line}");
    assert!(line.contains("attributes=\"bucket\""), "{line}");
}

/// Returns the fix of the queue that a provider which behaves so disproves.
pub async fn not_fixed_for(behaviour: &str) -> serde_json::Value {
    fix(behaviour).await.0
}

/// A provider that was not told its default tags reads them as the resource's own.
#[tokio::test]
async fn default_tags_that_the_code_does_not_tell_are_those_that_the_state_recorded() {
    let code = CODE.replacen(
        "  region = \"eu-west-1\"\n",
        "  region = \"eu-west-1\"\n  default_tags { tags = { env = var.env } }\n",
        1,
    );
    let code = format!("variable \"env\" {{}}\n{code}");
    let state = STATE.replacen(r#""tags_all": {}"#, r#""tags_all": {"env": "prod"}"#, 1);
    for (tags, found) in [
        (r#"{"env": "prod"}"#, &[][..]),
        (r#"{"env": "dev"}"#, &[r#"tags_all["env"]"#][..]),
        (r#"{"env": "prod", "by": "hand"}"#, &[r#"tags["by"]"#][..]),
    ] {
        let live = format!(r#"{{"secret": null, "tags": {tags}, "tags_all": {tags}}}"#);
        let folder = folder("ok", &live);
        let checkout = checkout("");
        checkout.write("queue/main.tf", &code);
        checkout.write("queue.tfstate", &state);
        let run = run(&["scan"], Some(&folder), &checkout).await;
        let report = run.json();
        let findings = report["stacks"][0]["findings"].as_array().unwrap().iter();
        let attributes = findings.flat_map(|finding| finding["attributes"].as_array().unwrap());
        let paths: Vec<_> = attributes
            .map(|attribute| attribute["path"].as_str().unwrap())
            .collect();
        assert_eq!(paths, found, "{tags}: {report}");
    }
}

/// The code leaves the policy out: no plan shows it, and another stack may set one that lets a service in.
#[tokio::test]
async fn a_policy_that_the_code_leaves_out_is_told_where_it_lets_everyone_in() {
    let live = |principal: &str, condition: &str| {
        let policy = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sqs:*","Resource":"*"{condition}}}]}}"#
        );
        serde_json::json!({"visibility_timeout_seconds": 30, "policy": policy}).to_string()
    };
    let open = scan(Some(&folder("ok", &live(r#""*""#, ""))), "").await;
    assert_eq!(
        open.findings(),
        ["high modified aws_sqs_queue.orders policy"],
        "{open:?}"
    );
    assert_eq!(
        open.json()["stacks"][0]["findings"][0]["verdict"],
        "unseen_by_plan"
    );
    let condition = r#","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::b"}}"#;
    let service = live(r#"{"Service":"s3.amazonaws.com"}"#, condition);
    let harmless = scan(Some(&folder("ok", &service)), "").await;
    assert_eq!(harmless.findings(), [""; 0], "{harmless:?}");
}
