//! Jobs that compute for long, and jobs that lose their repository: whoever else is there is not kept waiting, and
//! nothing is written twice.

use crate::database::{Database, on_both};
use crate::jobs::until;
use crate::process::{Scan, ScansOnly};
use driftguard::model::{
    DeliveryId, InstallationId, RepositoryId, RepositoryInfo, RepositoryName, Sender, WebhookEvent,
    WebhookPayload,
};
use driftguard::queue::RunContext;
use driftguard::queue::inbox::Inbox;
use driftguard::queue::job::{JobError, ScanJob};
use driftguard::queue::worker::{Worker, WorkerConfig};
use driftguard::store::Lease;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

on_both!(
    slots_that_all_compute_keep_neither_deliveries_nor_leases_waiting,
    a_worker_that_stops_ends_what_its_jobs_compute,
    a_scan_whose_repository_was_taken_over_writes_nothing_more,
    a_lease_outlives_a_database_that_is_briefly_away,
    a_lease_that_cannot_be_renewed_ends_the_scan_before_it_runs_out,
);

/// More than one installation's share: two take them all.
const SLOTS: usize = 4;
const LEASE: Duration = Duration::from_secs(4);

/// Whose repository it is: every other one is the second installation's.
fn owner(repository: u64) -> InstallationId {
    InstallationId(1 + repository % 2)
}

/// Scans that compute without a pause until they are interrupted, or that write all the time.
#[derive(Clone, Default)]
struct Scans(Arc<Counts>);

#[derive(Default)]
struct Counts {
    /// Whether a scan computes; else it writes.
    computes: bool,
    started: AtomicUsize,
    ended: AtomicUsize,
    written: AtomicUsize,
    refused: AtomicUsize,
}

impl Scans {
    fn computing() -> Self {
        Self(Arc::new(Counts {
            computes: true,
            ..Counts::default()
        }))
    }

    fn started(&self) -> usize {
        self.0.started.load(Ordering::SeqCst)
    }

    fn ended(&self) -> usize {
        self.0.ended.load(Ordering::SeqCst)
    }

    fn written(&self) -> usize {
        self.0.written.load(Ordering::SeqCst)
    }

    fn refused(&self) -> usize {
        self.0.refused.load(Ordering::SeqCst)
    }
}

/// Counts a scan that ends, however it does.
struct Ends<'a>(&'a AtomicUsize);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Scan for Scans {
    async fn scan(&self, _: ScanJob, run: &RunContext) -> Result<(), JobError> {
        let counts = &self.0;
        counts.started.fetch_add(1, Ordering::SeqCst);
        let _ends = Ends(&counts.ended);
        if counts.computes {
            let mut sum = 0_u64;
            while !run.interrupt().is_raised() {
                sum = std::hint::black_box(sum.wrapping_add(1));
            }
        }
        while !counts.computes && !run.interrupt().is_raised() {
            match run.may_write().await {
                true => counts.written.fetch_add(1, Ordering::SeqCst),
                false => counts.refused.fetch_add(1, Ordering::SeqCst),
            };
            // Without a pause, as work that computes between its writes has none.
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// A worker at work.
struct Running {
    inbox: Inbox,
    name: String,
    task: JoinHandle<anyhow::Result<()>>,
    stop: tokio::sync::oneshot::Sender<()>,
}

impl Running {
    fn start(inbox: Inbox, scans: &Scans) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("leases-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let pace = WorkerConfig {
            slots: SLOTS,
            poll: Duration::from_millis(20),
            lease: LEASE,
            pause: Duration::from_secs(1),
            shutdown_timeout: Duration::from_millis(200),
            ..WorkerConfig::default()
        };
        let worker = Worker::new(inbox.clone(), ScansOnly(scans.clone()), pace, name.clone());
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(worker.run(async {
            let _ = stopped.await;
        }));
        Self {
            inbox,
            name,
            task,
            stop,
        }
    }

    /// As SIGTERM would.
    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }

    async fn push(&self, repository: u64) {
        let payload = WebhookPayload {
            installation: owner(repository),
            account: format!("account-{}", owner(repository)),
            repository: Some(RepositoryInfo {
                id: RepositoryId(repository),
                name: RepositoryName::new(&format!(
                    "account-{}/shop-{repository}",
                    owner(repository)
                ))
                .unwrap(),
                default_branch: Some("main".to_owned()),
                private: true,
            }),
            sender: Sender::default(),
            event: WebhookEvent::Push {
                reference: "refs/heads/main".to_owned(),
                commit: "c1".to_owned(),
                deleted: false,
            },
        };
        let id = DeliveryId(format!("d-{repository}"));
        assert!(self.inbox.receive(id, payload).await.unwrap());
    }

    /// Takes a repository away from whoever holds it, as another process whose worker thinks that it is gone.
    async fn take_over(&self, repository: u64) -> Lease {
        let lease = Lease {
            subject: repository.to_string(),
            holder: "another".to_owned(),
        };
        self.inbox.store.end_leases(&self.name).await.unwrap();
        let tenant = self.inbox.store.of(owner(repository));
        assert!(tenant.take_lease(&lease, LEASE * 10).await.unwrap());
        lease
    }
}

async fn slots_that_all_compute_keep_neither_deliveries_nor_leases_waiting(database: Database) {
    let scans = Scans::computing();
    let worker = Running::start(database.inbox().await, &scans);
    for repository in 0..SLOTS as u64 {
        worker.push(repository).await;
    }
    until("all slots compute", async || scans.started() == SLOTS).await;
    // Well over the time of a lease: each is renewed, and nobody else gets a repository.
    let other = database.inbox().await;
    let mut slowest = Duration::ZERO;
    let end = Instant::now() + LEASE * 3 / 2;
    for number in 100_u64.. {
        if Instant::now() > end {
            break;
        }
        let sent = Instant::now();
        worker.push(number).await;
        slowest = slowest.max(sent.elapsed());
        let taken = number % SLOTS as u64;
        let thief = Lease {
            subject: taken.to_string(),
            holder: "thief".to_owned(),
        };
        let tenant = other.store.of(owner(taken));
        assert!(!tenant.take_lease(&thief, LEASE).await.unwrap(), "held");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(
        slowest < Duration::from_secs(5),
        "a delivery took {slowest:?}"
    );
    assert_eq!((scans.started(), scans.ended()), (SLOTS, 0));
    worker.stop().await;
}

async fn a_worker_that_stops_ends_what_its_jobs_compute(database: Database) {
    let scans = Scans::computing();
    let worker = Running::start(database.inbox().await, &scans);
    for repository in 0..SLOTS as u64 {
        worker.push(repository).await;
    }
    until("all slots compute", async || scans.started() == SLOTS).await;
    let told = Instant::now();
    worker.stop().await;
    assert!(told.elapsed() < Duration::from_secs(15), "it stops at once");
    assert_eq!(scans.ended(), SLOTS, "none computes on");
    let standing = database.inbox().await.counts().await.unwrap();
    assert_eq!((standing.waiting, standing.running), (SLOTS as u64, 0));
}

async fn a_scan_whose_repository_was_taken_over_writes_nothing_more(database: Database) {
    let scans = Scans::default();
    let worker = Running::start(database.inbox().await, &scans);
    worker.push(7).await;
    until("it writes", async || scans.written() > 3).await;
    let lease = worker.take_over(7).await;
    // What was asked before the lease changed hands may have been answered.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let written = scans.written();
    until("it is stopped", async || scans.ended() == 1).await;
    assert_eq!(scans.written(), written, "it writes no more");
    assert!(scans.refused() > 0, "it was refused before it was stopped");

    // Even one that was given back meanwhile is lost. The scan comes again, in its turn, and that is no failed try.
    let tenant = worker.inbox.store.of(owner(7));
    tenant.end_lease(&lease).await.unwrap();
    until("it comes again", async || scans.started() == 2).await;
    assert_eq!(worker.inbox.metrics.retried.get(), 0);
    worker.stop().await;
}

/// A database that takes no writes to its leases until this is dropped.
enum Closed {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Closed {
    async fn close(database: &Database) -> Self {
        let url = &database.url;
        if url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            connection
                .execute("pragma busy_timeout = 10000")
                .await
                .unwrap();
            connection.execute("begin immediate").await.unwrap();
            return Self::Sqlite(connection);
        }
        let mut connection = PgConnection::connect(url).await.unwrap();
        connection.execute("begin").await.unwrap();
        let lock = "lock table leases in access exclusive mode";
        connection.execute(lock).await.unwrap();
        Self::Postgres(connection)
    }

    async fn open(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(connection) => connection.close().await.unwrap(),
        }
    }
}

async fn a_lease_outlives_a_database_that_is_briefly_away(database: Database) {
    let scans = Scans::default();
    let worker = Running::start(database.inbox().await, &scans);
    worker.push(7).await;
    until("it writes", async || scans.written() > 3).await;
    let closed = Closed::close(&database).await;
    tokio::time::sleep(LEASE / 3).await;
    closed.open().await;
    let written = scans.written();
    until("it writes on", async || scans.written() > written + 100).await;
    assert_eq!((scans.started(), scans.refused()), (1, 0));
    worker.stop().await;
}

async fn a_lease_that_cannot_be_renewed_ends_the_scan_before_it_runs_out(database: Database) {
    let scans = Scans::default();
    let worker = Running::start(database.inbox().await, &scans);
    worker.push(7).await;
    until("it writes", async || scans.written() > 3).await;
    let closed = Closed::close(&database).await;
    let away = Instant::now();
    until("it is stopped", async || scans.ended() == 1).await;
    assert!(away.elapsed() < LEASE * 2, "{:?}", away.elapsed());
    let written = scans.written();
    closed.open().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(scans.written(), written);
    worker.stop().await;
}
