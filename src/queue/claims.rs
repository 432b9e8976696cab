//! Holds the claims of workers on deliveries: a worker renews its own, and adopts those of dead workers.

use super::job::JobHandler;
use super::worker::Worker;
use crate::model::{DeliveryId, InstallationId};
use crate::store::DeliveryClaim;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::time::sleep;

/// How often a claim is renewed while it runs.
const RENEWALS: u32 = 4;

/// How many times in a row a claim must be found expired before its worker counts as dead. While the database was away
/// nobody could renew: each worker gets the time to do so.
const LOOKS: u32 = 4;

/// Returns the claim on what this worker takes.
pub(super) fn claim<P: JobHandler>(worker: &Worker<P>) -> DeliveryClaim {
    DeliveryClaim {
        worker: worker.name.clone(),
        lasts: i64::try_from(worker.config.lease.as_millis()).unwrap_or(i64::MAX),
    }
}

/// Renews this worker's claim for ever.
pub(super) async fn renew_for_ever<P: JobHandler>(worker: Arc<Worker<P>>) {
    loop {
        if let Err(error) = worker.inbox.store.renew_claim(&claim(&worker)).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "the claim on deliveries was not renewed"
            );
        }
        sleep(worker.config.lease / RENEWALS).await;
    }
}

/// Looks for the deliveries of dead workers for ever.
pub(super) async fn adopt_for_ever<P: JobHandler>(worker: Arc<Worker<P>>) {
    let mut lapsed = Lapsed::default();
    loop {
        if let Err(error) = adopt(&worker, &mut lapsed).await {
            // What was seen before the database was away proves nothing.
            lapsed = Lapsed::default();
            tracing::warn!(
                error = format!("{error:#}"),
                "looking for deliveries of dead workers failed"
            );
        }
        sleep(worker.config.heartbeat).await;
    }
}

async fn adopt<P: JobHandler>(worker: &Worker<P>, lapsed: &mut Lapsed) -> anyhow::Result<()> {
    let found = worker.inbox.store.lapsed_deliveries(&worker.name).await?;
    for (installation, delivery) in lapsed.look(found) {
        worker.inbox.adopt(installation, delivery).await?;
    }
    Ok(())
}

/// Counts, for each delivery, how many times in a row its claim was found expired.
#[derive(Debug, Default)]
struct Lapsed(HashMap<DeliveryId, u32>);

impl Lapsed {
    /// Records the expired claims, and returns the deliveries whose worker is dead.
    fn look(
        &mut self,
        found: Vec<(InstallationId, DeliveryId)>,
    ) -> Vec<(InstallationId, DeliveryId)> {
        let before = std::mem::take(&mut self.0);
        let mut orphans = Vec::new();
        for (installation, delivery) in found {
            let looks = before.get(&delivery).copied().unwrap_or_default() + 1;
            self.0.insert(delivery.clone(), looks);
            if looks >= LOOKS {
                orphans.push((installation, delivery));
            }
        }
        orphans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_claim_that_stays_lapsed_is_adopted() {
        let lapsed_delivery = || vec![(InstallationId(1), DeliveryId("d-1".to_owned()))];
        let mut lapsed = Lapsed::default();
        let mut orphans = |found| lapsed.look(found).len();
        let looks = [
            lapsed_delivery(),
            lapsed_delivery(),
            lapsed_delivery(),
            vec![],
            lapsed_delivery(),
            lapsed_delivery(),
            lapsed_delivery(),
            lapsed_delivery(),
        ];
        // Its worker renewed it before the fourth look, and died later.
        assert_eq!(looks.map(&mut orphans), [0, 0, 0, 0, 0, 0, 0, 1]);
    }
}
