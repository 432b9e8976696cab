//! Jobs: what becomes of a delivery, whoever dies on the way.

mod claims;
mod ends;
mod late;

use crate::database::{Database, on_both};
use crate::process::{Scan, ScansOnly};
use driftguard::model::{
    DeliveryId, InstallationAction, InstallationId, Proposal, ProposalState, PullRequestAction,
    RepositoryAction, RepositoryId, RepositoryInfo, RepositoryName, Sender, WebhookEvent,
    WebhookPayload,
};
use driftguard::queue::inbox::Inbox;
use driftguard::queue::job::{Job, JobError, QueuedJob, RepositoryTask, ScanJob, TaskJob, Trigger};
use driftguard::queue::operator::{JobState, OperatorError};
use driftguard::queue::worker::{Worker, WorkerConfig};
use driftguard::queue::{RunContext, now};
use driftguard::store::{Delivery, Lease, ScanRequest};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const ACME: InstallationId = InstallationId(1);
const SHOP: RepositoryId = RepositoryId(10);

on_both!(
    a_push_becomes_a_scan,
    deliveries_that_arrive_together_are_recorded_each,
    a_delivery_that_is_no_job_yet_is_listed_and_can_be_discarded,
    one_tenants_many_jobs_do_not_hold_up_another,
    a_delivery_that_fails_in_a_batch_fails_alone,
    a_delivery_that_was_committed_and_not_enqueued_is_swept_up,
    the_same_delivery_twice_has_one_effect,
    pushes_that_wait_become_one_scan_of_the_newest_commit,
    scans_of_one_repository_do_not_overlap,
    several_workers_do_each_job_once,
    a_killed_workers_scan_is_made_by_another,
    a_worker_that_stops_hands_its_jobs_back,
    a_suspect_that_is_handed_back_counts_no_death,
    a_failing_scan_is_tried_again_and_given_up_aloud,
    a_scan_that_panics_is_tried_again,
    a_suspended_installation_is_left_alone,
    the_store_follows_what_happens_to_an_installation,
    a_delivery_about_a_pull_request_decides_nothing_by_itself,
);

/// Why scans fail. It quotes what another program said.
const AWAY: &str = "AWS is away: https://deploy:hunter2-hunter2@proxy.example.com";

/// What scans do in a story, and what they did.
#[derive(Clone, Default)]
struct Scans {
    made: Arc<Mutex<Vec<ScanJob>>>,
    started: Arc<AtomicUsize>,
    busy: Arc<Mutex<BTreeMap<RepositoryId, usize>>>,
    overlaps: Arc<AtomicUsize>,
    tasks: Arc<Mutex<Vec<TaskJob>>>,
    /// How long each takes.
    takes: Duration,
    /// How many fail first.
    failing: usize,
    /// How many panic first.
    panicking: usize,
}

impl Scan for Scans {
    async fn scan(&self, order: ScanJob, _: &RunContext) -> Result<(), JobError> {
        let before = self.started.fetch_add(1, Ordering::SeqCst);
        assert!(
            before >= self.panicking,
            "a scan panics, as the story wants"
        );
        if before < self.failing {
            return Err(JobError::Retry(anyhow::anyhow!("{AWAY}")));
        }
        let repository = order.repository;
        let busy = |by: isize| {
            let mut busy = self.busy.lock().unwrap();
            let count = busy.entry(repository).or_default();
            *count = count.strict_add_signed(by);
            *count
        };
        if busy(1) > 1 {
            self.overlaps.fetch_add(1, Ordering::SeqCst);
        }
        tokio::time::sleep(self.takes).await;
        busy(-1);
        self.made.lock().unwrap().push(order);
        Ok(())
    }

    fn see(&self, order: TaskJob) {
        self.tasks.lock().unwrap().push(order);
    }
}

impl Scans {
    fn made(&self) -> Vec<ScanJob> {
        self.made.lock().unwrap().clone()
    }

    fn tasks(&self) -> Vec<TaskJob> {
        self.tasks.lock().unwrap().clone()
    }

    fn commits(&self) -> Vec<String> {
        self.made()
            .into_iter()
            .filter_map(|order| order.commit)
            .collect()
    }
}

fn pace() -> WorkerConfig {
    WorkerConfig {
        slots: 4,
        poll: Duration::from_millis(20),
        heartbeat: Duration::from_secs(1),
        missed: 2,
        lease: Duration::from_secs(2),
        pause: Duration::ZERO,
        tries: 3,
        sweep: Duration::from_millis(100),
        retention: Duration::from_secs(24 * 60 * 60),
        redelivery_interval: Duration::from_millis(100),
        shutdown_timeout: Duration::from_millis(200),
    }
}

/// A worker at work, until it is killed or stopped.
struct Running {
    task: JoinHandle<anyhow::Result<()>>,
    stop: tokio::sync::oneshot::Sender<()>,
}

impl Running {
    /// As SIGTERM would.
    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }

    /// As SIGKILL would: nothing is handed back.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

fn start(inbox: &Inbox, scans: &Scans) -> Running {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("worker-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    start_as(inbox, scans, &name)
}

fn start_as(inbox: &Inbox, scans: &Scans, name: &str) -> Running {
    let worker = Worker::new(inbox.clone(), ScansOnly(scans.clone()), pace(), name);
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let task = tokio::spawn(worker.run(async {
        let _ = stopped.await;
    }));
    Running { task, stop }
}

/// Waits until something is so; fails where it takes too long.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "not in time: {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the queue is empty and nothing runs.
async fn idle(inbox: &Inbox) {
    until("the queue is worked off", async || {
        let standing = inbox.counts().await.unwrap();
        standing.waiting + standing.running == 0
    })
    .await;
}

fn origin(repository: RepositoryId) -> RepositoryInfo {
    RepositoryInfo {
        id: repository,
        name: RepositoryName::new(&format!("acme/shop-{repository}")).unwrap(),
        default_branch: Some("main".to_owned()),
        private: true,
    }
}

fn told(repository: Option<RepositoryId>, event: WebhookEvent) -> WebhookPayload {
    WebhookPayload {
        installation: ACME,
        account: "acme".to_owned(),
        repository: repository.map(origin),
        sender: Sender::default(),
        event,
    }
}

fn push(repository: RepositoryId, commit: &str) -> WebhookPayload {
    let event = WebhookEvent::Push {
        reference: "refs/heads/main".to_owned(),
        commit: commit.to_owned(),
        deleted: false,
    };
    told(Some(repository), event)
}

async fn receive(inbox: &Inbox, id: &str, payload: WebhookPayload) -> bool {
    inbox
        .receive(DeliveryId(id.to_owned()), payload)
        .await
        .unwrap()
}

async fn a_push_becomes_a_scan(database: Database) {
    let (inbox, scans) = (database.inbox().await, Scans::default());
    let worker = start(&inbox, &scans);
    assert!(receive(&inbox, "d-1", push(SHOP, "c1")).await);
    until("the scan is made", async || !scans.made().is_empty()).await;
    idle(&inbox).await;
    let expected = ScanJob {
        installation: ACME,
        repository: SHOP,
        stack: None,
        commit: Some("c1".to_owned()),
        trigger: Trigger::Push,
    };
    assert_eq!(scans.made(), [expected]);
    let waiting = inbox.store.waiting_deliveries().await.unwrap();
    assert_eq!(waiting, (0, 0));
    worker.stop().await;
}

async fn a_delivery_that_was_committed_and_not_enqueued_is_swept_up(database: Database) {
    let (inbox, scans) = (database.inbox().await, Scans::default());
    let delivery = Delivery {
        id: DeliveryId("d-1".to_owned()),
        payload: push(SHOP, "c1"),
        received_at: driftguard::queue::now() - 60_000,
    };
    inbox.store.record_delivery(&delivery).await.unwrap();
    let worker = start(&inbox, &scans);
    until("the scan is made", async || !scans.made().is_empty()).await;
    idle(&inbox).await;
    tokio::time::sleep(pace().sweep * 3).await;
    assert_eq!(scans.commits(), ["c1"], "swept up once");
    worker.stop().await;
}

async fn deliveries_that_arrive_together_are_recorded_each(database: Database) {
    let inbox = database.inbox().await;
    let ids = (0..200).map(|number| format!("d-{}", number % 100));
    // PostgreSQL takes no such text; whoever arrives with it is not to suffer.
    let ids = ids.chain(["d-\0".to_owned()]);
    let received = ids.map(|id| {
        let inbox = inbox.clone();
        async move {
            let received = inbox
                .receive(DeliveryId(id.clone()), push(SHOP, "c1"))
                .await;
            (id, received)
        }
    });
    let received = futures::future::join_all(received).await;
    let good = || received.iter().filter(|(id, _)| id != "d-\0");
    let new = good().filter(|(_, received)| *received.as_ref().unwrap());
    assert_eq!(new.count(), 100, "each of them once");
    assert_eq!(inbox.store.waiting_deliveries().await.unwrap().1, 0);
    assert!(inbox.store.waiting_deliveries().await.unwrap().0 >= 100);
}

async fn a_delivery_that_is_no_job_yet_is_listed_and_can_be_discarded(database: Database) {
    let inbox = database.inbox().await;
    let before = now();
    assert!(receive(&inbox, "d-1", push(SHOP, "c1")).await);
    let jobs = inbox.jobs().await.unwrap();
    let [job] = jobs.as_slice() else {
        panic!("{jobs:?}");
    };
    assert_eq!(
        (job.id.as_str(), job.work.as_str(), job.state),
        ("d-1", "delivery (push)", JobState::Waiting)
    );
    assert_eq!((job.installation, job.repository), (ACME, Some(SHOP)));
    assert!((before..=now()).contains(&job.since), "{job:?}");

    let waits = inbox.retry("d-1").await;
    assert!(
        matches!(waits, Err(OperatorError::NotStopped(_))),
        "{waits:?}"
    );
    inbox.discard("d-1").await.unwrap();
    assert_eq!(inbox.jobs().await.unwrap(), []);
    let again = inbox.discard("d-1").await;
    assert!(matches!(again, Err(OperatorError::Unknown(_))), "{again:?}");
    let tenant = inbox.store.of(ACME);
    let id = DeliveryId("d-1".to_owned());
    let problem = tenant.delivery_problem(&id).await.unwrap();
    assert_eq!(problem.as_deref(), Some("the operator discarded it"));
}

async fn one_tenants_many_jobs_do_not_hold_up_another(database: Database) {
    let scans = Scans {
        takes: Duration::from_millis(20),
        ..Scans::default()
    };
    let inbox = database.inbox().await;
    for number in 0..300 {
        let id = format!("d-{number}");
        receive(&inbox, &id, push(RepositoryId(1000 + number), "many")).await;
    }
    let worker = start(&inbox, &scans);
    until("some are scanned", async || scans.made().len() > 10).await;
    let mut other = push(SHOP, "other");
    other.installation = InstallationId(2);
    let before = scans.made().len();
    receive(&inbox, "other", other).await;
    let place = async || {
        let made = scans.commits();
        made.iter().position(|commit| commit == "other")
    };
    until("the other is scanned", async || place().await.is_some()).await;
    let between = place().await.unwrap() - before;
    assert!(between < 100, "{between} scans of one tenant came before");
    worker.stop().await;
}

async fn a_delivery_that_fails_in_a_batch_fails_alone(database: Database) {
    let (inbox, scans) = (database.inbox().await, Scans::default());
    // What is written of a push is its commit: PostgreSQL takes no such text, SQLite takes any.
    let fails = !database.url.starts_with("sqlite:");
    receive(&inbox, "bad", push(RepositoryId(66), "c\0")).await;
    for number in 0..20 {
        let payload = push(RepositoryId(number), &format!("c{number:02}"));
        receive(&inbox, &format!("d-{number}"), payload).await;
    }
    let worker = start(&inbox, &scans);
    idle(&inbox).await;
    let good = scans
        .commits()
        .into_iter()
        .filter(|commit| !commit.contains('\0'));
    assert_eq!(good.count(), 20);
    let bad = DeliveryId("bad".to_owned());
    let problem = inbox.store.of(ACME).delivery_problem(&bad).await.unwrap();
    let jobs = inbox.jobs().await.unwrap();
    assert_eq!(problem.is_some(), fails, "{problem:?}");
    assert_eq!(jobs.len(), usize::from(fails), "{jobs:?}");
    worker.stop().await;
}

async fn the_same_delivery_twice_has_one_effect(database: Database) {
    let (inbox, scans) = (database.inbox().await, Scans::default());
    let worker = start(&inbox, &scans);
    assert!(receive(&inbox, "d-1", push(SHOP, "c1")).await);
    assert!(!receive(&inbox, "d-1", push(SHOP, "c1")).await);
    until("the scan is made", async || !scans.made().is_empty()).await;
    assert!(!receive(&inbox, "d-1", push(SHOP, "c1")).await);
    idle(&inbox).await;
    assert_eq!(scans.commits(), ["c1"]);
    worker.stop().await;
}

async fn pushes_that_wait_become_one_scan_of_the_newest_commit(database: Database) {
    let (inbox, scans) = (
        database.inbox().await,
        Scans {
            takes: Duration::from_millis(1500),
            ..Scans::default()
        },
    );
    let worker = start(&inbox, &scans);
    receive(&inbox, "d-1", push(SHOP, "c1")).await;
    until("the first scan runs", async || {
        scans.started.load(Ordering::SeqCst) == 1
    })
    .await;
    for (id, commit) in [("d-2", "c2"), ("d-3", "c3"), ("d-4", "c4")] {
        receive(&inbox, id, push(SHOP, commit)).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    until("the second scan is made", async || scans.made().len() == 2).await;
    idle(&inbox).await;
    assert_eq!(scans.commits(), ["c1", "c4"]);
    worker.stop().await;
}

async fn scans_of_one_repository_do_not_overlap(database: Database) {
    let before = database.inbox().await;
    before
        .store
        .of(ACME)
        .record_installation("acme", 1)
        .await
        .unwrap();
    before
        .store
        .of(ACME)
        .save_repository(&origin(SHOP), 1)
        .await
        .unwrap();
    let scans = Scans {
        takes: Duration::from_millis(300),
        ..Scans::default()
    };
    let inbox = database.inbox().await;
    let tenant = inbox.store.of(ACME);
    for stack in [None, Some("production"), Some("staging")] {
        let request = ScanRequest {
            repository: SHOP,
            stack,
            commit: None,
            asked_at: 1,
        };
        tenant.request_scan(&request).await.unwrap();
        let job = Job::Scan {
            installation: ACME,
            repository: SHOP,
            stack: stack.map(str::to_owned),
            trigger: Trigger::Schedule,
        };
        let ticket = QueuedJob::new(job, format!("{}@1", stack.unwrap_or("all")));
        assert!(inbox.queue.push(&ticket, Duration::ZERO).await.unwrap());
        assert!(
            !inbox.queue.push(&ticket, Duration::ZERO).await.unwrap(),
            "known already"
        );
    }
    let other = database.inbox().await;
    let workers = [start(&inbox, &scans), start(&other, &scans)];
    until("all three are made", async || scans.made().len() == 3).await;
    assert_eq!(scans.overlaps.load(Ordering::SeqCst), 0);
    for worker in workers {
        worker.stop().await;
    }
}

async fn several_workers_do_each_job_once(database: Database) {
    let scans = Scans {
        takes: Duration::from_millis(20),
        ..Scans::default()
    };
    let inbox = database.inbox().await;
    let mut workers = Vec::new();
    for _ in 0..3 {
        workers.push(start(&database.inbox().await, &scans));
    }
    for number in 0..30 {
        let payload = push(RepositoryId(number), &format!("c{number:02}"));
        receive(&inbox, &format!("d-{number}"), payload).await;
    }
    until("all are made", async || scans.made().len() >= 30).await;
    idle(&inbox).await;
    let mut commits = scans.commits();
    commits.sort();
    let expected: Vec<_> = (0..30).map(|number| format!("c{number:02}")).collect();
    assert_eq!(commits, expected);
    assert_eq!(scans.started.load(Ordering::SeqCst), 30);
    for worker in workers {
        worker.stop().await;
    }
}

async fn a_killed_workers_scan_is_made_by_another(database: Database) {
    let inbox = database.inbox().await;
    let endless = Scans {
        takes: Duration::from_secs(3600),
        ..Scans::default()
    };
    let doomed = start(&database.inbox().await, &endless);
    receive(&inbox, "d-1", push(SHOP, "c1")).await;
    until("the scan runs", async || {
        endless.started.load(Ordering::SeqCst) == 1
    })
    .await;
    doomed.kill().await;

    let scans = Scans::default();
    let worker = start(&inbox, &scans);
    until("another worker makes it", async || !scans.made().is_empty()).await;
    idle(&inbox).await;
    assert_eq!(scans.commits(), ["c1"]);
    assert!(endless.made().is_empty());
    worker.stop().await;
}

async fn a_worker_that_stops_hands_its_jobs_back(database: Database) {
    let inbox = database.inbox().await;
    let endless = Scans {
        takes: Duration::from_secs(3600),
        ..Scans::default()
    };
    let leaving = start(&database.inbox().await, &endless);
    receive(&inbox, "d-1", push(SHOP, "c1")).await;
    until("the scan runs", async || {
        endless.started.load(Ordering::SeqCst) == 1
    })
    .await;
    let started = Instant::now();
    leaving.stop().await;
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "it does not wait for the scan"
    );
    let standing = inbox.counts().await.unwrap();
    assert_eq!((standing.waiting, standing.running), (1, 0));
    let lease = Lease {
        subject: SHOP.to_string(),
        holder: "another".to_owned(),
    };
    let tenant = inbox.store.of(ACME);
    assert!(
        tenant.take_lease(&lease, Duration::ZERO).await.unwrap(),
        "given back"
    );
    tenant.end_lease(&lease).await.unwrap();

    let scans = Scans::default();
    let worker = start(&inbox, &scans);
    until("another worker makes it", async || !scans.made().is_empty()).await;
    assert_eq!(scans.commits(), ["c1"]);
    worker.stop().await;
}

async fn a_suspect_that_is_handed_back_counts_no_death(database: Database) {
    let inbox = database.inbox().await;
    let endless = Scans {
        takes: Duration::from_secs(3600),
        ..Scans::default()
    };
    let started = |count| {
        let scans = endless.clone();
        until("the scan runs", async move || {
            scans.started.load(Ordering::SeqCst) == count
        })
    };
    let doomed = start(&database.inbox().await, &endless);
    receive(&inbox, "d-1", push(SHOP, "c1")).await;
    started(1).await;
    doomed.kill().await;

    let tenant = inbox.store.of(ACME);
    let job = format!("d-1@{SHOP}");
    let deaths = async || tenant.lone_deaths(&job).await.unwrap();
    assert_eq!(deaths().await, 0, "it was not known to be a suspect");
    let leaving = start(&inbox, &endless);
    started(2).await;
    assert_eq!(deaths().await, 1, "counted before it may happen");
    leaving.stop().await;
    assert_eq!(deaths().await, 0);
    let scans = Scans::default();
    let worker = start(&inbox, &scans);
    until("it is made", async || !scans.made().is_empty()).await;
    idle(&inbox).await;
    worker.stop().await;
}

async fn a_failing_scan_is_tried_again_and_given_up_aloud(database: Database) {
    let inbox = database.inbox().await;
    let scans = Scans {
        failing: 2,
        ..Scans::default()
    };
    let worker = start(&inbox, &scans);
    receive(&inbox, "d-1", push(SHOP, "c1")).await;
    until("the third try succeeds", async || !scans.made().is_empty()).await;
    idle(&inbox).await;
    worker.stop().await;

    let scans = Scans {
        failing: usize::MAX,
        ..Scans::default()
    };
    let worker = start(&inbox, &scans);
    receive(&inbox, "d-2", push(SHOP, "c2")).await;
    let tenant = inbox.store.of(ACME);
    let last = async || tenant.last_scan(SHOP, "").await.unwrap();
    until("it is given up", async || last().await.is_some()).await;
    idle(&inbox).await;
    let given_up = last().await.unwrap();
    assert_eq!(given_up.commit, "c2");
    let error = given_up.outcome["error"].as_str().unwrap();
    assert!(error.starts_with("AWS is away"), "{error}");
    // What is kept and told of it holds no credential.
    let listed = &inbox.jobs().await.unwrap()[0];
    assert!(listed.problem.starts_with("AWS is away"), "{listed:?}");
    let told = format!("{:?}", scans.tasks.lock().unwrap());
    assert!(told.contains("AWS is away"), "{told}");
    let all = format!("{error} {} {told}", listed.problem);
    assert!(!all.contains("hunter2"), "{all}");
    assert_eq!(scans.started.load(Ordering::SeqCst), pace().tries as usize);
    assert_eq!(tenant.waiting_scan(SHOP, None).await.unwrap(), None);
    assert_eq!(inbox.metrics.failed.get(), 1);
    worker.stop().await;
}

async fn a_scan_that_panics_is_tried_again(database: Database) {
    let inbox = database.inbox().await;
    let scans = Scans {
        panicking: 1,
        ..Scans::default()
    };
    let worker = start(&inbox, &scans);
    receive(&inbox, "d-1", push(SHOP, "c1")).await;
    until("the second try succeeds", async || !scans.made().is_empty()).await;
    assert_eq!(scans.commits(), ["c1"]);
    worker.stop().await;
}

/// Receives a delivery and sees it through.
async fn told_and_done(inbox: &Inbox, id: &str, payload: WebhookPayload) {
    receive(inbox, id, payload).await;
    idle(inbox).await;
}

fn installation(action: InstallationAction) -> WebhookPayload {
    let event = WebhookEvent::Installation {
        action,
        repositories: vec![origin(SHOP)],
    };
    told(None, event)
}

async fn a_suspended_installation_is_left_alone(database: Database) {
    let (inbox, scans) = (database.inbox().await, Scans::default());
    let worker = start(&inbox, &scans);
    told_and_done(&inbox, "d-1", installation(InstallationAction::Created)).await;
    told_and_done(&inbox, "d-2", installation(InstallationAction::Suspend)).await;
    told_and_done(&inbox, "d-3", push(SHOP, "c1")).await;
    told_and_done(&inbox, "d-4", installation(InstallationAction::Unsuspend)).await;
    told_and_done(&inbox, "d-5", push(SHOP, "c2")).await;
    assert_eq!(scans.commits(), ["c2"]);
    worker.stop().await;
}

async fn the_store_follows_what_happens_to_an_installation(database: Database) {
    let (inbox, scans) = (database.inbox().await, Scans::default());
    let worker = start(&inbox, &scans);
    let tenant = inbox.store.of(ACME);
    let names = async || -> Vec<String> {
        let repositories = tenant.repositories().await.unwrap();
        repositories
            .into_iter()
            .map(|found| found.name.to_string())
            .collect()
    };
    told_and_done(&inbox, "d-1", installation(InstallationAction::Created)).await;
    assert!(tenant.active().await.unwrap());
    let other = RepositoryId(11);
    let added = WebhookEvent::Repositories {
        added: vec![origin(other)],
        removed: vec![],
    };
    told_and_done(&inbox, "d-2", told(None, added)).await;
    assert_eq!(names().await, ["acme/shop-10", "acme/shop-11"]);

    let mut renamed = told(
        Some(SHOP),
        WebhookEvent::Repository {
            action: RepositoryAction::Other,
        },
    );
    renamed.repository.as_mut().unwrap().name = RepositoryName::new("acme/store").unwrap();
    told_and_done(&inbox, "d-3", renamed).await;
    let removed = WebhookEvent::Repositories {
        added: vec![],
        removed: vec![origin(other)],
    };
    told_and_done(&inbox, "d-4", told(None, removed)).await;
    assert_eq!(names().await, ["acme/store"]);

    told_and_done(&inbox, "d-5", installation(InstallationAction::Deleted)).await;
    assert!(!tenant.active().await.unwrap());
    assert!(names().await.is_empty());
    worker.stop().await;
}

async fn a_delivery_about_a_pull_request_decides_nothing_by_itself(database: Database) {
    let (inbox, scans) = (database.inbox().await, Scans::default());
    let worker = start(&inbox, &scans);
    let tenant = inbox.store.of(ACME);
    let open = Proposal {
        repository: SHOP,
        branch: "driftguard/production/restore".to_owned(),
        stack: "production".to_owned(),
        number: 7,
        state: ProposalState::Open,
        findings: vec!["f-1".to_owned()],
        opened_at: 1,
        changed_at: 1,
        recreate: false,
        closed_by: String::new(),
    };
    tenant.save_proposal(&open).await.unwrap();
    for (id, action, merged, by_bot, asks) in [
        ("d-1", PullRequestAction::Closed, false, true, true),
        ("d-2", PullRequestAction::Reopened, false, false, true),
        ("d-3", PullRequestAction::Closed, false, false, true),
        ("d-4", PullRequestAction::Closed, true, false, true),
        ("d-5", PullRequestAction::Other, true, false, false),
    ] {
        let event = WebhookEvent::PullRequest {
            action,
            number: 7,
            branch: open.branch.clone(),
            merged,
            ticked: Vec::new(),
        };
        let mut payload = told(Some(SHOP), event);
        payload.sender.bot = by_bot;
        let before = scans.tasks.lock().unwrap().len();
        told_and_done(&inbox, id, payload).await;
        let kept = tenant.proposal(SHOP, &open.branch).await.unwrap().unwrap();
        assert_eq!(kept, open, "{id}");
        assert_eq!(tenant.decisions(SHOP).await.unwrap(), [], "{id}");
        let tasks = scans.tasks.lock().unwrap()[before..].to_vec();
        let asked = |one: &TaskJob| matches!(one.task, RepositoryTask::Follow { pull: 7, .. });
        assert_eq!(
            tasks.iter().filter(|one| asked(one)).count(),
            usize::from(asks),
            "{id}"
        );
    }
    worker.stop().await;
}
