//! Set-up mode: a browser goes from nothing to an environment that starts the server.

use crate::openapi;
use driftguard::standin::github::{AppIdentity, Fault, GitHub};
use reqwest::header::{CONTENT_TYPE, COOKIE, HOST, HeaderMap, SET_COOKIE};
use reqwest::{Client, Method};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use url::Url;

const PROGRAM: &str = env!("CARGO_BIN_EXE_driftguard");
const PUBLIC: &str = "https://driftguard.example.com";
const PAGES: &str = "https://github.example.com";
const CONVERSION: &str = "POST /app-manifests/{code}/conversions";

/// The server as a process, until it is dropped.
struct Server {
    address: String,
    folder: TempDir,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// In set-up mode, with these settings besides.
    async fn start(settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.arg("serve");
        Self::run(command, settings).await
    }

    /// With a file of settings, as a shell reads it.
    async fn with_file(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("driftguard.env");
        fs::write(&file, text).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "set -a; . \"$0\"; exec \"$1\" serve"]);
        command.arg(file).arg(PROGRAM);
        // The file is read before anything answers.
        Self::run(command, &[("AWS_EC2_METADATA_DISABLED", "true")]).await
    }

    async fn run(mut command: Command, settings: &[(&str, &str)]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let folder = TempDir::new().unwrap();
        let child = command
            .env_clear()
            .env("RUST_LOG", "debug")
            .env("DRIFTGUARD_LISTEN", &address)
            .env("DRIFTGUARD_DATA_DIR", folder.path().join("data"))
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("log")).unwrap())
            .spawn();
        let mut server = Self {
            address,
            folder,
            child: child.unwrap(),
        };
        let started = Instant::now();
        while server.ask(Method::GET, "/healthz").await.is_none() {
            let ended = server.child.try_wait().unwrap();
            let waited = started.elapsed() > Duration::from_secs(30);
            assert!(ended.is_none() && !waited, "{}", server.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    async fn ask(&self, method: Method, path: &str) -> Option<u16> {
        let request = Client::new().request(method, format!("http://{}{path}", self.address));
        Some(request.send().await.ok()?.status().as_u16())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

/// A browser that follows nothing by itself.
#[derive(Default)]
struct Browser {
    cookie: Option<String>,
}

struct Page {
    status: u16,
    headers: HeaderMap,
    html: String,
}

impl Browser {
    async fn open(&mut self, server: &Server, path: &str) -> Page {
        self.open_as(server, path, &server.address).await
    }

    /// With this name of the server in the request, as behind a proxy.
    async fn open_as(&mut self, server: &Server, path: &str, host: &str) -> Page {
        let request = Self::client().get(format!("http://{}{path}", server.address));
        self.send(request.header(HOST, host)).await
    }

    /// Opens the form, and sends it with these fields.
    async fn submit(&mut self, server: &Server, typed: &[(&str, &str)]) -> Page {
        let token = self.open(server, "/setup").await.token();
        self.post(server, &[typed, &[("token", token.as_str())]].concat(), &[])
            .await
    }

    /// Sends a form as it is, with these headers besides.
    async fn post(
        &mut self,
        server: &Server,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Page {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let mut request = Self::client()
            .post(format!("http://{}/setup", server.address))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.extend_pairs(fields).finish());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    fn client() -> Client {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none());
        client.build().unwrap()
    }

    async fn send(&mut self, mut request: reqwest::RequestBuilder) -> Page {
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, format!("theme=dark; {cookie}"));
        }
        let answer = request.send().await.unwrap();
        let headers = answer.headers().clone();
        if let Some(set) = headers.get(SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            self.cookie = Some(pair.to_owned());
        }
        Page {
            status: answer.status().as_u16(),
            headers,
            html: answer.text().await.unwrap(),
        }
    }
}

impl Page {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// An attribute right behind this text.
    fn after(&self, text: &str) -> Option<String> {
        let (_, rest) = self.html.split_once(text)?;
        Some(unescaped(rest.split_once('"')?.0))
    }

    /// What stands in a field.
    fn typed(&self, field: &str) -> Option<String> {
        let (_, rest) = self.html.split_once(&format!("<input id=\"{field}\" "))?;
        let (_, rest) = rest.split_once("value=\"")?;
        Some(unescaped(rest.split_once('"')?.0))
    }

    /// What the form has to bring back.
    fn token(&self) -> String {
        self.after("name=\"token\" value=\"").unwrap()
    }

    /// Where the button sends the manifest, and the manifest.
    fn manifest(&self) -> Option<(Url, String)> {
        let manifest = self.after("name=\"manifest\" value=\"")?;
        let action = self.after("<form method=\"post\" action=\"")?;
        Some((Url::parse(&action).unwrap(), manifest))
    }

    /// The environment, where the page shows one.
    fn environment(&self) -> Option<String> {
        let (_, rest) = self.html.split_once("<pre ")?;
        let (_, rest) = rest.split_once('>')?;
        Some(unescaped(rest.split_once("</pre>")?.0))
    }

    fn holds_nothing_secret(&self) {
        for secret in ["PRIVATE KEY", "GITHUB_WEBHOOK_SECRET", "<pre"] {
            assert!(!self.html.contains(secret), "{}", self.html);
        }
    }
}

/// Text as the browser reads it.
fn unescaped(html: &str) -> String {
    let entities = [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    let text = html.to_owned();
    entities
        .iter()
        .fold(text, |text, (from, to)| text.replace(from, to))
}

fn state(action: &Url) -> String {
    let mut pairs = action.query_pairs();
    pairs
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned()
}

async fn github() -> GitHub {
    let app = AppIdentity::fresh(1, "another App's").unwrap();
    GitHub::start(&app, openapi::validator()).await.unwrap()
}

async fn server_of(github: &GitHub) -> Server {
    Server::start(&[
        ("GITHUB_API_URL", github.url()),
        ("GITHUB_URL", PAGES),
        ("DRIFTGUARD_PUBLIC_URL", PUBLIC),
    ])
    .await
}

fn conversions(github: &GitHub) -> usize {
    github.requests().len()
}

#[tokio::test]
async fn one_click_leads_from_the_manifest_to_an_environment_that_starts_the_server() {
    let github = github().await;
    let server = server_of(&github).await;
    let mut browser = Browser::default();
    let page = browser.open(&server, "/setup").await;
    assert_eq!(page.status, 200);

    let (action, manifest) = page.manifest().unwrap();
    assert_eq!(
        action.as_str().split('?').next().unwrap(),
        format!("{PAGES}/settings/apps/new")
    );
    let state = state(&action);
    assert!(state.len() > 64, "unguessable");
    let told: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(told["name"], "DriftGuard");
    assert_eq!(told["public"], false);
    assert_eq!(
        told["hook_attributes"]["url"],
        format!("{PUBLIC}/webhooks/github")
    );
    assert_eq!(told["redirect_url"], format!("{PUBLIC}/setup/created"));
    let callback = format!("{PUBLIC}/sign-in/callback");
    assert_eq!(told["callback_urls"], serde_json::json!([callback]));
    assert_eq!(told["default_permissions"]["contents"], "write");

    let code = github.create_app_from_manifest("alice", &manifest).unwrap();
    let back = format!("/setup/created?code={code}&state={state}");
    // A program that only looks where the link leads does not use it up.
    assert_eq!(server.ask(Method::HEAD, &back).await, Some(405));
    let made = browser.open(&server, &back).await;
    assert_eq!(made.status, 200, "{}", made.html);
    assert_eq!(made.header("cache-control"), "no-store");
    assert_eq!(made.header("referrer-policy"), "no-referrer");
    assert!(made.html.contains("/apps/driftguard/installations/new\""));
    let environment = made.environment().unwrap();
    let settings: BTreeMap<_, _> = environment
        .lines()
        .map(|line| line.split_once('=').unwrap())
        .collect();
    let names: Vec<_> = settings.keys().copied().collect();
    assert_eq!(
        names,
        [
            "DRIFTGUARD_PUBLIC_URL",
            "DRIFTGUARD_SECRET_KEY",
            "GITHUB_API_URL",
            "GITHUB_APP_ID",
            "GITHUB_CLIENT_ID",
            "GITHUB_CLIENT_SECRET",
            "GITHUB_PRIVATE_KEY",
            "GITHUB_URL",
            "GITHUB_WEBHOOK_SECRET",
        ]
    );
    assert_eq!(settings["DRIFTGUARD_SECRET_KEY"].len(), 64);
    let (client_id, client_secret) = github.oauth_client();
    assert_eq!(settings["GITHUB_CLIENT_ID"], client_id);
    assert_eq!(settings["GITHUB_CLIENT_SECRET"], client_secret);
    assert!(settings["GITHUB_PRIVATE_KEY"].starts_with("'-----BEGIN RSA PRIVATE KEY-----\\n"));

    // Shown once, asked for once, kept nowhere.
    let again = browser.open(&server, &back).await;
    assert_eq!(again.status, 410);
    again.holds_nothing_secret();
    browser.open(&server, "/setup").await.holds_nothing_secret();
    assert_eq!(conversions(&github), 1);
    let log = server.log();
    for (name, value) in &settings {
        let secret = name.contains("SECRET") || name.contains("KEY");
        let inner = value.get(40..80).unwrap_or(value);
        assert!(!secret || !log.contains(inner), "{name} is in the log");
    }
    assert!(!log.contains(&state));
    assert!(!server.folder.path().join("data").exists());
    drop(server);

    let server = Server::with_file(&environment).await;
    assert_eq!(
        server.ask(Method::GET, "/readyz").await,
        Some(200),
        "{}",
        server.log()
    );
    assert_eq!(server.ask(Method::GET, "/setup").await, Some(404));
    assert_eq!(server.ask(Method::GET, "/sign-in").await, Some(200));
    // The App's own deliveries are taken: the secret is the right one.
    github.deliver_to(&format!("http://{}/webhooks/github", server.address));
    github.create_repository("alice/shop", true);
    github.install("alice").await;
    let statuses: Vec<_> = github.deliveries().iter().map(|sent| sent.status).collect();
    assert_eq!(statuses, [202]);
}

#[tokio::test]
async fn docker_which_leaves_quotes_where_they_are_starts_the_server_too() {
    let github = github().await;
    let server = server_of(&github).await;
    let environment = environment_of(&server, &github).await;
    let settings: Vec<_> = environment
        .lines()
        .map(|line| line.split_once('=').unwrap())
        .chain([("AWS_EC2_METADATA_DISABLED", "true")])
        .collect();
    let server = Server::start(&settings).await;
    assert_eq!(
        server.ask(Method::GET, "/readyz").await,
        Some(200),
        "{}",
        server.log()
    );
}

async fn environment_of(server: &Server, github: &GitHub) -> String {
    let mut browser = Browser::default();
    let (action, manifest) = browser.open(server, "/setup").await.manifest().unwrap();
    let code = github.create_app_from_manifest("alice", &manifest).unwrap();
    let back = format!("/setup/created?code={code}&state={}", state(&action));
    browser.open(server, &back).await.environment().unwrap()
}

#[tokio::test]
async fn an_organisation_a_name_and_the_public_address_are_asked_for() {
    let github = github().await;
    let server = Server::start(&[("GITHUB_API_URL", github.url())]).await;
    let mut browser = Browser::default();
    let page = browser.open(&server, "/setup").await;
    assert!(page.manifest().is_none());
    for label in ["organization", "name", "public_url"] {
        assert!(page.html.contains(&format!("<label for=\"{label}\">")));
        assert!(
            page.html
                .contains(&format!("<input id=\"{label}\" name=\"{label}\""))
        );
    }
    let typed = [
        ("organization", "acme"),
        ("name", "Drift & Co"),
        ("public_url", "https://d.example/drift/"),
    ];
    let page = browser.submit(&server, &typed).await;
    let (action, manifest) = page.manifest().unwrap();
    assert!(
        action
            .as_str()
            .starts_with("https://github.com/organizations/acme/settings/apps/new?state=")
    );
    let told: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(told["name"], "Drift & Co");
    assert_eq!(
        told["hook_attributes"]["url"],
        "https://d.example/drift/webhooks/github"
    );
    let code = github.create_app_from_manifest("acme", &manifest).unwrap();
    let back = format!("/setup/created?code={code}&state={}", state(&action));
    let made = browser.open(&server, &back).await;
    let environment = made.environment().unwrap();
    assert!(environment.contains("\nDRIFTGUARD_PUBLIC_URL=https://d.example/drift\n"));
    // GitHub's own pages are the default, its API here is not.
    assert!(!environment.contains("GITHUB_URL") && environment.contains("GITHUB_API_URL"));
    assert!(made.html.contains("/apps/drift-co/installations/new"));
}

#[tokio::test]
async fn a_link_chooses_nothing_and_a_form_counts_in_the_browser_that_it_was_shown_to() {
    let github = github().await;
    let server = Server::start(&[("GITHUB_API_URL", github.url())]).await;
    let (mut alice, mut mallory) = (Browser::default(), Browser::default());
    let link = "/setup?organization=mallory&name=Mallory&public_url=https%3A%2F%2Fmallory.example";
    let page = alice.open(&server, link).await;
    assert_eq!((page.status, page.manifest()), (200, None));
    for (field, shown) in [
        ("organization", ""),
        ("name", "DriftGuard"),
        ("public_url", ""),
    ] {
        assert_eq!(page.typed(field).as_deref(), Some(shown), "{field}");
    }
    let (own, foreign) = (page.token(), mallory.open(&server, "/setup").await.token());
    let typed = |token: &'static str| [("public_url", "https://mallory.example"), ("token", token)];
    let (own, foreign): (&str, &str) = (own.leak(), foreign.leak());
    for (token, headers) in [
        ("", &[][..]),
        (foreign, &[]),
        (own, &[("sec-fetch-site", "cross-site")]),
        (own, &[("origin", "https://mallory.example")]),
    ] {
        let refused = alice.post(&server, &typed(token), headers).await;
        assert_eq!(
            (refused.status, refused.manifest()),
            (403, None),
            "{headers:?}"
        );
    }
    let nobody = Browser::default().post(&server, &typed(own), &[]).await;
    assert_eq!(nobody.status, 403);
    let taken = alice
        .post(&server, &typed(own), &[("origin", "null")])
        .await;
    assert_eq!(taken.status, 200);
    assert!(taken.manifest().is_some());
}

#[tokio::test]
async fn one_sender_does_not_use_up_what_github_allows_the_server() {
    let github = github().await;
    let server = server_of(&github).await;
    let (mut alice, mut mallory) = (Browser::default(), Browser::default());
    let bring = async |browser: &mut Browser, sender: &str| {
        let (action, _) = browser.open(&server, "/setup").await.manifest().unwrap();
        let back = format!("/setup/created?code=unknown&state={}", state(&action));
        let request = Browser::client().get(format!("http://{}{back}", server.address));
        browser
            .send(request.header("x-forwarded-for", sender))
            .await
            .status
    };
    let before = Browser::default().open(&server, "/setup").await;
    assert_eq!(before.status, 200);
    for _ in 0..10 {
        assert_eq!(bring(&mut mallory, "198.51.100.1").await, 410);
    }
    assert_eq!(bring(&mut mallory, "198.51.100.1").await, 429);
    assert_eq!(bring(&mut mallory, "203.0.113.9, 198.51.100.1").await, 429);
    assert_eq!(conversions(&github), 10);
    assert_eq!(bring(&mut alice, "198.51.100.2").await, 410);
    assert_eq!(conversions(&github), 11);
}

#[tokio::test]
async fn a_state_that_is_forged_or_another_browsers_is_refused_and_github_is_not_asked() {
    let github = github().await;
    let server = server_of(&github).await;
    let (mut alice, mut mallory) = (Browser::default(), Browser::default());
    let (action, manifest) = alice.open(&server, "/setup").await.manifest().unwrap();
    let state = state(&action);
    let code = github.create_app_from_manifest("alice", &manifest).unwrap();
    mallory.open(&server, "/setup").await;
    let forged = "0".repeat(64);
    let back = |state: &str| format!("/setup/created?code={code}&state={state}");
    let refused = alice.open(&server, &back(&forged)).await;
    assert_eq!(refused.status, 403);
    refused.holds_nothing_secret();
    assert!(refused.html.contains(&format!("href=\"{PUBLIC}/setup\"")));
    assert_eq!(mallory.open(&server, &back(&state)).await.status, 403);
    let no_mark = Browser::default().open(&server, &back(&state)).await;
    assert_eq!(no_mark.status, 403);
    for incomplete in ["", "?code=x", "?state=x", "?code=&state="] {
        let path = format!("/setup/created{incomplete}");
        assert_eq!(alice.open(&server, &path).await.status, 400, "{path}");
    }
    assert_eq!(conversions(&github), 0);
    // None of that took it from the browser that began it; a second tab does not either.
    alice.open(&server, "/setup").await;
    assert_eq!(alice.open(&server, &back(&state)).await.status, 200);
    assert_eq!(alice.open(&server, &back(&state)).await.status, 410);
    assert_eq!(conversions(&github), 1);
}

#[tokio::test]
async fn whatever_goes_wrong_at_github_is_one_page_with_the_way_out_and_nothing_is_tried_twice() {
    let github = github().await;
    let server = server_of(&github).await;
    for (fault, status, told) in [
        (None, 410, "GitHub does not know this code"),
        (Some(Fault::Status(500)), 502, "500 Internal Server Error"),
        (Some(Fault::Status(422)), 502, "a fault on demand"),
        (Some(Fault::Status(401)), 502, "another API"),
        (
            Some(Fault::LostResponse),
            502,
            "GitHub did not hand over the App",
        ),
    ] {
        let mut browser = Browser::default();
        let (action, manifest) = browser.open(&server, "/setup").await.manifest().unwrap();
        let code = github.create_app_from_manifest("alice", &manifest).unwrap();
        match fault {
            Some(fault) => github.fail_next(CONVERSION, fault),
            None => github.let_codes_expire(),
        }
        let before = conversions(&github);
        let back = format!("/setup/created?code={code}&state={}", state(&action));
        let refused = browser.open(&server, &back).await;
        assert_eq!(refused.status, status, "{fault:?}");
        assert!(refused.html.contains(told), "{fault:?}: {}", refused.html);
        assert!(refused.html.contains(&format!("{PAGES}/settings/apps")));
        assert!(!refused.html.contains(&code));
        refused.holds_nothing_secret();
        assert_eq!(browser.open(&server, &back).await.status, 410);
        assert_eq!(conversions(&github), before + 1, "{fault:?}");
    }
}

#[tokio::test]
async fn what_is_typed_or_sent_stays_text() {
    let github = github().await;
    let server = Server::start(&[("GITHUB_API_URL", github.url())]).await;
    let mut browser = Browser::default();
    let attack = "\"><script>alert(1)</script>'&";
    let query = |pairs: &[(&str, &str)]| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        format!("/setup?{}", query.extend_pairs(pairs).finish())
    };
    for (field, status) in [("organization", 422), ("name", 200), ("public_url", 422)] {
        let mut typed = vec![("public_url", "https://d.example")];
        typed.retain(|(name, _)| *name != field);
        typed.push((field, attack));
        let page = browser.submit(&server, &typed).await;
        assert_eq!(page.status, status, "{field}");
        assert!(!page.html.contains("<script"), "{}", page.html);
        assert!(!page.html.contains("\">'"), "{}", page.html);
        assert_eq!(page.typed(field).as_deref(), Some(attack), "{field}");
        if status == 200 {
            let (_, manifest) = page.manifest().unwrap();
            let told: Value = serde_json::from_str(&manifest).unwrap();
            assert_eq!(told["name"], attack);
        }
    }
    let (action, _) = browser
        .submit(&server, &[("public_url", "https://d.example/\"><script>")])
        .await
        .manifest()
        .unwrap();
    let sent = query(&[("code", &attack[1..]), ("state", &state(&action))]);
    let page = browser
        .open(&server, &sent.replace("/setup", "/setup/created"))
        .await;
    assert_eq!(page.status, 410);
    assert!(!page.html.contains("<script"));
    assert_eq!(conversions(&github), 0, "such a code is not sent on");
}

#[tokio::test]
async fn the_page_loads_nothing_runs_nothing_and_sends_only_to_github() {
    let github = github().await;
    let server = server_of(&github).await;
    let page = Browser::default().open(&server, "/setup").await;
    let policy = page.header("content-security-policy");
    let parts: Vec<_> = policy.split("; ").collect();
    assert_eq!(parts[0], "default-src 'none'");
    assert!(parts[1].starts_with("style-src 'nonce-"), "{policy}");
    assert_eq!(parts[2], format!("form-action 'self' {PAGES}"));
    assert_eq!(parts[3..], ["base-uri 'none'", "frame-ancestors 'none'"]);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let nonce = page.after("<style nonce=\"").unwrap();
    assert!(policy.contains(&nonce));
    for part in [
        "<html lang=\"en\">",
        "<title>Create the GitHub App",
        "width=device-width",
    ] {
        assert!(page.html.contains(part), "{part}");
    }
    for outside in ["src=", "<link", "@import", "url(", "style=\""] {
        assert!(!page.html.contains(outside), "{outside}");
    }
    let cookie = page.header("set-cookie");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax"), "{cookie}");
    let public = PUBLIC.strip_prefix("https://").unwrap();
    let page = Browser::default().open_as(&server, "/setup", public).await;
    let cookie = page.header("set-cookie");
    assert!(cookie.ends_with("; SameSite=Lax; Secure"), "{cookie}");
}

#[tokio::test]
async fn nothing_else_answers_until_there_is_an_app() {
    let server = Server::start(&[]).await;
    assert!(
        server
            .log()
            .contains(&format!("open http://{}/setup", server.address))
    );
    for path in [
        "/",
        "/readyz",
        "/metrics",
        "/setup/",
        "/setup/x",
        "/static/x.css",
    ] {
        assert_eq!(server.ask(Method::GET, path).await, Some(404), "{path}");
    }
    assert_eq!(
        server.ask(Method::POST, "/webhooks/github").await,
        Some(404)
    );
    assert_eq!(server.ask(Method::GET, "/healthz").await, Some(200));
}

#[test]
fn a_public_address_that_nothing_can_be_put_below_is_told_at_the_start() {
    let run = Command::new(PROGRAM)
        .arg("serve")
        .env_clear()
        .env("DRIFTGUARD_LISTEN", "127.0.0.1:0")
        .env("DRIFTGUARD_DATA_DIR", "/nowhere")
        .env("DRIFTGUARD_PUBLIC_URL", "https://me:hunter2@d.example")
        .output()
        .unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    assert!(!run.status.success());
    assert!(
        told.contains("DRIFTGUARD_PUBLIC_URL") && !told.contains("hunter2"),
        "{told}"
    );
}

#[tokio::test]
async fn a_real_browser_shows_the_form() {
    let Some(chromium) = chromium() else {
        eprintln!("SKIPPED: this machine has no Chromium");
        return;
    };
    let github = github().await;
    let server = server_of(&github).await;
    let run = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(format!(
            "--user-data-dir={}",
            server.folder.path().display()
        ))
        .arg(format!("http://{}/setup", server.address))
        .output()
        .unwrap();
    let page = String::from_utf8(run.stdout).unwrap();
    assert!(
        page.contains("<button type=\"submit\">Create DriftGuard in your own account</button>"),
        "{page}"
    );
    let told = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!told.contains("Content Security Policy"), "{told}");
}

fn chromium() -> Option<PathBuf> {
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "chrome",
    ];
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let mut all = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    all.find(|file: &PathBuf| Path::is_file(file))
}
