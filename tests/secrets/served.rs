//! What a server shows to a person who is signed in, and answers to a key of the API.

use crate::end_to_end::World;
use crate::pages::browser::Browser;
use driftguard::model::{ApiScope, InstallationId};
use driftguard::store::{ApiKeyRecord, KeyOwner};
use driftguard::web::api::new_key;
use std::collections::BTreeSet;

/// The most pages that are opened.
const PAGES: usize = 150;

/// Has the server show pages.
pub fn with_pages(world: &mut World) {
    let (url, (id, secret)) = (world.url(), world.github.oauth_client());
    world
        .github
        .add_callback(&format!("{url}/sign-in/callback"));
    let settings = [
        ("GITHUB_CLIENT_ID", id),
        ("GITHUB_CLIENT_SECRET", secret),
        ("GITHUB_URL", world.github.url().to_owned()),
        ("DRIFTGUARD_PUBLIC_URL", url),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value));
    world.environment.extend(settings);
}

/// All that is shown and answered, each with where it is.
pub async fn all(world: &World) -> Vec<(String, String)> {
    let mut all = pages(world).await;
    all.extend(answers(world).await);
    all
}

/// Each kind of page and of answer was among them, and what they show instead of secrets.
pub fn assert_whole(all: &[(String, String)]) {
    for (part, count) in [
        ("/infra-production/findings/", 5),
        ("/infra-production/scans", 1),
        ("page /orgs/acme/accepted", 1),
        ("page /orgs/acme/audit", 1),
        ("page /orgs/acme/keys", 1),
        ("application/json of /api/v1/scans/", 1),
        ("application/sarif+json of /api/v1/scans/", 1),
        ("text/markdown of /api/v1/scans/", 1),
        ("/coverage", 1),
    ] {
        let is_shown = |text: &str| !text.contains("There is no such page");
        let of_kind = all
            .iter()
            .filter(|(place, text)| place.contains(part) && is_shown(text));
        let places: Vec<_> = all.iter().map(|(place, _)| place).collect();
        assert!(of_kind.count() >= count, "{part}: {places:?}");
    }
    for place in ["the page ", "application/json of "] {
        let mut of_kind = all.iter().filter(|(of, _)| of.starts_with(place));
        let is_sealed = |text: &str| text.contains("(secret") || text.contains("fingerprint");
        assert!(of_kind.any(|(_, text)| is_sealed(text)), "{place}");
    }
}

/// Opens each page that a link leads to, as an owner of the organisation.
async fn pages(world: &World) -> Vec<(String, String)> {
    world.github.set_member("acme", "alice", "admin", "active");
    world.github.use_browser_of(Some("alice"));
    let mut browser = Browser::new();
    let at = |path: &str| format!("{}{path}", world.url());
    let sign_in = browser.open(&at("/")).await;
    let first = browser
        .open(&at(&sign_in.link("Sign in with GitHub")))
        .await;
    assert!(first.html.contains("/orgs/acme"), "{}", first.html);
    let (mut open, mut seen) = (vec!["/orgs/acme".to_owned()], BTreeSet::new());
    let mut shown = Vec::new();
    while let Some(path) = open.pop() {
        if seen.len() >= PAGES || !seen.insert(path.clone()) {
            continue;
        }
        let page = browser.open(&at(&path)).await;
        // What an earlier scan found may be linked, and gone.
        let is_shown = page.status == 200 || page.status == 404;
        assert!(is_shown, "{path}: {} {}", page.status, page.html);
        open.extend(links(&page.html));
        shown.push((format!("the page {path}"), page.html));
    }
    shown
}

/// The pages of the organisation that a page links to.
fn links(html: &str) -> Vec<String> {
    let targets = html.split("href=\"").skip(1);
    let targets = targets.filter_map(|rest| rest.split('"').next());
    let own = targets.filter(|target| target.starts_with("/orgs/"));
    own.map(|target| target.replace("&#38;", "&")).collect()
}

/// Asks the API for whatever a key reads.
async fn answers(world: &World) -> Vec<(String, String)> {
    let key = new_key(ApiScope::Read).unwrap();
    let record = ApiKeyRecord {
        installation: InstallationId(world.installation),
        prefix: key.prefix().to_owned(),
        name: "a script".to_owned(),
        scope: ApiScope::Read,
        owner: KeyOwner::Organisation,
        created_by: "alice".to_owned(),
        created_at: 1,
        expires_at: None,
        used_at: None,
    };
    let inbox = world.database.inbox().await;
    inbox.store.add_api_key(&key, &record).await.unwrap();
    inbox.close().await;
    let client = reqwest::Client::new();
    let ask = async |path: String, kind: &str| {
        let request = client.get(format!("{}{path}", world.url()));
        let request = request.bearer_auth(key.expose()).header("accept", kind);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert!(status == 200 || status == 409, "{path}: {status} {text}");
        (format!("{kind} of {path}"), text)
    };
    let json = "application/json";
    let mut answered = Vec::new();
    for path in ["/api/v1/me", "/api/v1/workspaces", "/api/v1/findings"] {
        answered.push(ask(path.to_owned(), json).await);
    }
    let listed: serde_json::Value = serde_json::from_str(&answered[1].1).unwrap();
    let workspaces = listed["items"].as_array().unwrap();
    assert!(!workspaces.is_empty());
    for workspace in workspaces {
        let id = workspace["id"].as_str().unwrap();
        answered.push(ask(format!("/api/v1/workspaces/{id}"), json).await);
        answered.push(ask(format!("/api/v1/workspaces/{id}/coverage"), json).await);
        let scan = workspace["last_scan"]["id"].as_str().unwrap();
        for kind in [json, "application/sarif+json", "text/markdown"] {
            answered.push(ask(format!("/api/v1/scans/{scan}"), kind).await);
        }
    }
    answered
}
