//! Every form that a report leaves in, and what nobody sees in none of them.

use super::page_formats;
use driftguard::model::{
    Actor, CallSource, Difference, Finding, Kind, Report, RepositoryName, ScanError, Scanned,
    StackName, StackReport, StackStatus, Value, Verdict, masked,
};
use driftguard::patch;
use driftguard::report::{self, DashboardContent, Detail, NotificationContext, Paint, StackPulls};
use std::collections::BTreeMap;

/// The texts that are made of a stack's report, as it is and as it is read again from what is kept.
pub fn formats(stack: &StackReport) -> Vec<(&'static str, String)> {
    let kept = serde_json::to_value(stack).unwrap();
    let kept = serde_json::from_value(kept).unwrap();
    let mut texts = of_scan(stack);
    texts.extend(of_standing(stack));
    texts.extend(of_standing(&kept));
    texts
}

/// What a scan itself leads to.
fn of_scan(stack: &StackReport) -> Vec<(&'static str, String)> {
    let report = Report {
        stacks: vec![stack.clone()],
        accounts: Vec::new(),
    };
    let repository = RepositoryName::new("acme/shop").unwrap();
    let occasion = NotificationContext {
        id: "a",
        repository: &repository,
        commit: "b",
        scanned_at: "c",
        pages: &BTreeMap::new(),
    };
    let pulls = StackPulls {
        open: vec![1],
        refused: vec!["a problem".to_owned()],
        ..StackPulls::default()
    };
    let check = report::check(stack, &pulls);
    let mut texts = vec![
        ("the terminal", report::text(&report, Paint::Plain)),
        ("the JSON", report::json(&report).unwrap()),
        ("the summary", report::summary(&report)),
        ("the SARIF", report::sarif(&report).unwrap()),
        (
            "code scanning",
            report::code_scanning(None, stack)
                .unwrap()
                .unwrap_or_default(),
        ),
        (
            "a check",
            format!("{}\n{}\n{}", check.title, check.summary, check.text),
        ),
        (
            "a notification",
            report::notification(None, stack, occasion).unwrap_or_default(),
        ),
        ("a reply", report::scanned(stack, &[1])),
    ];
    let remarks = check.annotations.iter();
    texts.extend(
        remarks.map(|remark| ("a remark", format!("{}\n{}", remark.title, remark.message))),
    );
    if let Ok(scanned) = &stack.outcome {
        let findings: Vec<&Finding> = scanned.findings.iter().collect();
        for direction in [report::Direction::Adopt, report::Direction::Restore] {
            let content = report::PullRequestContent {
                stack,
                scanned,
                direction,
                carried: &findings,
                tells_rest: true,
            };
            let pull = report::pull_request(&content).unwrap();
            texts.push((
                "a pull request",
                format!("{}\n{}\n{}", pull.title, pull.message, pull.body),
            ));
        }
        texts.push(("the marker", patch::marker(&findings)));
    }
    texts
}

/// What the last scan of a stack leads to, whenever somebody asks.
fn of_standing(stack: &StackReport) -> Vec<(&'static str, String)> {
    let standing = StackStatus {
        report: stack.clone(),
        scanned_at: 0,
        next_scan: None,
        pulls: Vec::new(),
        carried: Default::default(),
        undecided: Default::default(),
        decisions: Vec::new(),
    };
    let overview = DashboardContent {
        stacks: vec![standing],
        parked: Vec::new(),
        failed: Vec::new(),
    };
    let mut texts = vec![(
        "the dashboard",
        report::dashboard(&overview, 0, Detail::Full),
    )];
    if let Ok(scanned) = &stack.outcome {
        let all = scanned.findings.iter().chain(&scanned.set_aside);
        texts.extend(all.map(|finding| ("an explanation", report::explain(finding))));
    }
    texts.extend(page_formats::of_report(stack));
    texts
}

/// A report in which this text stands wherever one from outside may.
fn report_of(text: &str) -> StackReport {
    let difference = Difference {
        path: format!("tags[{}]", serde_json::to_string(text).unwrap()),
        verdict: Verdict::Drift,
        declared: Some(text.into()),
        recorded: Value::map([(text, Value::from(text))]),
        live: Value::List(vec![text.into()]),
        added: vec![text.into()],
        removed: vec![text.into()],
        defined_in: None,
    };
    let keyed = format!("aws_instance.web[{}]", serde_json::to_string(text).unwrap());
    let changed = Finding {
        actor: Some(caller(text)),
        address: keyed.parse().ok(),
        attributes: vec![difference],
        reason: Some(text.to_owned()),
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_instance")
    };
    assert!(changed.address.is_some(), "{keyed}");
    let added = Finding {
        actor: Some(caller(text)),
        import_id: Some(text.to_owned()),
        under: Some("aws_iam_role.web".parse().unwrap()),
        ..Finding::new(
            Kind::Unmanaged,
            Verdict::UnseenByPlan,
            "aws_iam_role_policy",
        )
    };
    StackReport {
        name: StackName::of_path("a"),
        path: text.to_owned(),
        backend: None,
        outcome: Ok(Scanned {
            findings: vec![changed.clone(), added],
            set_aside: vec![changed],
            notes: vec![text.to_owned()],
            ..Scanned::default()
        }),
    }
}

/// A caller who chose this text wherever one can.
fn caller(text: &str) -> Actor {
    let call = Actor {
        principal: text.to_owned(),
        session: Some(text.to_owned()),
        role: Some(text.to_owned()),
        event: text.to_owned(),
        time: text.to_owned(),
        source: CallSource::Automation,
        source_address: Some(text.to_owned()),
        others: Vec::new(),
        more: false,
    };
    Actor {
        others: vec![call.clone()],
        more: true,
        ..call
    }
}

/// What turns a text around, and what hides in one. The blank of no width is not among them: in Markdown it is ours, and
/// keeps a name from becoming a mention.
const HIDDEN: &[char] = &[
    '\u{202e}',
    '\u{2066}',
    '\u{feff}',
    '\u{ad}',
    '\u{e0041}',
    '\u{7f}',
    '\u{1b}',
];

#[test]
fn what_nobody_sees_is_shown_as_an_escape_in_every_form() {
    let text: String = HIDDEN.iter().flat_map(|c| ['x', *c]).collect();
    let mut failed = report_of(&text);
    failed.outcome = Err(ScanError {
        kind: "state".into(),
        message: text.clone(),
    });
    for stack in [report_of(&text), failed] {
        let mut escapes = 0;
        for (format, shown) in formats(&stack) {
            let hidden = shown.chars().find(|c| HIDDEN.contains(c));
            assert_eq!(hidden, None, "{format}: {shown:?}");
            escapes += usize::from(shown.contains("u{202e}") || shown.contains("u202e"));
        }
        assert!(escapes > 5, "it is shown: {escapes}");
    }
}

/// It is personal data.
#[test]
fn the_address_that_a_call_came_from_is_in_the_json_and_on_the_page_of_its_finding_alone() {
    const ADDRESS: &str = "203.0.113.7";
    let mut stack = report_of("a text");
    let Ok(scanned) = &mut stack.outcome else {
        unreachable!()
    };
    for finding in &mut scanned.findings {
        let actor = finding.actor.as_mut().unwrap();
        for call in std::iter::once(&mut actor.source_address)
            .chain(actor.others.iter_mut().map(|call| &mut call.source_address))
        {
            *call = Some(ADDRESS.to_owned());
        }
        actor.principal = "arn:aws:iam::123456789012:user/mallory".to_owned();
    }
    let (mut named, mut addressed) = (0, 0);
    for (format, text) in formats(&stack) {
        if format == page_formats::FINDING {
            // Of what is set aside nobody asks who it was.
            addressed += usize::from(text.contains(ADDRESS));
        } else {
            let is_json = format == "the JSON";
            assert_eq!(text.contains(ADDRESS), is_json, "{format}: {text}");
        }
        named += usize::from(text.contains("user/mallory"));
    }
    assert!(named >= 9, "who it was is told: {named}");
    assert_eq!(addressed, 4, "two findings, now and as they are kept");
}

/// What stands for a secret in a report that was kept is no map of its fingerprint.
#[test]
fn a_kept_secret_is_shown_as_one() {
    let secret = driftguard::model::Redactor::new(b"key").fingerprint(&"hunter2".into());
    let mut stack = report_of("a text");
    if let Ok(scanned) = &mut stack.outcome {
        let difference = &mut scanned.findings[0].attributes[0];
        difference.recorded = secret.clone();
        difference.declared = None;
        difference.live = Value::map([("Token", secret)]);
        (difference.added, difference.removed) = (Vec::new(), Vec::new());
    }
    let shown = formats(&stack);
    let explanations: Vec<_> = shown
        .iter()
        .filter(|(format, _)| *format == "an explanation")
        .collect();
    assert_eq!(
        explanations[0].1, explanations[3].1,
        "as it is, and as it was kept"
    );
    for (format, text) in &shown {
        assert!(!text.contains("{ fingerprint"), "{format}: {text}");
    }
    assert!(
        explanations[0].1.contains("(secret, fingerprint "),
        "{explanations:?}"
    );
    assert_eq!(masked(&explanations[0].1), explanations[0].1);
}
