//! The page of a person's own keys, and what owners and the server's command line see of them.

use super::company::{Company, KEYS, prefix, shown};
use crate::database::{Database, on_both};
use driftguard::standin::github::Fault;
use tokio::process::Command;

on_both!(
    an_owner_sees_peoples_keys_and_revokes_them,
    a_form_that_cannot_be_used_creates_no_key_of_a_person,
    github_is_asked_when_a_key_is_created,
    a_person_gives_up_a_key_whatever_github_says,
);

fn create<'a>(scope: &'a str, days: &'a str, ticked: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![
        ("act", "create"),
        ("org", "acme"),
        ("name", "laptop"),
        ("scope", scope),
        ("days", days),
        ("which", "some"),
    ];
    if !ticked.is_empty() {
        fields.push((ticked, "on"));
    }
    fields
}

async fn an_owner_sees_peoples_keys_and_revokes_them(database: Database) {
    let company = Company::start(database).await;
    let site = &company.site;
    let key = company.key("write", &[company.shop, company.network]).await;
    let (mut alice, page) = site.sign_in("alice", "/orgs/acme/keys").await;
    for text in [prefix(&key), ">dave</td>", "2 repositories", ">never<"] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    let audit = alice.open(&site.at("/orgs/acme/audit?person=dave")).await;
    for text in ["create key", "acme/network, acme/shop", prefix(&key)] {
        assert!(audit.html.contains(text), "{text}: {}", audit.html);
    }
    assert!(!audit.html.contains(&key), "{}", audit.html);
    // It is none of alice's own.
    let own = alice.open(&site.at(KEYS)).await;
    assert!(own.html.contains("You have no key yet."), "{}", own.html);
    let revoke = [("act", "revoke"), ("key", prefix(&key))];
    let refused = company.send(&mut alice, &own, &revoke).await;
    assert_eq!(refused.status, 409, "{}", refused.html);
    assert_eq!(company.get(&key, "/api/v1/me").await.status, 200);

    let mut program = Command::new(env!("CARGO_BIN_EXE_driftguard"));
    program.env_clear().env("DATABASE_URL", &site.database.url);
    let listed = program.args(["api-key", "list"]).output().await.unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let line = listed.lines().find(|line| line.starts_with(prefix(&key)));
    assert!(
        line.unwrap().ends_with("\t2 repositories of dave"),
        "{listed}"
    );

    let token = page.field("token");
    let mut fields = vec![("token", token.as_str())];
    fields.extend(revoke);
    let path = site.at("/orgs/acme/keys");
    let revoked = alice.send(&path, Some(&site.url), &fields).await;
    assert_eq!(revoked.status, 303, "{}", revoked.html);
    assert_eq!(company.get(&key, "/api/v1/me").await.status, 401);
    let log = company.audit().await;
    let (person, action, detail) = &log[0];
    assert_eq!((person.as_str(), action.as_str()), ("alice", "revoke key"));
    assert!(detail.contains("of dave"), "{detail}");
    // The server's command line ends one as well.
    let key = company.key("read", &[company.shop]).await;
    let mut program = Command::new(env!("CARGO_BIN_EXE_driftguard"));
    program.env_clear().env("DATABASE_URL", &site.database.url);
    program.args(["api-key", "revoke", prefix(&key)]);
    assert!(program.output().await.unwrap().status.success());
    assert_eq!(company.get(&key, "/api/v1/me").await.status, 401);
}

async fn a_form_that_cannot_be_used_creates_no_key_of_a_person(database: Database) {
    let company = Company::start(database).await;
    let (mut dave, page) = company.dave().await;
    let shop = format!("r{}", company.shop);
    let docs = format!("r{}", company.docs);
    for fields in [
        create("read", "", &shop),
        create("read", "0", &shop),
        create("read", "366", &shop),
        create("events", "30", &shop),
        create("admin", "30", &shop),
        create("read", "30", ""),
        create("read", "30", &docs),
        create("read", "30", "r1"),
        create("read", "30", &shop)[..5].to_vec(),
        vec![("act", "delete")],
    ] {
        let refused = company.send(&mut dave, &page, &fields).await;
        assert_eq!(refused.status, 400, "{fields:?}: {}", refused.html);
        assert!(
            refused.html.contains("Nothing was done."),
            "{}",
            refused.html
        );
    }
    let mut foreign = create("read", "30", &shop);
    foreign[1] = ("org", "globex");
    let refused = company.send(&mut dave, &page, &foreign).await;
    assert_eq!(refused.status, 404, "{}", refused.html);
    assert_eq!(company.site.store.api_keys().await.unwrap(), []);
    let (token, id) = (page.field("token"), page.field("id"));
    let url = company.site.at(KEYS);
    let own = company.site.url.as_str();
    for (origin, token, id) in [
        (Some("https://mallory.example"), token.as_str(), id.as_str()),
        (Some(own), "", &id),
        (Some(own), &token, "no id of a page"),
    ] {
        let mut all = vec![("token", token), ("id", id)];
        all.extend(create("read", "30", &shop));
        assert_eq!(
            dave.send(&url, origin, &all).await.status,
            403,
            "{origin:?}"
        );
    }
    // Sent again, a form creates no other key; and there is an end to them.
    let fields = create("read", "30", &shop);
    shown(&company.send(&mut dave, &page, &fields).await);
    assert_eq!(company.send(&mut dave, &page, &fields).await.status, 409);
    crate::pages::site::execute(
        &company.site,
        "insert into api_keys (key_digest, installation, prefix, name, scope, created_by, created_at, expires_at, used_at, person)
         with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 19)
         select cast(n as text), installation, cast(n as text), name, scope, created_by, created_at, expires_at, 0, person
         from api_keys, numbers",
    )
    .await;
    let page = dave.open(&url).await;
    let refused = company.send(&mut dave, &page, &fields).await;
    assert_eq!(refused.status, 400, "{}", refused.html);
    assert!(refused.html.contains("at most 20 keys"), "{}", refused.html);
}

async fn github_is_asked_when_a_key_is_created(database: Database) {
    let company = Company::start(database).await;
    let (mut dave, page) = company.dave().await;
    let shop = format!("r{}", company.shop);
    let fields = create("read", "30", &shop);
    let path = "GET /user/installations/{installation_id}/repositories";
    company.site.github.fail_next(path, Fault::Status(502));
    let away = company.send(&mut dave, &page, &fields).await;
    assert_eq!(away.status, 503, "{}", away.html);
    company.site.github.permit("acme/shop", "dave", "read");
    let refused = company.send(&mut dave, &page, &fields).await;
    assert_eq!(refused.status, 400, "{}", refused.html);
    assert_eq!(company.site.store.api_keys().await.unwrap(), []);
    // Of two organisations one is chosen first.
    company.site.github.permit("globex/site", "dave", "write");
    let (mut dave, page) = company.dave().await;
    assert!(page.html.contains("Choose repositories"), "{}", page.html);
    assert!(!page.html.contains("Create a key for"), "{}", page.html);
    let chosen = dave.open(&company.site.at("/keys?org=globex")).await;
    assert!(chosen.html.contains("> globex/site<"), "{}", chosen.html);
    assert!(!chosen.html.contains("acme/network"), "{}", chosen.html);
    let nowhere = dave.look(&company.site.at("/keys?org=nobody")).await;
    assert_eq!(nowhere.status, 404);
}

async fn a_person_gives_up_a_key_whatever_github_says(database: Database) {
    let company = Company::start(database).await;
    let key = company.key("read", &[company.shop]).await;
    let (mut dave, page) = company.dave().await;
    company.site.github.fail_all(Some(Fault::Status(502)));
    let revoke = [("act", "revoke"), ("key", prefix(&key))];
    let revoked = company.send(&mut dave, &page, &revoke).await;
    assert_eq!(revoked.status, 303, "{}", revoked.html);
    assert_eq!(company.get(&key, "/api/v1/me").await.status, 401);
    company.site.github.fail_all(None);
    let to = company.site.at(revoked.header("location"));
    let page = dave.open(&to).await;
    assert!(page.html.contains("The key is revoked"), "{}", page.html);
}
