//! Which findings CloudTrail is asked about, since when, and under which names.

use driftguard::model::{
    AccountId, Actor, CallSource, Coverage, Finding, FindingId, Inquiry, InquiryOutcome, Kind,
    Region, Scanned, StackName, StackReport, Status, TRAIL_EVENTS, Value, ValueMap, Verdict,
    trail_region,
};
use driftguard::who::{
    Earlier, EarlierAnswer, EarlierScan, History, MAX_AGE, Next, Question, resource_names,
};

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

pub fn mallory() -> Actor {
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
        let scan = EarlierScan {
            begun_at: None,
            ended_at: *ended_at,
        };
        history.add_earlier(report, scan);
    }
    history
        .finish()
        .remove(&FindingId("f-1".to_owned()))
        .unwrap()
}

fn asked(since: i64, answered: Option<EarlierAnswer>) -> Earlier {
    Earlier {
        actor: None,
        next: Next::Ask(Question { since, answered }),
    }
}

fn new(since: i64) -> Earlier {
    asked(since, None)
}

/// What is asked once more that was answered so many minutes ago.
fn again(since: i64, minutes: i64) -> Earlier {
    let answer = EarlierAnswer {
        asked_at: NOW - minutes * MINUTE,
        is_cut: false,
    };
    asked(since, Some(answer))
}

/// What nobody is asked about.
fn settled(actor: Option<Actor>, inquiry: Option<Inquiry>) -> Earlier {
    Earlier {
        actor,
        next: Next::Keep(inquiry),
    }
}

#[test]
fn a_new_finding_is_asked_about_since_the_last_scan_that_saw_it_right() {
    let right = |at: i64| (scan(vec![finding("f-2")], Status::Checked), at);
    let blind = |at: i64| (scan(Vec::new(), Status::Denied), at);
    let hour = NOW - 60 * MINUTE;
    assert_eq!(earlier(&[right(hour)]), new(hour - 15 * MINUTE));
    // A scan that could not see it says nothing.
    let day = NOW - 24 * 60 * MINUTE;
    assert_eq!(earlier(&[blind(hour), right(day)]), new(day - 15 * MINUTE));
    // Nobody saw it right: CloudTrail's oldest event is the limit.
    assert_eq!(earlier(&[]), new(NOW - MAX_AGE));
    assert_eq!(earlier(&[blind(hour)]), new(NOW - MAX_AGE));
    assert_eq!(earlier(&[right(NOW - 2 * MAX_AGE)]), new(NOW - MAX_AGE));
}

#[test]
fn who_was_found_once_stays_and_nobody_is_asked_again() {
    let known = (scan(vec![named("f-1")], Status::Checked), NOW - MINUTE);
    assert_eq!(earlier(&[known]), settled(Some(mallory()), None));
    let mut aside = scan(Vec::new(), Status::Checked);
    if let Ok(scanned) = &mut aside.outcome {
        scanned.set_aside = vec![named("f-1")];
    }
    assert_eq!(
        earlier(&[(aside, NOW - MINUTE)]),
        settled(Some(mallory()), None)
    );
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
    let since = |minutes| again(NOW - 315 * MINUTE, minutes);
    assert_eq!(earlier(&[seen(5), right.clone()]), settled(None, None));
    assert_eq!(
        earlier(&[seen(5), seen(10), right.clone()]),
        settled(None, None)
    );
    assert_eq!(
        earlier(&[seen(5), seen(16), right.clone()]),
        since(16),
        "calls were perhaps late"
    );
    assert_eq!(earlier(&[seen(5), seen(20)]), settled(None, None));
    assert_eq!(earlier(&[seen(5)]), settled(None, None));
    assert_eq!(earlier(&[seen(15)]), again(NOW - MAX_AGE, 15));
    let failed = StackReport {
        outcome: Err(driftguard::model::ScanError {
            kind: "limit".into(),
            message: String::new(),
        }),
        ..seen(1).0
    };
    assert_eq!(
        earlier(&[(failed, NOW - MINUTE), seen(15), right]),
        since(15)
    );
}

/// A scan that asked about `f-1`, or did not.
fn inquired(outcome: InquiryOutcome, since: i64) -> StackReport {
    let finding = Finding {
        inquiry: Some(Inquiry { since, outcome }),
        ..finding("f-1")
    };
    scan(vec![finding], Status::Checked)
}

fn answered(minutes: i64, is_last: bool) -> InquiryOutcome {
    InquiryOutcome::Answered {
        asked_at: NOW - minutes * MINUTE,
        is_last,
        is_cut: false,
    }
}

#[test]
fn a_scan_that_was_refused_settles_nothing() {
    let since = NOW - 9_000 * MINUTE;
    for minutes in [1, 14, 16, 5_000] {
        for outcome in [InquiryOutcome::Unanswered, InquiryOutcome::Off] {
            let report = inquired(outcome.clone(), since);
            let found = earlier(&[(report, NOW - minutes * MINUTE)]);
            assert_eq!(found, new(since), "{outcome:?} {minutes} minutes ago");
        }
    }
    // As earlier versions recorded it: by a row of coverage alone.
    let account = AccountId::new("123456789012");
    let region = Region::new("us-east-1");
    let refused = |row_region: &str| {
        let found = Finding {
            account: account.clone(),
            region: region.clone(),
            ..finding("f-1")
        };
        let mut report = scan(vec![found], Status::Checked);
        let row = Coverage {
            account: account.clone(),
            region: Region::new(row_region),
            ..Coverage::new(TRAIL_EVENTS, 1, Status::Denied)
        };
        if let Ok(scanned) = &mut report.outcome {
            scanned.coverage.push(row);
        }
        report
    };
    let right = (scan(Vec::new(), Status::Checked), NOW - 5_000 * MINUTE);
    let here = [2_000, 3_000].map(|minutes| (refused("us-east-1"), NOW - minutes * MINUTE));
    let [second, first] = here;
    assert_eq!(
        earlier(&[second, first, right.clone()]),
        new(NOW - 5_015 * MINUTE)
    );
    // What was refused elsewhere was answered here.
    let [second, first] =
        [2_000, 3_000].map(|minutes| (refused("eu-west-1"), NOW - minutes * MINUTE));
    assert_eq!(earlier(&[second, first]), settled(None, None));
}

#[test]
fn the_question_is_repeated_since_the_same_time_and_then_settled() {
    let since = NOW - 100 * MINUTE;
    let at = |minutes: i64, outcome| (inquired(outcome, since), NOW - minutes * MINUTE);
    let kept = |outcome| settled(None, Some(Inquiry { since, outcome }));
    let (recent, due, last) = (answered(14, false), answered(15, false), answered(50, true));
    assert_eq!(earlier(&[at(13, recent.clone())]), kept(recent));
    assert_eq!(earlier(&[at(13, due)]), again(since, 15));
    assert_eq!(earlier(&[at(1, last.clone())]), kept(last));
}

#[test]
fn a_refusal_takes_no_answer_away() {
    let before = EarlierAnswer {
        asked_at: NOW - 20 * MINUTE,
        is_cut: true,
    };
    let first = Question {
        since: NOW - 100 * MINUTE,
        answered: None,
    };
    let repeated = Question {
        answered: Some(before),
        ..first
    };
    let answered = |asked_at, is_last, is_cut| InquiryOutcome::Answered {
        asked_at,
        is_last,
        is_cut,
    };
    assert_eq!(first.outcome(None, NOW), InquiryOutcome::Unanswered);
    let kept = repeated.outcome(None, NOW);
    assert_eq!(kept, answered(before.asked_at, false, true));
    // It is asked again.
    let report = inquired(kept, first.since);
    let next = earlier(&[(report, NOW - MINUTE)]).next;
    assert_eq!(next, Next::Ask(repeated));
    let outcomes = [first, repeated].map(|question| question.outcome(Some(false), NOW));
    assert_eq!(
        outcomes,
        [false, true].map(|is_last| answered(NOW, is_last, false))
    );
}

#[test]
fn whoever_is_named_too_soon_is_looked_for_once_more() {
    let since = NOW - 100 * MINUTE;
    let named_at = |outcome| {
        let mut report = inquired(outcome, since);
        if let Ok(scanned) = &mut report.outcome {
            scanned.findings[0].actor = Some(mallory());
        }
        earlier(&[(report, NOW - MINUTE)])
    };
    let repeated = Earlier {
        actor: Some(mallory()),
        ..again(since, 20)
    };
    assert_eq!(named_at(answered(20, false)), repeated);
    for outcome in [answered(10, false), answered(20, true)] {
        let inquiry = Inquiry {
            since,
            outcome: outcome.clone(),
        };
        assert_eq!(named_at(outcome), settled(Some(mallory()), Some(inquiry)));
    }
}

#[test]
fn a_change_that_was_made_early_in_a_long_scan_is_within_the_time() {
    let now = [finding("f-1")];
    let mut history = History::new(&now, NOW);
    let (begun_at, ended_at) = (NOW - 300 * MINUTE, NOW - 100 * MINUTE);
    let scanned = scan(Vec::new(), Status::Checked);
    let times = EarlierScan {
        begun_at: Some(begun_at),
        ended_at,
    };
    history.add_earlier(&scanned, times);
    let found = history.finish().remove(&FindingId("f-1".to_owned()));
    let Next::Ask(question) = found.unwrap().next else {
        panic!("nobody is asked");
    };
    assert!(
        (begun_at - 5 * MINUTE..begun_at).contains(&question.since),
        "{question:?}"
    );
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
