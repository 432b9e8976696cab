//! Which way the changes in a text are read: `+` in a pull request is what merging it leads to, and each diff and table
//! names its sides.

use driftguard::model::{
    Difference, Edit, Finding, FindingId, Fix, FixKind, Kind, Money, MonthlyCost, Refusal,
    RefusedAttribute, Report, Scanned, Severity, StackName, StackReport, Value, Verdict,
};
use driftguard::report::{self, Direction, PullRequestContent, PullRequestText, StackPulls};

fn changed(path: &str, recorded: impl Into<Value>, live: impl Into<Value>) -> Difference {
    let recorded = recorded.into();
    Difference {
        path: path.to_owned(),
        verdict: Verdict::Drift,
        declared: Some(recorded.clone()),
        recorded,
        live: live.into(),
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: None,
    }
}

fn finding(address: &str, kind: FixKind, attributes: Vec<Difference>) -> Finding {
    let edit = Edit {
        file: "main.tf".to_owned(),
        line: 3,
        range: 0..0,
        text: String::new(),
    };
    let edits = if kind == FixKind::Restore {
        Vec::new()
    } else {
        vec![edit]
    };
    let (tf_type, _) = address.split_once('.').unwrap();
    Finding {
        id: FindingId(format!("f-{address}")),
        address: address.parse().ok(),
        attributes,
        severity: Severity::High,
        fix: Some(Fix::of(kind, edits)),
        ..Finding::new(Kind::Modified, Verdict::Drift, tf_type)
    }
}

/// A database whose backups are kept for a shorter time.
fn backups(kind: FixKind) -> Finding {
    let shorter = changed("backup_retention_period", 7, 1);
    finding("aws_db_instance.orders", kind, vec![shorter])
}

/// A group that somebody opened.
fn opened(kind: FixKind) -> Finding {
    let rule = |cidr: &str| Value::map([("cidr_blocks", cidr.into()), ("from_port", 22.into())]);
    let (before, after) = (rule("10.0.0.0/8"), rule("0.0.0.0/0"));
    let rules = |rules: &[&Value]| Value::List(rules.iter().copied().cloned().collect());
    let ingress = Difference {
        added: vec![after.clone()],
        ..changed("ingress", rules(&[&before]), rules(&[&before, &after]))
    };
    finding("aws_security_group.web", kind, vec![ingress])
}

fn gone(kind: FixKind) -> Finding {
    Finding {
        kind: Kind::Deleted,
        ..finding("aws_instance.worker", kind, Vec::new())
    }
}

fn refused(name: &str, severity: Severity) -> Finding {
    let refusal = Refusal {
        reason: "nobody asked for it".to_owned(),
        ..Refusal::default()
    };
    Finding {
        severity,
        fix: Some(Fix::refused(refusal)),
        ..finding(&format!("aws_iam_role.{name}"), FixKind::Adopt, Vec::new())
    }
}

fn stack(findings: Vec<Finding>) -> StackReport {
    StackReport {
        name: StackName::new("production").unwrap(),
        path: "infra".to_owned(),
        backend: None,
        outcome: Ok(Scanned {
            findings,
            ..Scanned::default()
        }),
    }
}

fn pull_request(direction: Direction, findings: Vec<Finding>) -> PullRequestText {
    let stack = stack(findings);
    let scanned = stack.outcome.as_ref().unwrap();
    let carried = scanned.findings.iter();
    let carried: Vec<_> = carried
        .filter(|finding| report::carries(direction, finding))
        .collect();
    let content = PullRequestContent {
        stack: &stack,
        scanned,
        direction,
        carried: &carried,
        tells_rest: true,
    };
    report::pull_request(&content).unwrap()
}

#[test]
fn a_restore_shows_what_the_apply_changes_in_aws() {
    let kind = FixKind::Restore;
    let findings = vec![backups(kind), opened(kind), gone(kind)];
    let body = pull_request(Direction::Restore, findings).body;
    for part in [
        "| severity | resource | the apply changes in AWS |",
        "`backup_retention_period: 1 → 7`",
        "`ingress: 1 to remove`",
        "| to create again |",
        "--- AWS now\n+++ AWS after the apply\n- backup_retention_period = 1\n+ backup_retention_period = 7\n",
        "--- AWS now\n+++ AWS after the apply\n  ingress\n-   { cidr_blocks = \"0.0.0.0/0\", from_port = 22 }\n",
    ] {
        assert!(body.contains(part), "{part} is not in {body}");
    }
}

#[test]
fn an_adoption_shows_what_the_merge_changes_in_the_code() {
    let findings = vec![
        backups(FixKind::Adopt),
        opened(FixKind::Adopt),
        gone(FixKind::Remove),
    ];
    let body = pull_request(Direction::Adopt, findings).body;
    for part in [
        "| severity | resource | the merge changes in the code |",
        "`backup_retention_period: 7 → 1`",
        "`ingress: 1 to add`",
        "| its block or entry to remove |",
        "--- code now\n+++ code after the merge\n- backup_retention_period = 7\n+ backup_retention_period = 1\n",
        "--- code now\n+++ code after the merge\n  ingress\n+   { cidr_blocks = \"0.0.0.0/0\", from_port = 22 }\n",
    ] {
        assert!(body.contains(part), "{part} is not in {body}");
    }
}

#[test]
fn what_reports_drift_shows_it_from_terraform_to_aws() {
    let finding = backups(FixKind::Restore);
    let diff =
        "--- Terraform\n+++ AWS\n- backup_retention_period = 7\n+ backup_retention_period = 1\n";
    let explained = report::explain(&finding);
    assert!(explained.contains(diff), "{explained}");
    let summary = report::summary(&Report {
        stacks: vec![stack(vec![finding, gone(FixKind::Restore)])],
        ..Report::default()
    });
    for part in [
        diff,
        "| drift: Terraform → AWS |",
        "`backup_retention_period: 7 → 1`",
        "| deleted in AWS |",
    ] {
        assert!(summary.contains(part), "{part} is not in {summary}");
    }
}

/// A fix that leaves an attribute as it is does not claim to change it.
#[test]
fn what_a_fix_leaves_as_it_is_stands_in_no_diff_and_the_first_paragraph_says_so() {
    for (direction, kind, left) in [
        (Direction::Adopt, FixKind::Adopt, "in the code"),
        (Direction::Restore, FixKind::Restore, "in AWS"),
    ] {
        let whole = backups(kind);
        let mut part = whole.clone();
        part.attributes.push(changed("description", "a", "b"));
        part.fix.as_mut().unwrap().refused = vec![RefusedAttribute {
            path: "description".to_owned(),
            reason: "made from a template".to_owned(),
            kind: Default::default(),
        }];
        let says = format!("What is listed as not fixed stays {left} as it is.");
        let body = pull_request(direction, vec![part]).body;
        assert!(body.lines().next().unwrap().ends_with(&says), "{body}");
        assert!(
            body.contains("not fixed: `description`, made from"),
            "{body}"
        );
        assert!(
            !body.contains("description =") && !body.contains("description:"),
            "{body}"
        );
        let body = pull_request(direction, vec![whole]).body;
        assert!(!body.contains("not fixed"), "{body}");
    }
}

#[test]
fn the_cost_is_that_of_the_drift_and_what_merging_does_to_it_is_told() {
    let cost = |live: &str| MonthlyCost::Priced {
        declared: Money("10".parse().unwrap()),
        live: Money(live.parse().unwrap()),
    };
    for (kind, direction, live, says) in [
        (
            FixKind::Adopt,
            Direction::Adopt,
            "12.5",
            "costs $2.50 a month; merging does not change the bill.",
        ),
        (
            FixKind::Restore,
            Direction::Restore,
            "12.5",
            "costs $2.50 a month; the apply ends that.",
        ),
        (
            FixKind::Restore,
            Direction::Restore,
            "0",
            "saves $10.00 a month; the apply ends that.",
        ),
    ] {
        let finding = Finding {
            monthly_cost: Some(cost(live)),
            ..backups(kind)
        };
        let body = pull_request(direction, vec![finding]).body;
        assert!(body.contains(&format!("The drift {says}")), "{body}");
        assert!(body.contains("cost of the drift: "), "{body}");
    }
}

#[test]
fn titles_count_what_the_text_counts() {
    let title = |direction, findings| pull_request(direction, findings).title;
    let kind = FixKind::Restore;
    for (direction, findings, expected) in [
        (
            Direction::Restore,
            vec![backups(kind), opened(kind)],
            "restore settings of 2 resources in production (2 high)",
        ),
        (
            Direction::Restore,
            vec![backups(kind), gone(kind)],
            "restore 2 resources in production (2 high)",
        ),
        (
            Direction::Adopt,
            vec![gone(FixKind::Remove), gone(FixKind::Remove)],
            "adopt 2 deletions in production (2 high)",
        ),
        (
            Direction::Adopt,
            vec![backups(FixKind::Adopt), gone(FixKind::Remove)],
            "adopt 2 changes in production (2 high)",
        ),
    ] {
        assert_eq!(
            title(direction, findings),
            format!("DriftGuard: {expected}")
        );
    }
}

#[test]
fn what_needs_a_person_stands_first_where_it_is_as_severe_as_what_is_fixed() {
    let before = |others: &[Finding]| {
        let mut findings = vec![backups(FixKind::Restore)];
        findings.extend_from_slice(others);
        let body = pull_request(Direction::Restore, findings).body;
        let (before, after) = body.split_once("| severity |").unwrap();
        (
            before.matches("needs a person").count(),
            after.matches("nobody asked for it").count(),
        )
    };
    assert_eq!(before(&[refused("a", Severity::Critical)]), (1, 0));
    assert_eq!(before(&[refused("a", Severity::High)]), (1, 0));
    assert_eq!(before(&[refused("a", Severity::Medium)]), (0, 1));
    // The table is still in sight.
    let many: Vec<_> = (0..8)
        .map(|number| refused(&format!("a{number}"), Severity::High))
        .collect();
    assert_eq!(before(&many), (5, 3));
}

#[test]
fn a_check_tells_what_changed_and_in_which_pull_request_it_is_fixed() {
    let twin = Finding {
        id: FindingId("f-twin".to_owned()),
        address: "aws_db_instance.mails".parse().ok(),
        ..backups(FixKind::Adopt)
    };
    let cost = |finding: Finding| Finding {
        monthly_cost: Some(MonthlyCost::Priced {
            declared: Money("10".parse().unwrap()),
            live: Money("12.5".parse().unwrap()),
        }),
        ..finding
    };
    let (orders, group) = (backups(FixKind::Adopt), opened(FixKind::Restore));
    let pulls = StackPulls {
        open: vec![1, 2, 3],
        carried: [(&group, 1_u64), (&orders, 2), (&twin, 2)]
            .map(|(finding, number)| (finding.id.clone(), number))
            .into(),
        ..StackPulls::default()
    };
    let findings = vec![cost(orders), cost(twin), group, refused("a", Severity::Low)];
    let check = report::check(&stack(findings), &pulls);
    assert!(
        check
            .summary
            .contains("Pull requests: #1 (restore), #2 (adopt), #3."),
        "{}",
        check.summary
    );
    for line in [
        "- **high** `aws_db_instance.orders`, `aws_db_instance.mails`: `backup_retention_period: 7 → 1` (adopt: #2), together \
         +$5.00 a month\n",
        "- **high** `aws_security_group.web`: `ingress: 1 added` (restore: #1)\n",
        "- **low** `aws_iam_role.a` was changed outside Terraform\n  - needs a person (finding `f-aws_iam_role.a`): nobody \
         asked for it.",
    ] {
        assert!(check.text.contains(line), "{line} is not in {}", check.text);
    }
}
