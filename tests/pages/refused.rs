//! Sign-ins that are refused: what was not started here, what was used before, what GitHub refuses.

use super::browser::{Browser, Page};
use super::site::Site;
use crate::database::{Database, on_both};
use driftguard::standin::github::{AppIdentity, Fault, GitHub};
use std::time::Duration;
use url::Url;

on_both!(
    an_attempt_counts_once_and_in_the_browser_that_started_it,
    what_github_refuses_is_told,
    one_sender_that_holds_all_its_turns_stops_nobody_else,
    whoever_brings_codes_that_github_refuses_uses_up_their_own_hour,
    nobody_is_sent_elsewhere_after_the_sign_in,
);

/// Starts a sign-in, up to where GitHub sends the browser back: the address that it is sent to.
async fn started(site: &Site, browser: &mut Browser, person: &str) -> String {
    let to_github = to_github(site, browser, person).await;
    let back = browser.look(&to_github).await;
    back.header("location").to_owned()
}

/// Starts a sign-in: the address at GitHub that the browser is sent to.
async fn to_github(site: &Site, browser: &mut Browser, person: &str) -> String {
    site.github.use_browser_of(Some(person));
    let to_github = browser.look(&site.at("/sign-in/github")).await;
    assert_eq!(to_github.status, 303);
    to_github.header("location").to_owned()
}

fn is_refused(page: &Page, text: &str) {
    assert_eq!(page.status, 403, "{}", page.html);
    assert!(page.html.contains(text), "{}", page.html);
}

async fn an_attempt_counts_once_and_in_the_browser_that_started_it(database: Database) {
    let (site, ..) = super::two_accounts(database).await;
    let (mut alice, mut mallory) = (Browser::new(), Browser::new());
    let back = started(&site, &mut alice, "alice").await;
    let cookies = alice.cookies.clone();

    // Somebody else's browser, one that started another attempt, and a state that was changed.
    is_refused(&mallory.look(&back).await, "was not started here");
    let theirs = started(&site, &mut mallory, "mallory").await;
    is_refused(&alice.look(&theirs).await, "was not started here");
    alice.cookies = cookies.clone();
    let other = back.replace("state=", "state=0");
    is_refused(&alice.look(&other).await, "was not started here");
    alice.cookies = cookies.clone();
    let without = back.split("&state=").next().unwrap();
    is_refused(&alice.look(without).await, "was not started here");

    alice.cookies = cookies.clone();
    let to_github = to_github(&site, &mut alice, "alice").await;
    let cookies = alice.cookies.clone();
    let back = alice.look(&to_github).await.header("location").to_owned();
    let page = alice.look(&back).await;
    assert_eq!((page.status, page.header("location")), (303, "/"));
    let session = alice.cookies.clone();
    assert_eq!(
        session.len(),
        1,
        "the attempt's cookie is gone: {session:?}"
    );
    // Once: with the same cookie and state, and with a new code of GitHub's for them.
    alice.cookies = cookies.clone();
    is_refused(&alice.look(&back).await, "incorrect or expired");
    alice.cookies = cookies.clone();
    let again = alice.look(&to_github).await.header("location").to_owned();
    assert_ne!(again, back);
    is_refused(&alice.look(&again).await, "was not started here");
    assert_eq!(site.github.user_tokens("alice"), 1, "the other is revoked");
    alice.cookies = session;
    assert_eq!(alice.look(&site.at("/orgs/acme")).await.status, 200);
}

async fn what_github_refuses_is_told(database: Database) {
    let (site, ..) = super::two_accounts(database).await;
    let mut alice = Browser::new();
    site.github.decline_sign_in(true);
    let back = started(&site, &mut alice, "alice").await;
    is_refused(
        &alice.look(&back).await,
        "The user has denied your application access.",
    );
    site.github.decline_sign_in(false);

    // A code that GitHub did not give, or that was used.
    let back = started(&site, &mut alice, "alice").await;
    let mut url = Url::parse(&back).unwrap();
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    let changed = pairs.iter().map(|(name, value)| match name.as_str() {
        "code" => (name.clone(), "ffffffffffffffffffff".to_owned()),
        _ => (name.clone(), value.clone()),
    });
    url.query_pairs_mut().clear().extend_pairs(changed);
    let page = alice.look(url.as_str()).await;
    is_refused(&page, "The code passed is incorrect or expired.");
    assert!(alice.cookies.is_empty(), "{:?}", alice.cookies);

    let back = started(&site, &mut alice, "alice").await;
    site.github
        .fail_next("POST /login/oauth/access_token", Fault::Status(502));
    let page = alice.look(&back).await;
    assert_eq!(page.status, 503, "{}", page.html);
    // A program that only looks where the address leads uses nothing up.
    let back = started(&site, &mut alice, "alice").await;
    let head = reqwest::Client::new().head(&back).send().await.unwrap();
    assert_eq!(head.status(), 405);
    assert_eq!(alice.look(&back).await.status, 303);
    for name in ["client_secret", "ghu_", "ghr_"] {
        assert!(!page.html.contains(name), "{}", page.html);
    }
}

/// Counts the codes that GitHub was asked about.
fn exchanges(site: &Site) -> usize {
    let requests = site.github.requests();
    let codes = requests.iter();
    codes
        .filter(|it| it.path == "/login/oauth/access_token")
        .count()
}

async fn one_sender_that_holds_all_its_turns_stops_nobody_else(database: Database) {
    let (site, ..) = super::two_accounts(database).await;
    let mut alice = Browser::new();
    alice.sender = Some("198.51.100.2");
    let back = started(&site, &mut alice, "alice").await;
    let mut callbacks = Vec::new();
    for _ in 0..12 {
        let mut mallory = Browser::new();
        mallory.sender = Some("198.51.100.1");
        let back = started(&site, &mut mallory, "mallory").await;
        callbacks.push((mallory, back));
    }
    // GitHub takes its time for these codes.
    site.github.slow_down(Duration::from_secs(6));
    let held: Vec<_> = callbacks
        .into_iter()
        .map(|(mut mallory, back)| tokio::spawn(async move { mallory.look(&back).await.status }))
        .collect();
    while site.github.most_at_once() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(site.github.most_at_once(), 2, "the sender's others wait");
    site.github.slow_down(Duration::ZERO);
    let page = alice.look(&back).await;
    assert_eq!((page.status, page.header("location")), (303, "/"));
    assert!(held.iter().all(|held| !held.is_finished()));
    // What waits is served in turn; what waits for too long has used nothing up.
    for held in held {
        let status = held.await.unwrap();
        assert!([303, 429].contains(&status), "{status}");
    }
}

async fn whoever_brings_codes_that_github_refuses_uses_up_their_own_hour(database: Database) {
    let (site, ..) = super::two_accounts(database).await;
    let mut mallory = Browser::new();
    mallory.sender = Some("203.0.113.9, 198.51.100.1");
    let mut bring = async |site: &Site| {
        let back = started(site, &mut mallory, "mallory").await;
        let state = back.split("state=").nth(1).unwrap().split('&').next();
        let path = format!("/sign-in/callback?code=x&state={}", state.unwrap());
        mallory.look(&site.at(&path)).await
    };
    for _ in 0..20 {
        is_refused(&bring(&site).await, "incorrect or expired");
    }
    let page = bring(&site).await;
    assert_eq!(page.status, 429, "{}", page.html);
    assert!(
        page.html.contains("Start again in an hour"),
        "{}",
        page.html
    );
    assert_eq!(exchanges(&site), 20);
    // Nor are those behind a proxy that names nobody one sender.
    for sender in [Some("198.51.100.2"), None] {
        let mut alice = Browser::new();
        alice.sender = sender;
        let back = started(&site, &mut alice, "alice").await;
        assert_eq!(alice.look(&back).await.status, 303, "{sender:?}");
    }
}

async fn nobody_is_sent_elsewhere_after_the_sign_in(database: Database) {
    let (site, ..) = super::two_accounts(database).await;
    for to in [
        "https://mallory.example/",
        "//mallory.example",
        "/\\mallory.example",
        "/%5Cmallory.example",
        "javascript:alert(1)",
        "/../admin",
        "/orgs/%2e%2e/%2e%2e/admin",
        "/sign-in?to=/sign-in",
        "/sign-out",
    ] {
        let mut browser = Browser::new();
        site.github.use_browser_of(Some("alice"));
        let mut start = Url::parse(&site.at("/sign-in/github")).unwrap();
        start.query_pairs_mut().append_pair("to", to);
        let to_github = browser.look(start.as_str()).await;
        let back = browser.look(to_github.header("location")).await;
        let page = browser.look(back.header("location")).await;
        assert_eq!(page.status, 303);
        let location = page.url.join(page.header("location")).unwrap();
        assert_eq!(location.origin(), page.url.origin(), "{to}");
        assert_ne!(location.path(), "/admin", "{to}");
        assert!(!location.path().starts_with("/sign-"), "{to}");
        // Nor from the sign-in's page, for who is signed in already.
        let mut again = Url::parse(&site.at("/sign-in")).unwrap();
        again.query_pairs_mut().append_pair("to", to);
        let page = browser.look(again.as_str()).await;
        let location = page.url.join(page.header("location")).unwrap();
        assert_eq!(location.origin(), page.url.origin(), "{to}");
        assert_ne!(location.path(), "/admin", "{to}");
        assert!(!location.path().starts_with("/sign-"), "{to}");
        let known = browser.look(&site.at("/sign-in?to=/orgs/acme")).await;
        assert_eq!(
            (known.status, known.header("location")),
            (303, "/orgs/acme")
        );
    }
}

/// The stand-in refuses what GitHub refuses: else nothing here would be tested.
#[tokio::test]
async fn the_stand_in_exchanges_a_code_once_with_its_verifier_address_and_secret() {
    let identity = AppIdentity::fresh(7, "hush").unwrap();
    let github = GitHub::start(&identity, None).await.unwrap();
    let (id, secret) = github.oauth_client();
    let (callback, other) = (
        "http://127.0.0.1:1/sign-in/callback",
        "http://127.0.0.1:1/other",
    );
    github.add_callback(callback);
    github.add_callback(other);
    github.use_browser_of(Some("alice"));
    let mut browser = Browser::new();
    // The example of RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let authorize = format!(
        "{}/login/oauth/authorize?client_id={id}&redirect_uri={callback}&state=s&code_challenge={challenge}&code_challenge_method=S256",
        github.url()
    );
    let exchange = async |fields: [(&str, &str); 5]| {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let answer = reqwest::Client::builder()
            .user_agent("test")
            .build()
            .unwrap();
        let answer = answer
            .post(format!("{}/login/oauth/access_token", github.url()))
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: serde_json::Value = answer.json().await.unwrap();
        answer["error"].as_str().unwrap_or("none").to_owned()
    };
    for (verifier, address, secret, error) in [
        (
            "another",
            callback,
            secret.as_str(),
            "bad_verification_code",
        ),
        ("", callback, &secret, "bad_verification_code"),
        (verifier, other, &secret, "redirect_uri_mismatch"),
        (
            verifier,
            callback,
            "another",
            "incorrect_client_credentials",
        ),
        (verifier, callback, &secret, "none"),
    ] {
        let back = browser.look(&authorize).await;
        let back = Url::parse(back.header("location")).unwrap();
        let code = back
            .query_pairs()
            .find(|(name, _)| name == "code")
            .unwrap()
            .1;
        let fields = [
            ("client_id", id.as_str()),
            ("client_secret", secret),
            ("code", &code),
            ("code_verifier", verifier),
            ("redirect_uri", address),
        ];
        assert_eq!(exchange(fields).await, error);
        if error == "none" {
            assert_eq!(exchange(fields).await, "bad_verification_code", "once");
        }
    }
    let elsewhere = authorize.replace(callback, "http://127.0.0.1:2/mallory");
    let back = browser.look(&elsewhere).await;
    let location = back.header("location");
    assert!(
        location.starts_with(callback) && location.contains("redirect_uri_mismatch"),
        "{location}"
    );
}
