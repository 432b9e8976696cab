//! Records deliveries: those that arrive at the same time are committed together, and each sender is answered after the
//! commit. One commit costs the disk the same for one row as for many.

use super::classify::is_away;
use crate::store::{Delivery, Store};
use anyhow::{Context, anyhow};
use tokio::sync::{mpsc, oneshot};

/// How many deliveries are committed together.
const MAX_BATCH: usize = 64;

/// How many deliveries wait for the commit. Further senders wait.
const MAX_WAITING: usize = 512;

/// Records deliveries in a task of its own, which ends with the last clone.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    arrivals: mpsc::Sender<Arrival>,
}

/// A delivery, and the sender that waits for its commit.
struct Arrival {
    delivery: Delivery,
    answer: oneshot::Sender<anyhow::Result<bool>>,
}

impl Recorder {
    pub(super) fn start(store: Store) -> Self {
        let (arrivals, arrived) = mpsc::channel(MAX_WAITING);
        tokio::spawn(record_for_ever(store, arrived));
        Self { arrivals }
    }

    /// Records a delivery, and returns once it is committed. False where it was recorded before.
    pub(super) async fn record(&self, delivery: Delivery) -> anyhow::Result<bool> {
        let (answer, answered) = oneshot::channel();
        let arrival = Arrival { delivery, answer };
        let gone = "the task that records deliveries has ended";
        self.arrivals
            .send(arrival)
            .await
            .map_err(|_| anyhow!(gone))?;
        answered.await.context(gone)?
    }
}

async fn record_for_ever(store: Store, mut arrived: mpsc::Receiver<Arrival>) {
    let mut arrivals = Vec::with_capacity(MAX_BATCH);
    while arrived.recv_many(&mut arrivals, MAX_BATCH).await > 0 {
        record_together(&store, arrivals.drain(..)).await;
    }
}

async fn record_together(store: &Store, arrivals: impl Iterator<Item = Arrival>) {
    let (mut deliveries, answers): (Vec<_>, Vec<_>) = arrivals
        .map(|arrival| (arrival.delivery, arrival.answer))
        .unzip();
    let recorded = match record_at_once(store, &mut deliveries).await {
        Ok(new) => new.into_iter().map(Ok).collect(),
        Err(error) if deliveries.len() > 1 && is_of_a_row(&error) => {
            record_one_by_one(store, &deliveries).await
        }
        Err(error) => fail_all(&error, deliveries.len()),
    };
    for (answer, recorded) in answers.into_iter().zip(recorded) {
        // A sender that hung up is answered when GitHub delivers again.
        let _ = answer.send(recorded);
    }
}

/// Records deliveries as received now by the database's clock: which of two is newer must not depend on the clocks of
/// the processes that received them.
async fn record_at_once(store: &Store, deliveries: &mut [Delivery]) -> anyhow::Result<Vec<bool>> {
    let now = store.now().await?;
    for delivery in deliveries.iter_mut() {
        delivery.received_at = now;
    }
    store.record_deliveries(deliveries).await
}

/// Records each delivery alone, so that an invalid one fails no other.
async fn record_one_by_one(store: &Store, deliveries: &[Delivery]) -> Vec<anyhow::Result<bool>> {
    let mut recorded = Vec::new();
    for delivery in deliveries {
        match store.record_delivery(delivery).await {
            Err(error) if !is_of_a_row(&error) => {
                recorded.extend(fail_all(&error, deliveries.len() - recorded.len()));
                break;
            }
            outcome => recorded.push(outcome),
        }
    }
    recorded
}

/// Returns whether the database refused this row; otherwise it is away, and refuses all.
fn is_of_a_row(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<sqlx::Error>();
    cause.is_some_and(|cause| matches!(cause, sqlx::Error::Database(_))) && !is_away(error)
}

fn fail_all(error: &anyhow::Error, count: usize) -> Vec<anyhow::Result<bool>> {
    let text = format!("{error:#}");
    (0..count).map(|_| Err(anyhow!(text.clone()))).collect()
}
