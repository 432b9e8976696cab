//! The pages beside a worker that does what they ask for: from the worst stack to the pull request.

use super::stories::set_up;
use super::world::{ACCEPT, ADOPT, RESTORE, World};
use crate::database::{Database, on_both};
use crate::pages::browser::Browser;
use driftguard::config::Config;
use driftguard::web::{api, pages};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

on_both!(
    a_person_restores_a_finding_on_its_page_and_finds_the_pull_request,
    a_person_accepts_a_finding_on_its_page_and_finds_the_pull_request,
    what_keeps_a_repository_from_being_scanned_is_told_until_it_is_mended,
);

/// Serves the pages and the API of a world, until the set is dropped. Returns their address.
pub async fn serve(world: &World) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    world
        .github
        .add_callback(&format!("{url}/sign-in/callback"));
    let (id, secret) = world.github.oauth_client();
    let config = Config::read(|name| {
        let text = match name {
            "GITHUB_APP_ID" => "7",
            "GITHUB_PRIVATE_KEY" => "-----BEGIN PRIVATE KEY-----",
            "GITHUB_WEBHOOK_SECRET" => "hush",
            "GITHUB_API_URL" | "GITHUB_URL" => world.github.url(),
            "GITHUB_CLIENT_ID" => id.as_str(),
            "GITHUB_CLIENT_SECRET" => secret.as_str(),
            "DRIFTGUARD_SECRET_KEY" => "0123456789abcdef0123456789abcdef",
            "DRIFTGUARD_PUBLIC_URL" => url.as_str(),
            "DATABASE_URL" => world.database.url.as_str(),
            _ => return None,
        };
        Some(text.to_owned())
    });
    let config = config.unwrap();
    let app = config.app.as_ref().unwrap();
    let routes = pages::router(&config, app, world.inbox.clone())
        .unwrap()
        .unwrap();
    let routes = routes
        .merge(api::router(&world.inbox, &app.secret_key, api::ApiServices::default()).unwrap());
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (url, serving)
}

async fn a_person_restores_a_finding_on_its_page_and_finds_the_pull_request(database: Database) {
    let world = set_up(database, "version: 1\n").await;
    let (url, _serving) = serve(&world).await;
    let instance = world.finding("aws_instance.web[1]");
    assert!(world.open(ADOPT).body.contains(&instance));
    let comments = world.comments().len();

    let mut alice = Browser::new();
    world.github.use_browser_of(Some("alice"));
    let page = alice.open(&format!("{url}/orgs/acme")).await;
    let page = alice
        .open(&format!("{url}{}", page.link("Sign in with GitHub")))
        .await;
    let page = alice
        .open(&format!("{url}{}", page.link("infra-production")))
        .await;
    let page = alice
        .open(&format!("{url}{}", page.link("aws_instance.web[1]")))
        .await;
    assert!(
        page.html.contains("Adopt: the code follows AWS"),
        "{}",
        page.html
    );
    let (token, id) = (page.field("token"), page.field("id"));
    let fields = [("token", token.as_str()), ("id", &id), ("order", "restore")];
    let sent = alice.send(page.url.as_str(), Some(&url), &fields).await;
    assert_eq!(sent.status, 303, "{}", sent.html);
    world.idle().await;

    let restore = world.open(RESTORE);
    assert!(restore.body.contains(&instance), "{}", restore.body);
    assert!(!world.open(ADOPT).body.contains(&instance));
    let page = alice
        .open(&format!("{url}{}", sent.header("location")))
        .await;
    for text in [
        "You asked to restore this finding",
        "alice decided at",
        "Restore: ",
        &format!("#{}", restore.number),
    ] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    let page = alice.open(&format!("{url}/orgs/acme/audit")).await;
    assert!(
        page.html.contains("restore") && page.html.contains("a page"),
        "{}",
        page.html
    );
    let path = "/orgs/acme/shop/infra-production/scans";
    let page = alice.open(&format!("{url}{path}")).await;
    assert!(page.html.contains("a person"), "{}", page.html);
    assert_eq!(world.comments().len(), comments, "no comment is written");
    assert_eq!(world.github.violations(), [""; 0]);
}

async fn a_person_accepts_a_finding_on_its_page_and_finds_the_pull_request(database: Database) {
    let world = set_up(database, "version: 1\n").await;
    let (url, _serving) = serve(&world).await;
    let group = world.finding("aws_security_group.web");
    let mut alice = Browser::new();
    world.github.use_browser_of(Some("alice"));
    let stack = "/orgs/acme/shop/infra-production";
    let path = format!("{stack}/findings/{group}");
    let page = alice.open(&format!("{url}{path}")).await;
    let start = page.link("Sign in with GitHub");
    let page = alice.open(&format!("{url}{start}")).await;
    let (token, id) = (page.field("token"), page.field("id"));
    let fields = [
        ("token", token.as_str()),
        ("id", &id),
        ("order", "ignore"),
        ("reason", "the vendor needs it"),
    ];
    let sent = alice.send(page.url.as_str(), Some(&url), &fields).await;
    assert_eq!(sent.status, 303, "{}", sent.html);
    world.idle().await;

    let accept = world.open(ACCEPT);
    let link = format!("{}/acme/shop/pull/{}", world.github.url(), accept.number);
    for path in [path.as_str(), stack, "/orgs/acme/shop", "/orgs/acme"] {
        let page = alice.open(&format!("{url}{path}")).await;
        assert!(page.html.contains(&link), "{path}: {}", page.html);
    }
    let page = alice.open(&format!("{url}{stack}")).await;
    let row = format!(">accept <a href=\"{link}\">");
    assert!(page.html.contains(&row), "{}", page.html);
    world.merge(accept.number, "alice").await;
    let page = alice.open(&format!("{url}/orgs/acme/shop")).await;
    assert!(!page.html.contains("accepts 1 difference"), "{}", page.html);
    let page = alice.open(&format!("{url}{path}")).await;
    assert!(page.html.contains(&link), "{}", page.html);
    assert_eq!(world.github.violations(), [""; 0]);
}

async fn what_keeps_a_repository_from_being_scanned_is_told_until_it_is_mended(database: Database) {
    let world = set_up(database, "version: 1\n").await;
    let (url, _serving) = serve(&world).await;
    let mut alice = Browser::new();
    world.github.use_browser_of(Some("alice"));
    let page = alice.open(&format!("{url}/orgs/acme/shop")).await;
    let start = page.link("Sign in with GitHub");
    let page = alice.open(&format!("{url}{start}")).await;
    let told = "can be scanned";
    assert!(!page.html.contains(told), "{}", page.html);
    for (settings, is_told) in [
        ("version: 1\nsevrity: high\n", true),
        ("version: 1\n", false),
    ] {
        let file = [(".driftguard.yml", settings)];
        world.push("main", "alice", &file).await;
        for path in ["/orgs/acme", "/orgs/acme/shop"] {
            let page = alice.open(&format!("{url}{path}")).await;
            assert_eq!(page.html.contains(told), is_told, "{path}: {}", page.html);
            assert_eq!(page.html.contains("sevrity"), is_told, "{path}");
            assert!(page.html.contains("infra-production"), "{}", page.html);
        }
    }
}
