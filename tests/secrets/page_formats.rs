//! The pages that are made of a stack's report.

use driftguard::model::{
    AuditEntry, AuditVia, Finding, Occurrence, RepositoryName, ScanPoint, ScanTotals, Scanned,
    StackReport, StackSummary, Verdict, masked,
};
use driftguard::pulls::history_update;
use driftguard::report::pages::{
    AcceptedPage, AcceptedRow, AuditPage, AuditRow, FindingContext, FindingFilter, FindingPage,
    Frame, OrderForms, OrganisationPage, ScansPage, StackActions, StackContext, StackFacts,
    StackFilter, StackHistory, StackPage, StackRow,
};

/// The page on which the address that a call came from is shown.
pub const FINDING: &str = "the page of a finding";

fn frame() -> Frame {
    Frame {
        login: Some("alice".to_owned()),
        ..Frame::default()
    }
}

fn orders() -> OrderForms {
    OrderForms::new(true, "an-id".to_owned(), "")
}

/// What a person sees of the last scan of a stack.
pub fn of_report(stack: &StackReport) -> Vec<(&'static str, String)> {
    let repository = RepositoryName::new("acme/shop").unwrap();
    let failure = stack
        .outcome
        .as_ref()
        .err()
        .map(|error| error.message.as_str());
    let context = StackContext {
        account: "acme",
        repository: &repository,
        stack: &stack.name,
        github_pages: "https://github.com",
        commit: "0d1a26e6",
        scanned_at: 0,
        next_at: None,
        failure,
        now: 0,
    };
    let summary = StackSummary::of(stack);
    let facts = StackFacts {
        name: &stack.name,
        summary: Some(&summary),
        scanned_at: 0,
        next_at: None,
    };
    let organisation = OrganisationPage {
        frame: frame(),
        name: "acme".to_owned(),
        rows: vec![StackRow::new(facts, &repository, 0)],
        filter: StackFilter::new("", ""),
        waits: None,
        shows_keys: true,
        is_first: true,
        is_cut: false,
        next: None,
    };
    let page = StackPage::new(
        frame(),
        &context,
        Some(stack),
        &StackActions::default(),
        FindingFilter::default(),
    );
    let totals = match &stack.outcome {
        Ok(scanned) => ScanTotals::of(scanned, "0d1a26e6", 0),
        Err(error) => ScanTotals::failed(&error.message, "0d1a26e6", 0),
    };
    let scans = ScansPage::new(frame(), &context, std::slice::from_ref(&totals), true, None);
    let mut texts = vec![
        ("the page of scans", scans.html().unwrap()),
        ("the page of an organisation", organisation.html().unwrap()),
    ];
    let Ok(scanned) = &stack.outcome else {
        texts.push(("the page of a stack", page.html().unwrap()));
        return texts;
    };
    let all: Vec<_> = scanned.findings.iter().chain(&scanned.set_aside).collect();
    let ended: Vec<_> = all
        .iter()
        .map(|finding| Occurrence::start(finding, 0))
        .collect();
    let point = ScanPoint::from(&totals);
    let history = StackHistory {
        scans: &[point],
        ended: &ended,
        mean_time_to_repair: None,
    };
    let page = page.with_history(&history).unwrap().with_orders(orders());
    texts.push(("the page of a stack", page.html().unwrap()));
    for finding in &all {
        let context = FindingContext {
            stack: context,
            occurrences: &ended,
            history_begins: 0,
            proposals: &[],
            decision: None,
            coverage: &scanned.coverage,
        };
        let page = FindingPage::new(frame(), &context, finding).with_orders(orders());
        texts.push((FINDING, page.html().unwrap()));
    }
    texts.push(("the page of what is accepted", accepted(&all, &context)));
    texts.push(("the page of the audit log", audit_log(&all, &context)));
    texts
}

/// What people see if all of this is accepted.
fn accepted(all: &[&Finding], context: &StackContext<'_>) -> String {
    let accepted = all.iter().map(|finding| Finding {
        verdict: Verdict::Accepted,
        ..(*finding).clone()
    });
    let scanned = Scanned {
        set_aside: accepted.collect(),
        ..Scanned::default()
    };
    let accepted = history_update(&[], &scanned, 0).accepted.unwrap();
    assert_eq!(accepted.len(), all.len());
    let stack = (context.repository, context.stack);
    let page = AcceptedPage {
        frame: frame(),
        account: "acme".to_owned(),
        repository: String::new(),
        rows: accepted
            .iter()
            .map(|it| AcceptedRow::new(it, stack, 0))
            .collect(),
        is_first: true,
        next: None,
    };
    page.html().unwrap()
}

/// What people see if somebody accepts all of this, for the reason that the report has. The log masks what it stores.
fn audit_log(all: &[&Finding], context: &StackContext<'_>) -> String {
    let rows = all.iter().map(|finding| {
        let reason = finding.reason.as_deref().unwrap_or_default();
        let entry = AuditEntry {
            key: String::new(),
            at: 0,
            person: "alice".to_owned(),
            via: AuditVia::Comment,
            action: "ignore".to_owned(),
            stack: context.stack.to_string(),
            finding: finding.id.to_string(),
            detail: masked(reason).into_owned(),
        };
        AuditRow::new(&entry, context.repository)
    });
    let page = AuditPage {
        frame: frame(),
        account: "acme".to_owned(),
        repository: String::new(),
        person: String::new(),
        rows: rows.collect(),
        is_first: true,
        next: None,
    };
    page.html().unwrap()
}
