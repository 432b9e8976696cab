//! The keys of an organisation: its owners create and revoke them, and nobody else learns that there are any.

use super::browser::{Browser, Page};
use super::site::{SCANNED, Site};
use super::two_accounts;
use crate::database::{Database, on_both};
use driftguard::model::{ApiKey, ApiScope, AuditEntry, AuditVia, InstallationId};
use driftguard::standin::github::Fault;
use driftguard::store::{ApiKeyRecord, KeyCreation, KeyOwner};
use driftguard::web::api::new_key;

on_both!(
    an_owner_creates_a_key_that_is_shown_once_and_revokes_it_at_once,
    who_does_not_own_the_organisation_finds_no_keys,
    where_github_does_not_tell_who_owns_an_organisation_the_page_says_so,
    a_personal_account_is_its_persons,
    a_key_is_created_by_a_form_of_the_session_once,
    a_form_for_a_key_that_cannot_be_used_creates_none,
);

const KEYS: &str = "/orgs/acme/keys";
const NIGHTLY: [(&str, &str); 4] = [
    ("act", "create"),
    ("name", "nightly"),
    ("scope", "write"),
    ("days", "90"),
];

/// Sends a form of a page that a person has open.
async fn send(site: &Site, browser: &mut Browser, page: &Page, fields: &[(&str, &str)]) -> Page {
    let (token, id) = (page.field("token"), page.field("id"));
    let mut all = vec![("token", token.as_str()), ("id", id.as_str())];
    all.extend(fields);
    browser.send(&site.at(KEYS), Some(&site.url), &all).await
}

/// The key that an answer shows.
fn shown(page: &Page) -> String {
    assert_eq!(page.status, 200, "{}", page.html);
    let field = page.html.split("<input class=\"key\" value=\"").nth(1);
    let field = field.unwrap_or_else(|| panic!("no key in {}", page.html));
    field.split('"').next().unwrap().to_owned()
}

/// What the API answers to a key.
async fn me(site: &Site, key: &str) -> (u16, serde_json::Value) {
    let request = reqwest::Client::new().get(site.at("/api/v1/me"));
    let answer = request.bearer_auth(key).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Puts a key of an organisation into the database.
async fn stored(site: &Site, installation: InstallationId, number: usize) -> (ApiKey, KeyCreation) {
    let key = new_key(ApiScope::Read).unwrap();
    let record = ApiKeyRecord {
        installation,
        owner: KeyOwner::Organisation,
        prefix: key.prefix().to_owned(),
        name: format!("key {number}"),
        scope: ApiScope::Read,
        created_by: String::new(),
        created_at: SCANNED,
        expires_at: None,
        used_at: None,
    };
    let entry = AuditEntry {
        key: format!("key/{number}"),
        at: SCANNED,
        person: "alice".to_owned(),
        via: AuditVia::Page,
        action: "create key".to_owned(),
        stack: String::new(),
        finding: String::new(),
        detail: String::new(),
    };
    let tenant = site.store.of(installation);
    let created = tenant.create_api_key(&key, &record, &[], &entry).await;
    (key, created.unwrap())
}

/// Creates a key of an organisation, for everything.
pub async fn stored_key(site: &Site, installation: InstallationId) -> String {
    let key = new_key(ApiScope::Write).unwrap();
    let record = ApiKeyRecord {
        installation,
        owner: KeyOwner::Organisation,
        prefix: key.prefix().to_owned(),
        name: "nightly".to_owned(),
        scope: ApiScope::Write,
        created_by: "alice".to_owned(),
        created_at: SCANNED,
        expires_at: None,
        used_at: None,
    };
    site.store.add_api_key(&key, &record).await.unwrap();
    key.expose().to_owned()
}

async fn an_owner_creates_a_key_that_is_shown_once_and_revokes_it_at_once(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let (mut alice, page) = site.sign_in("alice", "/orgs/acme").await;
    let page = alice.open(&site.at(&page.link("API keys"))).await;
    assert_eq!((page.status, page.url.path()), (200, KEYS), "{}", page.html);
    assert!(page.html.contains("There is no key yet."), "{}", page.html);

    let created = send(&site, &mut alice, &page, &NIGHTLY).await;
    assert_eq!(created.header("cache-control"), "no-store");
    assert!(!created.html.contains("<script"), "{}", created.html);
    let key = shown(&created);
    let prefix = &key["dg_live_".len()..][..8];
    let prefix = format!("dg_live_{prefix}");
    let (status, me_now) = me(&site, &key).await;
    assert_eq!(status, 200, "{me_now}");
    assert_eq!(
        (&me_now["organisation"], &me_now["scope"], &me_now["name"]),
        (&"acme".into(), &"write".into(), &"nightly".into())
    );
    assert!(me_now["expires_at"].is_string(), "{me_now}");

    let list = alice.open(&site.at(KEYS)).await;
    for text in [prefix.as_str(), "nightly", "write", ">alice</td>"] {
        assert!(list.html.contains(text), "{text}: {}", list.html);
    }
    assert!(!list.html.contains("Last used\">never"), "{}", list.html);
    let again = send(&site, &mut alice, &page, &NIGHTLY).await;
    assert_eq!(again.status, 409, "{}", again.html);
    assert_eq!(site.store.of(acme).api_keys().await.unwrap().len(), 1);
    let audit = alice.open(&site.at("/orgs/acme/audit")).await;
    let told = format!("<code>{prefix}</code> (write, until ");
    assert!(audit.html.contains("create key"), "{}", audit.html);
    assert!(audit.html.contains(&told), "{}", audit.html);
    for page in [&list, &again, &audit] {
        assert!(!page.html.contains(&key), "{}", page.html);
    }

    let revoke = [("act", "revoke"), ("key", prefix.as_str())];
    let revoked = send(&site, &mut alice, &list, &revoke).await;
    let to = format!("{KEYS}?done=revoke");
    assert_eq!(
        (revoked.status, revoked.header("location")),
        (303, to.as_str())
    );
    assert_eq!(me(&site, &key).await.0, 401);
    let page = alice.open(&site.at(&to)).await;
    assert!(page.html.contains("The key is revoked"), "{}", page.html);
    let again = send(&site, &mut alice, &list, &revoke).await;
    assert_eq!(again.status, 409, "{}", again.html);
    let audit = alice.open(&site.at("/orgs/acme/audit?person=alice")).await;
    assert_eq!(
        audit.html.matches("revoke key").count(),
        1,
        "{}",
        audit.html
    );

    // A key of events is created alike; without days a key never expires.
    let events = [
        ("act", "create"),
        ("name", "bridge"),
        ("scope", "events"),
        ("days", ""),
    ];
    let created = send(&site, &mut alice, &page, &events).await;
    assert!(shown(&created).starts_with("dge_"), "{}", created.html);
    assert!(created.html.contains("Expires\">never"), "{}", created.html);
    assert_eq!(site.github.violations(), [""; 0]);
}

async fn who_does_not_own_the_organisation_finds_no_keys(database: Database) {
    let (site, acme, globex) = two_accounts(database).await;
    let (key, _) = stored(&site, acme, 1).await;
    for person in ["dave", "erin", "frank", "bob"] {
        site.github.permit("acme/shop", person, "admin");
    }
    site.github.set_member("acme", "erin", "member", "active");
    site.github.set_member("acme", "frank", "admin", "pending");
    site.github.permit("acme/shop", "bob", "none");
    let revoke = [("act", "revoke"), ("key", key.prefix())];
    for person in ["dave", "erin", "frank", "bob"] {
        let (mut browser, home) = site.sign_in(person, "/").await;
        let nowhere = browser.look(&site.at("/orgs/nobody/keys")).await;
        assert_eq!(nowhere.status, 404);
        let page = browser.look(&site.at("/orgs/acme")).await;
        assert!(!page.html.contains("API keys"), "{person}: {}", page.html);
        let page = browser.look(&site.at(KEYS)).await;
        assert_eq!(
            (page.status, page.html),
            (404, nowhere.html.clone()),
            "{person}"
        );
        let token = home.field("token");
        let id = "0".repeat(64);
        for fields in [revoke.to_vec(), NIGHTLY.to_vec()] {
            let mut all = vec![("token", token.as_str()), ("id", &id)];
            all.extend(fields);
            let page = browser.send(&site.at(KEYS), Some(&site.url), &all).await;
            assert_eq!(
                (page.status, page.html),
                (404, nowhere.html.clone()),
                "{person}"
            );
        }
        let audit = browser.look(&site.at("/orgs/acme/audit")).await;
        assert!(
            !audit.html.contains("create key"),
            "{person}: {}",
            audit.html
        );
    }
    let (mut bob, page) = site.sign_in("bob", "/orgs/globex/keys").await;
    assert!(!page.html.contains(key.prefix()), "{}", page.html);
    let (token, id) = (page.field("token"), page.field("id"));
    let mut all = vec![("token", token.as_str()), ("id", id.as_str())];
    all.extend(revoke);
    let theirs = bob
        .send(&site.at("/orgs/globex/keys"), Some(&site.url), &all)
        .await;
    assert_eq!(theirs.status, 409, "{}", theirs.html);
    let mut stranger = Browser::new();
    let page = stranger
        .send(&site.at(KEYS), Some(&site.url), &NIGHTLY)
        .await;
    assert_eq!(page.status, 303, "{}", page.html);

    // GitHub is asked at that moment: who owned the organisation when the page was opened counts no more.
    let (mut alice, page) = site.sign_in("alice", KEYS).await;
    assert!(page.html.contains(key.prefix()), "{}", page.html);
    let path = "GET /user/memberships/orgs/{org}";
    site.github.fail_next(path, Fault::Status(502));
    let refused = send(&site, &mut alice, &page, &revoke).await;
    assert_eq!(refused.status, 503, "{}", refused.html);
    site.github.set_member("acme", "alice", "member", "active");
    for fields in [revoke.as_slice(), &NIGHTLY] {
        let refused = send(&site, &mut alice, &page, fields).await;
        assert_eq!(refused.status, 404, "{}", refused.html);
    }
    assert_eq!(alice.look(&site.at(KEYS)).await.status, 404);
    assert_eq!(me(&site, key.expose()).await.0, 200);
    assert_eq!(site.store.of(acme).api_keys().await.unwrap().len(), 1);
    assert_eq!(site.store.of(globex).api_keys().await.unwrap(), []);
    assert_eq!(site.github.violations(), [""; 0]);
}

async fn where_github_does_not_tell_who_owns_an_organisation_the_page_says_so(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    site.github.withhold(acme.0, "members");
    let (mut alice, page) = site.sign_in("alice", "/orgs/acme").await;
    let token = page.field("token");
    let page = alice.open(&site.at(&page.link("API keys"))).await;
    assert_eq!(page.status, 403, "{}", page.html);
    assert!(
        page.html.contains("GitHub does not tell who owns"),
        "{}",
        page.html
    );
    let settings = format!("/organizations/acme/settings/installations/{}", acme.0);
    for text in [
        "Members: read",
        "driftguard api-key create nightly --org acme",
        &settings,
    ] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    let id = "0".repeat(64);
    let mut all = vec![("token", token.as_str()), ("id", &id)];
    all.extend(NIGHTLY);
    let page = alice.send(&site.at(KEYS), Some(&site.url), &all).await;
    assert_eq!(page.status, 403, "{}", page.html);
    assert_eq!(site.store.of(acme).api_keys().await.unwrap(), []);
    let asked = site.github.requests();
    let asked = asked.iter().filter(|it| it.path.contains("/memberships/"));
    assert_eq!(asked.count(), 0);
}

async fn a_personal_account_is_its_persons(database: Database) {
    let site = Site::start(database).await;
    let carol = InstallationId(site.github.install("carol").await);
    site.github.set_personal("carol");
    let reports = &crate::report::world().stacks[..1];
    site.scanned(("carol/blog", true), carol, reports).await;
    for person in ["carol", "dave"] {
        site.github.permit("carol/blog", person, "admin");
    }
    let path = "/orgs/carol/keys";
    let (mut browser, page) = site.sign_in("carol", path).await;
    let (token, id) = (page.field("token"), page.field("id"));
    let mut all = vec![("token", token.as_str()), ("id", id.as_str())];
    all.extend(NIGHTLY);
    let created = browser.send(&site.at(path), Some(&site.url), &all).await;
    assert_eq!(me(&site, &shown(&created)).await.0, 200);
    let (mut dave, home) = site.sign_in("dave", "/orgs/carol").await;
    assert!(!home.html.contains("API keys"), "{}", home.html);
    assert_eq!(dave.look(&site.at(path)).await.status, 404);
    let asked = site.github.requests();
    let asked = asked.iter().filter(|it| it.path.contains("/memberships/"));
    assert_eq!(asked.count(), 0);
}

async fn a_key_is_created_by_a_form_of_the_session_once(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let (mut alice, page) = site.sign_in("alice", KEYS).await;
    let (_, other) = site.sign_in("alice", KEYS).await;
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
        let mut all = vec![("token", token), ("id", id)];
        all.extend(NIGHTLY);
        let refused = alice.send(&site.at(KEYS), origin, &all).await;
        assert_eq!(refused.status, 403, "{origin:?} {token} {id}");
    }
    let keys = async || site.store.of(acme).api_keys().await.unwrap().len();
    assert_eq!(keys().await, 0);
    // What is sent counts as an order does.
    let mut statuses = Vec::new();
    for _ in 0..31 {
        statuses.push(send(&site, &mut alice, &page, &NIGHTLY).await.status);
    }
    assert!(
        statuses.contains(&200) && statuses.contains(&409),
        "{statuses:?}"
    );
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert_eq!(keys().await, 1);
}

async fn a_form_for_a_key_that_cannot_be_used_creates_none(database: Database) {
    let (site, acme, _) = two_accounts(database).await;
    let (mut alice, page) = site.sign_in("alice", KEYS).await;
    let long = "x".repeat(101);
    let create = |name, scope, days| {
        [
            ("act", "create"),
            ("name", name),
            ("scope", scope),
            ("days", days),
        ]
    };
    for fields in [
        create("", "read", "90"),
        create(&long, "read", "90"),
        create("a\nb", "read", "90"),
        create("a\0b", "read", "90"),
        create("nightly", "admin", "90"),
        create("nightly", "", "90"),
        create("nightly", "read", "0"),
        create("nightly", "read", "3651"),
        create("nightly", "read", "soon"),
        [("act", "delete"), ("", ""), ("", ""), ("", "")],
    ] {
        let refused = send(&site, &mut alice, &page, &fields).await;
        assert_eq!(refused.status, 400, "{fields:?}: {}", refused.html);
        assert!(
            refused.html.contains("Nothing was done."),
            "{}",
            refused.html
        );
    }
    let gone = [("act", "revoke"), ("key", "dg_live_\0")];
    let refused = send(&site, &mut alice, &page, &gone).await;
    assert_eq!(refused.status, 409, "{}", refused.html);
    assert_eq!(site.store.of(acme).api_keys().await.unwrap(), []);
    for number in 0..100 {
        assert_eq!(stored(&site, acme, number).await.1, KeyCreation::Created);
    }
    assert_eq!(stored(&site, acme, 7).await.1, KeyCreation::Repeated);
    let refused = send(&site, &mut alice, &page, &NIGHTLY).await;
    assert_eq!(refused.status, 400, "{}", refused.html);
    assert!(
        refused.html.contains("at most 100 keys"),
        "{}",
        refused.html
    );
}
