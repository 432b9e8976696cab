//! Which findings CloudTrail is asked about, since when, and under which names.

use driftguard::model::{
    Actor, CallSource, Coverage, Finding, FindingId, Kind, Region, Scanned, StackName, StackReport,
    Status, Value, ValueMap, Verdict,
};
use driftguard::who::{Earlier, History, MAX_AGE, resource_names, trail_region};

const MINUTE: i64 = 60 * 1_000;
const NOW: i64 = 1_795_849_133_616;

fn finding(id: &str) -> Finding {
    Finding {
        id: FindingId(id.to_owned()),
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_instance")
    }
}

fn named(id: &str) -> Finding {
    Finding {
        actor: Some(mallory()),
        ..finding(id)
    }
}

fn mallory() -> Actor {
    Actor {
        principal: "arn:aws:iam::123456789012:user/mallory".to_owned(),
        session: None,
        role: None,
        event: "StopInstances".to_owned(),
        time: "2026-11-23T19:02:11Z".to_owned(),
        source: CallSource::Cli,
        source_address: None,
        others: Vec::new(),
        more: false,
    }
}

/// A scan with these findings that read the instances with this success.
fn scan(findings: Vec<Finding>, status: Status) -> StackReport {
    let row = Coverage::new("aws_instance", 1, status);
    StackReport {
        name: StackName::of_path("a"),
        path: "a".to_owned(),
        backend: None,
        outcome: Ok(Scanned {
            findings,
            coverage: vec![row],
            looked_below: true,
            ..Scanned::default()
        }),
    }
}

/// What earlier scans, the newest first, say of `f-1`.
fn earlier(scans: &[(StackReport, i64)]) -> Earlier {
    let now = [finding("f-1")];
    let mut history = History::new(&now, NOW);
    for (report, ended_at) in scans {
        assert!(history.needs_more(), "that was enough");
        history.add_earlier(report, *ended_at);
    }
    history
        .finish()
        .remove(&FindingId("f-1".to_owned()))
        .unwrap()
}

#[test]
fn a_new_finding_is_asked_about_since_the_last_scan_that_saw_it_right() {
    let right = |at: i64| (scan(vec![finding("f-2")], Status::Checked), at);
    let blind = |at: i64| (scan(Vec::new(), Status::Denied), at);
    let hour = NOW - 60 * MINUTE;
    assert_eq!(earlier(&[right(hour)]), Earlier::New(hour - 15 * MINUTE));
    // A scan that could not see it says nothing.
    let day = NOW - 24 * 60 * MINUTE;
    assert_eq!(
        earlier(&[blind(hour), right(day)]),
        Earlier::New(day - 15 * MINUTE)
    );
    // Nobody saw it right: CloudTrail's oldest event is the limit.
    assert_eq!(earlier(&[]), Earlier::New(NOW - MAX_AGE));
    assert_eq!(earlier(&[blind(hour)]), Earlier::New(NOW - MAX_AGE));
    assert_eq!(
        earlier(&[right(NOW - 2 * MAX_AGE)]),
        Earlier::New(NOW - MAX_AGE)
    );
}

#[test]
fn who_was_found_once_stays_and_nobody_is_asked_again() {
    let known = (scan(vec![named("f-1")], Status::Checked), NOW - MINUTE);
    assert_eq!(earlier(&[known]), Earlier::Known(mallory()));
    let mut aside = scan(Vec::new(), Status::Checked);
    if let Ok(scanned) = &mut aside.outcome {
        scanned.set_aside = vec![named("f-1")];
    }
    assert_eq!(earlier(&[(aside, NOW - MINUTE)]), Earlier::Known(mallory()));
}

#[test]
fn without_an_answer_a_finding_is_asked_about_once_more_when_calls_must_have_arrived() {
    let seen = |minutes: i64| {
        (
            scan(vec![finding("f-1")], Status::Checked),
            NOW - minutes * MINUTE,
        )
    };
    let right = (scan(Vec::new(), Status::Checked), NOW - 300 * MINUTE);
    let since = Earlier::New(NOW - 315 * MINUTE);
    assert_eq!(earlier(&[seen(5), right.clone()]), Earlier::Settled);
    assert_eq!(
        earlier(&[seen(5), seen(10), right.clone()]),
        Earlier::Settled
    );
    assert_eq!(
        earlier(&[seen(5), seen(16), right.clone()]),
        since,
        "calls were perhaps late"
    );
    assert_eq!(earlier(&[seen(5), seen(20)]), Earlier::Settled);
    assert_eq!(earlier(&[seen(5)]), Earlier::Settled);
    assert_eq!(earlier(&[seen(15)]), Earlier::New(NOW - MAX_AGE));
    let failed = StackReport {
        outcome: Err(driftguard::model::ScanError {
            kind: "limit".into(),
            message: String::new(),
        }),
        ..seen(1).0
    };
    assert_eq!(earlier(&[(failed, NOW - MINUTE), seen(15), right]), since);
}

fn of_type(tf_type: &str, attributes: &[(&str, &str)]) -> Finding {
    let attributes = attributes.iter();
    let attributes = attributes.map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    Finding {
        after: attributes.collect::<ValueMap>(),
        ..Finding::new(Kind::Modified, Verdict::Drift, tf_type)
    }
}

#[test]
fn a_resource_is_looked_up_as_its_calls_name_it() {
    let group = "sg-0a1b2c3d4e5f67890";
    let key = "arn:aws:kms:us-east-1:123456789012:key/0a1b";
    let long = "x".repeat(5_000);
    for (tf_type, attributes, names) in [
        (
            "aws_security_group",
            vec![
                ("id", group),
                (
                    "arn",
                    "arn:aws:ec2:us-east-1:123456789012:security-group/sg",
                ),
            ],
            vec![group],
        ),
        (
            "aws_vpc_security_group_ingress_rule",
            vec![
                ("id", "sgr-0a1b2c3d4e5f67890"),
                ("security_group_id", group),
            ],
            vec![group],
        ),
        (
            "aws_iam_role_policy_attachment",
            vec![
                ("id", "web-2026"),
                ("role", "web"),
                ("policy_arn", "arn:aws:iam::aws:policy/A"),
            ],
            vec!["web"],
        ),
        (
            "aws_db_instance",
            vec![("id", "db-M5EN"), ("identifier", "orders")],
            vec!["orders"],
        ),
        (
            "aws_kms_key",
            vec![("id", "0a1b"), ("arn", key)],
            vec!["0a1b", key],
        ),
        ("aws_iam_policy", vec![("id", key), ("arn", key)], vec![key]),
        (
            "aws_lambda_function",
            vec![("id", "f"), ("role", "arn:aws:iam::123456789012:role/f")],
            vec!["f"],
        ),
        ("aws_instance", vec![("id", long.as_str())], vec![]),
        ("aws_instance", vec![], vec![]),
    ] {
        assert_eq!(
            resource_names(&of_type(tf_type, &attributes)),
            names,
            "{tf_type}"
        );
    }
    let gone = Finding {
        import_id: Some("i-0abc".to_owned()),
        ..Finding::new(Kind::Deleted, Verdict::Drift, "aws_instance")
    };
    assert_eq!(resource_names(&gone), ["i-0abc"]);
}

#[test]
fn what_is_global_is_asked_about_in_the_one_region_that_has_its_calls() {
    let region = |name: &str| Region::new(name).unwrap();
    let role = of_type("aws_iam_role", &[]);
    for (fallback, trail) in [
        ("eu-central-1", "us-east-1"),
        ("us-gov-east-1", "us-gov-west-1"),
        ("cn-northwest-1", "cn-north-1"),
    ] {
        assert_eq!(trail_region(&role, &region(fallback)), Some(region(trail)));
    }
    let vpc = Finding {
        region: Some(region("eu-west-1")),
        ..of_type("aws_vpc", &[])
    };
    assert_eq!(
        trail_region(&vpc, &region("us-east-1")),
        Some(region("eu-west-1"))
    );
}
