//! Deliveries: committed first, enqueued then, and swept up where the second was missed.

use super::job::{Job, Ticket};
use super::operator::OperatorError;
use super::queue::Queue;
use super::{Metrics, now};
use crate::model::{DeliveryId, InstallationId, Notice};
use crate::store::{Delivery, Store};
use std::sync::Arc;
use std::time::Duration;

/// How old a delivery is before the sweep takes it for forgotten.
const OVERDUE: Duration = Duration::from_secs(15);

/// How long jobs that ended are remembered.
const ENDED: Duration = Duration::from_secs(24 * 60 * 60);

/// How long deliveries that ended are remembered: longer than GitHub offers to deliver again.
const MEMORY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long what was created at GitHub is remembered: longer than GitHub counts it.
const CONTENT: Duration = Duration::from_secs(2 * 60 * 60);

/// Where deliveries arrive.
#[derive(Debug, Clone)]
pub struct Inbox {
    /// The database.
    pub store: Store,
    /// The queue.
    pub queue: Queue,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl Inbox {
    /// Connects to the database, and makes or updates all tables.
    pub async fn connect(url: &str) -> anyhow::Result<Self> {
        // The queue first: it makes the file of SQLite with the right settings.
        let queue = Queue::connect(url).await?;
        let store = Store::connect(url).await?;
        let metrics = Arc::default();
        Ok(Self {
            store,
            queue,
            metrics,
        })
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.queue.close().await;
        self.store.close().await;
    }

    /// Records a delivery and enqueues its job. When this returns, the delivery is committed; enqueuing may fail, and
    /// is then left to the sweep. False where it was recorded before.
    pub async fn receive(&self, id: DeliveryId, notice: Notice) -> anyhow::Result<bool> {
        let installation = notice.installation;
        let received_at = now();
        let delivery = Delivery {
            id,
            notice,
            received_at,
        };
        if !self.store.record_delivery(&delivery).await? {
            self.metrics.repeated.add();
            self.take_up_failed(installation, &delivery.id).await?;
            return Ok(false);
        }
        self.metrics.received.add();
        if let Err(error) = self.enqueue(installation, delivery.id).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "a delivery waits for the sweep"
            );
        }
        Ok(true)
    }

    /// A delivery that failed and is sent once more, by GitHub's button, is worked on after all.
    async fn take_up_failed(
        &self,
        installation: InstallationId,
        id: &DeliveryId,
    ) -> anyhow::Result<()> {
        let failed = self.store.of(installation).delivery_problem(id).await?;
        if failed.is_none() {
            return Ok(());
        }
        match self.retry(&id.0).await {
            Ok(()) => Ok(()),
            // It is no longer among the stopped jobs: it was discarded.
            Err(OperatorError::Unknown(_) | OperatorError::NotStopped(_)) => {
                self.store.of(installation).reopen_delivery(id).await?;
                let job = Job::Delivery {
                    installation,
                    delivery: id.clone(),
                };
                let ticket = Ticket::new(job, format!("{id}@{}", now()));
                self.queue.push(&ticket, Duration::ZERO).await.map(drop)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Enqueues deliveries that were recorded a while ago and are still open, and forgets old ones that are not. The
    /// key of a job keeps one that is enqueued already from being there twice.
    pub async fn sweep(&self, now: i64) -> anyhow::Result<()> {
        for (installation, delivery) in self.store.open_deliveries(before(now, OVERDUE)).await? {
            self.enqueue(installation, delivery).await?;
        }
        self.store.forget_deliveries(before(now, MEMORY)).await?;
        self.store.forget_scans(before(now, MEMORY)).await?;
        self.store.forget_failed_jobs(before(now, MEMORY)).await?;
        self.store.forget_content(before(now, CONTENT)).await?;
        self.store.forget_notifications(before(now, MEMORY)).await?;
        self.queue.forget(before(now, ENDED)).await
    }

    async fn enqueue(
        &self,
        installation: InstallationId,
        delivery: DeliveryId,
    ) -> anyhow::Result<()> {
        let key = delivery.0.clone();
        let job = Job::Delivery {
            installation,
            delivery,
        };
        self.queue
            .push(&Ticket::new(job, key), Duration::ZERO)
            .await?;
        Ok(())
    }
}

/// A moment before another, both in epoch milliseconds.
fn before(now: i64, by: Duration) -> i64 {
    now.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}
