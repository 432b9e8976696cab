//! The HTML of the list of findings, of a finding that is no more, and of keys that nobody may see yet.

use super::looks::frame;
use super::site::SCANNED;
use driftguard::model::{
    AccountId, Ending, FindingId, InstallationId, Kind, Occurrence, Region, RepositoryName,
    StackName,
};
use driftguard::report::pages::{
    FindingSearch, FindingsPage, FoundRow, KeysUnknownPage, PastFindingPage, StackContext,
};

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// Two findings of the shop: one of an address, one that no state claims.
fn occurrences() -> [Occurrence; 2] {
    let report = crate::report::world().stacks.remove(0);
    let findings = report.outcome.unwrap().findings;
    let by_kind = |kind| {
        findings
            .iter()
            .find(|finding| finding.kind == kind)
            .unwrap()
    };
    let changed = Occurrence {
        account: AccountId::new("123456789012"),
        region: Region::new("eu-west-1"),
        last_seen: SCANNED,
        scans: 9,
        ..Occurrence::start(by_kind(Kind::Modified), SCANNED - DAY)
    };
    let added = Occurrence::start(by_kind(Kind::Unmanaged), SCANNED);
    [changed, added]
}

fn search(fields: &[(&str, &'static str)]) -> FindingSearch {
    FindingSearch::new(|name| {
        let mut fields = fields.iter();
        fields
            .find(|(known, _)| *known == name)
            .map_or("", |(_, text)| text)
    })
}

#[test]
fn a_list_of_findings_is_sent_as_html() {
    let repository = RepositoryName::new("acme/shop").unwrap();
    let stack = StackName::new("production").unwrap();
    let row = |occurrence: &Occurrence| FoundRow::new(occurrence, (&repository, &stack));
    let page = |fields: &[(&str, &'static str)], rows: Vec<FoundRow>, next: Option<&str>| {
        let page = FindingsPage {
            frame: frame(),
            account: "acme".to_owned(),
            search: search(fields),
            rows,
            is_first: next.is_some(),
            is_cut: false,
            next: next.map(str::to_owned),
        };
        page.html().unwrap()
    };
    let [changed, added] = occurrences();
    let rows = vec![row(&changed), row(&added)];
    insta::assert_snapshot!("page_findings", page(&[], rows, Some("low.7.1.a.f-1")));
    let gone = Occurrence {
        ending: Some((Ending::Resolved, SCANNED + DAY)),
        ..changed
    };
    let fields = [
        ("q", "web & \"co"),
        ("severity", "critical"),
        ("kind", "modified"),
        ("status", "resolved"),
        ("type", "aws_security_group"),
        ("repository", "shop"),
        ("mallory", "x"),
    ];
    let found = page(&fields, vec![row(&gone)], None);
    insta::assert_snapshot!("page_findings_found", found);
    let on = page(&fields, Vec::new(), Some("low.7.1.a.f-1"));
    let link = "?q=web%20%26%20%22co&#38;severity=critical&#38;kind=modified&#38;status=resolved\
                &#38;type=aws_security_group&#38;repository=shop&#38;after=low.7.1.a.f-1";
    assert!(on.contains(link) && on.contains(">Search on</a>"), "{on}");
    assert!(on.contains("None among those that were searched so far."));
    for (fields, text) in [
        (&fields[..], "No finding fits."),
        (&fields[..0], "No open finding."),
    ] {
        let mut empty = FindingsPage {
            frame: frame(),
            account: "acme".to_owned(),
            search: search(fields),
            rows: Vec::new(),
            is_first: true,
            is_cut: true,
            next: None,
        };
        assert!(empty.html().unwrap().contains(text));
        empty.is_first = false;
        let later = "No finding in this part of the list.";
        assert!(empty.html().unwrap().contains(later));
    }
    // What names nothing filters nothing.
    let wrong = [
        ("severity", "huge"),
        ("kind", "state_only"),
        ("status", "open"),
        ("q", " "),
    ];
    assert_eq!(search(&wrong), FindingSearch::default());
}

#[test]
fn a_finding_that_is_no_more_is_sent_as_html() {
    let repository = RepositoryName::new("acme/shop").unwrap();
    let stack = StackName::new("production").unwrap();
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
    let [changed, added] = occurrences();
    let page = |occurrence: Occurrence| {
        let page = PastFindingPage::new(frame(), &context, &[occurrence]);
        page.unwrap().html().unwrap()
    };
    let ended = |ending| Occurrence {
        ending: Some((ending, SCANNED + DAY)),
        finding: FindingId("f-0".to_owned()),
        ..changed.clone()
    };
    insta::assert_snapshot!("page_finding_resolved", page(ended(Ending::Resolved)));
    for (occurrence, text) in [
        (added, "The last scan could not check it."),
        (ended(Ending::SetAside), "It was set aside at 2026-11-25"),
        (ended(Ending::Changed), "The resource drifted further"),
    ] {
        let html = page(occurrence);
        assert!(html.contains(text), "{html}");
    }
    assert!(PastFindingPage::new(frame(), &context, &[]).is_none());
}

#[test]
fn keys_whose_owners_are_unknown_are_sent_as_what_to_do() {
    let page = KeysUnknownPage {
        frame: frame(),
        account: "acme".to_owned(),
        installation: InstallationId(7),
        github_pages: "https://github.com".to_owned(),
    };
    insta::assert_snapshot!("page_keys_unknown", page.html().unwrap());
}
