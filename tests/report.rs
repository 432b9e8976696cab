//! What people read, however much there is to tell and whoever wrote it.

use driftguard::commands::{self, CommandContext};
use driftguard::model::{
    AccountId, AccountReport, Address, Backend, Choice, Control, Coverage, Decision, Difference,
    Edit, FailedScan, Finding, FindingId, Fix, FixKind, Kind, Money, MonthlyCost, ParkedJob,
    Posture, Refusal, RefusalKind, RefusedAttribute, Region, Report, RepositoryName, ScanError,
    Scanned, Severity, Source, StackName, StackReport, StackStatus, Status, Summary, Value,
    Verdict,
};
use driftguard::report::{
    self, DashboardContent, Detail, Direction, FirstScan, NeededRole, NotificationContext,
    Onboarding, Paint, PullRequestContent, StackPulls,
};
use std::collections::BTreeMap;

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
            findings: (0..count)
                .map(|number| finding(number, &format!("{tag} {number}")))
                .collect(),
            ..Scanned::default()
        }),
    }
}

/// A stack with one of everything, one that could not be scanned, and an account with something of its own.
pub fn world() -> Report {
    let rule = |port: i64, cidr: &str| {
        let cidrs = Value::List(vec![Value::text(cidr)]);
        Value::map([("from_port", Value::from(port)), ("cidr_blocks", cidrs)])
    };
    let opened = Finding {
        id: FindingId("f-00000000000a".to_owned()),
        address: Some("aws_security_group.web".parse().unwrap()),
        attributes: vec![Difference {
            path: "ingress".to_owned(),
            verdict: Verdict::Drift,
            declared: None,
            recorded: Value::List(vec![rule(443, "10.0.0.0/8")]),
            live: Value::List(vec![rule(22, "0.0.0.0/0")]),
            added: vec![rule(22, "0.0.0.0/0")],
            removed: vec![rule(443, "10.0.0.0/8")],
            defined_in: Some(Source {
                file: "infra/a b/main.tf".to_owned(),
                line: 16,
                span: (0, 0),
            }),
        }],
        severity: Severity::Critical,
        controls: vec![Control {
            benchmark: "CIS AWS Foundations 3.0.0".to_owned(),
            id: "5.2".to_owned(),
        }],
        techniques: vec!["T1686.001".to_owned()],
        fix: Some(Fix::of(FixKind::Restore, Vec::new())),
        why: vec!["The whole internet reaches port 22.".to_owned()],
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_security_group")
    };
    let gone = Finding {
        id: FindingId("f-00000000000b".to_owned()),
        address: Some(r#"module.eu["a|b"].aws_instance.worker"#.parse().unwrap()),
        severity: Severity::Medium,
        monthly_cost: Some(MonthlyCost::Priced {
            declared: Money("15.18".parse().unwrap()),
            live: Money::ZERO,
        }),
        fix: Some(Fix::of(FixKind::Remove, vec![edit("infra/worker.tf", 3)])),
        ..Finding::new(Kind::Deleted, Verdict::Drift, "aws_instance")
    };
    let attached = Finding {
        id: FindingId("f-00000000000c".to_owned()),
        import_id: Some("web/policy".to_owned()),
        under: Some("aws_iam_role.web".parse().unwrap()),
        severity: Severity::High,
        fix: Some(Fix::refused(Refusal {
            reason: "what was added to aws_iam_role.web may grant access: DriftGuard imports it only on request \
                     (`/driftguard import FINDING`, or `driftguard fix --import`), and it has to be reverted in AWS \
                     itself"
                .to_owned(),
            block: None,
            command: Some("aws iam detach-role-policy --role-name 'web'".to_owned()),
            ..Refusal::default()
        })),
        ..Finding::new(
            Kind::Unmanaged,
            Verdict::UnseenByPlan,
            "aws_iam_role_policy_attachment",
        )
    };
    let accepted = Finding {
        id: FindingId("f-00000000000d".to_owned()),
        verdict: Verdict::Accepted,
        reason: Some("the patch schedule owns it (@acme/platform)".to_owned()),
        fix: None,
        ..finding(7, "see [this](https://evil.example)")
    };
    let coverage = |tf_type: &str, status, reason: Option<&str>| Coverage {
        account: AccountId::new("123456789012"),
        region: Region::new("us-east-1"),
        reason: reason.map(str::to_owned),
        ..Coverage::new(tf_type, 2, status)
    };
    let scanned = Scanned {
        summary: Summary {
            resources: 8,
            checked: 6,
            unknown: 2,
            posture: Posture {
                declared: Some(91),
                live: Some(64),
            },
            ..Summary::default()
        },
        findings: vec![finding(1, "web | db"), opened, gone, attached],
        set_aside: vec![accepted],
        coverage: vec![
            coverage("aws_instance", Status::Checked, None),
            coverage(
                "aws_db_instance",
                Status::Denied,
                Some("rds:DescribeDBInstances is denied"),
            ),
            coverage(
                "aws_kms_key",
                Status::Unsupported,
                Some("DriftGuard does not read it yet"),
            ),
        ],
        notes: vec!["the state is locked by alice".to_owned()],
        ..Scanned::default()
    };
    let stack = |name: &str, outcome| StackReport {
        name: StackName::new(name).unwrap(),
        path: "infra".to_owned(),
        backend: Some(Backend {
            kind: "s3".to_owned(),
            location: format!("s3://acme-state/{name}.tfstate"),
        }),
        outcome,
    };
    let failed = ScanError {
        kind: "state".into(),
        message: "s3://acme-state/staging.tfstate does not exist".to_owned(),
    };
    let bucket = Finding {
        id: FindingId("f-00000000000e".to_owned()),
        import_id: Some("left-over".to_owned()),
        ..Finding::new(Kind::Unmanaged, Verdict::UnseenByPlan, "aws_s3_bucket")
    };
    Report {
        stacks: vec![
            stack("production", Ok(scanned)),
            stack("staging", Err(failed)),
        ],
        accounts: vec![AccountReport {
            account: AccountId::new("123456789012").unwrap(),
            findings: vec![bucket],
            coverage: Vec::new(),
        }],
    }
}

fn edit(file: &str, line: usize) -> Edit {
    Edit {
        file: file.to_owned(),
        line,
        range: 0..0,
        text: String::new(),
    }
}

fn open(numbers: &[u64]) -> StackPulls {
    StackPulls {
        open: numbers.to_vec(),
        ..StackPulls::default()
    }
}

fn body(stack: &StackReport) -> String {
    let scanned = stack.outcome.as_ref().unwrap();
    let carried: Vec<_> = scanned
        .findings
        .iter()
        .filter(|finding| report::carries(Direction::Adopt, finding))
        .collect();
    let content = PullRequestContent {
        stack,
        scanned,
        direction: Direction::Adopt,
        carried: &carried,
        tells_rest: true,
    };
    report::pull_request(&content).unwrap().body
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
        assert!(body.contains(&format!("\n{count} resource")), "{count}");
        assert!(
            body.contains("To decline, close it without merging"),
            "what a reader can do stays"
        );
        let check = report::check(&stack, &open(&[1]));
        assert!(check.summary.chars().count() <= 65_535 && check.text.chars().count() <= 65_535);
        assert!(check.title.starts_with(&format!("{count} finding")));
    }
}

#[test]
fn no_text_of_a_stranger_makes_one_that_github_refuses() {
    let long = "\u{202e}_".repeat(20_000);
    let mut stack = stack(20, &long);
    let scanned = stack.outcome.as_mut().unwrap();
    scanned.notes = vec![long.clone(); 30];
    scanned.coverage = vec![
        Coverage {
            reason: Some(long.clone()),
            ..Coverage::new(&long, 1, Status::Denied)
        };
        5
    ];
    for finding in &mut scanned.findings {
        finding.attributes[0].path.clone_from(&long);
        finding.why = vec![long.clone()];
        finding.fix = Some(Fix::refused(Refusal {
            reason: long.clone(),
            ..Refusal::default()
        }));
    }
    scanned.set_aside.clone_from(&scanned.findings);
    assert!(body(&stack).chars().count() <= 65_536);
    let failed = StackReport {
        outcome: Err(ScanError {
            kind: "state".into(),
            message: long.clone(),
        }),
        ..stack.clone()
    };
    let refused = StackPulls {
        refused: vec![long.clone(); 20],
        ..StackPulls::default()
    };
    for check in [
        report::check(&stack, &refused),
        report::check(&failed, &open(&[])),
        report::failed("The settings cannot be read", &long),
    ] {
        assert!(check.summary.chars().count() <= 65_535 && check.text.chars().count() <= 65_535);
    }
    let overview = DashboardContent {
        stacks: vec![status(stack.clone()), status(failed.clone())],
        parked: Vec::new(),
        failed: Vec::new(),
    };
    assert!(
        report::dashboard(&overview, 0, Detail::Full)
            .chars()
            .count()
            <= 65_536
    );
    assert!(report::scanned(&failed, &[]).len() <= 65_536);
}

fn status(stack: StackReport) -> StackStatus {
    let pulls = vec![1, 2];
    StackStatus {
        report: stack,
        scanned_at: 1_795_000_000_000,
        next_scan: Some(1_795_003_600_000),
        pulls,
        carried: Default::default(),
        undecided: Default::default(),
        decisions: Vec::new(),
    }
}

#[test]
fn a_dashboard_of_many_findings_and_many_stacks_is_within_githubs_limit() {
    for (count, stacks) in [(1, 1), (1_000, 1), (1_000, 30), (5, 300)] {
        let one = status(stack(count, "web"));
        let all: Vec<_> = std::iter::repeat_n(one, stacks).collect();
        let overview = DashboardContent {
            stacks: all,
            parked: Vec::new(),
            failed: Vec::new(),
        };
        let text = report::dashboard(&overview, 1_795_000_000_000, Detail::Full);
        assert!(text.chars().count() <= 60_000, "{count} in {stacks}");
        assert!(text.contains(report::DASHBOARD_MARKER));
        assert!(text.contains("Scan all stacks now"));
        let told = format!("**{} finding", count * stacks);
        assert!(text.starts_with(&told), "{}", &text[..60]);
    }
}

#[test]
fn the_dashboard_and_the_status_list_the_most_urgent_stack_first() {
    let broken = StackReport {
        name: StackName::new("broken").unwrap(),
        outcome: Err(ScanError {
            kind: "state".into(),
            message: "the bucket is not there".to_owned(),
        }),
        ..stack(0, "web")
    };
    let quiet = StackReport {
        name: StackName::new("quiet").unwrap(),
        outcome: Ok(Scanned::default()),
        ..stack(0, "web")
    };
    let stacks = vec![status(quiet), status(stack(1, "web")), status(broken)];
    let context = CommandContext {
        person: "alice",
        stacks: &stacks,
        now: 1_795_000_000_000,
    };
    let status = commands::answer("/driftguard status", &context).unwrap();
    let overview = DashboardContent {
        stacks: stacks.clone(),
        parked: Vec::new(),
        failed: Vec::new(),
    };
    let dashboard = report::dashboard(&overview, 1_795_000_000_000, Detail::Full);
    let order = |text: &str| {
        let mut names = ["broken", "production", "quiet"];
        names.sort_by_key(|name| text.find(&format!("`{name}`")));
        names
    };
    assert_eq!(order(&dashboard), ["broken", "production", "quiet"]);
    assert_eq!(order(&status.reply.concat()), order(&dashboard));
}

#[test]
fn a_dashboard_says_what_does_not_run_and_how_it_does_again() {
    let job = |id: &str, culprit| ParkedJob {
        id: id.to_owned(),
        work: "scan".to_owned(),
        culprit,
    };
    let overview = DashboardContent {
        stacks: vec![status(stack(1, "web"))],
        parked: vec![job("d-1@10", true), job("d-2@10", false)],
        failed: vec![FailedScan {
            stack: "web".to_owned(),
            at: 1_795_000_000_000,
            problem: "GitHub has no tarball of @acme".to_owned(),
        }],
    };
    let text = report::dashboard(&overview, 1_795_000_000_000, Detail::Full);
    let told = text.split("**Stopped**").nth(1).unwrap();
    let lines: Vec<_> = told.lines().filter(|line| line.starts_with("- ")).collect();
    assert!(
        lines[0].contains("`driftguard jobs retry d-1@10`"),
        "{told}"
    );
    assert!(lines[1].starts_with("- scan (`d-2@10`) waits"), "{told}");
    let told = text.split("**Failed**").nth(1).unwrap();
    assert!(
        told.contains("the scan of `web` failed: GitHub has no tarball of @\u{200b}acme."),
        "{told}"
    );
}

#[test]
fn an_onboarding_and_an_acceptance_of_a_thousand_findings_are_within_githubs_limit() {
    let many = stack(1_000, "web");
    let first = FirstScan::Scanned(vec![many.clone()]);
    let stacks: Vec<_> = (0..300)
        .map(|at| {
            let name = StackName::new(&format!("stack-{at}")).unwrap();
            (name, format!("infra/{at}/{}", "deep/".repeat(30)))
        })
        .collect();
    let page = report::onboarding_page(&Onboarding {
        stacks: &stacks,
        role: NeededRole {
            external_id: "driftguard-0",
            trust: "{}",
            permissions: "{}",
            unknown_states: &[],
        },
        first: &first,
    });
    assert!(
        page.body.chars().count() <= 60_000,
        "{}",
        page.body.chars().count()
    );
    assert!(page.body.contains("And 900 more."));

    let decision = Decision {
        finding: FindingId("f-0".to_owned()),
        stack: StackName::new("production").unwrap(),
        choice: Choice::Ignore {
            until: None,
            reason: "x".repeat(500),
        },
        person: "alice".to_owned(),
        decided_at: 1,
    };
    let findings = &many.outcome.as_ref().unwrap().findings;
    let wanted: Vec<_> = findings.iter().map(|one| (one, &decision)).collect();
    let page = report::accept(&wanted);
    assert!(
        page.body.chars().count() <= 60_000,
        "{}",
        page.body.chars().count()
    );
    assert!(page.title == "Accept 1000 differences");

    let scanned = many.outcome.as_ref().unwrap();
    let late = report::late(&many, scanned, &[decision], 7);
    let said = report::scanned(&many, &[1]);
    for text in [late, said] {
        assert!(text.chars().count() <= 60_000);
    }
    let long = report::fit_comment(&"a line\n".repeat(20_000));
    assert!(long.len() <= 61_000 && long.ends_with("the rest is left out."));
}

#[test]
fn a_hostile_tag_stays_a_text() {
    let hostile = "x` @octocat #1 | <img src=x onerror=alert(1)>\n/driftguard adopt all\n```\n<!-- driftguard: {} --> https://evil.example";
    let stack = stack(1, hostile);
    let body = body(&stack);
    // Less what stands in a block, and in the code span that a table shows.
    let outside: String = body.split("````").step_by(2).collect();
    let outside: String = outside.split("``").step_by(2).collect();
    for bad in ["@octocat", "<img", "evil.example", "\n/driftguard"] {
        assert!(!outside.contains(bad), "{bad} in {outside}");
    }
    assert_eq!(
        body.matches("<!-- driftguard:").count(),
        3,
        "once as text in its block, once as our own, once in our box"
    );
    let report = driftguard::model::Report {
        stacks: vec![stack],
        accounts: Vec::new(),
    };
    let text = report::text(&report, Paint::Plain);
    assert!(!text.contains("\n/driftguard"), "{text}");
    let summary = report::summary(&report);
    let outside: String = summary.split("````").step_by(2).collect();
    let outside: String = outside.split("``").step_by(2).collect();
    for bad in ["@octocat", "<img", "evil.example", "\n/driftguard"] {
        assert!(!outside.contains(bad), "{bad} in {outside}");
    }
}

#[test]
fn a_summary_says_all_in_one_screen_and_then_each_stack() {
    insta::assert_snapshot!("summary", report::summary(&world()));
}

#[test]
fn where_not_all_was_checked_no_text_says_that_nothing_drifted() {
    let unread = |resources| Coverage {
        account: AccountId::new("123456789012"),
        region: Region::new("us-east-1"),
        reason: Some("AWS throttled it".to_owned()),
        ..Coverage::new("aws_instance", resources, Status::Throttled)
    };
    let mut partial = stack(0, "");
    partial.outcome.as_mut().unwrap().coverage = vec![unread(3)];
    let account = AccountReport {
        account: AccountId::new("123456789012").unwrap(),
        findings: Vec::new(),
        coverage: vec![unread(0)],
    };
    const PARTIAL: &str = "No drift found, and not everything could be checked";
    for (stacks, accounts, row) in [
        (vec![partial], Vec::new(), "3    aws_instance"),
        (vec![stack(0, "")], vec![account], "    aws_instance"),
    ] {
        let report = Report { stacks, accounts };
        let summary = report::summary(&report);
        assert!(summary.starts_with(&format!("## DriftGuard: {PARTIAL}\n")));
        assert!(summary.contains(&format!("\n{PARTIAL}.\n")), "{summary}");
        let text = report::text(&report, Paint::Plain);
        assert!(text.ends_with(&format!("{PARTIAL}.\n")), "{text}");
        let told = format!("{row} in us-east-1: AWS throttled it");
        assert!(text.contains(&told), "{text}");
        for text in [&summary, &text] {
            assert!(!text.contains("0 `aws") && !text.contains("0    aws"));
            let heading = text.contains("123456789012: resources in no state")
                || text.contains("`123456789012`: resources in no state");
            assert_eq!(heading, !report.accounts.is_empty(), "{text}");
        }
    }
}

#[test]
fn however_much_there_is_a_summary_is_no_longer_than_a_comment_may_be() {
    for (stacks, findings) in [(1, 5000), (40, 40), (2000, 1), (1, 0)] {
        let report = Report {
            stacks: vec![stack(findings, &"long ".repeat(100)); stacks],
            accounts: Vec::new(),
        };
        let summary = report::summary(&report);
        let length = summary.chars().count();
        assert!(length <= 65_536, "{stacks} x {findings}: {length}");
        let title = match stacks * findings {
            0 => "## DriftGuard: No drift found".to_owned(),
            count => format!("## DriftGuard: {count} findings"),
        };
        assert!(summary.starts_with(&title), "{summary:.100}");
    }
}

/// The restore pull request of the world's stack.
fn restore(tells_rest: bool) -> report::PullRequestText {
    let stack = &world().stacks[0];
    let scanned = stack.outcome.as_ref().unwrap();
    let of_restore = |finding: &&Finding| report::carries(Direction::Restore, finding);
    let mut carried: Vec<_> = scanned.findings.iter().filter(of_restore).collect();
    // The one that is left is more severe than what this one does.
    let milder = Finding {
        severity: Severity::Low,
        ..carried[0].clone()
    };
    carried = vec![&milder];
    let content = PullRequestContent {
        stack,
        scanned,
        direction: Direction::Restore,
        carried: &carried,
        tells_rest,
    };
    report::pull_request(&content).unwrap()
}

#[test]
fn what_a_fix_leaves_to_a_person_is_told_beside_it() {
    let mut stack = stack(1, "x");
    let Ok(scanned) = &mut stack.outcome else {
        unreachable!()
    };
    let left = RefusedAttribute {
        path: "description".to_owned(),
        reason: "the value at main.tf:8 is made from a template".to_owned(),
        kind: RefusalKind::Computed,
    };
    let mut finding = scanned.findings[0].clone();
    finding.fix.as_mut().unwrap().refused.push(left);
    scanned.findings = vec![finding.clone()];
    let pull_request = body(&stack);
    let explained = report::explain(&finding);
    let report = Report {
        stacks: vec![stack],
        ..Report::default()
    };
    let terminal = report::text(&report, Paint::Plain);
    assert!(
        terminal.contains("not fixed: description, the value at main.tf:8"),
        "{terminal}"
    );
    for text in [pull_request, explained] {
        assert!(
            text.contains("not fixed: `description`, the value at"),
            "{text}"
        );
    }
}

#[test]
fn what_needs_a_person_and_is_more_severe_comes_before_the_table_with_its_command() {
    let body = restore(true).body;
    let (before, after) = body.split_once("| severity |").unwrap();
    assert!(
        before.contains("> [!WARNING]\n> **high, needs a person**"),
        "{before}"
    );
    assert!(before.contains("> aws iam detach-role-policy"), "{before}");
    assert!(
        !after.contains("detach-role-policy"),
        "it is told once: {after}"
    );
}

#[test]
fn only_one_pull_request_of_a_stack_tells_what_needs_a_person() {
    let body = restore(false).body;
    assert!(
        !body.contains("needs a person") && !body.contains("detach-role-policy"),
        "{body}"
    );
}

#[test]
fn a_check_warns_of_it_only_where_no_pull_request_does() {
    let stack = &world().stacks[0];
    let mut stack = stack.clone();
    let scanned = stack.outcome.as_mut().unwrap();
    scanned
        .findings
        .retain(|finding| finding.severity <= Severity::High);
    let warns = |pulls: &[u64]| {
        report::check(&stack, &open(pulls))
            .text
            .contains("[!WARNING]")
    };
    assert!(warns(&[]) && !warns(&[7]));
}

#[test]
fn findings_of_one_cause_are_one_row_with_their_addresses_listed() {
    let all: Vec<_> = (0..5).map(|number| finding(number, "db")).collect();
    let carried: Vec<_> = all.iter().collect();
    let stack = stack(0, "");
    let content = PullRequestContent {
        stack: &stack,
        scanned: stack.outcome.as_ref().unwrap(),
        direction: Direction::Adopt,
        carried: &carried,
        tells_rest: true,
    };
    let text = report::pull_request(&content).unwrap();
    assert_eq!(text.title, "DriftGuard: adopt 5 changes in production");
    let rows: Vec<_> = text
        .body
        .lines()
        .filter(|line| line.starts_with("| low"))
        .collect();
    let names = "`aws_instance.web[0]`, `aws_instance.web[1]`, `aws_instance.web[2]` and 2 more";
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0].contains(names), "{rows:?}");
    for number in 0..5 {
        let line = format!("- `aws_instance.web[{number}]` · finding `f-{number:012x}`");
        assert!(text.body.contains(&line), "{line} is not in {}", text.body);
    }
}

/// What is told after a scan of what was found before: the ids of what is new, and of what is resolved.
fn told(before: Option<&StackReport>, now: &StackReport) -> Option<(Vec<String>, Vec<String>)> {
    let pages = BTreeMap::from([(FindingId("f-000000000001".to_owned()), "page".to_owned())]);
    let occasion = NotificationContext {
        id: "scan-1",
        repository: &RepositoryName::new("acme/shop").unwrap(),
        commit: "c0ffee",
        scanned_at: "2026-11-24T10:00:00Z",
        pages: &pages,
    };
    let text = report::notification(before, now, occasion)?;
    assert!(!text.contains("secret"), "no attribute's value: {text}");
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (
            &told["version"],
            &told["event"],
            &told["id"],
            &told["stack"],
            &told["repository"]
        ),
        (
            &1.into(),
            &"findings".into(),
            &"scan-1".into(),
            &"production".into(),
            &"acme/shop".into()
        )
    );
    let ids = |list: &str| {
        let list = told[list].as_array().unwrap().iter();
        let ids = list.map(|one| {
            let page = (one["id"] == "f-000000000001").then_some("page");
            assert_eq!(one["url"].as_str(), page);
            assert_eq!(
                (&one["kind"], &one["severity"]),
                (&"modified".into(), &"low".into())
            );
            one["address"].as_str().unwrap().to_owned()
        });
        ids.collect()
    };
    Some((ids("new"), ids("resolved")))
}

#[test]
fn what_is_new_and_what_is_resolved_is_told_and_nothing_else() {
    let (one, two) = (stack(1, "secret"), stack(2, "secret"));
    let list = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let first = list(&["aws_instance.web[0]"]);
    let second = list(&["aws_instance.web[1]"]);
    assert_eq!(told(None, &one), Some((first, list(&[]))));
    assert_eq!(told(Some(&one), &two), Some((second.clone(), list(&[]))));
    assert_eq!(told(Some(&two), &one), Some((list(&[]), second)));
    assert_eq!(told(Some(&two), &two), None);
    assert_eq!(told(None, &stack(0, "")), None);
}

#[test]
fn what_could_not_be_looked_at_is_not_resolved() {
    let two = stack(2, "secret");
    let scanned = |status| {
        let mut now = stack(0, "");
        now.outcome.as_mut().unwrap().coverage = vec![Coverage::new("aws_instance", 2, status)];
        now
    };
    for status in [
        Status::Denied,
        Status::Throttled,
        Status::WrongAccount,
        Status::Failed,
    ] {
        assert_eq!(told(Some(&two), &scanned(status)), None, "{status:?}");
    }
    assert_eq!(
        told(Some(&two), &scanned(Status::Unsupported))
            .unwrap()
            .1
            .len(),
        2
    );
    let failed = StackReport {
        outcome: Err(ScanError {
            kind: "state".into(),
            message: "gone".to_owned(),
        }),
        ..stack(0, "")
    };
    assert_eq!(told(Some(&two), &failed), None);
}
