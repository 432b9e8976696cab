//! Works on deliveries, many in one transaction. Almost all lead to nothing but rows of the store; one by one they would
//! wait for the disk, and for one another. What fails in a batch is tried again alone, as a job.

use super::changes::changes_access;
use super::delivery::{self, Known};
use super::inbox::Inbox;
use super::job::Process;
use super::now;
use super::worker::{RECOVERY, Worker};
use crate::store::Delivery;
use std::sync::Arc;
use tokio::task::JoinSet;

/// How many deliveries a batch has. Whoever else writes waits for a batch to end.
const BATCH: usize = 100;

impl<P: Process> Worker<P> {
    /// Works on deliveries as they arrive, until it is dropped.
    pub(super) async fn drain_for_ever(self: Arc<Self>) {
        let mut last_turn = String::new();
        loop {
            match self.drain(&mut last_turn).await {
                Ok(0) => {
                    // What another process recorded is not announced here.
                    let arrived = self.inbox.arrived.notified();
                    let _ = tokio::time::timeout(self.pace.poll, arrived).await;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "deliveries wait: the database does not take them"
                    );
                    self.set_aside().await;
                }
            }
        }
    }

    /// Takes a batch, and works on it while no suspect runs; how many it had.
    async fn drain(self: &Arc<Self>, last_turn: &mut String) -> anyhow::Result<usize> {
        let _beside_others = self.solitude.read().await;
        let store = &self.inbox.store;
        let claim = self.claim();
        let batch = store.take_deliveries(&claim, BATCH, last_turn).await?;
        let count = batch.len();
        if count > 0 {
            // A panic ends no more than the batch.
            let mut run = JoinSet::new();
            run.spawn(self.clone().work_on(batch));
            match run.join_next().await {
                Some(Ok(worked)) => worked?,
                Some(Err(death)) => return Err(death.into()),
                None => {}
            }
        }
        Ok(count)
    }

    /// Works on a batch: what only writes rows together. What changes who may see what has a line of its own.
    async fn work_on(self: Arc<Self>, batch: Vec<Delivery>) -> anyhow::Result<()> {
        let (changes, rest): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|delivery| changes_access(&delivery.notice));
        self.changes.add(changes);
        if !rest.is_empty() {
            work_together(&self.inbox, &rest).await?;
            self.inbox.metrics.processed.add_many(rest.len());
        }
        Ok(())
    }

    /// Makes jobs of what is left of a batch that failed: each is tried alone.
    async fn set_aside(&self) {
        while let Err(error) = self.try_to_set_aside().await {
            tracing::warn!(
                error = format!("{error:#}"),
                "a batch that failed waits to be set aside"
            );
            tokio::time::sleep(RECOVERY).await;
        }
    }

    async fn try_to_set_aside(&self) -> anyhow::Result<()> {
        for (installation, delivery) in self.inbox.store.taken_by(&self.name).await? {
            if !self.changes.has(&delivery) {
                self.inbox.set_aside(installation, delivery).await?;
            }
        }
        Ok(())
    }
}

/// Works on deliveries in one transaction: on all of them, or, but for jobs that are enqueued twice with one effect, on
/// none.
async fn work_together(inbox: &Inbox, deliveries: &[Delivery]) -> anyhow::Result<()> {
    let together = inbox.store.together().await?;
    let mut known = Known::default();
    let (mut tickets, mut enqueuing) = (Vec::new(), Vec::new());
    for delivery in deliveries {
        let tenant = together.store().of(delivery.notice.installation);
        let jobs = delivery::act(&tenant, &mut known, delivery, now()).await?;
        if jobs.is_empty() {
            tenant.close_delivery(&delivery.id).await?;
        } else {
            tickets.extend(jobs);
            enqueuing.push(delivery);
        }
    }
    together.commit().await?;
    inbox.queue.push_all(&tickets).await?;
    if enqueuing.is_empty() {
        return Ok(());
    }
    let together = inbox.store.together().await?;
    for delivery in enqueuing {
        let tenant = together.store().of(delivery.notice.installation);
        tenant.close_delivery(&delivery.id).await?;
    }
    together.commit().await
}
