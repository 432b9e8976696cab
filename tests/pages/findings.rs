//! The findings of all stacks of an organisation: who sees which, how they are searched, and how the list goes on.

use super::browser::Page;
use super::site::{SCANNED, Site};
use super::{FINDING, STACK, two_accounts};
use crate::database::{Database, on_both};
use driftguard::model::{
    AccountId, Finding, FindingId, InstallationId, Kind, RepositoryId, ScanTotals, Severity,
    StackName, StackReport, Verdict,
};
use driftguard::pulls::history_update;
use driftguard::store::ScanRecord;
use std::collections::BTreeSet;

on_both!(
    findings_of_all_stacks_are_found_by_those_who_see_them,
    a_long_list_of_findings_goes_on_and_its_place_leads_into_no_other_account,
    a_finding_that_the_last_scan_does_not_report_is_told_from_the_history,
    the_stacks_of_an_organisation_are_filtered_and_the_list_goes_on_so,
);

const FINDINGS: &str = "/orgs/acme/findings";

/// The first stack of the world with these findings.
fn reporting(findings: Vec<Finding>) -> StackReport {
    let mut report = crate::report::world().stacks.remove(0);
    report.outcome.as_mut().unwrap().findings = findings;
    report
}

fn finding(number: usize, severity: Severity) -> Finding {
    Finding {
        id: FindingId(format!("f-{number:012x}")),
        address: Some(format!("aws_vpc.v{number}").parse().unwrap()),
        account: AccountId::new("210987654321"),
        severity,
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_vpc")
    }
}

/// Records a later scan of a stack.
async fn scanned_again(
    site: &Site,
    (installation, repository): (InstallationId, RepositoryId),
    report: &StackReport,
) {
    let tenant = site.store.of(installation);
    let at = SCANNED + 60_000;
    let scan = ScanRecord {
        id: format!("{repository}/{}/again", report.name),
        repository,
        stack: report.name.to_string(),
        commit: "c0ffee".to_owned(),
        outcome: serde_json::to_value(report).unwrap(),
        finished_at: at,
    };
    let Ok(scanned) = &report.outcome else {
        tenant.record_scan(&scan).await.unwrap();
        return;
    };
    let before = tenant.open_occurrences(repository, &report.name).await;
    let update = history_update(&before.unwrap(), scanned, at);
    let totals = ScanTotals::of(scanned, &scan.commit, at);
    let recorded = tenant.record_completed_scan(&scan, &totals, &update);
    recorded.await.unwrap();
}

fn rows(page: &Page) -> usize {
    page.html.matches("data-label=\"First seen\"").count()
}

async fn findings_of_all_stacks_are_found_by_those_who_see_them(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let network = [finding(1, Severity::Critical), finding(2, Severity::Info)];
    let hidden = [finding(3, Severity::Critical)];
    for (name, findings) in [("acme/network", &network[..]), ("acme/secret", &hidden)] {
        let reports = [reporting(findings.to_vec())];
        site.scanned((name, true), acme, &reports).await;
    }
    site.github.permit("acme/network", "dave", "read");
    site.github.permit("acme/shop", "dave", "read");
    site.github.permit("acme/secret", "dave", "none");
    let (mut dave, page) = site.sign_in("dave", "/orgs/acme").await;
    let page = dave.open(&site.at(&page.link("Findings"))).await;
    assert_eq!((page.status, page.url.path()), (200, FINDINGS));
    // Of both stacks, the most severe first.
    let badges = page.html.split("<td data-label=\"Severity\">").skip(1);
    let severities: Vec<_> = badges
        .map(|cell| {
            let name = cell.split("badge ").nth(1).unwrap();
            Severity::named(name.split('"').next().unwrap()).unwrap()
        })
        .collect();
    assert_eq!(severities.len(), 6, "{}", page.html);
    assert!(
        severities.is_sorted_by_key(std::cmp::Reverse),
        "{severities:?}"
    );
    for text in [
        "acme/network",
        "acme/shop",
        "aws_security_group.web",
        "aws_vpc.v1",
    ] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    assert!(!page.html.contains("acme/secret") && !page.html.contains("aws_vpc.v3"));
    assert_eq!(
        page.link("aws_security_group.web"),
        FINDING,
        "it leads to the finding"
    );

    for (query, expected, text) in [
        ("q=SECURITY_group.web", 1, "aws_security_group.web"),
        ("q=%25", 0, "No finding fits."),
        ("q=aws_vpc_v", 0, "No finding fits."),
        ("q=210987654321", 2, "aws_vpc.v2"),
        (
            "q=web%2Fpolicy",
            1,
            "aws_iam_role_policy_attachment web/policy",
        ),
        ("severity=critical", 2, "<option selected>critical</option>"),
        (
            "severity=critical&repository=NETwork",
            1,
            "value=\"NETwork\"",
        ),
        ("repository=secret", 0, "No finding fits."),
        ("kind=unmanaged", 1, "added outside Terraform"),
        ("kind=deleted", 1, "gone from AWS"),
        ("type=aws_vp", 0, "No finding fits."),
        ("type=aws_vpc&kind=modified&severity=info", 1, "aws_vpc.v2"),
        ("status=resolved", 0, "No finding fits."),
        ("severity=huge&kind=x&status=y&after=z", 6, "Open findings"),
        ("q=%3Cscript%3E%22", 0, "value=\"&#60;script&#62;&#34;\""),
        ("q=%00", 6, "Open findings"),
    ] {
        let page = dave.open(&site.at(&format!("{FINDINGS}?{query}"))).await;
        assert_eq!(
            (page.status, rows(&page)),
            (200, expected),
            "{query}: {}",
            page.html
        );
        assert!(page.html.contains(text), "{query}: {}", page.html);
        assert!(!page.html.contains("aws_vpc.v3"), "{query}");
    }
    assert_eq!(site.github.violations(), [""; 0]);
}

async fn a_long_list_of_findings_goes_on_and_its_place_leads_into_no_other_account(
    database: Database,
) {
    let (site, acme, _) = two_accounts(database).await;
    let mut many: Vec<_> = (0..120)
        .map(|number| finding(number, Severity::Low))
        .collect();
    many.extend((120..150).map(|number| finding(number, Severity::High)));
    site.scanned(("acme/network", true), acme, &[reporting(many)])
        .await;
    let path = format!("{FINDINGS}?repository=network");
    let (mut alice, page) = site.sign_in("alice", &path).await;
    let names = |page: &Page| -> BTreeSet<String> {
        let names = page.html.split("<a href=\"").filter_map(|link| {
            let text = link.split('>').nth(1)?.split('<').next()?;
            text.starts_with("aws_").then(|| text.to_owned())
        });
        names.collect()
    };
    assert_eq!(rows(&page), 100, "{}", page.html);
    assert!(!page.html.contains("From the start"));
    let next = page.url.join(&page.link("Further findings")).unwrap();
    assert!(
        next.query().unwrap().contains("repository=network"),
        "{next}"
    );
    let rest = alice.open(next.as_str()).await;
    assert_eq!(rows(&rest), 50, "{}", rest.html);
    assert!(!rest.html.contains("Further findings"));
    assert_eq!(names(&page).union(&names(&rest)).count(), 150);
    let start = rest.url.join(&rest.link("From the start")).unwrap();
    assert_eq!(rows(&alice.open(start.as_str()).await), 100);
    let high = format!("{path}&severity=high");
    assert_eq!(rows(&alice.open(&site.at(&high)).await), 30);

    // The same place in another account, and places of nobody's.
    let place = next
        .query_pairs()
        .find(|(name, _)| name == "after")
        .unwrap()
        .1;
    let (mut bob, _) = site.sign_in("bob", "/orgs/globex/findings").await;
    let theirs = format!("/orgs/globex/findings?after={place}");
    let theirs = bob.look(&site.at(&theirs)).await;
    assert_eq!(theirs.status, 200);
    assert!(!theirs.html.contains("acme") && !theirs.html.contains("aws_vpc.v"));
    assert_eq!(bob.look(next.as_str()).await.status, 404);
    for place in [
        "low",
        "low.0.0..",
        "critical.0...",
        "low.9.1.%00.f",
        "low.1.2.3.4.5.6",
    ] {
        let page = alice.open(&site.at(&format!("{path}&after={place}"))).await;
        assert_eq!(page.status, 200, "{place}: {}", page.html);
    }
}

async fn a_finding_that_the_last_scan_does_not_report_is_told_from_the_history(database: Database) {
    let (site, acme, globex) = two_accounts(database).await;
    let shop = site.store.of(acme).repositories().await.unwrap()[0].id;
    let mut report = crate::report::world().stacks.remove(0);
    let scanned = report.outcome.as_mut().unwrap();
    scanned.findings.retain(|it| it.id.0 != "f-00000000000a");
    scanned_again(&site, (acme, shop), &report).await;
    let (mut alice, page) = site.sign_in("alice", FINDING).await;
    assert_eq!(page.status, 200, "{}", page.html);
    for text in [
        "aws_security_group.web",
        "It is resolved",
        "2026-11-24 16:31 UTC",
    ] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    let list = alice
        .open(&site.at(&format!("{FINDINGS}?status=resolved")))
        .await;
    assert_eq!(rows(&list), 1, "{}", list.html);
    assert_eq!(list.link("aws_security_group.web"), FINDING);
    let unknown = format!("{STACK}/findings/f-00000000000f");
    assert_eq!(alice.look(&site.at(&unknown)).await.status, 404);
    let strange = format!("{STACK}/findings/f-%00");
    assert_eq!(alice.look(&site.at(&strange)).await.status, 404);

    // A scan that found nothing out says nothing of what was open.
    let site_id = site.store.of(globex).repositories().await.unwrap()[0].id;
    let mut failed = crate::report::world().stacks.remove(1);
    failed.name = StackName::new("production").unwrap();
    scanned_again(&site, (globex, site_id), &failed).await;
    let path = "/orgs/globex/site/production/findings/f-00000000000a";
    let (mut bob, page) = site.sign_in("bob", path).await;
    assert_eq!(page.status, 200, "{}", page.html);
    assert!(
        page.html.contains("The last scan could not check it"),
        "{}",
        page.html
    );
    assert_eq!(bob.look(&site.at(FINDING)).await.status, 404);
}

async fn the_stacks_of_an_organisation_are_filtered_and_the_list_goes_on_so(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let report = crate::report::world().stacks.remove(0);
    let named = |number: usize| StackReport {
        name: StackName::new(&format!("s-{number:03}")).unwrap(),
        path: format!("live/{number}"),
        ..report.clone()
    };
    let reports: Vec<_> = (0..120).map(named).collect();
    site.scanned(("acme/network", true), acme, &reports).await;
    let (mut alice, _) = site.sign_in("alice", "/").await;
    let count = |page: &Page| page.html.matches("data-label=\"Last scan\"").count();
    for (query, expected) in [
        ("q=STAGING", 1),
        ("q=acme/shop", 2),
        ("q=live/11", 11),
        ("drift=unknown", 1),
        ("drift=none", 0),
        ("q=shop&drift=found", 1),
        ("q=none+such", 0),
        ("q=%25", 0),
        ("drift=mallory", 100),
        ("q=network", 100),
    ] {
        let page = alice.open(&site.at(&format!("/orgs/acme?{query}"))).await;
        assert_eq!(count(&page), expected, "{query}: {}", page.html);
        if expected == 0 {
            assert!(page.html.contains("No stack fits."), "{}", page.html);
            assert!(page.html.contains(">Show all</a>"), "{}", page.html);
        }
        if expected == 100 && query.contains("network") {
            let next = page.url.join(&page.link("Further stacks")).unwrap();
            let rest = alice.open(next.as_str()).await;
            assert_eq!(count(&rest), 20, "{}", rest.html);
            let start = rest.url.join(&rest.link("From the start")).unwrap();
            assert_eq!(start.query(), Some("q=network"));
        }
    }
}
