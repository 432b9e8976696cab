//! Keys of people: each reaches repositories that its person may write to, and ends with that right.

mod access;
mod company;
mod page;
mod right;

use crate::database::{Database, on_both};
use company::{Company, KEYS, prefix, shown};
use driftguard::model::RepositoryId;
use driftguard::web::api::paths;
use http::Method;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

on_both!(
    a_person_creates_a_key_for_a_repository_and_reaches_no_other,
    what_is_another_repositorys_is_not_there_for_a_persons_key,
    a_key_of_a_person_decides_and_scans_in_its_repositories,
    a_repetition_is_about_nothing_that_the_key_lost,
);

const FINDING: &str = "f-00000000000a";

fn ids<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    let items = list["items"].as_array().unwrap();
    let ids = items.iter().map(|found| found[field].as_str().unwrap());
    ids.collect()
}

async fn a_person_creates_a_key_for_a_repository_and_reaches_no_other(database: Database) {
    let company = Company::start(database).await;
    let site = &company.site;
    let (mut dave, home) = site.sign_in("dave", "/").await;
    let page = dave.open(&site.at(&home.link("Your API keys"))).await;
    assert_eq!((page.status, page.url.path()), (200, KEYS), "{}", page.html);
    for text in ["You have no key yet.", "> acme/shop<", "> acme/network<"] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    assert!(!page.html.contains("acme/docs"), "{}", page.html);
    let ticked = format!("r{}", company.shop);
    let fields = [
        ("act", "create"),
        ("org", "acme"),
        ("name", "laptop"),
        ("scope", "read"),
        ("days", "30"),
        ("which", "some"),
        (ticked.as_str(), "on"),
    ];
    let created = company.send(&mut dave, &page, &fields).await;
    assert_eq!(created.header("cache-control"), "no-store");
    let key = shown(&created);
    let list = dave.open(&site.at(KEYS)).await;
    for text in [prefix(&key), "laptop", "Reaches\">acme/shop<", "acme"] {
        assert!(list.html.contains(text), "{text}: {}", list.html);
    }
    assert!(!list.html.contains(&key), "{}", list.html);

    let me = company.get(&key, "/api/v1/me").await;
    assert_eq!(me.status, 200, "{me:?}");
    assert_eq!(
        (&me.json["person"], &me.json["repositories"]),
        (&json!("dave"), &json!(["acme/shop"]))
    );
    assert_eq!(company.workspaces(&key).await, company.of(company.shop));
    let findings = company.get(&key, "/api/v1/findings").await.json;
    let own = format!("{}.production", company.shop);
    let workspaces = ids(&findings, "workspace");
    assert!(!workspaces.is_empty() && workspaces.iter().all(|id| *id == own));

    // A list that goes on shows the same, and comes to an end.
    for list in ["/api/v1/workspaces", "/api/v1/findings"] {
        let whole = company.get(&key, list).await.json["items"].clone();
        let (mut pieces, mut next) = (Vec::new(), Value::Null);
        loop {
            let cursor = next.as_str().map(|next| format!("&cursor={next}"));
            let path = format!("{list}?limit=1{}", cursor.unwrap_or_default());
            let piece = company.get(&key, &path).await.json;
            pieces.extend(piece["items"].as_array().unwrap().clone());
            next = piece["next"].clone();
            if next.is_null() {
                break;
            }
        }
        assert_eq!(json!(pieces), whole, "{list}");
    }

    // All that the person may write to, at that moment.
    let page = dave.open(&site.at(KEYS)).await;
    let all = [
        ("act", "create"),
        ("org", "acme"),
        ("name", "all of mine"),
        ("scope", "read"),
        ("days", "365"),
        ("which", "all"),
    ];
    let wide = shown(&company.send(&mut dave, &page, &all).await);
    let me = company.get(&wide, "/api/v1/me").await.json;
    assert_eq!(me["repositories"], json!(["acme/network", "acme/shop"]));
    site.github.permit("acme/docs", "dave", "admin");
    company.an_hour_later().await;
    let me = company.get(&wide, "/api/v1/me").await.json;
    assert_eq!(me["repositories"], json!(["acme/network", "acme/shop"]));
    assert_eq!(site.github.violations(), [""; 0]);
}

async fn what_is_another_repositorys_is_not_there_for_a_persons_key(database: Database) {
    let company = Company::start(database).await;
    let key = company.key("write", &[company.shop]).await;
    let scanned = crate::pages::site::SCANNED;
    // A workspace without a repository, of an organisation's key.
    let owner = crate::pages::keys::stored_key(&company.site, company.acme).await;
    let role = json!({"name": "a", "region": "us-east-1",
        "role_arn": "arn:aws:iam::123456789012:role/driftguard"});
    let created = company.post(&owner, "/api/v1/workspaces", &role).await;
    assert_eq!(created.status, 201, "{created:?}");
    let created = created.json["id"].as_str().unwrap().to_owned();
    let scan_of = |repository: RepositoryId| format!("{repository}.production.{scanned}");
    let own = format!("/api/v1/scans/{}", scan_of(company.shop));
    assert_eq!(company.get(&key, &own).await.status, 200);
    assert!(paths().len() >= 7);
    for (workspace, scan) in [
        (
            format!("{}.production", company.network),
            scan_of(company.network),
        ),
        (
            format!("{}.production", company.docs),
            scan_of(company.docs),
        ),
        (created.clone(), format!("{created}.{scanned}")),
    ] {
        let mut missing = 0;
        for path in paths() {
            let is_named = path.contains("{workspace}") || path.contains("{scan}");
            let asked = path
                .replace("{workspace}", &workspace)
                .replace("{scan}", &scan);
            for method in [Method::GET, Method::POST, Method::DELETE] {
                if !is_named {
                    continue;
                }
                let answer = company.ask(method.clone(), &key, &asked, &[], String::new());
                let answer = answer.await;
                assert!(
                    answer.status == 404 || answer.status == 405,
                    "{method} {asked}: {answer:?}"
                );
                missing += usize::from(answer.status == 404);
            }
        }
        assert!(missing >= 5, "{missing}");
        let findings = format!("/api/v1/findings?workspace={workspace}");
        assert_eq!(company.get(&key, &findings).await.status, 404);
        let decision = json!({"choice": "adopt", "workspace": workspace});
        let decide = format!("/api/v1/findings/{FINDING}/decisions");
        assert_eq!(company.post(&key, &decide, &decision).await.status, 404);
    }
    let refused = company.post(&key, "/api/v1/workspaces", &role).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(refused.detail().contains("is a person's"), "{refused:?}");
    for list in ["/api/v1/workspaces", "/api/v1/findings", "/api/v1/me"] {
        let listed = company.get(&key, list).await.json.to_string();
        let foreign = [company.network, company.docs].map(|id| format!("{id}."));
        for text in foreign
            .iter()
            .map(String::as_str)
            .chain([created.as_str(), "network"])
        {
            assert!(!listed.contains(text), "{list}: {listed}");
        }
    }
    // A scan that somebody requested elsewhere.
    let path = format!("/api/v1/workspaces/{}.production/scans", company.network);
    let started = company
        .ask(Method::POST, &owner, &path, &[], String::new())
        .await;
    assert_eq!(started.status, 202, "{started:?}");
    let scan = format!("/api/v1/scans/{}", started.json["id"].as_str().unwrap());
    assert_eq!(company.get(&owner, &scan).await.status, 200);
    assert_eq!(company.get(&key, &scan).await.status, 404);
    assert_eq!(company.site.github.violations(), [""; 0]);
}

async fn a_key_of_a_person_decides_and_scans_in_its_repositories(database: Database) {
    let company = Company::start(database).await;
    let key = company.key("write", &[company.shop]).await;
    // Another repository has the same finding, which is nothing to this key.
    let decide = format!("/api/v1/findings/{FINDING}/decisions");
    let before = company.questions();
    let decided = company
        .post(&key, &decide, &json!({"choice": "restore"}))
        .await;
    assert_eq!(decided.status, 202, "{decided:?}");
    assert_eq!(
        decided.json["workspace"],
        format!("{}.production", company.shop)
    );
    assert_eq!(company.questions(), before + 1, "GitHub is asked at once");
    let path = format!("/api/v1/workspaces/{}.production/scans", company.shop);
    let started = company
        .ask(Method::POST, &key, &path, &[], String::new())
        .await;
    assert_eq!(started.status, 202, "{started:?}");
    let scan = format!("/api/v1/scans/{}", started.json["id"].as_str().unwrap());
    assert_eq!(company.get(&key, &scan).await.json["status"], "queued");
    let mut orders = company.orders(2).await;
    orders.sort_by(|a, b| a.1.cmp(&b.1));
    let dave = orders[0].3.person;
    assert!(dave.is_some());
    for ((repository, command, person, used), expected) in orders
        .iter()
        .zip([format!("restore {FINDING}"), "scan production".to_owned()])
    {
        assert_eq!((*repository, command), (company.shop, &expected));
        assert_eq!((person.as_str(), used.person), ("dave", dave));
        assert_eq!(used.prefix, prefix(&key));
    }
    let reading = company.key("read", &[company.shop]).await;
    let refused = company
        .post(&reading, &decide, &json!({"choice": "restore"}))
        .await;
    assert_eq!(refused.status, 403, "{refused:?}");

    // Whatever GitHub said within the hour: who may not write any more changes nothing.
    company.site.github.permit("acme/shop", "dave", "read");
    assert_eq!(company.get(&key, "/api/v1/me").await.status, 200);
    let asked = company.questions();
    let refused = company
        .post(&key, &decide, &json!({"choice": "adopt"}))
        .await;
    assert_eq!(refused.status, 401, "{refused:?}");
    assert!(refused.detail().contains("may not write"), "{refused:?}");
    assert_eq!(company.questions(), asked + 1);
    assert_eq!(company.get(&key, "/api/v1/me").await.status, 401);
    assert_eq!(company.orders(2).await.len(), 2);
    assert_eq!(company.site.github.violations(), [""; 0]);
}

async fn a_repetition_is_about_nothing_that_the_key_lost(database: Database) {
    let company = Company::start(database).await;
    let key = company.key("write", &[company.shop, company.network]).await;
    let decide = format!("/api/v1/findings/{FINDING}/decisions");
    let workspace = format!("{}.production", company.network);
    let body = json!({"choice": "restore", "workspace": workspace}).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "a"),
    ];
    let ask = || company.ask(Method::POST, &key, &decide, &headers, body.clone());
    let (first, again) = (ask().await, ask().await);
    assert_eq!((first.status, &first.json), (202, &again.json), "{again:?}");
    // Without a workspace, both of the key's repositories have the finding.
    let either = company
        .post(&key, &decide, &json!({"choice": "restore"}))
        .await;
    assert_eq!(either.status, 409, "{either:?}");

    company.site.github.permit("acme/network", "dave", "triage");
    company.an_hour_later().await;
    let lost = ask().await;
    assert_eq!(lost.status, 404, "{lost:?}");
    assert_eq!(company.workspaces(&key).await, company.of(company.shop));
    assert_eq!(company.orders(1).await.len(), 1);
}

/// A route that is added later must not reach rows past the key: there is one way to them.
#[test]
fn the_api_reaches_rows_through_the_reach_of_a_key_alone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/api");
    let mut files = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let text: String = text.split_whitespace().collect();
        for way in ["store.of(", "Tenant"] {
            assert!(!text.contains(way), "{}: {way}", path.display());
        }
        // What changes something in a repository goes through `Api::order`, which asks GitHub.
        if !path.ends_with("acting.rs") {
            assert!(!text.contains("inbox.order("), "{}", path.display());
        }
        files += 1;
    }
    assert!(files > 10);
}
