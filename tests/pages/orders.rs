//! Orders from the pages: who may write has them done once; nobody else does, whatever they send.

use super::browser::{Browser, Page};
use super::site::Site;
use super::{FINDING, STACK, addresses, two_accounts};
use crate::database::{Database, on_both};
use driftguard::model::RepositoryId;
use driftguard::queue::job::{OrderOrigin, RepositoryTask};
use driftguard::standin::github::Fault;
use std::time::{Duration, Instant};

on_both!(
    who_may_write_orders_from_a_page_and_each_order_is_taken_once,
    who_may_not_write_orders_nothing,
    an_order_counts_from_a_page_of_the_session_alone,
    what_cannot_be_done_is_told_and_nothing_is_ordered,
    a_person_orders_so_many_a_minute,
);

/// Sends an order from a page that a person has open.
async fn order(
    site: &Site,
    browser: &mut Browser,
    page: &Page,
    path: &str,
    fields: &[(&str, &str)],
) -> Page {
    let (token, id) = (page.field("token"), page.field("id"));
    let mut all = vec![("token", token.as_str()), ("id", id.as_str())];
    all.extend(fields);
    browser.send(&site.at(path), Some(&site.url), &all).await
}

/// The commands that were taken, with who sent them, once there are so many.
pub async fn commands(site: &Site, count: usize) -> Vec<(RepositoryId, String, String)> {
    let started = Instant::now();
    loop {
        let tasks = site.tasks.lock().unwrap().clone();
        let orders = tasks.into_iter().filter_map(|job| match job.task {
            RepositoryTask::Order {
                command,
                person,
                via,
                ..
            } => {
                assert_eq!(via, OrderOrigin::Page);
                Some((job.repository, command, person))
            }
            _ => None,
        });
        let orders: Vec<_> = orders.collect();
        if orders.len() >= count {
            return orders;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{orders:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn who_may_write_orders_from_a_page_and_each_order_is_taken_once(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let shop = site.store.of(acme).repositories().await.unwrap()[0].id;
    let (mut alice, page) = site.sign_in("alice", FINDING).await;
    for text in ["Adopt", "Restore", "Accept", "Snooze"] {
        assert!(
            page.html.contains(&format!(">{text}</button>")),
            "{}",
            page.html
        );
    }
    assert!(!page.html.contains(">Import</button>"), "{}", page.html);

    let adopt = [("order", "adopt")];
    let taken = order(&site, &mut alice, &page, FINDING, &adopt).await;
    let location = format!("{FINDING}?asked=adopt");
    assert_eq!(
        (taken.status, taken.header("location")),
        (303, location.as_str())
    );
    let told = alice.open(&site.at(&location)).await;
    assert!(
        told.html.contains("You asked to adopt this finding"),
        "{}",
        told.html
    );
    assert!(told.html.contains("role=\"status\""), "{}", told.html);
    // A double click; and another order of the same page.
    let again = order(&site, &mut alice, &page, FINDING, &adopt).await;
    assert_eq!(again.header("location"), format!("{FINDING}?asked=again"));
    let told = alice.open(&site.at(again.header("location"))).await;
    assert!(told.html.contains("it is done once"), "{}", told.html);
    let restore = [("order", "restore")];
    let taken = order(&site, &mut alice, &page, FINDING, &restore).await;
    assert!(taken.header("location").ends_with("?asked=restore"));
    for fields in [
        vec![
            ("order", "ignore"),
            ("until", "2099-03-31"),
            ("reason", " ours\r\n/driftguard adopt all "),
        ],
        vec![("order", "ignore"), ("until", ""), ("reason", "")],
        vec![("order", "snooze"), ("days", "3")],
    ] {
        let taken = order(&site, &mut alice, &told, FINDING, &fields).await;
        assert_eq!(taken.status, 303, "{fields:?}: {}", taken.html);
    }
    let page = alice.open(&site.at(STACK)).await;
    assert!(page.html.contains(">Scan now</button>"), "{}", page.html);
    let taken = order(&site, &mut alice, &page, STACK, &[("order", "scan")]).await;
    assert_eq!(taken.header("location"), format!("{STACK}?asked=scan"));
    let told = alice.open(&site.at(taken.header("location"))).await;
    assert!(
        told.html.contains("You asked to scan this stack"),
        "{}",
        told.html
    );

    let mut expected = [
        "adopt f-00000000000a",
        "restore f-00000000000a",
        "ignore f-00000000000a until 2099-03-31 ours  /driftguard adopt all",
        "ignore f-00000000000a accepted by alice on a page",
        "snooze f-00000000000a 3d",
        "scan production",
    ]
    .map(|command| (shop, command.to_owned(), "alice".to_owned()))
    .to_vec();
    let mut taken = commands(&site, expected.len()).await;
    expected.sort();
    taken.sort();
    assert_eq!(taken, expected);
    // What the address says beside that is not told.
    let page = alice
        .open(&site.at(&format!("{STACK}?asked=%3Cb%3Ex")))
        .await;
    assert!(!page.html.contains("role=\"status\"") && !page.html.contains("<b>x"));
    assert_eq!(site.github.violations(), [""; 0]);
}

async fn who_may_not_write_orders_nothing(database: Database) {
    let (site, ..) = two_accounts(database).await;
    site.github.permit("acme/shop", "dave", "read");
    let scan = [("order", "scan")];
    let (mut dave, page) = site.sign_in("dave", STACK).await;
    assert!(!page.html.contains(">Scan now</button>"), "{}", page.html);
    let finding = dave.open(&site.at(FINDING)).await;
    assert!(!finding.html.contains("name=\"order\""), "{}", finding.html);
    // Their form is not there, so they write it themselves.
    let token = page.field("token");
    let id = "0".repeat(64);
    let fields = [("token", token.as_str()), ("id", &id), ("order", "scan")];
    let refused = dave.send(&site.at(STACK), Some(&site.url), &fields).await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.html.contains("You need write permission"),
        "{}",
        refused.html
    );

    // What another account has is not there, whatever is sent.
    let (mut bob, page) = site.sign_in("bob", "/orgs/globex/site/production").await;
    let nowhere = bob.look(&site.at("/orgs/nobody/nothing/production")).await;
    for path in addresses("acme", "shop")
        .iter()
        .filter(|it| it.starts_with(STACK))
    {
        for word in ["scan", "adopt"] {
            let answer = order(&site, &mut bob, &page, path, &[("order", word)]).await;
            let is_page = [404, 405].contains(&answer.status);
            assert!(is_page, "{path} {word}: {}", answer.status);
            if answer.status == 404 {
                assert_eq!(answer.html, nowhere.html, "{path}");
            }
        }
    }
    let mut stranger = Browser::new();
    let answer = stranger.send(&site.at(STACK), Some(&site.url), &scan).await;
    assert_eq!(answer.status, 303);
    assert!(answer.header("location").starts_with("/sign-in?to="));

    // GitHub is asked at that moment: what it said when the page was opened counts no more.
    let (mut alice, page) = site.sign_in("alice", STACK).await;
    site.github.permit("acme/shop", "alice", "read");
    let refused = order(&site, &mut alice, &page, STACK, &scan).await;
    assert_eq!(refused.status, 403, "{}", refused.html);
    site.github.permit("acme/shop", "alice", "none");
    let refused = order(&site, &mut alice, &page, STACK, &scan).await;
    assert_eq!(refused.status, 404, "{}", refused.html);
    site.github.permit("acme/shop", "alice", "write");
    let path = "GET /user/installations/{installation_id}/repositories";
    site.github.fail_next(path, Fault::Status(502));
    let refused = order(&site, &mut alice, &page, STACK, &scan).await;
    assert_eq!(refused.status, 503, "{}", refused.html);
    assert_eq!(commands(&site, 0).await, []);
    let taken = order(&site, &mut alice, &page, STACK, &scan).await;
    assert_eq!(taken.status, 303, "{}", taken.html);
    assert_eq!(commands(&site, 1).await.len(), 1);
}

async fn an_order_counts_from_a_page_of_the_session_alone(database: Database) {
    let (site, ..) = two_accounts(database).await;
    let (mut alice, page) = site.sign_in("alice", STACK).await;
    let (_, other) = site.sign_in("alice", STACK).await;
    let (token, id) = (page.field("token"), page.field("id"));
    let theirs = other.field("token");
    for (origin, token, id) in [
        (Some("https://mallory.example"), token.as_str(), id.as_str()),
        (Some("null"), &token, &id),
        (None, &token, &id),
        (Some(site.url.as_str()), "", &id),
        (Some(site.url.as_str()), &theirs, &id),
        (Some(site.url.as_str()), &token, ""),
        (Some(site.url.as_str()), &token, "not an id of a page"),
    ] {
        let fields = [("token", token), ("id", id), ("order", "scan")];
        let refused = alice.send(&site.at(STACK), origin, &fields).await;
        assert_eq!(refused.status, 403, "{origin:?} {token} {id}");
        assert!(
            refused.html.contains("was not sent from a page"),
            "{}",
            refused.html
        );
    }
    assert_eq!(commands(&site, 0).await, []);
}

async fn what_cannot_be_done_is_told_and_nothing_is_ordered(database: Database) {
    let (site, ..) = two_accounts(database).await;
    let report = crate::report::world().stacks.remove(0);
    let aside = report.outcome.unwrap().set_aside[0].id.clone();
    let (mut alice, page) = site.sign_in("alice", FINDING).await;
    let long = "x".repeat(301);
    let gone = format!("{STACK}/findings/f-00000000000f");
    let aside = format!("{STACK}/findings/{aside}");
    let unusable = |fields: &[(&'static str, &str)]| {
        let fields = fields
            .iter()
            .map(|(name, text)| (*name, (*text).to_owned()));
        (FINDING.to_owned(), fields.collect::<Vec<_>>(), 400)
    };
    let told = |path: &str, word: &str, status| {
        (path.to_owned(), vec![("order", word.to_owned())], status)
    };
    for (path, fields, status) in [
        unusable(&[]),
        unusable(&[("order", "rotate-secret")]),
        unusable(&[("order", "import")]),
        unusable(&[("order", "scan")]),
        unusable(&[("order", "snooze"), ("days", "0")]),
        unusable(&[("order", "snooze"), ("days", "91")]),
        unusable(&[("order", "snooze"), ("days", "3d please")]),
        unusable(&[
            ("order", "ignore"),
            ("until", "2001-01-01"),
            ("reason", "x"),
        ]),
        unusable(&[("order", "ignore"), ("until", "soon"), ("reason", "x")]),
        unusable(&[("order", "ignore"), ("reason", "until then")]),
        unusable(&[("order", "ignore"), ("reason", &long)]),
        told(STACK, "adopt", 400),
        told(&gone, "adopt", 409),
        told(&aside, "restore", 409),
    ] {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        let refused = order(&site, &mut alice, &page, &path, &fields).await;
        assert_eq!(
            refused.status, status,
            "{path} {fields:?}: {}",
            refused.html
        );
        assert!(
            refused.html.contains("Nothing was done."),
            "{}",
            refused.html
        );
    }
    let page = alice.open(&site.at(&aside)).await;
    assert!(!page.html.contains("name=\"order\""), "{}", page.html);
    assert_eq!(commands(&site, 0).await, []);
}

async fn a_person_orders_so_many_a_minute(database: Database) {
    let (site, ..) = two_accounts(database).await;
    let (mut alice, page) = site.sign_in("alice", STACK).await;
    let scan = [("order", "scan")];
    let mut statuses = Vec::new();
    for _ in 0..31 {
        let answer = order(&site, &mut alice, &page, STACK, &scan).await;
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..30], [303; 30]);
    assert_eq!(statuses[30], 429);
    let (mut again, page) = site.sign_in("alice", STACK).await;
    let answer = order(&site, &mut again, &page, STACK, &scan).await;
    assert_eq!(answer.status, 429, "another session is the same person");
    let path = "/orgs/globex/site/production";
    let (mut bob, page) = site.sign_in("bob", path).await;
    let answer = order(&site, &mut bob, &page, path, &scan).await;
    assert_eq!(answer.status, 303, "{}", answer.html);
}
