//! GitHub refuses a text that is too long as a whole. However many things there are to tell, and however long each is, it
//! accepts what it is sent.

use driftguard::model::{
    AccountId, AccountReport, Address, Choice, Coverage, Decision, Edit, Finding, FindingId, Fix,
    FixKind, Kind, Refusal, Report, ScanError, Scanned, Severity, StackName, StackReport,
    StackStatus, Status, Verdict,
};
use driftguard::report::{
    self, DashboardContent, Detail, Direction, FirstScan, NeededRole, Onboarding,
    PullRequestContent, StackPulls,
};

/// The most characters of a title, of a body, and of a text of a check run.
const TITLE: usize = 256;
const BODY: usize = 65_536;
const CHECK: usize = 65_535;

/// A text of which each character is written as five, and that is cut.
fn long() -> String {
    "!".repeat(10_000)
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn named(name: &str) -> Finding {
    let address: Address = format!("aws_instance.{name}").parse().unwrap();
    Finding {
        id: FindingId(format!("f-{:0>12}", &name[..name.len().min(12)])),
        address: Some(address),
        severity: Severity::Critical,
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_instance")
    }
}

fn stack(name: &str, outcome: Result<Scanned, ScanError>) -> StackReport {
    StackReport {
        name: StackName::new(name).unwrap(),
        path: "infra".to_owned(),
        backend: None,
        outcome,
    }
}

/// Stacks that could not be scanned, each for a reason of its own.
fn failed(count: usize) -> Vec<StackReport> {
    let stack = |at: usize| {
        let error = ScanError {
            kind: "state".into(),
            message: format!("{at} {}", long()),
        };
        stack(&format!("{}-{at}", "s".repeat(90)), Err(error))
    };
    (0..count).map(stack).collect()
}

fn status(report: StackReport) -> StackStatus {
    StackStatus {
        report,
        scanned_at: 1_795_000_000_000,
        next_scan: None,
        pulls: (1_000_000..1_002_000).collect(),
        carried: Default::default(),
        undecided: Default::default(),
        decisions: Vec::new(),
    }
}

fn pull_request(stack: &StackReport, direction: Direction) -> report::PullRequestText {
    let scanned = stack.outcome.as_ref().unwrap();
    let carried: Vec<_> = scanned
        .findings
        .iter()
        .filter(|finding| report::carries(direction, finding))
        .collect();
    assert!(!carried.is_empty());
    let content = PullRequestContent {
        stack,
        scanned,
        direction,
        carried: &carried,
        tells_rest: true,
    };
    report::pull_request(&content).unwrap()
}

#[test]
fn the_longest_names_make_no_title_that_is_too_long() {
    let mut finding = named(&"w".repeat(300));
    finding.fix = Some(Fix::of(FixKind::Restore, Vec::new()));
    let scanned = Scanned {
        findings: vec![finding],
        ..Scanned::default()
    };
    let stack = stack(&"s".repeat(100), Ok(scanned));
    let title = pull_request(&stack, Direction::Restore).title;
    assert!(length(&title) <= TITLE, "{}: {title}", length(&title));
    assert!(title.ends_with("(1 critical)"), "{title}");
}

/// A stack of which each list is as long as it is told.
fn everything() -> StackReport {
    let edit = Edit {
        file: "main.tf".to_owned(),
        line: 1,
        range: 0..0,
        text: String::new(),
    };
    let fixed = |at: usize| Finding {
        fix: Some(Fix::of(FixKind::Adopt, vec![edit.clone()])),
        severity: Severity::Low,
        ..named(&format!("n{at:011}"))
    };
    let left = |at: usize| Finding {
        fix: Some(Fix::refused(Refusal {
            reason: format!("{at}{}", "!".repeat(700)),
            ..Refusal::default()
        })),
        severity: [Severity::Low, Severity::Critical][at % 2],
        ..named(&format!("l{at:011}"))
    };
    let agreed = |at: usize| Finding {
        verdict: Verdict::StaleState,
        reason: Some("!".repeat(700)),
        attributes: Vec::new(),
        ..named(&format!("a{}{at:03}", "a".repeat(380)))
    };
    let unread = |at: usize| Coverage {
        reason: Some("!".repeat(700)),
        ..Coverage::new(&format!("aws_{at}"), 1, Status::Denied)
    };
    let scanned = Scanned {
        findings: (0..1_000).map(fixed).chain((0..60).map(left)).collect(),
        set_aside: (0..60).map(agreed).collect(),
        coverage: (0..60).map(unread).collect(),
        notes: (0..60)
            .map(|at| format!("{at}{}", "!".repeat(700)))
            .collect(),
        ..Scanned::default()
    };
    stack(&"s".repeat(100), Ok(scanned))
}

#[test]
fn a_pull_request_whose_lists_are_all_long_is_accepted() {
    let text = pull_request(&everything(), Direction::Adopt);
    assert!(length(&text.title) <= TITLE, "{}", text.title);
    assert!(length(&text.body) <= BODY, "{}", length(&text.body));
    assert!(text.body.trim_end().ends_with("-->"), "the marker is there");
}

#[test]
fn a_check_of_refused_pull_requests_and_of_many_open_ones_is_accepted() {
    let pulls = StackPulls {
        open: (1_000_000..1_010_000).collect(),
        queued: 3,
        refused: vec![long(); 20],
        ..StackPulls::default()
    };
    let check = report::check(&everything(), &pulls);
    assert!(
        length(&check.summary) <= CHECK,
        "{}",
        length(&check.summary)
    );
    assert!(length(&check.text) <= CHECK, "{}", length(&check.text));
    assert!(check.summary.contains("and 9950 more"), "{}", check.summary);
}

#[test]
fn stacks_that_fail_each_for_a_long_reason_are_told_within_each_text() {
    for count in [5, 60, 600] {
        let reports = failed(count);
        let overview = DashboardContent {
            stacks: reports.iter().cloned().map(status).collect(),
            parked: Vec::new(),
            failed: Vec::new(),
        };
        let dashboard = report::dashboard(&overview, 1_795_000_000_000, Detail::Full);
        assert!(
            length(&dashboard) <= BODY,
            "{count}: {}",
            length(&dashboard)
        );
        assert!(dashboard.contains(report::DASHBOARD_MARKER));
        assert!(dashboard.contains("Scan all stacks now"));
        let summary = report::summary(&Report {
            stacks: reports.clone(),
            accounts: Vec::new(),
        });
        assert!(length(&summary) <= BODY, "{count}: {}", length(&summary));
        assert!(summary.contains("not scanned"));
        let first = FirstScan::Scanned(reports);
        let page = onboarding(&first, "{}");
        assert!(length(&page) <= BODY, "{count}: {}", length(&page));
        assert!(page.contains("could not be scanned"));
    }
}

#[test]
fn a_summary_of_many_accounts_is_accepted_and_counts_them() {
    let account = |at: usize| AccountReport {
        account: AccountId::new(&format!("{at:012}")).unwrap(),
        findings: vec![named("a")],
        coverage: Vec::new(),
    };
    let summary = report::summary(&Report {
        stacks: Vec::new(),
        accounts: (0..3_000).map(account).collect(),
    });
    assert!(length(&summary) <= BODY, "{}", length(&summary));
    assert!(summary.contains("and 2900 accounts more"), "{summary}");
}

/// The description of the pull request that sets DriftGuard up.
fn onboarding(first: &FirstScan, permissions: &str) -> String {
    let stacks = [(StackName::new("a").unwrap(), String::new())];
    let role = role(permissions);
    let known = Onboarding {
        stacks: &stacks,
        role,
        first,
    };
    report::onboarding_page(&known).body
}

fn role(permissions: &str) -> NeededRole<'_> {
    NeededRole {
        external_id: "driftguard-0",
        trust: "{}",
        permissions,
        unknown_states: &[],
    }
}

/// IAM takes no such policy, and a text that shows it would not be accepted: nobody would be told how to set up.
#[test]
fn permissions_for_the_states_of_hundreds_of_buckets_leave_room_for_the_rest() {
    let permissions = format!("[{}]", "\"arn:aws:s3:::acme-states\",\n".repeat(4_000));
    let check = report::needs_role(&role(&permissions));
    let page = onboarding(&FirstScan::NoRole, &permissions);
    for text in [&check.text, &page] {
        assert!(length(text) <= CHECK, "{}", length(text));
        assert!(text.contains("`driftguard iam-policy`"), "{text}");
    }
}

#[test]
fn a_reminder_of_long_names_is_accepted() {
    let mut below = named("a");
    below.under = format!("aws_iam_role.web[\"{}\"]", "!".repeat(5_000))
        .parse()
        .ok();
    below.kind = Kind::Unmanaged;
    let findings: Vec<_> = (0..100)
        .map(|at| Finding {
            id: FindingId(format!("f-{at}")),
            ..below.clone()
        })
        .collect();
    let decision = |finding: &Finding| Decision {
        finding: finding.id.clone(),
        stack: StackName::new("a").unwrap(),
        choice: Choice::Applying {
            pull: 7,
            reminded: false,
        },
        person: "alice".to_owned(),
        decided_at: 1,
    };
    let decisions: Vec<_> = findings.iter().map(decision).collect();
    let scanned = Scanned {
        findings,
        ..Scanned::default()
    };
    let report = stack("a", Ok(scanned));
    let text = report::late(&report, report.outcome.as_ref().unwrap(), &decisions, 7);
    assert!(length(&text) <= BODY, "{}", length(&text));
    assert!(text.contains("more\n"), "the rest is counted: {text}");
}

#[test]
fn a_comment_is_cut_behind_a_line_and_what_follows_is_outside_of_any_block() {
    let end = "GitHub limits the length of a comment: the rest is left out.";
    for fence in ["```", "````", "``````"] {
        // The block holds a shorter fence, as text.
        let inner = &fence[..fence.len() - 1];
        let text = format!(
            "{fence}diff\n{}{fence}\n",
            format!("{inner}\nx\n").repeat(20_000)
        );
        let cut = report::fit_comment(&text);
        assert!(
            length(&cut) <= BODY && cut.ends_with(end),
            "{}",
            length(&cut)
        );
        let (block, _) = cut.rsplit_once(end).unwrap();
        assert_eq!(block.trim_end().lines().next_back(), Some(fence));
    }
    // A name in a span, and no end of a line for long: cut within, it would be a mention.
    let text = format!("first\n{}`@octocat`", "a ".repeat(29_999));
    let cut = report::fit_comment(&format!("{text}{}", "b".repeat(10_000)));
    assert_eq!(cut, format!("first\n\n{end}"));
    let whole = "é\n".repeat(29_000);
    assert_eq!(report::fit_comment(&whole), whole, "its characters count");
}
