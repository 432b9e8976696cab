//! A full disk, and a database that is restarted: what was acknowledged has its effect, what could not be committed was
//! not acknowledged, and when the trouble is over nobody needs to restart anything.

use crate::database::OwnCluster;
use crate::process::{Scan, ScansOnly};
use driftguard::cli::serve;
use driftguard::config::Config;
use driftguard::model::{DeliveryId, InstallationId, RepositoryId};
use driftguard::queue::RunContext;
use driftguard::queue::inbox::Inbox;
use driftguard::queue::job::{JobError, ScanJob};
use driftguard::web::api::ApiServices;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// All that a stranger is told: the cause is for the log.
const NOT_READY: &str = "the database takes no writes";

/// How many deliver at once.
const SENDERS: u64 = 16;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_and_wedges_nothing() {
    let Some(disk) = SmallDisk::mount() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "no small disk can be mounted here"
        );
        eprintln!("SKIPPED: mounting a small disk takes root, and a kernel that allows it");
        return;
    };
    let url = format!("sqlite://{}/driftguard.db", disk.folder.path().display());
    let world = World::start(&url).await;
    assert_eq!(world.deliver().await, 202);

    let load = world.load();
    disk.fill();
    world.until_ready_says(503, NOT_READY).await;
    world.until_refused().await;
    assert_eq!(world.get("/healthz").await.0, 200);
    assert_eq!(world.unsigned().await, 401, "a stranger costs no write");
    disk.empty();
    assert_eq!(world.deliver().await, 202, "the next one is taken");
    world.until_ready_says(200, "ready").await;
    load.stop().await;
    world.assert_each_acknowledged_one_is_done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_postgres_loses_nothing_and_stops_nothing() {
    let Some(mut cluster) = OwnCluster::start().await else {
        return;
    };
    let world = World::start(&cluster.url).await;
    assert_eq!(world.deliver().await, 202);

    for _ in 0..2 {
        let load = world.load();
        tokio::time::sleep(Duration::from_millis(500)).await;
        cluster.stop().await;
        world.until_ready_says(503, NOT_READY).await;
        assert_eq!(world.get("/healthz").await.0, 200);
        cluster.again().await;
        world.until_ready_says(200, "ready").await;
        assert_eq!(world.deliver().await, 202);
        load.stop().await;
    }
    world.assert_each_acknowledged_one_is_done().await;
}

/// A server under load.
struct World {
    address: String,
    inbox: Inbox,
    scans: Scans,
    sent: Arc<Sent>,
    _running: JoinSet<anyhow::Result<()>>,
}

/// What was sent, and answered.
struct Sent {
    address: String,
    client: reqwest::Client,
    next: AtomicU64,
    statuses: Mutex<BTreeMap<u64, u16>>,
}

impl Sent {
    /// Delivers a push to a repository of its own. 0 where there is no answer.
    async fn deliver(&self) -> u16 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let body = format!(
            r#"{{"ref": "refs/heads/main", "after": "{number:040x}", "installation": {{"id": {}}},
                "repository": {{"id": {number}, "full_name": "acme/shop-{number}", "default_branch": "main"}}}}"#,
            1 + number % 5
        );
        let code = Hmac::<Sha256>::new_from_slice(b"hush").unwrap();
        let code = code.chain_update(&body).finalize().into_bytes();
        let request = self
            .client
            .post(format!("http://{}/webhooks/github", self.address))
            .header("x-github-event", "push")
            .header("x-github-delivery", format!("d-{number}"))
            .header(
                "x-hub-signature-256",
                format!("sha256={}", hex::encode(code)),
            )
            .body(body);
        let answer = request.send().await;
        let status = answer.map_or(0, |answer| answer.status().as_u16());
        self.statuses.lock().unwrap().insert(number, status);
        status
    }

    fn numbers(&self, status: u16) -> Vec<u64> {
        let statuses = self.statuses.lock().unwrap();
        let those = statuses.iter().filter(|(_, found)| **found == status);
        those.map(|(number, _)| *number).collect()
    }
}

/// Senders at work.
struct Load {
    stop: Arc<AtomicBool>,
    senders: JoinSet<()>,
}

impl Load {
    async fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.senders.join_all().await;
    }
}

impl World {
    async fn start(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let config = Config::read(|name| {
            let value = match name {
                "GITHUB_APP_ID" => "7",
                "GITHUB_PRIVATE_KEY" => "-----BEGIN PRIVATE KEY-----",
                "GITHUB_WEBHOOK_SECRET" => "hush",
                "DRIFTGUARD_SECRET_KEY" => "0123456789abcdef0123456789abcdef",
                "DATABASE_URL" => url,
                "DRIFTGUARD_LISTEN" => &address,
                _ => return None,
            };
            Some(value.to_owned())
        });
        let scans = Scans::default();
        let mut running = JoinSet::new();
        running.spawn(serve::run_until(
            config.unwrap(),
            ScansOnly(scans.clone()),
            ApiServices::default(),
            std::future::pending(),
        ));
        let sent = Arc::new(Sent {
            address: address.clone(),
            client: reqwest::Client::new(),
            next: AtomicU64::new(1),
            statuses: Mutex::default(),
        });
        let started = Instant::now();
        while reqwest::get(format!("http://{address}/readyz"))
            .await
            .is_err()
        {
            assert!(started.elapsed() < Duration::from_secs(60));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self {
            // After the server: it makes the tables.
            inbox: Inbox::connect(url).await.unwrap(),
            address,
            scans,
            sent,
            _running: running,
        }
    }

    fn load(&self) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            let (sent, stop) = (self.sent.clone(), stop.clone());
            senders.spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    sent.deliver().await;
                    tokio::time::sleep(Duration::from_millis(30)).await;
                }
            });
        }
        Load { stop, senders }
    }

    async fn deliver(&self) -> u16 {
        self.sent.deliver().await
    }

    async fn unsigned(&self) -> u16 {
        let url = format!("http://{}/webhooks/github", self.address);
        let request = self.sent.client.post(url).header("x-github-event", "push");
        let answer = request.body("{}").send().await.unwrap();
        answer.status().as_u16()
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(format!("http://{}{path}", self.address)).await;
        match answer {
            Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap()),
            Err(error) => (0, error.to_string()),
        }
    }

    async fn until_ready_says(&self, status: u16, text: &str) {
        let started = Instant::now();
        loop {
            let said = self.get("/readyz").await;
            if said.0 == status && said.1.trim_end() == text {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{said:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn until_refused(&self) {
        let started = Instant::now();
        while self.sent.numbers(503).is_empty() {
            assert!(started.elapsed() < Duration::from_secs(60));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until nothing is left to do; then each acknowledged delivery was done, and no other status than these came.
    async fn assert_each_acknowledged_one_is_done(&self) {
        let started = Instant::now();
        loop {
            let standing = self.inbox.counts().await.unwrap();
            if standing.waiting + standing.running == 0 {
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(120), "{standing:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let acknowledged = self.sent.numbers(202);
        assert!(acknowledged.len() > 20, "{}", acknowledged.len());
        let scanned = self.scans.0.lock().unwrap().clone();
        for number in &acknowledged {
            assert!(scanned.contains_key(&RepositoryId(*number)), "{number}");
            let tenant = self.inbox.store.of(InstallationId(1 + number % 5));
            let id = DeliveryId(format!("d-{number}"));
            assert_eq!(tenant.open_delivery(&id).await.unwrap(), None);
        }
        let stopped = self.inbox.store.stopped_jobs(10).await.unwrap();
        assert_eq!(stopped, []);
        let known = acknowledged.len() + self.sent.numbers(503).len();
        assert_eq!(known, self.sent.statuses.lock().unwrap().len());
    }
}

/// How often each repository was scanned.
#[derive(Clone, Default)]
struct Scans(Arc<Mutex<BTreeMap<RepositoryId, usize>>>);

impl Scan for Scans {
    async fn scan(&self, order: ScanJob, _: &RunContext) -> Result<(), JobError> {
        *self.0.lock().unwrap().entry(order.repository).or_default() += 1;
        Ok(())
    }
}

/// A disk of some megabytes.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"])
            .arg(folder.path())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self { folder })
    }

    fn ballast(&self) -> std::path::PathBuf {
        self.folder.path().join("ballast")
    }

    /// Leaves no byte to write.
    fn fill(&self) {
        let mut file = File::create(self.ballast()).unwrap();
        while file.write_all(&[1; 4096]).is_ok() {}
    }

    fn empty(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let path: &Path = self.folder.path();
        // Its files may still be open.
        let _ = Command::new("umount").arg("--lazy").arg(path).status();
    }
}
