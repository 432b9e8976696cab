//! The HTML of each page, as people are sent it.

use driftguard::model::{
    ACCEPT, AcceptedDifference, Actor, ApiKey, ApiScope, AuditEntry, AuditVia, CallSource, Choice,
    Decision, Ending, FindingId, ONBOARDING, Occurrence, Proposal, ProposalState, RepositoryId,
    RepositoryName, ScanCourse, ScanPoint, ScanTotals, Severity, StackName, StackReport,
    StackSummary,
};
use driftguard::report::pages::{
    AcceptedPage, AcceptedRow, AuditPage, AuditRow, BudgetRow, FindingContext, FindingFilter,
    FindingPage, Frame, KeyRow, KeysPage, Message, MessagePage, OrderForms, Organisation,
    OrganisationPage, OrganisationsPage, OwnKeyForm, OwnKeyRow, OwnKeysPage, RepositoryFacts,
    RepositoryPage, ScanStop, ScansPage, ServerPage, SignInPage, StackActions, StackContext,
    StackFacts, StackFilter, StackHistory, StackPage, StackRow, StoppedRow, WaitingList,
    WaitingOrder,
};

/// 2026-11-24 16:30 UTC.
const SCANNED: i64 = super::site::SCANNED;
const DAY: i64 = 24 * 60 * 60 * 1_000;

pub fn frame() -> Frame {
    Frame {
        base: "/drift".to_owned(),
        stylesheet: "/drift/assets/a.css".to_owned(),
        icon: "/drift/favicon.svg".to_owned(),
        login: Some("alice".to_owned()),
        form_token: "a-token".to_owned(),
    }
}

fn proposals() -> Vec<Proposal> {
    let proposal = |number, state, opened_at| Proposal {
        repository: RepositoryId(1),
        branch: format!("driftguard/production/{number}"),
        stack: "production".to_owned(),
        number,
        state,
        findings: vec!["f-00000000000a".to_owned()],
        opened_at,
        changed_at: SCANNED,
        recreate: false,
        closed_by: String::new(),
    };
    vec![
        proposal(3, ProposalState::Merged, 0),
        proposal(12, ProposalState::Open, SCANNED),
    ]
}

/// The pull requests of the stack, and what people decided: one is accepted, another one is declined.
fn actions(report: Option<&StackReport>) -> StackActions {
    let stack = StackName::new("production").unwrap();
    let accept = Proposal {
        branch: ACCEPT.to_owned(),
        stack: String::new(),
        number: 14,
        findings: vec!["f-00000000000b".to_owned()],
        ..proposals().remove(1)
    };
    let decision = |id: &str, choice| Decision {
        finding: FindingId(id.to_owned()),
        stack: stack.clone(),
        choice,
        person: "bob".to_owned(),
        decided_at: SCANNED,
    };
    let ignore = Choice::Ignore {
        until: None,
        reason: "ours".to_owned(),
    };
    let decisions = vec![
        decision("f-00000000000b", ignore),
        decision("f-00000000000c", Choice::Decline { pull: 3 }),
    ];
    let mut proposals = proposals();
    proposals.push(accept);
    StackActions::new(&stack, report, proposals, decisions)
}

/// Something of each kind that waits.
fn waits(repository: &RepositoryName, is_of_many: bool) -> WaitingList {
    let stack = StackName::new("production").unwrap();
    let mut list = WaitingList::new(&frame(), "https://github.com", is_of_many);
    let order = WaitingOrder {
        stack: Some(&stack),
        command: "restore f-00000000000a",
        person: "alice",
        at: SCANNED,
    };
    list.add_order(&order, repository);
    let stop = ScanStop {
        since: SCANNED - DAY,
        problem: "line 3: `stack` is no setting <b>",
    };
    list.add_repository_problem(stop, repository);
    list.add_failing(&[(&stack, stop)], repository);
    let older = ScanStop {
        since: SCANNED - 2 * DAY,
        problem: "the state is locked",
    };
    list.add_failing(&[(&stack, stop), (&stack, older)], repository);
    list.add_parked("scan of production", true, SCANNED, repository);
    list.add_parked("order from a page", false, SCANNED, repository);
    let applying = Decision {
        finding: FindingId("f-00000000000a".to_owned()),
        stack: stack.clone(),
        choice: Choice::Applying {
            pull: 7,
            reminded: false,
        },
        person: "bob".to_owned(),
        decided_at: SCANNED - 3 * DAY,
    };
    list.add_merged(7, &[&applying], repository);
    let open = |branch: &str, stack: &str, state| Proposal {
        branch: branch.to_owned(),
        stack: stack.to_owned(),
        state,
        ..proposals().remove(1)
    };
    for (branch, stack, state) in [
        (ONBOARDING, "", ProposalState::Open),
        (ACCEPT, "", ProposalState::Open),
        (
            "driftguard/production/adopt",
            "production",
            ProposalState::Open,
        ),
        (
            "driftguard/production/restore-high",
            "production",
            ProposalState::TakenOver,
        ),
        (
            "driftguard/production/12",
            "production",
            ProposalState::Open,
        ),
    ] {
        list.add_pull(&open(branch, stack, state), repository);
    }
    list.end(11, false)
}

#[test]
fn the_page_of_a_repository_is_sent_as_html() {
    let repository = RepositoryName::new("acme/shop").unwrap();
    let report = crate::report::world().stacks.remove(0);
    let summary = StackSummary::of(&report);
    let facts = StackFacts {
        name: &report.name,
        summary: Some(&summary),
        scanned_at: SCANNED,
        next_at: None,
    };
    let row = StackRow::new(facts, &repository, SCANNED);
    let ended = &proposals()[..1];
    let context = RepositoryFacts {
        account: "acme",
        name: &repository,
        github_pages: "https://github.com",
        default_branch: Some("main"),
        dashboard: Some(2),
        problem: Some(("line 3: `stack` is no setting", SCANNED)),
        ended,
    };
    let next = Some("1.2.production".to_owned());
    let waiting = waits(&repository, false);
    let page = RepositoryPage::new(frame(), &context, waiting, vec![row], true, next);
    insta::assert_snapshot!("page_repository", page.html().unwrap());
    let quiet = RepositoryFacts {
        problem: None,
        dashboard: None,
        ended: &[],
        ..context
    };
    let nothing = |is_cut| WaitingList::new(&frame(), "https://github.com", false).end(10, is_cut);
    let page = RepositoryPage::new(frame(), &quiet, nothing(false), Vec::new(), true, None);
    insta::assert_snapshot!("page_repository_without_stacks", page.html().unwrap());

    // An empty list is no word that all is well.
    let says = |context: &RepositoryFacts<'_>, is_cut| {
        let page = RepositoryPage::new(frame(), context, nothing(is_cut), Vec::new(), true, None);
        let html = page.html().unwrap();
        let (_, text) = html.split_once("What waits</h2>\n<p>").unwrap();
        text.split("</p>").next().unwrap().to_owned()
    };
    assert!(says(&quiet, false).starts_with("Nothing: no order "));
    assert!(says(&context, false).starts_with("Nothing else: no order "));
    let cut = says(&quiet, true);
    assert_eq!(cut, "Nothing among what was read: there may be others.");
}

/// A finding that was repaired, and came back.
fn occurrences() -> Vec<Occurrence> {
    let report = crate::report::world().stacks.remove(0);
    let finding = &report.outcome.unwrap().findings[0];
    let again = Occurrence {
        last_seen: SCANNED,
        scans: 9,
        ..Occurrence::start(finding, SCANNED - DAY)
    };
    let first = Occurrence {
        last_seen: SCANNED - 6 * DAY,
        scans: 17,
        ending: Some((Ending::Resolved, SCANNED - 5 * DAY)),
        ..Occurrence::start(finding, SCANNED - 10 * DAY)
    };
    vec![again, first]
}

/// A person's call of the console, and a program's before it.
fn actor() -> Actor {
    let program = Actor {
        principal: "arn:aws:iam::123456789012:user/<b>ci</b>".to_owned(),
        session: None,
        role: None,
        event: "CreateTags".to_owned(),
        time: "2026-11-24T15:58:00Z".to_owned(),
        source: CallSource::Automation,
        source_address: None,
        others: Vec::new(),
        more: false,
    };
    Actor {
        principal: "alice@acme.com".to_owned(),
        role: Some("AdministratorAccess".to_owned()),
        time: "2026-11-24T16:02:11Z".to_owned(),
        source: CallSource::Console,
        source_address: Some("198.51.100.7".to_owned()),
        others: vec![program.clone()],
        ..program
    }
}

/// Ten days of scans, the newest first.
fn totals() -> Vec<ScanTotals> {
    let report = crate::report::world().stacks.remove(0);
    let scanned = report.outcome.unwrap();
    let scan = |day: i64| {
        let mut totals = ScanTotals::of(&scanned, "c1", SCANNED - day * DAY);
        totals.summary.posture.live = Some(60 + u8::try_from(day).unwrap());
        totals
    };
    (0..10).map(scan).collect()
}

#[test]
fn each_page_is_sent_as_html() {
    let reports = crate::report::world().stacks;
    let repository = RepositoryName::new("acme/shop").unwrap();
    let rows = reports.iter().map(|report| {
        let summary = StackSummary::of(report);
        let facts = StackFacts {
            name: &report.name,
            summary: Some(&summary),
            scanned_at: SCANNED,
            next_at: Some(SCANNED + 86_400_000),
        };
        StackRow::new(facts, &repository, SCANNED)
    });
    let organisation = OrganisationPage {
        frame: frame(),
        name: "acme".to_owned(),
        filter: StackFilter::new("production", "found"),
        waits: Some(waits(&repository, true)),
        rows: rows.collect(),
        shows_keys: true,
        is_first: true,
        is_cut: false,
        next: Some("1.2.production".to_owned()),
    };
    insta::assert_snapshot!("page_organisation", organisation.html().unwrap());

    let organisations = OrganisationsPage {
        frame: frame(),
        organisations: vec![Organisation {
            name: "acme".to_owned(),
        }],
        is_cut: false,
        is_operator: true,
    };
    insta::assert_snapshot!("page_organisations", organisations.html().unwrap());

    let stack = StackName::new("production").unwrap();
    let context = StackContext {
        account: "acme",
        repository: &repository,
        stack: &stack,
        github_pages: "https://github.com",
        commit: "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
        scanned_at: SCANNED,
        next_at: None,
        now: SCANNED,
        failure: None,
    };
    let scans: Vec<_> = totals().iter().map(ScanPoint::from).collect();
    let ended = occurrences();
    let history = StackHistory {
        scans: &scans,
        ended: &ended[1..],
        mean_time_to_repair: Some(5 * DAY),
    };
    let page = |report, filter| {
        let page = StackPage::new(frame(), &context, report, &actions(report), filter);
        page.with_history(&history).unwrap().html().unwrap()
    };
    let all = FindingFilter::default();
    insta::assert_snapshot!("page_stack", page(Some(&reports[0]), all.clone()));
    insta::assert_snapshot!(
        "page_stack_that_failed",
        page(Some(&reports[1]), all.clone())
    );
    let none = page(None, all);
    assert!(none.contains("It was not scanned yet."), "{none}");

    let scanned = reports[0].outcome.as_ref().unwrap();
    let decision = Decision {
        finding: FindingId("f-00000000000a".to_owned()),
        stack: stack.clone(),
        choice: Choice::Snooze { until: SCANNED + 1 },
        person: "bob".to_owned(),
        decided_at: SCANNED,
    };
    let proposals = proposals();
    let occurrences = occurrences();
    let context = FindingContext {
        stack: context,
        occurrences: &occurrences,
        history_begins: SCANNED - 10 * DAY,
        proposals: &proposals,
        decision: Some(&decision),
        coverage: &scanned.coverage,
    };
    let asked = |asked: &str| OrderForms::new(true, "an-id".to_owned(), asked);
    let open = FindingPage::new(frame(), &context, &scanned.findings[0]);
    let open = open.with_orders(asked("snooze")).html().unwrap();
    insta::assert_snapshot!("page_finding_to_decide", open);
    let of_stack = context.stack;
    let filter = FindingFilter::new("critical", "", "", 1);
    let stack_page = StackPage::new(
        frame(),
        &of_stack,
        Some(&reports[0]),
        &actions(Some(&reports[0])),
        filter,
    );
    let stack_page = stack_page.with_orders(asked("again")).html().unwrap();
    insta::assert_snapshot!("page_stack_to_scan", stack_page);
    let html = |id: &str| {
        let mut findings = scanned.findings.iter();
        let finding = findings.find(|finding| finding.id.0 == id).unwrap();
        let mut finding = finding.clone();
        finding.actor = (id == "f-00000000000a").then(actor);
        FindingPage::new(frame(), &context, &finding)
            .html()
            .unwrap()
    };
    insta::assert_snapshot!("page_finding", html("f-00000000000a"));
    insta::assert_snapshot!("page_finding_for_a_person", html("f-00000000000c"));

    let sign_in = SignInPage {
        frame: Frame {
            login: None,
            ..frame()
        },
        start: "/drift/sign-in/github?to=%2F".to_owned(),
    };
    insta::assert_snapshot!("page_sign_in", sign_in.html().unwrap());
    let decision = AuditEntry {
        key: String::new(),
        at: SCANNED,
        person: "alice".to_owned(),
        via: AuditVia::Page,
        action: "ignore".to_owned(),
        stack: "production".to_owned(),
        finding: "f-00000000000a".to_owned(),
        detail: "until 2027-03-31: the `vendor` needs it".to_owned(),
    };
    let scan = AuditEntry {
        via: AuditVia::Api,
        action: "scan".to_owned(),
        stack: String::new(),
        finding: String::new(),
        detail: "`dg_live_5f0c11d2` (nightly)".to_owned(),
        ..decision.clone()
    };
    let key = AuditEntry {
        via: AuditVia::Page,
        action: "create key".to_owned(),
        detail: "`dg_live_5f0c11d2` (read): nightly".to_owned(),
        ..scan.clone()
    };
    let audit = AuditPage {
        frame: frame(),
        account: "acme".to_owned(),
        repository: "shop".to_owned(),
        person: String::new(),
        rows: vec![
            AuditRow::new(&decision, &repository),
            AuditRow::new(&scan, &repository),
            AuditRow::of_organisation(&key),
        ],
        is_first: true,
        next: Some("1.2.page/x".to_owned()),
    };
    insta::assert_snapshot!("page_audit", audit.html().unwrap());
    let accepted = |until: Option<&str>, owner: &str| {
        let accepted = AcceptedDifference {
            finding: FindingId("f-00000000000a".to_owned()),
            name: "aws_security_group.web".to_owned(),
            severity: Severity::Critical,
            until: until.map(str::to_owned),
            reason: "the `vendor` needs it".to_owned(),
            owner: owner.to_owned(),
        };
        AcceptedRow::new(&accepted, (&repository, &stack), SCANNED)
    };
    let accepted = AcceptedPage {
        frame: frame(),
        account: "acme".to_owned(),
        repository: "shop".to_owned(),
        rows: vec![
            accepted(Some("2026-11-23"), "alice"),
            accepted(Some("2026-11-24"), ""),
            accepted(None, "bob"),
        ],
        is_first: true,
        next: None,
    };
    insta::assert_snapshot!("page_accepted", accepted.html().unwrap());
    let mut known = ScanTotals::of(scanned, "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c", SCANNED);
    known.course = ScanCourse {
        begun_at: SCANNED - 42_000,
        requested_by: "push".to_owned(),
        aws_calls: Some(321),
    };
    let mut failed = ScanTotals::failed("the state is locked by alice", "", SCANNED - DAY);
    failed.course.requested_by = "api".to_owned();
    let next = Some("1795451400000".to_owned());
    let scans = ScansPage::new(frame(), &of_stack, &[known, failed], true, next);
    insta::assert_snapshot!("page_scans", scans.html().unwrap());
    let server = ServerPage {
        frame: frame(),
        done: Some("The job is tried again."),
        numbers: vec![
            ("Jobs that wait", "3".to_owned()),
            ("Oldest of them", ServerPage::age(Some(90 * 60_000))),
            ("Deliveries that wait", "0".to_owned()),
        ],
        jobs: vec![StoppedRow {
            handle: "0a1b".to_owned(),
            state: "parked",
            kind: "scan of a stack",
            installation: 7,
            repository: "acme/shop".to_owned(),
            since: SCANNED,
            deaths: 2,
        }],
        budgets: vec![BudgetRow {
            installation: 7,
            minute: 3,
            hour: 41,
        }],
        limits: (75, 475),
    };
    insta::assert_snapshot!("page_server", server.html().unwrap());
    let refusals = [
        Message::WriteNeeded,
        Message::TooManyOrders,
        Message::FindingGone,
        Message::KeyCreated,
        Message::KeyGone,
        Message::UnusableOrder("A reason has at most 300 characters.".to_owned()),
        Message::ForeignForm,
    ];
    let refusals = refusals.map(|message| {
        let html = MessagePage::new(frame(), &message).html().unwrap();
        let (_, main) = html.split_once("<main").unwrap();
        format!("<main{}", main.split("</main>").next().unwrap())
    });
    insta::assert_snapshot!("orders_that_are_not_taken", refusals.join("\n"));
    let missing = MessagePage::new(frame(), &Message::NotFound);
    insta::assert_snapshot!("page_missing", missing.html().unwrap());
}

#[test]
fn the_page_of_keys_shows_a_new_key_in_a_field_to_copy() {
    let key = KeyRow {
        prefix: "dg_live_5f0c11d2".to_owned(),
        name: "nightly <b>".to_owned(),
        scope: ApiScope::Write,
        repositories: None,
        created_by: "alice".to_owned(),
        created_at: SCANNED,
        expires_at: Some(SCANNED + 90 * DAY),
        is_expired: false,
        used_at: None,
    };
    let expired = KeyRow {
        prefix: "dge_0a1b2c3d".to_owned(),
        scope: ApiScope::Events,
        created_by: String::new(),
        expires_at: Some(SCANNED - DAY),
        is_expired: true,
        used_at: Some(SCANNED - 2 * DAY),
        ..key.clone()
    };
    let of_bob = KeyRow {
        repositories: Some(2),
        created_by: "bob".to_owned(),
        ..key.clone()
    };
    let page = |created, is_revoked, rows| {
        let page = KeysPage {
            frame: frame(),
            account: "acme".to_owned(),
            rows,
            form_id: "an-id".to_owned(),
            created,
            is_revoked,
        };
        page.html().unwrap()
    };
    let created = ApiKey::of_random([0xab; 32], ApiScope::Read);
    let rows = vec![key, of_bob.clone(), expired];
    insta::assert_snapshot!("page_keys", page(Some(created.clone()), false, rows));
    insta::assert_snapshot!("page_keys_without_any", page(None, true, Vec::new()));

    let row = |account: Option<&str>, names: &[&str]| OwnKeyRow {
        key: of_bob.clone(),
        account: account.map(str::to_owned),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let rows = vec![
        row(Some("acme"), &["acme/shop", "acme/<b>"]),
        row(Some("acme"), &["acme/shop"]),
        row(Some("acme"), &["acme/shop"; 12]),
        row(None, &[]),
    ];
    let form = OwnKeyForm {
        account: "acme".to_owned(),
        id: "an-id".to_owned(),
        choices: vec![("10".to_owned(), "acme/shop".to_owned())],
        writable: 1,
        most: 100,
    };
    let cut = OwnKeyForm {
        writable: 170,
        ..form.clone()
    };
    let page = |accounts: &[&str], form, created, rows| {
        let page = OwnKeysPage {
            frame: frame(),
            rows,
            accounts: accounts.iter().map(|name| (*name).to_owned()).collect(),
            form,
            created,
            is_revoked: false,
        };
        page.html().unwrap()
    };
    let accounts = ["acme", "globex"];
    let shown = page(&accounts, Some(form), Some(created), rows);
    insta::assert_snapshot!("page_own_keys", shown);
    let shown = page(&accounts, None, None, Vec::new());
    insta::assert_snapshot!("page_own_keys_without_any", shown);
    let cut = page(&["acme"], Some(cut), None, Vec::new());
    assert!(
        cut.contains("You may write to 170, and a key reaches at most 100"),
        "{cut}"
    );
    assert!(!cut.contains("type=\"radio\""), "{cut}");
    let none = page(&[], None, None, Vec::new());
    assert!(none.contains("nothing that a key could reach"), "{none}");
}

#[test]
fn a_list_of_findings_goes_on_with_the_same_filter() {
    let mut report = crate::report::world().stacks.remove(0);
    let scanned = report.outcome.as_mut().unwrap();
    let finding = scanned.findings[0].clone();
    scanned.findings = vec![finding; 250];
    let (repository, stack) = (
        RepositoryName::new("acme/shop").unwrap(),
        StackName::new("production").unwrap(),
    );
    let context = StackContext {
        account: "acme",
        repository: &repository,
        stack: &stack,
        github_pages: "https://github.com",
        commit: "",
        scanned_at: SCANNED,
        next_at: None,
        now: SCANNED,
        failure: None,
    };
    let page = |number| {
        let filter = FindingFilter::new("low", "aws_instance", "web & \"co", number);
        let filter = match number {
            0 => FindingFilter::new("low", "aws_instance", "web", 1),
            _ => filter,
        };
        let none = StackActions::default();
        StackPage::new(frame(), &context, Some(&report), &none, filter)
            .html()
            .unwrap()
    };
    let first = page(0);
    assert_eq!(
        first.matches("/findings/f-").count(),
        101,
        "one is set aside"
    );
    let next = "?severity=low&#38;type=aws_instance&#38;q=web&#38;page=2";
    assert!(first.contains(next), "{first}");
    assert!(page(1).contains("None of the 250 findings fits."));
    let last = FindingFilter::new("", "", "", 99);
    let none = StackActions::default();
    let last = StackPage::new(frame(), &context, Some(&report), &none, last);
    assert_eq!(last.html().unwrap().matches("/findings/f-").count(), 51);
}
