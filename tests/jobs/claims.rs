//! Which worker has a delivery, and who waits for one that takes long.

use super::{ACME, SHOP, Scans, idle, origin, push, receive, start, start_as, told, until};
use crate::database::{Database, on_both};
use driftguard::model::{
    DeliveryId, InstallationAction, InstallationId, RepositoryId, WebhookEvent, WebhookPayload,
};
use driftguard::queue::job::{Job, QueuedJob, Trigger};
use driftguard::queue::now;
use driftguard::settings::Schedule;
use driftguard::store::{Delivery, DeliveryClaim, Lease, ScanRequest};
use sqlx::{AnyConnection, Connection, Executor, PgConnection, SqliteConnection};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const MINUTE: i64 = 60_000;

on_both!(
    a_worker_keeps_what_it_has_taken,
    a_failed_delivery_that_came_again_is_worked_on_though_its_process_ended,
    an_installation_brings_many_repositories,
    what_was_claimed_while_the_clock_was_ahead_keeps_nobody_out,
    jobs_that_were_stored_while_the_clock_was_ahead_are_done,
    what_was_scheduled_while_the_clock_was_ahead_is_scanned_when_it_should,
);

/// The claim has run out, as after a database that was away for long: its worker lives, and takes nothing from itself.
async fn a_worker_keeps_what_it_has_taken(database: Database) {
    let (inbox, scans) = (database.inbox().await, Scans::default());
    receive(&inbox, "d-1", push(SHOP, "c1")).await;
    let claim = DeliveryClaim {
        worker: "the one".to_owned(),
        lasts: -1,
    };
    let mut last_turn = String::new();
    let taken = inbox.store.take_deliveries(&claim, 10, &mut last_turn);
    assert_eq!(taken.await.unwrap().len(), 1);
    let lapsed = async || inbox.store.lapsed_deliveries("another").await.unwrap();
    assert_eq!(lapsed().await.len(), 1);
    let worker = start_as(&inbox, &scans, "the one");
    until("the claim is renewed", async || lapsed().await.is_empty()).await;
    // Long enough to be adopted.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(inbox.store.waiting_deliveries().await.unwrap(), (0, 1));
    assert_eq!(inbox.queue.jobs(9).await.unwrap(), []);
    worker.stop().await;
    assert_eq!(inbox.store.waiting_deliveries().await.unwrap(), (1, 0));
}

/// Between the answer to GitHub and the job lies the end of the process.
async fn a_failed_delivery_that_came_again_is_worked_on_though_its_process_ended(
    database: Database,
) {
    let (inbox, scans) = (database.inbox().await, Scans::default());
    receive(&inbox, "d-1", push(SHOP, "c1")).await;
    inbox.discard("d-1").await.unwrap();
    let again = Delivery {
        id: DeliveryId("d-1".to_owned()),
        payload: push(SHOP, "c1"),
        received_at: now(),
    };
    let tenant = inbox.store.of(ACME);
    assert!(tenant.reopen_failed(&again).await.unwrap());
    let open = tenant.open_delivery(&again.id).await.unwrap();
    assert_eq!(open.as_ref(), Some(&again), "a job of it finds it at once");
    let worker = start(&inbox, &scans);
    until("the scan is made", async || !scans.made().is_empty()).await;
    idle(&inbox).await;
    assert_eq!(scans.commits(), ["c1"]);
    worker.stop().await;
}

/// The database's clock was a day ahead, and was set back; whoever had claimed something then is dead.
async fn what_was_claimed_while_the_clock_was_ahead_keeps_nobody_out(database: Database) {
    let inbox = database.inbox().await;
    let (store, minute) = (&inbox.store, Duration::from_secs(60));
    let of = |holder: &str| Lease {
        subject: SHOP.to_string(),
        holder: holder.to_owned(),
    };
    let (dead, living) = (of("dead"), of("living"));
    let tenant = store.of(ACME);
    let taken = async |lease: &Lease| tenant.take_lease(lease, minute).await.unwrap();
    let walks = async |holder| store.begin_delivery_walk(holder, minute).await.unwrap();
    let claim = DeliveryClaim {
        worker: "dead".to_owned(),
        lasts: 60_000,
    };
    receive(&inbox, "d-1", push(SHOP, "c1")).await;
    let mut last_turn = String::new();
    let batch = store.take_deliveries(&claim, 10, &mut last_turn);
    assert_eq!(batch.await.unwrap().len(), 1);
    let lapsed = async || store.lapsed_deliveries("living").await.unwrap().len();
    assert!(taken(&dead).await && walks("dead").await.is_some());
    assert!(!taken(&living).await && walks("living").await.is_none());
    assert_eq!(lapsed().await, 0);

    let mut connection = AnyConnection::connect(&database.url).await.unwrap();
    for statement in [
        "update leases set expires_at = expires_at + 86400000",
        "update delivery_walk set busy_until = busy_until + 86400000",
        "update deliveries set taken_until = taken_until + 86400000",
    ] {
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    assert!(taken(&living).await && walks("living").await.is_some());
    assert_eq!(lapsed().await, 1);
    assert!(!tenant.renew_lease(&dead, minute).await.unwrap());
}

fn installed(installation: u64, repositories: std::ops::Range<u64>) -> WebhookPayload {
    let event = WebhookEvent::Installation {
        action: InstallationAction::Created,
        repositories: repositories.map(RepositoryId).map(origin).collect(),
    };
    WebhookPayload {
        installation: InstallationId(installation),
        account: format!("owner-{installation}"),
        ..told(None, event)
    }
}

async fn an_installation_brings_many_repositories(database: Database) {
    let (inbox, scans) = (database.inbox().await, Scans::default());
    receive(&inbox, "many", installed(2, 1000..2000)).await;
    receive(&inbox, "d-1", push(SHOP, "c1")).await;
    let worker = start(&inbox, &scans);
    let made = async |installation| {
        let made = scans.made().into_iter();
        made.filter(|order| order.installation == installation)
            .count()
    };
    until("the other's scan is made", async || made(ACME).await == 1).await;
    until("some are scanned", async || {
        made(InstallationId(2)).await > 9
    })
    .await;
    let removed = WebhookEvent::Installation {
        action: InstallationAction::Deleted,
        repositories: Vec::new(),
    };
    let removed = WebhookPayload {
        event: removed,
        ..installed(2, 0..0)
    };
    let tenant = inbox.store.of(InstallationId(2));
    until("all are known", async || {
        tenant.repositories().await.unwrap().len() == 1000
    })
    .await;
    receive(&inbox, "removed", removed).await;
    until("it is removed", async || !tenant.exists().await.unwrap()).await;
    worker.stop().await;
}

/// Somebody else's transaction holds the first one's delivery up: a delivery beside it goes on. SQLite has one lock for all.
#[tokio::test]
async fn nobody_waits_for_what_changes_another_installation() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let (inbox, scans) = (database.inbox().await, Scans::default());
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    let mut held = other.begin().await.unwrap();
    held.execute("insert into installations (installation, account, suspended, seen_at) values ('2', '', 0, 0)")
        .await
        .unwrap();
    receive(&inbox, "held", installed(2, 20..22)).await;
    receive(&inbox, "d-1", push(SHOP, "c1")).await;
    let worker = start(&inbox, &scans);
    until("the other's scan is made", async || {
        scans.commits() == ["c1"]
    })
    .await;
    held.rollback().await.unwrap();
    until("all are scanned", async || scans.made().len() == 3).await;
    idle(&inbox).await;
    worker.stop().await;
}

/// Each try to write waits ten seconds for its turn: all senders fail after one, not one after the other.
#[tokio::test]
async fn a_locked_database_keeps_no_sender_for_long() {
    let database = Database::sqlite().await;
    let inbox = database.inbox().await;
    let mut other = SqliteConnection::connect(&database.url).await.unwrap();
    let locked = other.begin_with("begin immediate").await.unwrap();
    let started = Instant::now();
    let sent = (0..20).map(|number| {
        let id = DeliveryId(format!("d-{number}"));
        let inbox = inbox.clone();
        async move { inbox.receive(id, push(SHOP, "c1")).await }
    });
    let answers = futures::future::join_all(sent).await;
    assert!(answers.iter().all(Result::is_err));
    assert!(started.elapsed() < Duration::from_secs(60), "{started:?}");
    locked.rollback().await.unwrap();
    assert!(receive(&inbox, "d-1", push(SHOP, "c1")).await);
}

/// Moves what waits for its time, and each worker's sign of life, a day ahead: as if a clock had been.
async fn set_a_day_ahead(database: &Database) {
    let sqlite = [
        "update Jobs set run_at = run_at + 86400",
        "update Workers set last_seen = last_seen + 86400",
    ];
    let postgres = [
        "update apalis.jobs set run_at = run_at + interval '1 day'",
        "update apalis.workers set last_seen = last_seen + interval '1 day'",
    ];
    if database.url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
        for statement in sqlite {
            connection.execute(statement).await.unwrap();
        }
        return;
    }
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    for statement in postgres {
        connection.execute(statement).await.unwrap();
    }
}

/// A process that was killed leaves a scan that runs, and one that waits; both were stored while the clock was ahead.
async fn jobs_that_were_stored_while_the_clock_was_ahead_are_done(database: Database) {
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
    let other = RepositoryId(11);
    let request = ScanRequest {
        repository: other,
        stack: None,
        commit: Some("c2"),
        asked_at: 1,
    };
    inbox.store.of(ACME).request_scan(&request).await.unwrap();
    let job = Job::Scan {
        installation: ACME,
        repository: other,
        stack: None,
        trigger: Trigger::Push,
    };
    let waiting = QueuedJob::new(job, "waits".to_owned());
    inbox.queue.push(&waiting, Duration::ZERO).await.unwrap();
    set_a_day_ahead(&database).await;

    let scans = Scans::default();
    let worker = start(&inbox, &scans);
    until("both are scanned", async || scans.commits().len() == 2).await;
    worker.stop().await;
}

/// More stacks than are looked at together, of three schedules; some were scheduled while a clock was ahead.
async fn what_was_scheduled_while_the_clock_was_ahead_is_scanned_when_it_should(
    database: Database,
) {
    let inbox = database.inbox().await;
    let now = inbox.store.now().await.unwrap();
    let day = 86_400_000;
    let rare = "0 0 29 2 *";
    let ahead = |schedule: &str| {
        let schedule = Schedule::parse(schedule).unwrap_or_default();
        schedule.next(now + 400 * day, 0).unwrap()
    };
    let late = now + 20 * 3_600_000;
    let rightly = Schedule::parse(rare).unwrap().next(now, 0).unwrap();
    let mut connection = AnyConnection::connect(&database.url).await.unwrap();
    for (name, schedule, next_at) in [
        ("hourly", "17 * * * *", late),
        ("daily", "", ahead("")),
        ("rare", rare, ahead(rare) + 366 * 4 * day),
        ("right", rare, rightly),
        ("off", "off", 0),
    ] {
        let statement = "with recursive number(n) as (select 1 union all select n + 1 from number where n < 300)
             insert into stacks (installation, repository, stack, schedule, next_at)
             select '1', '10', $1 || n, $2, $3 from number";
        let stacks = sqlx::query(statement)
            .bind(name)
            .bind(schedule)
            .bind(next_at);
        stacks.execute(&mut connection).await.unwrap();
    }
    inbox.correct_moments(now).await.unwrap();
    let stacks = inbox.store.of(ACME).stacks(SHOP).await.unwrap();
    assert_eq!(stacks.len(), 1_500);
    for scheduled in stacks {
        let (stack, next_at) = (scheduled.stack.as_str(), scheduled.next_at);
        let kind = stack.trim_end_matches(|c: char| c.is_ascii_digit());
        let latest = match kind {
            "hourly" => now + 66 * MINUTE,
            "daily" => now + day,
            "rare" => rightly + 5 * MINUTE,
            "right" => {
                assert_eq!(next_at, Some(rightly));
                continue;
            }
            _ => {
                assert_eq!(next_at, None);
                continue;
            }
        };
        let comes = next_at.is_some_and(|at| at > now && at <= latest);
        assert!(comes, "{stack}: {next_at:?} at {now}");
    }
}
