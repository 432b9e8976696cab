//! How jobs end where the database, GitHub or a lease does not play along, and what the operator makes of them.

use super::{ACME, Running, SHOP, Scans, push, receive, start, until};
use crate::database::{Database, on_both};
use crate::process::{Scan, ScansOnly};
use driftguard::github::GithubError;
use driftguard::model::DeliveryId;
use driftguard::queue::RunContext;
use driftguard::queue::inbox::Inbox;
use driftguard::queue::job::{Job, JobError, QueuedJob, ScanJob, Trigger};
use driftguard::queue::storage::Queue;
use driftguard::queue::worker::Worker;
use driftguard::store::{ScanRequest, StoppedJob, StoppedState};
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use std::sync::atomic::Ordering;
use std::time::Duration;

on_both!(
    a_job_whose_end_is_not_kept_is_no_suspect,
    a_suspect_whose_turn_was_taken_over_is_ended,
    a_worker_that_stops_hands_back_what_it_can,
    what_was_held_back_for_a_discarded_job_is_taken_up,
    a_retried_job_that_stops_anew_at_once_is_kept,
    a_parked_delivery_that_is_done_at_last_leaves_nothing,
    what_github_does_not_answer_for_half_a_day_is_given_up,
);

async fn query(database: &Database, statement: &str) {
    let mut connection = AnyConnection::connect(&database.url).await.unwrap();
    let statement = AssertSqlSafe(statement.to_owned());
    sqlx::query(statement)
        .execute(&mut connection)
        .await
        .unwrap();
}

/// How often apalis handed out one job at most.
async fn most_attempts(inbox: &Inbox) -> i64 {
    let attempts = match &inbox.queue {
        Queue::Sqlite(pool) => {
            sqlx::query_scalar("select max(cast(attempts as integer)) from Jobs")
                .fetch_one(pool)
                .await
        }
        Queue::Postgres(pool) => {
            sqlx::query_scalar("select max(attempts)::bigint from apalis.jobs")
                .fetch_one(pool)
                .await
        }
    };
    attempts.unwrap()
}

async fn a_job_whose_end_is_not_kept_is_no_suspect(database: Database) {
    let (inbox, scans) = (database.inbox().await, Scans::default());
    query(&database, "alter table stopped_jobs rename to elsewhere").await;
    receive(&inbox, "d-1", push(SHOP, "c1")).await;
    let worker = start(&inbox, &scans);
    tokio::time::sleep(Duration::from_secs(2)).await;
    query(&database, "alter table elsewhere rename to stopped_jobs").await;
    until("the scan is made", async || scans.commits() == ["c1"]).await;
    until("its end is kept", async || {
        inbox.counts().await.unwrap().running == 0
    })
    .await;
    let attempts = most_attempts(&inbox).await;
    assert!(attempts <= 1, "{attempts}");
    worker.stop().await;
}

fn scan(key: &str) -> QueuedJob {
    let job = Job::Scan {
        installation: ACME,
        repository: SHOP,
        stack: None,
        trigger: Trigger::Push,
    };
    QueuedJob::new(job, key)
}

async fn ask(inbox: &Inbox) {
    let request = ScanRequest {
        repository: SHOP,
        stack: None,
        commit: Some("c1"),
        asked_at: 1,
    };
    let tenant = inbox.store.of(ACME);
    tenant.record_installation("acme", 1).await.unwrap();
    tenant
        .save_repository(&super::origin(SHOP), 1)
        .await
        .unwrap();
    tenant.request_scan(&request).await.unwrap();
}

async fn enqueue(inbox: &Inbox, ticket: &QueuedJob) {
    let pushed = inbox.queue.push(ticket, Duration::ZERO).await;
    assert!(pushed.unwrap());
}

async fn a_suspect_whose_turn_was_taken_over_is_ended(database: Database) {
    let inbox = database.inbox().await;
    let scans = Scans {
        takes: Duration::from_secs(600),
        ..Scans::default()
    };
    ask(&inbox).await;
    let suspect = QueuedJob {
        suspect: true,
        ..scan("suspect")
    };
    enqueue(&inbox, &suspect).await;
    let worker = start(&inbox, &scans);
    until("it runs", async || {
        scans.started.load(Ordering::SeqCst) == 1
    })
    .await;
    let taken = "update leases set holder = 'another' where subject = 'quarantine'";
    query(&database, taken).await;
    until("it is ended", async || inbox.metrics.limited.get() == 1).await;
    let deaths = inbox.store.of(ACME).lone_deaths("suspect").await.unwrap();
    assert_eq!(deaths, 0);
    worker.kill().await;
}

async fn a_worker_that_stops_hands_back_what_it_can(database: Database) {
    let inbox = database.inbox().await;
    let scans = Scans {
        takes: Duration::from_secs(600),
        ..Scans::default()
    };
    ask(&inbox).await;
    enqueue(&inbox, &scan("long")).await;
    let Running { task, stop } = start(&inbox, &scans);
    until("it runs", async || {
        scans.started.load(Ordering::SeqCst) == 1
    })
    .await;
    query(&database, "alter table deliveries rename to elsewhere").await;
    stop.send(()).unwrap();
    let end = task.await.unwrap();
    assert!(end.is_err(), "the deliveries were not given back");
    assert_eq!(inbox.store.working_processes().await.unwrap(), 0);
    assert_eq!(inbox.queue.counts().await.unwrap().running, 0);
}

async fn stop(inbox: &Inbox, ticket: &QueuedJob, deaths: u32) {
    let stopped = StoppedJob {
        id: ticket.key.clone(),
        installation: ACME,
        repository: ticket.job.repository(),
        ticket: serde_json::to_string(ticket).unwrap(),
        state: StoppedState::Parked,
        deaths,
        // PostgreSQL takes no such text.
        problem: "a\0b".to_owned(),
        stopped_at: 1,
    };
    inbox.store.of(ACME).stop_job(&stopped).await.unwrap();
    let kept = inbox.store.stopped_job(&ticket.key).await.unwrap().unwrap();
    assert_eq!(kept.problem, "a\u{fffd}b");
}

async fn what_was_held_back_for_a_discarded_job_is_taken_up(database: Database) {
    let inbox = database.inbox().await;
    stop(&inbox, &scan("culprit"), 2).await;
    stop(&inbox, &scan("held"), 0).await;
    inbox.discard("culprit").await.unwrap();
    assert_eq!(inbox.store.stopped_jobs(9).await.unwrap(), []);
    let jobs = inbox.jobs().await.unwrap();
    let waits = |id: &str| {
        jobs.iter()
            .any(|job| job.id == id && job.problem.is_empty())
    };
    assert!(waits("culprit") && waits("held"), "{jobs:?}");
}

/// A retried job may end before whoever retried it has removed what it was stopped as.
async fn a_retried_job_that_stops_anew_at_once_is_kept(database: Database) {
    let inbox = database.inbox().await;
    let (first, tenant) = (scan("culprit"), inbox.store.of(ACME));
    stop(&inbox, &first, 0).await;
    let read = inbox.store.stopped_job("culprit").await.unwrap().unwrap();
    let second = QueuedJob {
        series: first.series + 1,
        ..first
    };
    stop(&inbox, &second, 0).await;
    tenant.release_unchanged(&read).await.unwrap();
    let kept = inbox.store.stopped_job("culprit").await.unwrap().unwrap();
    assert_ne!(kept.ticket, read.ticket);
    tenant.release_unchanged(&kept).await.unwrap();
    assert_eq!(inbox.store.stopped_jobs(9).await.unwrap(), []);
}

async fn a_parked_delivery_that_is_done_at_last_leaves_nothing(database: Database) {
    let (inbox, scans) = (database.inbox().await, Scans::default());
    receive(&inbox, "d-1", push(SHOP, "c1")).await;
    let delivery = DeliveryId("d-1".to_owned());
    let tenant = inbox.store.of(ACME);
    tenant.fail_delivery(&delivery, "a\0b").await.unwrap();
    let job = Job::Delivery {
        installation: ACME,
        delivery,
    };
    let suspect = QueuedJob {
        suspect: true,
        ..QueuedJob::new(job, "d-1")
    };
    stop(&inbox, &suspect, 2).await;
    // GitHub's button, in place of `driftguard jobs retry`.
    assert!(!receive(&inbox, "d-1", push(SHOP, "c1")).await);
    let queued = inbox.queue.jobs(9).await.unwrap();
    assert!(queued[0].queued.suspect, "{queued:?}");
    let worker = start(&inbox, &scans);
    until("the scan is made", async || scans.commits() == ["c1"]).await;
    until("nothing is left of it", async || {
        inbox.store.stopped_jobs(9).await.unwrap().is_empty()
    })
    .await;
    worker.stop().await;
}

/// A repository whose archive GitHub cannot make.
struct Unanswered;

impl Scan for Unanswered {
    async fn scan(&self, _: ScanJob, _: &RunContext) -> Result<(), JobError> {
        let error = GithubError::Unavailable {
            what: "GET /repos/acme/shop/tarball/c1".to_owned(),
            problem: "502".to_owned(),
            away: false,
        };
        Err(error.into())
    }
}

async fn what_github_does_not_answer_for_half_a_day_is_given_up(database: Database) {
    let inbox = database.inbox().await;
    ask(&inbox).await;
    // The pauses of half a day are over.
    let tried = QueuedJob {
        unanswered: 147,
        ..scan("stuck")
    };
    enqueue(&inbox, &tried).await;
    let worker = Worker::new(
        inbox.clone(),
        ScansOnly(Unanswered),
        super::pace(),
        "unanswered",
    );
    let worker = tokio::spawn(worker.run(std::future::pending()));
    until("it is given up", async || inbox.metrics.failed.get() == 1).await;
    assert_eq!(inbox.metrics.outages.get(), 3);
    let stopped = inbox.store.stopped_jobs(9).await.unwrap();
    assert!(stopped[0].problem.contains("tarball"), "{stopped:?}");
    worker.abort();
}
