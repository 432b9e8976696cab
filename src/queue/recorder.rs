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

/// How far back the clock is not followed, in milliseconds. A larger step ends a time that was wrong.
const MAX_STEP_BACK: i64 = 60_000;

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
    let mut last = 0;
    while arrived.recv_many(&mut arrivals, MAX_BATCH).await > 0 {
        record_together(&store, arrivals.drain(..), &mut last).await;
    }
}

async fn record_together(store: &Store, arrivals: impl Iterator<Item = Arrival>, last: &mut i64) {
    let (mut deliveries, answers): (Vec<_>, Vec<_>) = arrivals
        .map(|arrival| (arrival.delivery, arrival.answer))
        .unzip();
    let recorded = match record_at_once(store, &mut deliveries, last).await {
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
/// the processes that received them. `last` is the time of the batch before, in epoch milliseconds.
async fn record_at_once(
    store: &Store,
    deliveries: &mut [Delivery],
    last: &mut i64,
) -> anyhow::Result<Vec<bool>> {
    let now = without_small_step_back(store.now().await?, *last);
    let received: Vec<_> = deliveries
        .iter()
        .map(|delivery| delivery.received_at)
        .collect();
    for (delivery, at) in deliveries.iter_mut().zip(dates(&received, now, *last)) {
        delivery.received_at = at;
    }
    *last = now;
    store.record_deliveries(deliveries).await
}

/// Returns the dates of a batch, given when its deliveries were received by another clock: it keeps its order, and lies
/// behind the batch before.
fn dates(received: &[i64], now: i64, last: i64) -> impl Iterator<Item = i64> {
    let newest = received.iter().max().copied().unwrap_or_default();
    let age = move |at: &i64| newest.saturating_sub(*at);
    received
        .iter()
        .map(move |at| now.saturating_sub(age(at)).max(last.min(now)))
}

/// Returns the time after another: where the clock was set back by less than a minute, time stands still until the clock
/// has caught up, so that nothing that comes later seems earlier.
fn without_small_step_back(read: i64, last: i64) -> i64 {
    if last.saturating_sub(read) > MAX_STEP_BACK {
        read
    } else {
        read.max(last)
    }
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

#[cfg(test)]
mod tests {
    use super::{dates, without_small_step_back};

    #[test]
    fn a_batch_keeps_its_order_and_lies_behind_the_one_before() {
        let dated = |received: &[i64], now, last| dates(received, now, last).collect::<Vec<_>>();
        // The clock of this process is an hour ahead.
        let received = [3_600_500, 3_600_503, 3_600_510];
        assert_eq!(dated(&received, 1_000, 0), [990, 993, 1_000]);
        assert_eq!(dated(&received, 1_000, 995), [995, 995, 1_000]);
        // The clock of the database was set back by an hour.
        assert_eq!(dated(&received, 1_000, 3_601_000), [1_000, 1_000, 1_000]);
    }

    #[test]
    fn time_follows_no_small_step_back_of_the_clock() {
        assert_eq!(without_small_step_back(1_000_001, 1_000_000), 1_000_001);
        assert_eq!(without_small_step_back(940_000, 1_000_000), 1_000_000);
        assert_eq!(without_small_step_back(939_999, 1_000_000), 939_999);
    }
}
