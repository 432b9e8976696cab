//! Receives deliveries: commits them first, and wakes the worker then; the sweep finds those whose worker was not
//! woken.

use super::job::{Job, QueuedJob};
use super::operator::OperatorError;
use super::recorder::Recorder;
use super::storage::{Queue, QueueCounts};
use super::{Metrics, now};
use crate::model::{DeliveryId, InstallationId, WebhookPayload};
use crate::store::{Delivery, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// How long ended jobs are kept.
const ENDED: Duration = Duration::from_secs(24 * 60 * 60);

/// How long ended deliveries are kept: longer than GitHub offers to redeliver them.
const MEMORY: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long the records of what was created at GitHub are kept: longer than GitHub counts it.
const CONTENT: Duration = Duration::from_secs(2 * 60 * 60);

/// Receives deliveries, for the webhook and the workers.
#[derive(Debug, Clone)]
pub struct Inbox {
    /// The database.
    pub store: Store,
    /// The queue.
    pub queue: Queue,
    /// The counters of this process.
    pub metrics: Arc<Metrics>,
    /// Wakes this process's worker when deliveries arrive.
    pub(super) arrived: Arc<Notify>,
    recorder: Recorder,
}

impl Inbox {
    /// Connects to the database, and creates or updates all tables.
    pub async fn connect(url: &str) -> anyhow::Result<Self> {
        // The queue first: it makes the file of SQLite with the right settings.
        let queue = Queue::connect(url).await?;
        let store = Store::connect(url).await?;
        Ok(Self {
            recorder: Recorder::start(store.clone()),
            store,
            queue,
            metrics: Arc::default(),
            arrived: Arc::default(),
        })
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.queue.close().await;
        self.store.close().await;
    }

    /// Records a delivery, and returns once it is committed. False where it was recorded before.
    pub async fn receive(&self, id: DeliveryId, payload: WebhookPayload) -> anyhow::Result<bool> {
        let delivery = Delivery {
            id,
            payload,
            received_at: now(),
        };
        if !self.recorder.record(delivery.clone()).await? {
            self.metrics.repeated.add();
            self.take_up_failed(&delivery).await?;
            return Ok(false);
        }
        self.metrics.received.add();
        self.arrived.notify_one();
        Ok(true)
    }

    /// Reopens a failed delivery that a person had GitHub send again: it is worked on alone, as if the operator had
    /// retried it.
    async fn take_up_failed(&self, delivery: &Delivery) -> anyhow::Result<()> {
        let installation = delivery.payload.installation;
        if !self.store.of(installation).reopen_failed(delivery).await? {
            return Ok(());
        }
        let id = &delivery.id;
        match self.retry(&id.0).await {
            Ok(()) => Ok(()),
            // It is no longer among the stopped jobs: it was discarded.
            Err(OperatorError::Unknown(_) | OperatorError::NotStopped(_)) => {
                self.enqueue(of_delivery(installation, id.clone())).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Counts deliveries and jobs by state.
    pub async fn counts(&self) -> anyhow::Result<QueueCounts> {
        // In the order in which work goes on: what leaves the first meanwhile is found in the second.
        let (open, taken) = self.store.waiting_deliveries().await?;
        let queued = self.queue.counts().await?;
        Ok(QueueCounts {
            waiting: queued.waiting + open,
            running: queued.running + taken,
            ..queued
        })
    }

    /// Turns a delivery that a worker holds into a job, so that it is worked on alone.
    pub(super) async fn enqueue_alone(
        &self,
        installation: InstallationId,
        delivery: DeliveryId,
    ) -> anyhow::Result<()> {
        self.enqueue(of_delivery(installation, delivery)).await
    }

    /// Turns the delivery of a dead worker into a suspect, which is worked on alone.
    pub(super) async fn adopt(
        &self,
        installation: InstallationId,
        delivery: DeliveryId,
    ) -> anyhow::Result<()> {
        let queued = QueuedJob {
            suspect: true,
            ..of_delivery(installation, delivery)
        };
        self.enqueue(queued).await
    }

    /// Deletes what is old; history only after `retention`.
    pub async fn sweep(&self, now: i64, retention: Duration) -> anyhow::Result<()> {
        self.store.delete_deliveries(before(now, MEMORY)).await?;
        self.store.delete_scans(before(now, MEMORY)).await?;
        self.store.delete_history(before(now, retention)).await?;
        self.store.delete_audit_log(before(now, retention)).await?;
        // As long as its delivery may come again, an order must be known.
        let orders = retention.max(MEMORY);
        self.store.delete_orders(before(now, orders), now).await?;
        self.store.delete_failed_jobs(before(now, MEMORY)).await?;
        self.store
            .delete_access_changes(before(now, MEMORY))
            .await?;
        self.store
            .delete_created_content(before(now, CONTENT))
            .await?;
        self.store.delete_notifications(before(now, MEMORY)).await?;
        self.store.delete_sessions(now).await?;
        self.store
            .delete_requested_scans(before(now, MEMORY))
            .await?;
        self.store.delete_api_decisions(before(now, MEMORY)).await?;
        self.store.delete_kept_answers(before(now, ENDED)).await?;
        for key in self.store.empty_keys().await? {
            self.store.end_empty_key(&key, now).await?;
        }
        self.queue.reset_turns().await?;
        self.queue.delete_ended(before(now, ENDED)).await
    }

    async fn enqueue(&self, queued: QueuedJob) -> anyhow::Result<()> {
        self.queue.push(&queued, Duration::ZERO).await?;
        let Job::Delivery {
            installation,
            delivery,
        } = &queued.job
        else {
            return Ok(());
        };
        self.store.of(*installation).queue_delivery(delivery).await
    }
}

/// Returns the job of a delivery, in a series of its own: it may have been a job before.
fn of_delivery(installation: InstallationId, delivery: DeliveryId) -> QueuedJob {
    let key = delivery.0.clone();
    let job = Job::Delivery {
        installation,
        delivery,
    };
    QueuedJob {
        series: u32::try_from(now() / 1000).unwrap_or(u32::MAX),
        ..QueuedJob::new(job, key)
    }
}

/// Returns a time before another, both in epoch milliseconds.
fn before(now: i64, by: Duration) -> i64 {
    now.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX))
}
