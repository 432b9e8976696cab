//! The page of the audit log: of the repositories that a person sees, with a filter, part by part.

use super::{FINDING, browser::Page, two_accounts};
use crate::database::{Database, on_both};
use driftguard::model::{AuditEntry, AuditVia};

on_both!(the_audit_log_shows_what_was_decided_in_the_repositories_that_a_person_sees);

fn rows(page: &Page) -> usize {
    page.html.matches("<tr><th scope=\"row\"").count()
}

async fn the_audit_log_shows_what_was_decided_in_the_repositories_that_a_person_sees(
    database: Database,
) {
    let (site, acme, _) = two_accounts(database).await;
    let reports = &crate::report::world().stacks[..1];
    let secret = site.scanned(("acme/secret", true), acme, reports).await;
    site.github.permit("acme/secret", "dave", "none");
    site.github.permit("acme/shop", "dave", "read");
    let tenant = site.store.of(acme);
    let repositories = tenant.repositories().await.unwrap();
    let shop = repositories.iter().find(|it| it.id != secret).unwrap().id;
    for number in 0..120 {
        let entry = AuditEntry {
            key: format!("comment/{number}/adopt/production/f-00000000000a"),
            at: super::SCANNED + i64::from(number) * 60_000,
            person: if number == 0 { "bob" } else { "alice" }.to_owned(),
            via: AuditVia::Comment,
            action: "adopt".to_owned(),
            stack: "production".to_owned(),
            finding: "f-00000000000a".to_owned(),
            detail: format!("`{number}` <b>x</b>"),
        };
        for repository in [shop, secret] {
            tenant.record_audit(repository, &entry).await.unwrap();
        }
    }
    let (mut dave, page) = site.sign_in("dave", "/orgs/acme").await;
    let page = dave.open(&site.at(&page.link("Audit log"))).await;
    assert_eq!(rows(&page), 100, "{}", page.html);
    assert!(
        page.html.contains("<code>119</code> &#60;b&#62;"),
        "{}",
        page.html
    );
    assert!(!page.html.contains("acme/secret"), "{}", page.html);
    let finding = page.link("f-00000000000a");
    let finding = dave.open(&site.at(&finding)).await;
    assert_eq!(finding.url.path(), FINDING);
    assert!(finding.html.contains("reaches port 22"), "{}", finding.html);
    let next = page.url.join(&page.link("Earlier decisions")).unwrap();
    let rest = dave.open(next.as_str()).await;
    assert_eq!(rows(&rest), 20, "{}", rest.html);
    assert!(!rest.html.contains("Earlier decisions"), "{}", rest.html);

    for (query, expected) in [
        ("person=Bob", 1),
        ("person=nobody", 0),
        ("repository=shop", 100),
        ("repository=secret", 0),
        ("repository=nothing", 0),
        ("repository=%ff&person=%00", 0),
        ("after=nonsense", 100),
        ("after=1.2.3", 0),
    ] {
        let path = format!("/orgs/acme/audit?{query}");
        let page = dave.open(&site.at(&path)).await;
        assert_eq!(
            (page.status, rows(&page)),
            (200, expected),
            "{query}: {}",
            page.html
        );
    }
    let (mut alice, page) = site
        .sign_in("alice", "/orgs/acme/audit?repository=secret")
        .await;
    assert_eq!(rows(&page), 100, "{}", page.html);
    let page = alice.open(&site.at("/orgs/acme/audit")).await;
    assert!(page.html.contains("acme/secret") && page.html.contains("acme/shop"));
}
