//! A job that kills its process is parked, and no other one is. The workers are processes of their own: this program,
//! started again for one test of it, with a scan that aborts.

use crate::database::Database;
use crate::process::{Scan, ScansOnly};
use driftguard::model::{
    DeliveryId, InstallationId, RepositoryId, RepositoryInfo, RepositoryName, Sender, WebhookEvent,
    WebhookPayload,
};
use driftguard::queue::RunContext;
use driftguard::queue::inbox::Inbox;
use driftguard::queue::job::{JobError, ScanJob};
use driftguard::queue::worker::{Worker, WorkerConfig};
use driftguard::store::StoppedState;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The repository whose scan takes the process down; also its installation's number.
const POISON: u64 = 66;
/// Repositories of three other tenants.
const NEIGHBOURS: [u64; 3] = [1, 2, 3];
/// Names the database to a worker's process, and the file that it writes to.
const DATABASE: &str = "DRIFTGUARD_TEST_PARKING_DATABASE";
const DIARY: &str = "DRIFTGUARD_TEST_PARKING_DIARY";
/// The test that is a worker's process.
const WORKER: &str = "parking::a_worker_in_a_process_of_its_own";

#[tokio::test]
async fn one_process_on_sqlite() {
    the_poison_is_parked_and_its_neighbours_are_scanned(Database::sqlite().await, 1).await;
}

#[tokio::test]
async fn one_process_on_postgres() {
    if let Some(database) = Database::postgres().await {
        the_poison_is_parked_and_its_neighbours_are_scanned(database, 1).await;
    }
}

#[tokio::test]
async fn three_processes_on_postgres() {
    if let Some(database) = Database::postgres().await {
        the_poison_is_parked_and_its_neighbours_are_scanned(database, 3).await;
    }
}

async fn the_poison_is_parked_and_its_neighbours_are_scanned(database: Database, processes: usize) {
    let mut story = Story::new(database).await;
    story.receive(POISON, "poison").await;
    for neighbour in NEIGHBOURS {
        story.receive(neighbour, "first").await;
    }
    story.start(processes);
    story
        .until("the poison is parked", async |story| {
            // There is always something that could run beside the suspect.
            let next = format!("more-{}", story.started.elapsed().as_millis());
            for neighbour in NEIGHBOURS {
                story.receive(neighbour, &next).await;
            }
            story.parked().await == 1
        })
        .await;
    // One death in company, which counts for nobody, and two alone.
    assert_eq!(story.deaths, 3, "{}", story.diary());
    story.assert_alone_but_for_the_first_time();
    story
        .until("the neighbours are scanned", async |story| {
            story.all_scanned(&NEIGHBOURS).await
        })
        .await;
    let stopped = story.inbox.store.stopped_jobs(10).await.unwrap();
    let [poison] = stopped.as_slice() else {
        panic!("more than the poison stopped: {stopped:?}");
    };
    assert_eq!(poison.installation, InstallationId(POISON));
    assert_eq!(
        (poison.state, poison.deaths),
        (StoppedState::Parked, 2),
        "{poison:?}"
    );

    // Another push reads the same code: it is held back, and takes nothing down.
    story.receive(POISON, "another").await;
    story
        .until("it is held back", async |story| story.parked().await == 2)
        .await;
    assert_eq!(story.deaths, 3);
    story.the_operator_decides(&poison.id).await;
}

struct Story {
    inbox: Inbox,
    database: Database,
    folder: TempDir,
    started: Instant,
    workers: Vec<Child>,
    deaths: usize,
}

impl Story {
    async fn new(database: Database) -> Self {
        Self {
            inbox: database.inbox().await,
            database,
            folder: TempDir::new().unwrap(),
            started: Instant::now(),
            workers: Vec::new(),
            deaths: 0,
        }
    }

    /// A push to a repository of the installation with the same number.
    async fn receive(&self, number: u64, what: &str) {
        let payload = WebhookPayload {
            installation: InstallationId(number),
            account: format!("owner-{number}"),
            repository: Some(RepositoryInfo {
                id: RepositoryId(number),
                name: RepositoryName::new(&format!("owner-{number}/shop")).unwrap(),
                default_branch: Some("main".to_owned()),
                private: true,
            }),
            sender: Sender::default(),
            event: WebhookEvent::Push {
                reference: "refs/heads/main".to_owned(),
                commit: what.to_owned(),
                deleted: false,
            },
        };
        let id = DeliveryId(format!("{what}-{number}"));
        self.inbox.receive(id, payload).await.unwrap();
    }

    fn start(&mut self, processes: usize) {
        for _ in 0..processes {
            self.workers.push(self.worker());
        }
    }

    fn worker(&self) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", WORKER])
            .env(DATABASE, &self.database.url)
            .env(DIARY, self.diary_file())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// Waits until something is so. Meanwhile a process that dies is started again, as a service manager does.
    async fn until(&mut self, what: &str, mut holds: impl AsyncFnMut(&Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(120);
        while !holds(self).await {
            assert!(
                Instant::now() < end,
                "not in time: {what}\n{}",
                self.diary()
            );
            for at in 0..self.workers.len() {
                if self.workers[at].try_wait().unwrap().is_some() {
                    self.deaths += 1;
                    self.workers[at] = self.worker();
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn parked(&self) -> u64 {
        let store = &self.inbox.store;
        store
            .count_stopped_jobs(StoppedState::Parked)
            .await
            .unwrap()
    }

    /// Whether no scan of these repositories waits.
    async fn all_scanned(&self, numbers: &[u64]) -> bool {
        for number in numbers {
            let tenant = self.inbox.store.of(InstallationId(*number));
            let waiting = tenant.waiting_scan(RepositoryId(*number), None).await;
            if waiting.unwrap().is_some() {
                return false;
            }
        }
        true
    }

    fn diary_file(&self) -> PathBuf {
        self.folder.path().join("diary")
    }

    fn diary(&self) -> String {
        std::fs::read_to_string(self.diary_file()).unwrap_or_default()
    }

    fn assert_alone_but_for_the_first_time(&self) {
        let diary = self.diary();
        assert!(diary.lines().skip(1).all(|line| line == "alone"), "{diary}");
    }

    /// `driftguard jobs`, as people run it.
    async fn jobs(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_driftguard"))
            .arg("jobs")
            .args(arguments)
            .env_clear()
            .env("DATABASE_URL", &self.database.url)
            .output()
            .await
            .unwrap()
    }

    async fn the_operator_decides(&mut self, poison: &str) {
        let listed = self.jobs(&["list"]).await;
        assert_eq!(listed.status.code(), Some(0));
        let listed = String::from_utf8(listed.stdout).unwrap();
        let mut lines = listed.lines().map(|line| line.split('\t'));
        let head: Vec<_> = lines.next().unwrap().collect();
        let columns =
            "id state work installation repository since deaths problem".split_whitespace();
        assert!(columns.eq(head), "{listed}");
        let first: Vec<_> = lines.next().unwrap().collect();
        assert_eq!(first[..5], [poison, "parked", "scan", "66", "66"]);
        assert_eq!(first[6], "2");
        let second: Vec<_> = lines.next().unwrap().collect();
        assert_eq!(second[1..5], ["parked", "scan", "66", "66"]);
        assert_eq!(
            second[6..],
            ["0", &format!("waits for {poison}, which is parked")]
        );

        // Tried again it runs alone at once, and is parked after two more deaths.
        let before = self.deaths;
        assert_eq!(self.jobs(&["retry", poison]).await.status.code(), Some(0));
        self.until("it is parked again", async |story| {
            story.parked().await == 2
        })
        .await;
        assert_eq!(self.deaths - before, 2, "{}", self.diary());
        self.assert_alone_but_for_the_first_time();

        let held = second[0];
        // In this order: what is held back for a job runs once that is discarded.
        for id in [held, poison] {
            assert_eq!(self.jobs(&["discard", id]).await.status.code(), Some(0));
        }
        self.until("nothing of it waits", async |story| {
            let standing = story.inbox.counts().await.unwrap();
            standing.waiting + standing.running == 0 && story.all_scanned(&[POISON]).await
        })
        .await;
        let tenant = self.inbox.store.of(InstallationId(POISON));
        let end = tenant.last_scan(RepositoryId(POISON), "").await.unwrap();
        let discarded = serde_json::json!({"error": "the operator discarded it"});
        assert_eq!(end.map(|scan| scan.outcome), Some(discarded));

        let unknown = self.jobs(&["retry", poison]).await;
        assert_eq!(unknown.status.code(), Some(1));
        let reason = String::from_utf8(unknown.stderr).unwrap();
        assert!(
            reason.contains("`driftguard jobs list` shows the ids"),
            "{reason}"
        );
        assert_eq!(self.jobs(&["park", poison]).await.status.code(), Some(64));
    }
}

/// Takes jobs until it is killed, where it is started as a worker's process; nothing in a run of all tests.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_in_a_process_of_its_own() {
    let (Ok(url), Some(diary)) = (std::env::var(DATABASE), std::env::var_os(DIARY)) else {
        return;
    };
    let pace = WorkerConfig {
        poll: Duration::from_millis(20),
        heartbeat: Duration::from_secs(1),
        missed: 2,
        lease: Duration::from_secs(2),
        ..WorkerConfig::default()
    };
    let scans = Poisoned {
        diary: diary.into(),
        others: AtomicUsize::new(0),
    };
    let name = format!("{}-{}", std::process::id(), driftguard::queue::now());
    let inbox = Inbox::connect(&url).await.unwrap();
    let worker = Worker::new(inbox, ScansOnly(scans), pace, name);
    worker.run(std::future::pending()).await.unwrap();
}

/// Scans, one repository's of which takes the process down.
struct Poisoned {
    diary: PathBuf,
    others: AtomicUsize,
}

/// Counts a scan while it runs: one that lost its lease is dropped half way.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn count(others: &'a AtomicUsize) -> Self {
        others.fetch_add(1, Ordering::SeqCst);
        Self(others)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Scan for Poisoned {
    async fn scan(&self, order: ScanJob, _: &RunContext) -> Result<(), JobError> {
        if order.repository != RepositoryId(POISON) {
            let _running = Running::count(&self.others);
            tokio::time::sleep(Duration::from_millis(700)).await;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        let company = match self.others.load(Ordering::SeqCst) {
            0 => "alone",
            _ => "in company",
        };
        let mut diary = std::fs::read_to_string(&self.diary).unwrap_or_default();
        diary.push_str(company);
        diary.push('\n');
        std::fs::write(&self.diary, diary).unwrap();
        std::process::abort();
    }
}
