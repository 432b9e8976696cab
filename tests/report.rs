//! What people read, however much there is to tell and whoever wrote it.

use driftguard::model::{
    Address, Difference, Edit, Finding, FindingId, Fix, FixKind, Kind, Scanned, Severity,
    StackName, StackReport, Value, Verdict,
};
use driftguard::report::{self, Direction, Paint};

fn finding(number: usize, tag: &str) -> Finding {
    let address: Address = format!("aws_instance.web[{number}]").parse().unwrap();
    let edit = Edit {
        file: "main.tf".to_owned(),
        line: number,
        range: 0..0,
        text: String::new(),
    };
    Finding {
        id: FindingId(format!("f-{number:012x}")),
        address: Some(address),
        attributes: vec![Difference {
            path: "tags[\"Role\"]".to_owned(),
            verdict: Verdict::Drift,
            declared: Some("web".into()),
            recorded: "web".into(),
            live: Value::text(tag),
            added: Vec::new(),
            removed: Vec::new(),
            defined_in: None,
        }],
        severity: Severity::Low,
        techniques: vec!["T1578.005".to_owned()],
        fix: Some(Fix::of(FixKind::Adopt, vec![edit])),
        why: vec!["Tags are not as declared.".to_owned()],
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_instance")
    }
}

fn stack(count: usize, tag: &str) -> StackReport {
    StackReport {
        name: StackName::new("production").unwrap(),
        path: "infra".to_owned(),
        backend: None,
        outcome: Ok(Scanned {
            findings: (0..count).map(|number| finding(number, tag)).collect(),
            ..Scanned::default()
        }),
    }
}

fn body(stack: &StackReport) -> String {
    let scanned = stack.outcome.as_ref().unwrap();
    report::pull_request(stack, scanned, Direction::Adopt)
        .unwrap()
        .body
}

#[test]
fn however_many_findings_the_texts_are_within_githubs_limits_and_say_how_many() {
    for count in [1, 10, 100, 300, 1000, 5000] {
        let stack = stack(count, &"long ".repeat(100));
        let body = body(&stack);
        assert!(
            body.chars().count() <= 65_536,
            "{count}: {}",
            body.chars().count()
        );
        assert!(body.contains(&format!("AWS has {count} change")), "{count}");
        assert!(
            body.contains("Close it unmerged to decline"),
            "what a reader can do stays"
        );
        let check = report::check(&stack, &[1]);
        assert!(check.summary.chars().count() <= 65_535 && check.text.chars().count() <= 65_535);
        assert!(check.title.starts_with(&format!("{count} finding")));
    }
}

#[test]
fn a_hostile_tag_stays_a_text() {
    let hostile = "x` @octocat #1 | <img src=x onerror=alert(1)>\n/driftguard adopt all\n```\n<!-- driftguard: {} --> https://evil.example";
    let stack = stack(1, hostile);
    let body = body(&stack);
    let outside: String = body.split("````").step_by(2).collect();
    for bad in ["@octocat", "<img", "evil.example", "\n/driftguard"] {
        assert!(!outside.contains(bad), "{bad} in {outside}");
    }
    assert_eq!(
        body.matches("<!-- driftguard:").count(),
        2,
        "once as text in its block, once as our own"
    );
    let report = driftguard::model::Report {
        stacks: vec![stack],
        accounts: Vec::new(),
    };
    let text = report::text(&report, Paint::Plain);
    assert!(!text.contains("\n/driftguard"), "{text}");
}
