//! A scan of the command line asks CloudTrail who made the changes.

use super::calls::{TERRAFORM, assumed_role, call, iam_user, with};
use crate::aws::{CONSOLE, Checkout, OwnMoto, Run, shop};
use driftguard::standin::cloudtrail::{CloudTrail, TrailFault};
use serde_json::{Value as Json, json};
use std::time::Instant;

/// What the shop's resources are called in AWS.
pub const INSTANCE: &str = "i-a987c0d98237386b1";
pub const GROUP: &str = "sg-3306c5337cbfd6779";
pub const DATABASE: &str = "shop-orders";
pub const ROLE: &str = "shop-web";

/// A time so many minutes ago, as CloudTrail writes it.
pub fn ago(minutes: i64) -> String {
    let moment = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
    moment.strftime("%FT%TZ").to_string()
}

/// The shop, changed in the console, and a CloudTrail that knows nothing yet.
async fn changed_shop() -> (OwnMoto, CloudTrail) {
    let aws = shop().await;
    aws.replay(CONSOLE).await.unwrap();
    (aws, CloudTrail::start().await.unwrap())
}

fn scan(checkout: &Checkout, aws: &OwnMoto, trail: &str, format: &str) -> Run {
    let environment = [("AWS_ENDPOINT_URL_CLOUDTRAIL", trail)];
    let arguments = ["scan", "--unmanaged", "children", "--format", format];
    checkout.driftguard_in(&environment, aws.url(), &arguments)
}

/// The actor of the first finding about this address, or below it.
fn actor(run: &Run, address: &str) -> Json {
    let report = run.json();
    let findings = report["stacks"][0]["findings"].as_array().unwrap().clone();
    let about = |finding: &&Json| finding["address"] == address || finding["under"] == address;
    let found = findings.iter().find(about);
    found.unwrap_or_else(|| panic!("no finding about {address}: {findings:#?}"))["actor"].clone()
}

/// The rows of coverage about CloudTrail.
fn silence(run: &Run) -> Vec<Json> {
    let report = run.json();
    let rows = report["stacks"][0]["coverage"].as_array().unwrap().clone();
    let rows = rows.into_iter();
    rows.filter(|row| row["type"] == "cloudtrail_events")
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_names_who_made_each_change() {
    let (aws, trail) = changed_shop().await;
    let at = ago(30);
    let sso = assumed_role("AWSReservedSSO_Admin_0123456789abcdef", "alice@acme.com");
    let grown = call(
        "ModifyInstanceAttribute",
        &at,
        assumed_role("deploy", "bob"),
    );
    trail.record(&[INSTANCE], grown).unwrap();
    let read = with(
        call("DescribeInstances", &ago(1), iam_user("watcher")),
        json!({"readOnly": true}),
    );
    trail.record(&[INSTANCE], read).unwrap();
    let opened = call("AuthorizeSecurityGroupIngress", &at, sso);
    trail.record(&[GROUP], opened).unwrap();
    // Whoever changed another group did not change this one.
    let other = call("AuthorizeSecurityGroupIngress", &ago(1), iam_user("other"));
    trail.record(&["sg-0other"], other).unwrap();
    let applied = with(
        call("ModifyDBInstance", &ago(5), assumed_role("ci", "run")),
        json!({"userAgent": TERRAFORM}),
    );
    trail.record(&[DATABASE], applied).unwrap();
    let attached = call("AttachRolePolicy", &at, iam_user("mallory"));
    let attached = with(attached, json!({"eventSource": "iam.amazonaws.com"}));
    trail
        .record(
            &[ROLE, "arn:aws:iam::aws:policy/AdministratorAccess"],
            attached,
        )
        .unwrap();

    let checkout = Checkout::new();
    let begun = Instant::now();
    let run = scan(&checkout, &aws, trail.url(), "json");
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(silence(&run), [Json::Null; 0]);
    assert_eq!(
        actor(&run, "aws_instance.web[0]"),
        json!({
            "principal": "arn:aws:iam::123456789012:role/deploy", "session": "bob",
            "event": "ModifyInstanceAttribute", "time": at, "source": "console", "source_address": "203.0.113.7",
        })
    );
    let opened = actor(&run, "aws_security_group.web");
    assert_eq!(opened["principal"], "alice@acme.com");
    assert_eq!(
        opened["role"],
        "arn:aws:iam::123456789012:role/AWSReservedSSO_Admin_0123456789abcdef"
    );
    assert_eq!(opened["others"], Json::Null);
    assert_eq!(
        actor(&run, "aws_iam_role.web")["principal"],
        "arn:aws:iam::123456789012:user/mallory"
    );
    assert_eq!(actor(&run, "aws_db_instance.orders"), Json::Null);

    // Two lookups a second, of one name each, and no name twice; nothing older than CloudTrail's oldest event.
    let lookups = trail.lookups();
    let mut names: Vec<_> = lookups.iter().map(|lookup| &lookup.resource).collect();
    let asked = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), asked, "{lookups:?}");
    assert!(
        begun.elapsed().as_millis() >= 500 * (asked as u128 - 1),
        "too fast"
    );
    let month = 30 * 24 * 60 * 60;
    for lookup in &lookups {
        assert_eq!(lookup.time.1 - lookup.time.0, 3 * month, "90 days");
    }
    assert!(names.len() >= 6, "{names:?}");

    let text = scan(&checkout, &aws, trail.url(), "text").out;
    let line = format!(
        "who: arn:aws:iam::123456789012:role/deploy (session bob) with ModifyInstanceAttribute in the console, {at}"
    );
    assert!(text.contains(&line), "{text}");
    for format in ["text", "markdown", "sarif"] {
        let told = scan(&checkout, &aws, trail.url(), format).out;
        assert!(!told.contains("203.0.113.7"), "an address in {format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_several_may_have_done_it_they_are_told_as_such_without_the_roles_of_terraform() {
    let (aws, trail) = changed_shop().await;
    for (minutes, name) in [(30, "alice"), (20, "bob")] {
        let call = call("StopInstances", &ago(minutes), iam_user(name));
        trail.record(&[INSTANCE], call).unwrap();
    }
    let pipeline = call("StartInstances", &ago(10), assumed_role("pipeline", "run"));
    trail.record(&[INSTANCE], pipeline).unwrap();
    let checkout = Checkout::new();
    let settings = checkout.read(".driftguard.yml");
    let roles = "who: {terraform_roles: [\"arn:aws:iam::123456789012:role/pipeline\"]}";
    checkout.write(".driftguard.yml", &format!("{settings}\n{roles}\n"));
    let run = scan(&checkout, &aws, trail.url(), "json");
    let found = actor(&run, "aws_instance.web[0]");
    assert!(
        found["principal"].as_str().unwrap().ends_with("/bob"),
        "{found}"
    );
    let others = found["others"].as_array().unwrap();
    assert_eq!(others.len(), 1);
    assert!(others[0]["principal"].as_str().unwrap().ends_with("/alice"));
    let text = scan(&checkout, &aws, trail.url(), "text").out;
    assert!(
        text.contains("who: one of several: arn:aws:iam::123456789012:user/bob with StopInstances"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_used_a_resource_is_not_named_and_many_such_calls_hide_nobody() {
    let (aws, trail) = changed_shop().await;
    let scaling = || {
        assumed_role(
            "aws-service-role/AWSServiceRoleForAutoScaling",
            "AutoScaling",
        )
    };
    for minutes in 1..=60 {
        let launched = call("RunInstances", &ago(minutes), scaling());
        trail.record(&[GROUP], launched).unwrap();
        let restarted = call("StopInstances", &ago(minutes), scaling());
        trail.record(&[INSTANCE], restarted).unwrap();
    }
    let grown = call("ModifyInstanceAttribute", &ago(90), iam_user("mallory"));
    trail.record(&[INSTANCE], grown).unwrap();
    let checkout = Checkout::new();
    let run = scan(&checkout, &aws, trail.url(), "json");
    assert_eq!(actor(&run, "aws_security_group.web"), Json::Null);
    let found = actor(&run, "aws_instance.web[0]");
    let others = found["others"].as_array().unwrap();
    assert_eq!((others.len(), &found["more"]), (1, &Json::Null), "{found}");
    assert_eq!(others[0]["event"], "ModifyInstanceAttribute");
    let opened = call(
        "AuthorizeSecurityGroupIngress",
        &ago(95),
        iam_user("mallory"),
    );
    trail.record(&[GROUP], opened).unwrap();
    let run = scan(&checkout, &aws, trail.url(), "json");
    let found = actor(&run, "aws_security_group.web");
    assert_eq!(found["event"], "AuthorizeSecurityGroupIngress");
    assert_eq!(found["others"], Json::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_nothing_is_blocked_and_coverage_says_so_once() {
    let (aws, trail) = changed_shop().await;
    let checkout = Checkout::new();
    let whole = scan(&checkout, &aws, trail.url(), "json");
    for (fault, status, action, part) in [
        (
            TrailFault::Denied,
            "denied",
            json!("cloudtrail:LookupEvents"),
            "`who: off`",
        ),
        (TrailFault::Throttled, "throttled", Json::Null, "throttled"),
    ] {
        trail.fail(Some(fault));
        let run = scan(&checkout, &aws, trail.url(), "json");
        assert_eq!((run.code, run.findings()), (2, whole.findings()));
        let rows = silence(&run);
        assert_eq!(rows.len(), 1, "{rows:?}");
        let row = &rows[0];
        assert_eq!(
            (&row["status"], &row["missing_action"]),
            (&json!(status), &action)
        );
        assert_eq!(row["resources"], json!(run.findings().len()));
        let reason = row["reason"].as_str().unwrap();
        assert!(
            reason.starts_with("who made these changes is not known") && reason.contains(part),
            "{reason}"
        );
    }
    let gone = scan(&checkout, &aws, "http://127.0.0.1:9", "json");
    assert_eq!((gone.code, gone.findings()), (2, whole.findings()));
    let rows = silence(&gone);
    assert_eq!(rows[0]["status"], "failed");
    assert!(!rows[0].to_string().contains("127.0.0.1"), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_where_it_is_off_or_nothing_drifted() {
    let (aws, trail) = changed_shop().await;
    let checkout = Checkout::new();
    let settings = checkout.read(".driftguard.yml");
    checkout.write(".driftguard.yml", &format!("{settings}\nwho: off\n"));
    let run = scan(&checkout, &aws, trail.url(), "json");
    assert_eq!(run.code, 2, "{run:?}");
    let policy = checkout.driftguard(aws.url(), &["iam-policy"]).out;
    assert!(!policy.contains("cloudtrail"), "{policy}");
    let state = ["iam-policy", "--state", "s3://acme/shop.tfstate"];
    let policy = checkout.driftguard(aws.url(), &state).out;
    assert!(!policy.contains("cloudtrail"), "{policy}");
    checkout.write(".driftguard.yml", &settings);
    let policy = checkout.driftguard(aws.url(), &["iam-policy"]).out;
    assert!(policy.contains("\"cloudtrail:LookupEvents\""), "{policy}");
    let clean = shop().await;
    let run = scan(&checkout, &clean, trail.url(), "json");
    assert_eq!((run.code, silence(&run)), (0, vec![]));
    assert_eq!(trail.lookups(), []);
}
