//! Work that is dropped while it begins a transaction, as when a client hangs up or a lease is lost: its connection goes
//! back to the pool, and what others write on it must be committed.

use crate::database::{Database, on_both};
use driftguard::model::{
    DeliveryId, InstallationId, RepositoryId, Sender, WebhookEvent, WebhookPayload,
};
use driftguard::queue::job::{Job, QueuedJob, Trigger};
use driftguard::queue::storage::Queue;
use driftguard::store::Delivery;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

on_both!(
    what_is_recorded_after_work_that_was_dropped_is_committed,
    what_is_enqueued_after_work_that_was_dropped_is_committed,
);

/// At how many moments work is dropped: more than those at which beginning a transaction waits for the database.
const MOMENTS: usize = 12;

const ACME: InstallationId = InstallationId(1);

/// Drops work at the first moment at which it waits for the database, at the second, or at a later one.
async fn drop_at<T>(moment: usize, work: impl Future<Output = T>) {
    let mut work = pin!(work);
    let mut left = moment;
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Pending if left > 0 => {
            left -= 1;
            Poll::Pending
        }
        _ => Poll::Ready(()),
    })
    .await;
}

/// Waits until the connection of dropped work should be back in the pool.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

fn delivery(number: usize) -> Delivery {
    Delivery {
        id: DeliveryId(format!("d-{number}")),
        payload: WebhookPayload {
            installation: ACME,
            account: "acme".to_owned(),
            repository: None,
            sender: Sender::default(),
            event: WebhookEvent::Repositories {
                added: Vec::new(),
                removed: Vec::new(),
            },
        },
        received_at: driftguard::queue::now(),
    }
}

async fn what_is_recorded_after_work_that_was_dropped_is_committed(database: Database) {
    let (inbox, other) = (database.inbox().await, database.inbox().await);
    for moment in 0..MOMENTS {
        drop_at(moment, inbox.store.transaction()).await;
        settle().await;
        let new = inbox.store.record_delivery(&delivery(moment)).await;
        assert!(new.unwrap());
        let (seen, _) = other.store.waiting_deliveries().await.unwrap();
        assert_eq!(seen, moment as u64 + 1, "by another process");
    }
}

async fn what_is_enqueued_after_work_that_was_dropped_is_committed(database: Database) {
    let (inbox, other) = (database.inbox().await, database.inbox().await);
    for moment in 0..MOMENTS {
        match &inbox.queue {
            Queue::Sqlite(pool) => drop_at(moment, pool.begin()).await,
            Queue::Postgres(pool) => drop_at(moment, pool.begin()).await,
        }
        settle().await;
        let job = Job::Scan {
            installation: ACME,
            repository: RepositoryId(10),
            stack: None,
            trigger: Trigger::Push,
        };
        let queued = QueuedJob::new(job, format!("scan-{moment}"));
        assert!(inbox.queue.push(&queued, Duration::ZERO).await.unwrap());
        let seen = other.queue.counts().await.unwrap().waiting;
        assert_eq!(seen, moment as u64 + 1, "by another process");
    }
}
