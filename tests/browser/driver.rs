//! Chromium, driven by chromedriver over the W3C's WebDriver protocol.
//!
//! The client is these few requests. Those on crates.io turn on features of what DriftGuard itself is built from, such as
//! `preserve_order` of serde_json, and the tests would then test another program than the one that is released.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as STANDARD;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long Chromium may take for one command.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long a page may take to show what a click leads to.
const PATIENCE: Duration = Duration::from_secs(20);
/// The key of an element's id, which the protocol fixes.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Runs chromedriver until the standard input closes, so that it ends with the test process, however that ends.
/// Chromium ends with it: the pipe between them closes.
const SCRIPT: &str = r#"
export HOME="$2" TMPDIR="$2"
"$1" --port=0 >"$2/log" 2>&1 &
cat >/dev/null
kill -KILL $!
wait $! 2>/dev/null
for _ in 1 2 3 4 5; do
    rm -rf "$2" 2>/dev/null && exit
    sleep 1
done
"#;

/// What a window looks like.
#[derive(Debug, Clone, Copy)]
pub struct View {
    pub width: u32,
    pub height: u32,
    pub is_phone: bool,
    pub is_dark: bool,
}

/// Chromium with a profile of its own, and one window.
pub struct Chromium {
    client: Client,
    /// The address of the session.
    session: String,
    driver: Driver,
}

struct Driver {
    process: Child,
    folder: PathBuf,
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

impl Driver {
    fn start(program: &Path) -> Self {
        // The script removes it.
        let folder = TempDir::new().unwrap().keep();
        let process = Command::new("sh")
            .args(["-c", SCRIPT, "driver"])
            .args([program, folder.as_path()])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Self { process, folder }
    }

    /// The address, once it answers there.
    async fn address(&self) -> String {
        let started = Instant::now();
        loop {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            let port = log.split("started successfully on port ").nth(1);
            if let Some((port, _)) = port.and_then(|rest| rest.split_once('.')) {
                return format!("http://127.0.0.1:{port}");
            }
            assert!(started.elapsed() < TIMEOUT, "no chromedriver: {log}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Chromium {
    /// None where this machine has no Chromium with its driver, which is said aloud, and fails where `CI` is
    /// set, unless `DRIFTGUARD_NO_BROWSER` says that it cannot be installed.
    pub async fn start() -> Option<Self> {
        let (Some(browser), Some(driver)) = (program("chromium"), program("chromedriver")) else {
            let set = |name: &str| std::env::var_os(name).is_some();
            assert!(
                !set("CI") || set("DRIFTGUARD_NO_BROWSER"),
                "no chromium with chromedriver here"
            );
            eprintln!("SKIPPED: no chromium with chromedriver on this machine");
            return None;
        };
        let driver = Driver::start(&driver);
        let client = Client::builder().timeout(TIMEOUT).no_proxy();
        let mut chromium = Self {
            client: client.build().unwrap(),
            session: driver.address().await,
            driver,
        };
        let profile = chromium.driver.folder.join("profile");
        let options = json!({
            "binary": browser,
            "args": [
                "--headless=new",
                // It opens nothing but the test's own pages, and root has no other way.
                "--no-sandbox",
                // A container's /dev/shm is small.
                "--disable-dev-shm-usage",
                "--remote-debugging-pipe",
                format!("--user-data-dir={}", profile.display()),
            ],
        });
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": 30_000, "pageLoad": 30_000, "implicit": 10_000},
        });
        let wish = json!({"capabilities": {"alwaysMatch": capabilities}});
        let session = chromium.post("/session", wish).await;
        let id = session["sessionId"].as_str().unwrap();
        chromium.session = format!("{}/session/{id}", chromium.session);
        Some(chromium)
    }

    /// Closes the window; then the driver ends.
    pub async fn end(self) {
        self.command(Method::DELETE, "", Value::Null).await;
    }

    pub async fn open(&self, url: &str) {
        self.post("/url", json!({"url": url})).await;
    }

    /// Clicks the first link whose text holds this.
    pub async fn follow(&self, text: &str) {
        self.click(&format!("//main//a[contains(., '{text}')]"))
            .await;
    }

    /// Clicks what this XPath names first.
    pub async fn click(&self, path: &str) {
        let wish = json!({"using": "xpath", "value": path});
        let element = self.post("/element", wish).await;
        let id = element[ELEMENT].as_str().unwrap();
        self.post(&format!("/element/{id}/click"), json!({})).await;
    }

    /// Waits until the address ends so.
    pub async fn arrives(&self, end: &str) {
        let started = Instant::now();
        loop {
            let url = self.script("return location.href").await;
            if url.as_str().unwrap().ends_with(end) {
                return;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "{end} is not reached: {url}: {}",
                self.text().await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The text that a person sees.
    pub async fn text(&self) -> String {
        let text = self.script("return document.body.innerText").await;
        text.as_str().unwrap().to_owned()
    }

    pub async fn script(&self, script: &str) -> Value {
        let wish = json!({"script": script, "args": []});
        self.post("/execute/sync", wish).await
    }

    /// Runs a script that calls its last argument with its result.
    pub async fn wait_for(&self, script: &str) -> Value {
        let wish = json!({"script": script, "args": []});
        self.post("/execute/async", wish).await
    }

    pub async fn look_like(&self, view: View) {
        let size = json!({"width": view.width, "height": view.height, "mobile": view.is_phone,
            "deviceScaleFactor": if view.is_phone { 3 } else { 1 }});
        let scheme = if view.is_dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        for (command, parameters) in [
            ("Emulation.setDeviceMetricsOverride", size),
            ("Emulation.setEmulatedMedia", media),
        ] {
            let wish = json!({"cmd": command, "params": parameters});
            self.post("/goog/cdp/execute", wish).await;
        }
    }

    /// What Chromium wrote to its console since the last time, as it does where a page breaks its own policy; not which
    /// pages are not there.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.post("/se/log", json!({"type": "browser"})).await;
        let entries = entries.as_array().unwrap().iter();
        entries
            .filter(|entry| entry["source"] != "network")
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Leaves a picture of the whole page in the folder that `DRIFTGUARD_SCREENSHOTS` names, if it does.
    pub async fn photograph(&self, page: &Value, view: View) {
        let Some(folder) = std::env::var_os("DRIFTGUARD_SCREENSHOTS") else {
            return;
        };
        let parameters = json!({"captureBeyondViewport": true, "format": "png"});
        let wish = json!({"cmd": "Page.captureScreenshot", "params": parameters});
        let picture = self.post("/goog/cdp/execute", wish).await;
        let picture = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        let name = page.as_str().unwrap().trim_matches('/').replace('/', "_");
        let device = if view.is_phone { "phone" } else { "desk" };
        let scheme = if view.is_dark { "dark" } else { "light" };
        let file = format!("{name}-{device}-{scheme}.png");
        std::fs::write(Path::new(&folder).join(file), picture).unwrap();
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.command(Method::POST, path, body).await
    }

    async fn command(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.session);
        let mut request = self.client.request(method, &url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let succeeded = answer.status().is_success();
        let mut answer: Value = answer.json().await.unwrap();
        let problem = &answer["value"]["message"];
        assert!(succeeded, "{path}: {problem}");
        answer["value"].take()
    }
}

/// The program of this name on the path.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut files = std::env::split_paths(&path).map(|folder| folder.join(name));
    files.find(|file| file.is_file())
}
