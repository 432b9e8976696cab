//! The whole server: from a signed delivery to a scan, and its end.

use crate::database::{Database, on_both};
use crate::process::{Scan, ScansOnly};
use driftguard::cli::serve;
use driftguard::config::Config;
use driftguard::queue::RunContext;
use driftguard::queue::job::{JobError, ScanJob};
use driftguard::web::api::ApiServices;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

on_both!(a_signed_push_is_scanned_and_the_server_stops_when_told);

const PUSH: &str = r#"{
    "ref": "refs/heads/main", "after": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
    "repository": {"id": 10, "full_name": "acme/shop", "default_branch": "main", "private": true},
    "installation": {"id": 1}
}"#;

/// Remembers what it was asked to scan.
#[derive(Clone, Default)]
struct Scans(Arc<Mutex<Vec<ScanJob>>>);

impl Scan for Scans {
    async fn scan(&self, order: ScanJob, _: &RunContext) -> Result<(), JobError> {
        self.0.lock().unwrap().push(order);
        Ok(())
    }
}

/// A server, until it is stopped.
struct Server {
    address: String,
    task: JoinHandle<anyhow::Result<()>>,
    stop: tokio::sync::oneshot::Sender<()>,
}

impl Server {
    async fn start(settings: &[(&str, &str)], scans: &Scans) -> Self {
        let address = free_address();
        let config = Config::read(|name| match name {
            "DRIFTGUARD_LISTEN" => Some(address.clone()),
            name => settings
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned()),
        });
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let stopped = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(serve::run_until(
            config.unwrap(),
            ScansOnly(scans.clone()),
            ApiServices::default(),
            stopped,
        ));
        let server = Self {
            address,
            task,
            stop,
        };
        let started = Instant::now();
        while server.get("/healthz").await.is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "the server does not start"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    async fn get(&self, path: &str) -> reqwest::Result<(u16, String)> {
        let answer = reqwest::get(format!("http://{}{path}", self.address)).await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn a_signed_push_is_scanned_and_the_server_stops_when_told(database: Database) {
    let scans = Scans::default();
    let server = Server::start(
        &[
            ("GITHUB_APP_ID", "7"),
            ("GITHUB_PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----"),
            ("GITHUB_WEBHOOK_SECRET", "hush"),
            ("DRIFTGUARD_SECRET_KEY", "0123456789abcdef0123456789abcdef"),
            ("DATABASE_URL", &database.url),
        ],
        &scans,
    )
    .await;
    assert_eq!(server.get("/readyz").await.unwrap().0, 200);

    let code = Hmac::<Sha256>::new_from_slice(b"hush")
        .unwrap()
        .chain_update(PUSH)
        .finalize();
    let answer = reqwest::Client::new()
        .post(format!("http://{}/webhooks/github", server.address))
        .header("x-github-event", "push")
        .header("x-github-delivery", "d-1")
        .header(
            "x-hub-signature-256",
            format!("sha256={}", hex::encode(code.into_bytes())),
        )
        .body(PUSH);
    assert_eq!(answer.send().await.unwrap().status(), 202);
    let started = Instant::now();
    while !server
        .get("/metrics")
        .await
        .unwrap()
        .1
        .contains("driftguard_jobs{state=\"done\"} 1")
    {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "the scan is not made"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(scans.0.lock().unwrap().len(), 1);
    let (_, metrics) = server.get("/metrics").await.unwrap();
    for line in [
        "driftguard_deliveries_received_total 1",
        "driftguard_deliveries_processed_total 1",
        "driftguard_jobs_done_total 1",
        "driftguard_scan_duration_seconds_count 1",
        "driftguard_jobs{state=\"waiting\"} 0",
        "driftguard_jobs_oldest_seconds 0",
        "driftguard_deliveries_missed 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    assert_eq!(server.get("/setup").await.unwrap().0, 404);

    server.stop.send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(30), server.task).await;
    ended.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn without_an_app_it_is_alive_and_nothing_else() {
    let server = Server::start(&[("HOME", "/nowhere")], &Scans::default()).await;
    assert_eq!(
        server.get("/healthz").await.unwrap(),
        (200, "ok\n".to_owned())
    );
    for path in ["/readyz", "/metrics", "/", "/webhooks/github"] {
        assert_eq!(server.get(path).await.unwrap().0, 404, "{path}");
    }
    server.stop.send(()).unwrap();
    server.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn metrics_may_have_an_address_of_their_own() {
    let folder = tempfile::TempDir::new().unwrap();
    let metrics = free_address();
    let server = Server::start(
        &[
            ("GITHUB_APP_ID", "7"),
            ("GITHUB_PRIVATE_KEY", "-----BEGIN PRIVATE KEY-----"),
            ("GITHUB_WEBHOOK_SECRET", "hush"),
            ("DRIFTGUARD_SECRET_KEY", "0123456789abcdef0123456789abcdef"),
            ("DRIFTGUARD_DATA_DIR", folder.path().to_str().unwrap()),
            ("DRIFTGUARD_METRICS_LISTEN", &metrics),
        ],
        &Scans::default(),
    )
    .await;
    let get = async |path: &str| {
        reqwest::get(format!("http://{metrics}{path}"))
            .await
            .unwrap()
    };
    assert_eq!(server.get("/metrics").await.unwrap().0, 404);
    assert_eq!(get("/metrics").await.status(), 200);
    for path in ["/healthz", "/webhooks/github"] {
        assert_eq!(get(path).await.status(), 404, "{path}");
    }
    server.stop.send(()).unwrap();
    server.task.await.unwrap().unwrap();
}
