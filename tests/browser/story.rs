//! What the pages are for, from the sign-in to a key: the worker does what is asked for.

use super::driver::program;
use super::{DESK, LIMIT, Visit};
use crate::database::Database;
use crate::week::pages::serve;
use crate::week::stories::set_up;
use crate::week::world::{ADOPT, RESTORE, World};
use driftguard::standin::github::Content;
use serde_json::Value;
use tokio::process::Command;

const STACK: &str = "/orgs/acme/shop/infra-production";

#[tokio::test]
async fn a_person_restores_a_finding_sees_the_pull_request_and_uses_a_key() {
    let Some(mut visit) = Visit::start().await else {
        return;
    };
    let world = set_up(Database::sqlite().await, "version: 1\n").await;
    let (url, _serving) = serve(&world).await;
    // Of another organisation alice sees nothing.
    let github = &world.github;
    github.create_repository("globex/site", true);
    let readme = [("README.md", Content::from("A site."))];
    github.push("globex/site", "main", "bob", &readme).await;
    github.install("globex").await;
    github.permit("globex/site", "alice", "none");
    github.set_member("acme", "alice", "admin", "active");
    world.idle().await;
    let story = async {
        sign_in(&world, &url, &visit).await;
        restore(&world, &url, &mut visit).await;
        use_key(&url, &mut visit).await;
    };
    tokio::time::timeout(LIMIT, story).await.unwrap();
    assert_eq!(world.github.violations(), [""; 0]);
    visit.end().await;
}

async fn sign_in(world: &World, url: &str, visit: &Visit) {
    let chromium = &visit.chromium;
    chromium.look_like(DESK).await;
    world.github.use_browser_of(Some("alice"));
    chromium.open(&format!("{url}/")).await;
    chromium.follow("Sign in with GitHub").await;
    chromium.arrives(&format!("{url}/")).await;
    let home = chromium.text().await;
    assert!(home.contains("acme") && !home.contains("globex"), "{home}");
    let mut texts = Vec::new();
    for path in ["/orgs/nobody", "/orgs/globex", "/orgs/globex/site"] {
        chromium.open(&format!("{url}{path}")).await;
        texts.push(chromium.text().await);
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
}

/// Restores a finding of the most urgent stack, which its page was to adopt, and finds the pull request.
async fn restore(world: &World, url: &str, visit: &mut Visit) {
    let instance = world.finding("aws_instance.web[1]");
    assert!(world.open(ADOPT).body.contains(&instance));
    let chromium = &visit.chromium;
    chromium.open(&format!("{url}/")).await;
    chromium.follow("acme").await;
    chromium.arrives("/orgs/acme").await;
    chromium.click("//table[@class='stacks']//tbody//a").await;
    chromium.arrives(STACK).await;
    chromium.follow("aws_instance.web[1]").await;
    let page = format!("{STACK}/findings/{instance}");
    chromium.arrives(&page).await;
    chromium
        .click("//button[normalize-space() = 'Restore']")
        .await;
    chromium.arrives(&format!("{page}?asked=restore")).await;
    world.idle().await;

    let pull = world.open(RESTORE);
    assert!(pull.body.contains(&instance), "{}", pull.body);
    let link = format!("{}/acme/shop/pull/{}", world.github.url(), pull.number);
    for path in [page.as_str(), STACK, "/orgs/acme/shop", "/orgs/acme"] {
        let chromium = &visit.chromium;
        chromium.open(&format!("{url}{path}")).await;
        let script = "return [...document.querySelectorAll('main a')].map(link => link.href)";
        let links = chromium.script(script).await;
        let links: Vec<String> = serde_json::from_value(links).unwrap();
        assert!(links.contains(&link), "{path}: {links:?}");
        visit.look().await;
    }
    let chromium = &visit.chromium;
    chromium.open(&format!("{url}{page}")).await;
    chromium.click("//header//a[. = 'shop']").await;
    chromium.arrives("/orgs/acme/shop").await;
    let text = chromium.text().await;
    let restores = format!("#{} restores", pull.number);
    assert!(text.contains(&restores), "{text}");
}

/// Creates a key, asks the API with it from a command line, and revokes it.
async fn use_key(url: &str, visit: &mut Visit) {
    let chromium = &visit.chromium;
    chromium.open(&format!("{url}/orgs/acme")).await;
    chromium.follow("API keys").await;
    chromium.arrives("/orgs/acme/keys").await;
    chromium
        .script("document.querySelector('[name=name]').value = 'nightly'")
        .await;
    chromium
        .click("//button[normalize-space() = 'Create']")
        .await;
    let key = visit.created_key().await;
    assert!(key.starts_with("dg_live_"), "{}", chromium.text().await);
    visit.look().await;

    let asked = format!("{url}/api/v1/workspaces");
    if let Some((status, answer)) = curl(&asked, &key).await {
        assert_eq!(status, 200, "{answer}");
        let listed = answer["items"].to_string();
        assert!(listed.contains("infra-production"), "{answer}");
    }
    let chromium = &visit.chromium;
    chromium.open(&format!("{url}/orgs/acme/keys")).await;
    chromium
        .click("//button[normalize-space() = 'Revoke']")
        .await;
    chromium.arrives("/orgs/acme/keys?done=revoke").await;
    let told = "return document.querySelector('[role=status]')?.innerText ?? ''";
    let told = chromium.script(told).await;
    assert!(told.as_str().unwrap().contains("revoked"), "{told}");
    if let Some((status, answer)) = curl(&asked, &key).await {
        assert_eq!(status, 401, "{answer}");
    }
}

/// The status of an answer, and what it says, while the server goes on in this thread; `None` where this machine has no curl, which is said aloud.
async fn curl(url: &str, key: &str) -> Option<(u16, Value)> {
    let Some(program) = program("curl") else {
        assert!(std::env::var_os("CI").is_none(), "no curl here");
        eprintln!("SKIPPED: no curl on this machine");
        return None;
    };
    let header = format!("Authorization: Bearer {key}");
    let output = Command::new(program)
        .args([
            "--silent",
            "--max-time",
            "60",
            "--noproxy",
            "*",
            "--write-out",
            "\n%{http_code}",
        ])
        .args(["--header", &header, url])
        .output()
        .await;
    let output = String::from_utf8(output.unwrap().stdout).unwrap();
    let (body, status) = output.rsplit_once('\n').unwrap();
    Some((status.parse().unwrap(), serde_json::from_str(body).unwrap()))
}
