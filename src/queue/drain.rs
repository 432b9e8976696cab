//! Works on deliveries, many in one transaction. Most only write rows of the store; one by one they would wait for the
//! disk, and for one another. A delivery that fails in a batch is tried again alone, as a job.

use super::changes::changes_access;
use super::claims::claim;
use super::delivery::{self, WrittenRows};
use super::inbox::Inbox;
use super::job::JobHandler;
use super::now;
use super::own_task::OwnTask;
use super::worker::{RECOVERY, Worker};
use crate::store::Delivery;
use std::sync::Arc;

/// How many deliveries a batch has. Other writers wait for its end.
const BATCH: usize = 100;

/// Works on deliveries as they arrive, until it is dropped.
pub(super) async fn drain_for_ever<P: JobHandler>(worker: Arc<Worker<P>>) {
    let mut last_turn = String::new();
    loop {
        match drain(&worker, &mut last_turn).await {
            Ok(0) => {
                // What another process recorded is not announced here.
                let arrived = worker.inbox.arrived.notified();
                let _ = tokio::time::timeout(worker.config.poll, arrived).await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "deliveries wait: the database does not take them"
                );
                enqueue_alone(&worker).await;
            }
        }
    }
}

/// Takes a batch, and works on it while no suspect runs; returns its size.
async fn drain<P: JobHandler>(
    worker: &Arc<Worker<P>>,
    last_turn: &mut String,
) -> anyhow::Result<usize> {
    let _beside_others = worker.solitude.read().await;
    let store = &worker.inbox.store;
    let claim = claim(worker);
    let batch = store.take_deliveries(&claim, BATCH, last_turn).await?;
    let count = batch.len();
    if count > 0 {
        let work = work_on(worker.clone(), batch);
        OwnTask::spawn(work).end().await??;
    }
    Ok(count)
}

/// Works on a batch. Deliveries that change access have a line of their own.
async fn work_on<P: JobHandler>(
    worker: Arc<Worker<P>>,
    batch: Vec<Delivery>,
) -> anyhow::Result<()> {
    let (changes, rest): (Vec<_>, Vec<_>) = batch
        .into_iter()
        .partition(|delivery| changes_access(&delivery.payload));
    worker.changes.add(changes);
    if !rest.is_empty() {
        work_together(&worker.inbox, &rest).await?;
        worker.inbox.metrics.processed.add_many(rest.len());
    }
    Ok(())
}

/// Turns the rest of a failed batch into jobs: each is tried alone.
async fn enqueue_alone<P: JobHandler>(worker: &Worker<P>) {
    while let Err(error) = try_to_enqueue_alone(worker).await {
        tracing::warn!(
            error = format!("{error:#}"),
            "a batch that failed waits to become jobs"
        );
        tokio::time::sleep(RECOVERY).await;
    }
}

async fn try_to_enqueue_alone<P: JobHandler>(worker: &Worker<P>) -> anyhow::Result<()> {
    for (installation, delivery) in worker.inbox.store.taken_by(&worker.name).await? {
        if !worker.changes.has(&delivery) {
            worker.inbox.enqueue_alone(installation, delivery).await?;
        }
    }
    Ok(())
}

/// Works on deliveries in one transaction, all or none; the jobs of a retried batch are enqueued once, by their keys.
async fn work_together(inbox: &Inbox, deliveries: &[Delivery]) -> anyhow::Result<()> {
    let transaction = inbox.store.transaction().await?;
    let mut known = WrittenRows::of(transaction.store(), deliveries.iter()).await?;
    let (mut enqueued, mut enqueuing) = (Vec::new(), Vec::new());
    for delivery in deliveries {
        let tenant = transaction.store().of(delivery.payload.installation);
        let jobs = delivery::act(&tenant, &mut known, delivery, now()).await?;
        if jobs.is_empty() {
            tenant.close_delivery(&delivery.id).await?;
        } else {
            enqueued.extend(jobs);
            enqueuing.push(delivery);
        }
    }
    transaction.commit().await?;
    inbox.queue.push_all(&enqueued).await?;
    if enqueuing.is_empty() {
        return Ok(());
    }
    let transaction = inbox.store.transaction().await?;
    for delivery in enqueuing {
        let tenant = transaction.store().of(delivery.payload.installation);
        tenant.close_delivery(&delivery.id).await?;
    }
    transaction.commit().await
}
