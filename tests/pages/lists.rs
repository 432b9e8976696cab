//! What people accept, and the scans of a stack: for those who see them, part by part.

use super::site::SCANNED;
use super::{STACK, two_accounts};
use crate::database::{Database, on_both};
use driftguard::model::{
    Coverage, Finding, FindingId, HistoryUpdate, Kind, Reason, ScanCourse, ScanTotals, Scanned,
    StackReport, Status, Verdict,
};
use driftguard::store::ScanRecord;

on_both!(
    what_people_accept_is_listed_by_its_end_to_those_who_see_it,
    the_scans_of_a_stack_tell_how_each_went,
);

/// A stack in which these are accepted, for these reasons.
pub fn accepting(reasons: &[&str]) -> StackReport {
    let mut report = crate::report::world().stacks.remove(0);
    let aside = reasons.iter().enumerate().map(|(number, reason)| Finding {
        id: FindingId(format!("f-{number:012x}")),
        address: Some(format!("aws_vpc.v{number}").parse().unwrap()),
        reason: Some((*reason).to_owned()),
        ..Finding::new(Kind::Modified, Verdict::Accepted, "aws_vpc")
    });
    report.outcome.as_mut().unwrap().set_aside = aside.collect();
    report
}

async fn what_people_accept_is_listed_by_its_end_to_those_who_see_it(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let many: Vec<_> = (0..120)
        .map(|day| format!("many, until 2098-01-{day:02}"))
        .collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let reports = [accepting(&[
        "for good (carol)",
        "long <b>gone</b> (alice), until 2001-02-03",
        "the vendor needs `it`, until 2099-03-31",
        "snoozed by bob until 2097-01-01 10:00 UTC",
    ])];
    let network = site.scanned(("acme/network", true), acme, &reports).await;
    site.scanned(("acme/secret", true), acme, &[accepting(&many)])
        .await;
    site.github.permit("acme/network", "dave", "read");
    for hidden in ["acme/secret", "acme/shop"] {
        site.github.permit(hidden, "dave", "none");
    }
    let (mut dave, page) = site.sign_in("dave", "/orgs/acme").await;
    let page = dave
        .open(&site.at(&page.link("Accepted differences")))
        .await;
    let places = [
        "2001-02-03",
        "2097-01-01 10:00 UTC",
        "2099-03-31",
        "for good",
    ]
    .map(|until| {
        let cell = format!("<td data-label=\"Until\">{until}");
        page.html
            .find(&cell)
            .unwrap_or_else(|| panic!("{until}: {}", page.html))
    });
    assert!(places.is_sorted(), "{}", page.html);
    for text in [
        "<span class=\"sub\">ended</span>",
        "needs <code>it</code>",
        "long &#60;b&#62;gone",
        ">alice</td>",
        "aws_vpc.v2",
    ] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    assert_eq!(page.html.matches(">ended<").count(), 1);
    assert!(!page.html.contains("acme/secret") && !page.html.contains("acme/shop"));
    let finding = dave.open(&site.at(&page.link("aws_vpc.v2"))).await;
    assert_eq!(finding.status, 200, "{}", finding.html);

    let (mut alice, page) = site.sign_in("alice", "/orgs/acme/accepted").await;
    let rows = |html: &str| html.matches("data-label=\"Until\"").count();
    assert_eq!(rows(&page.html), 100, "{}", page.html);
    let next = page.url.join(&page.link("What ends later")).unwrap();
    let rest = alice.open(next.as_str()).await;
    assert!(rest.html.contains("for good") && !rest.html.contains("What ends later"));
    for query in [
        "after=nonsense",
        "after=%00.1.production.f-1",
        "after=a.1.B.f",
    ] {
        let page = alice
            .open(&site.at(&format!("/orgs/acme/accepted?{query}")))
            .await;
        assert_eq!((page.status, rows(&page.html)), (200, 100), "{query}");
    }
    // It goes with the repository.
    site.store
        .of(acme)
        .delete_repository(network)
        .await
        .unwrap();
    let page = dave.look(&site.at("/orgs/acme/accepted")).await;
    assert_eq!(rows(&page.html), 0, "{}", page.html);
}

async fn the_scans_of_a_stack_tell_how_each_went(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let tenant = site.store.of(acme);
    let shop = tenant.repositories().await.unwrap()[0].id;
    let record = async |totals: ScanTotals| {
        let scan = ScanRecord {
            id: format!("scan@{}", totals.finished_at),
            repository: shop,
            stack: "production".to_owned(),
            commit: totals.commit.clone(),
            outcome: serde_json::json!({"name": "production"}),
            finished_at: totals.finished_at,
        };
        let update = HistoryUpdate::default();
        let recorded = tenant.record_completed_scan(&scan, &totals, &update);
        recorded.await.unwrap();
    };
    let denied = Reason::Throttled.to_string();
    let scanned = Scanned {
        coverage: vec![Coverage {
            reason: Some(format!("{denied} <b>x</b>")),
            ..Coverage::new("aws_db_instance", 3, Status::Failed)
        }],
        ..Scanned::default()
    };
    let mut totals = ScanTotals::of(&scanned, "c0ffee", SCANNED + 100_000);
    totals.course = ScanCourse {
        begun_at: SCANNED + 58_000,
        requested_by: "schedule".to_owned(),
        aws_calls: Some(321),
    };
    record(totals).await;
    let failed = "GET https://deploy:hunter2-hunter2@proxy.example.com timed out";
    record(ScanTotals::failed(failed, "c0ffee", SCANNED + 200_000)).await;
    let (mut alice, stack) = site.sign_in("alice", STACK).await;
    assert!(!stack.html.contains("hunter2"));
    let page = alice.open(&site.at(&stack.link("Scans"))).await;
    for text in [
        "2026-11-24 16:33 UTC",
        ">failed</span>",
        "42 seconds",
        "321",
        "the schedule",
        "aws_db_instance",
        "&#60;b&#62;x",
        "1 critical",
        "/commit/c0ffee",
    ] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    assert!(!page.html.contains("hunter2"), "{}", page.html);
    assert_eq!(page.html.matches("<tr><th scope=\"row\"").count(), 3);
    // A failed scan is no point of a chart, and not the first of the history.
    let stack_name = &crate::report::world().stacks[0].name;
    let of_charts = tenant.scan_points(shop, stack_name, 9).await.unwrap();
    assert_eq!(of_charts.len(), 2);
    for number in 0..120 {
        record(ScanTotals::failed(
            "again",
            "c0ffee",
            SCANNED + 300_000 + number,
        ))
        .await;
    }
    let page = alice.open(&site.at(&format!("{STACK}/scans"))).await;
    let next = page.url.join(&page.link("Earlier scans")).unwrap();
    let rest = alice.open(next.as_str()).await;
    assert_eq!(rest.html.matches("<tr><th scope=\"row\"").count(), 23);
    assert!(rest.html.contains("321") && !rest.html.contains("Earlier scans"));
}
