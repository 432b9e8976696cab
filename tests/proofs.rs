//! What people read of how far an edit is proven: by the provider's plan, or by DriftGuard's own comparison.

use crate::plugin::scan::not_fixed_for;
use driftguard::model::{
    Coverage, Edit, Finding, FindingId, Fix, FixKind, Kind, Proof, Prover, Refusal, RefusalKind,
    Report, Scanned, Severity, StackName, StackReport, Status, TypeReader, Verdict,
};
use driftguard::report::{self, Direction, Paint, PullRequestContent, StackPulls};
use std::collections::BTreeMap;

const BY_PROVIDER: &str = "the provider plans nothing more here";
const BY_COMPARISON: &str =
    "DriftGuard verified every edit by its own comparison, not by a Terraform plan.";

fn finding(name: &str, proof: Option<Proof>) -> Finding {
    let edit = Edit {
        file: format!("{name}.tf"),
        line: 3,
        range: 0..0,
        text: String::new(),
    };
    Finding {
        id: FindingId(format!("f-{name}")),
        address: format!("aws_sqs_queue.{name}").parse().ok(),
        severity: Severity::Low,
        fix: Some(Fix {
            proof,
            ..Fix::of(FixKind::Adopt, vec![edit])
        }),
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_sqs_queue")
    }
}

fn planned(remaining: &[(&str, &str)]) -> Option<Proof> {
    let remaining = remaining
        .iter()
        .map(|(name, reason)| ((*name).to_owned(), (*reason).to_owned()));
    let reasons: BTreeMap<_, _> = remaining.collect();
    Some(Proof {
        by: Prover::Provider,
        remaining: reasons.keys().cloned().collect(),
        reasons,
    })
}

fn refused(name: &str) -> Finding {
    let reason = "with this edit the provider would still change `delay_seconds`";
    let refusal = Refusal {
        reason: reason.to_owned(),
        kind: RefusalKind::Unproven,
        ..Refusal::default()
    };
    Finding {
        fix: Some(Fix {
            proof: planned(&[("delay_seconds", "")]),
            ..Fix::refused(refusal)
        }),
        ..finding(name, None)
    }
}

/// What a person reads of these findings, after they were stored and read again.
struct Texts {
    pull_request: String,
    check: String,
    terminal: String,
    summary: String,
}

impl Texts {
    fn of(findings: Vec<Finding>) -> Self {
        let stack = StackReport {
            name: StackName::new("production").unwrap(),
            path: "infra".to_owned(),
            backend: None,
            outcome: Ok(Scanned {
                findings,
                ..Scanned::default()
            }),
        };
        let stored = serde_json::to_value(&stack).unwrap();
        let stack: StackReport = serde_json::from_value(stored).unwrap();
        let scanned = stack.outcome.as_ref().unwrap();
        let adopted = |finding: &&Finding| report::carries(Direction::Adopt, finding);
        let carried: Vec<_> = scanned.findings.iter().filter(adopted).collect();
        let content = PullRequestContent {
            stack: &stack,
            scanned,
            direction: Direction::Adopt,
            carried: &carried,
            tells_rest: true,
        };
        let pull_request = report::pull_request(&content).unwrap().body;
        let pulls = StackPulls {
            open: vec![7],
            ..StackPulls::default()
        };
        let check = report::check(&stack, &pulls);
        let report = Report {
            stacks: vec![stack],
            ..Report::default()
        };
        Self {
            pull_request,
            check: format!("{}\n\n{}", check.summary, check.text),
            terminal: report::text(&report, Paint::Plain),
            summary: report::summary(&report),
        }
    }

    fn all(&self) -> [&str; 4] {
        [
            &self.pull_request,
            &self.check,
            &self.terminal,
            &self.summary,
        ]
    }
}

/// How often a text holds a part.
fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

#[test]
fn what_the_provider_planned_is_told_of_each_edit() {
    let texts = Texts::of(vec![
        finding("orders", planned(&[])),
        finding("mails", planned(&[])),
        finding(
            "bills",
            planned(&[
                ("kms_key_id", "this fix leaves it"),
                ("redrive_policy", "x"),
            ]),
        ),
    ]);
    for text in texts.all() {
        // The first two are alike, and told of together.
        assert_eq!(count(text, BY_PROVIDER), 1, "{text}");
        let rest = "would still change `kms_key_id` (this fix leaves it), `redrive_policy` (x)";
        assert_eq!(count(text, rest), 1, "{text}");
        assert_eq!(count(text, "comparison"), 0, "{text}");
    }
    let edit = "Edit: `bills.tf:3` · the provider plans nothing more for what is fixed here";
    assert!(texts.pull_request.contains(edit), "{}", texts.pull_request);
}

#[test]
fn of_a_restore_it_is_told_what_the_provider_would_put_back() {
    let reasons = [("publicly_accessible", "an apply puts it back")];
    let database = finding("orders", planned(&reasons));
    let fix = database.fix.map(|fix| Fix {
        kind: FixKind::Restore,
        ..fix
    });
    let explained = report::explain(&Finding {
        fix,
        ..finding("orders", None)
    });
    let told =
        "the provider takes the code and plans `publicly_accessible` (an apply puts it back)";
    assert!(explained.contains(told), "{explained}");
    assert!(!explained.contains("nothing more"), "{explained}");
}

#[test]
fn without_a_provider_it_is_told_once_what_checked_all_edits() {
    let compared = || Some(Proof::by_comparison());
    let texts = Texts::of(vec![
        finding("orders", compared()),
        finding("mails", compared()),
        Finding {
            kind: Kind::Deleted,
            ..finding("gone", compared())
        },
    ]);
    for text in texts.all() {
        assert_eq!(count(text, BY_COMPARISON), 1, "{text}");
        assert_eq!(count(text, "comparison"), 1, "{text}");
        assert_eq!(count(text, "the provider plans"), 0, "{text}");
    }
    let explained = report::explain(&finding("orders", compared()));
    let proof = "Proof: verified by DriftGuard's own comparison, not by a Terraform plan.";
    assert!(explained.contains(proof), "{explained}");
}

#[test]
fn what_only_the_comparison_checked_is_told_from_what_the_provider_planned() {
    let mixed = Texts::of(vec![
        finding("orders", planned(&[])),
        finding("mails", Some(Proof::by_comparison())),
    ]);
    for text in mixed.all() {
        assert_eq!(count(text, BY_PROVIDER), 1, "{text}");
        let rest = "Where no plan of the provider is named, DriftGuard verified the edit by its own comparison.";
        assert_eq!(count(text, rest), 1, "{text}");
        assert_eq!(count(text, BY_COMPARISON), 0, "{text}");
    }
    // A restore that only needs an apply has no edit to check.
    let applied = Finding {
        fix: Some(Fix::of(FixKind::Restore, Vec::new())),
        ..finding("orders", None)
    };
    for text in Texts::of(vec![applied]).all() {
        assert_eq!(count(text, "comparison"), 0, "{text}");
    }
}

#[test]
fn a_disproved_edit_is_not_in_the_pull_request_and_is_told_with_what_stays() {
    let texts = Texts::of(vec![finding("orders", planned(&[])), refused("mails")]);
    assert!(!texts.pull_request.contains("mails.tf"));
    let left = "**low** `aws_sqs_queue.mails` (finding `f-mails`): with this edit the provider would still change `delay_seconds`";
    assert!(texts.pull_request.contains(left), "{}", texts.pull_request);
    for text in texts.all() {
        assert_eq!(count(text, BY_PROVIDER), 1, "{text}");
        assert_eq!(
            count(text, "would still change `delay_seconds`"),
            1,
            "{text}"
        );
        assert_eq!(count(text, "nothing more for what is fixed"), 0, "{text}");
    }
}

#[tokio::test]
async fn the_json_tells_what_an_edit_leaves_and_what_a_disproved_one_failed_for() {
    let disproved = not_fixed_for("always plans 30").await;
    let proof = serde_json::json!({"by": "provider", "remaining": ["visibility_timeout_seconds"]});
    assert_eq!(disproved["proof"], proof, "{disproved}");
    let refused = not_fixed_for("refuses 90").await;
    let proof = serde_json::json!({"by": "provider", "remaining": []});
    assert_eq!(refused["proof"], proof, "{refused}");
}

#[test]
fn what_a_provider_would_read_is_one_line_wherever_coverage_is_told() {
    let row = |tf_type: &str, resources, with_provider| Coverage {
        reader: TypeReader::Provider,
        reason: Some("DriftGuard does not read this type yet".to_owned()),
        with_provider,
        ..Coverage::new(tf_type, resources, Status::Unsupported)
    };
    let texts = |coverage| {
        let stack = StackReport {
            name: StackName::new("production").unwrap(),
            path: "infra".to_owned(),
            backend: None,
            outcome: Ok(Scanned {
                coverage,
                ..Scanned::default()
            }),
        };
        let check = report::check(&stack, &StackPulls::default()).text;
        let report = Report {
            stacks: vec![stack],
            ..Report::default()
        };
        [check, report::text(&report, Paint::Plain)].map(|text| text.replace('`', ""))
    };
    let several = vec![
        row("aws_kms_key", 3, true),
        row("aws_kms_key", 1, true),
        row("aws_sqs_queue", 1, true),
        row("aws_ssm_parameter", 2, false),
    ];
    for text in texts(several) {
        let line = "5 resources of 2 types are not read natively; with a folder of providers (--providers) they would be: \
                    aws_kms_key (4), aws_sqs_queue";
        assert_eq!(count(&text, line), 1, "{text}");
        assert_eq!(count(&text, "aws_kms_key"), 1, "{text}");
        assert_eq!(count(&text, "does not read this type yet"), 1, "{text}");
    }
    for text in texts(vec![row("aws_kms_key", 1, true)]) {
        let line = "1 resource of 1 type is not read natively; with a folder of providers (--providers) it would be: aws_kms_key";
        assert_eq!(count(&text, line), 1, "{text}");
    }
    let many = (0..60).map(|number| row(&format!("aws_t{number}"), 1, true));
    for text in texts(many.collect()) {
        assert_eq!(count(&text, "60 resources of 60 types"), 1, "{text}");
        assert_eq!(count(&text, "and 20 more types"), 1, "{text}");
    }
}
