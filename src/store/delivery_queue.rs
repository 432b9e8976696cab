//! Queues open deliveries: a worker claims a batch for a limited time, with a share of each installation's.

use super::{Delivery, Store, StoreTransaction, too_far_ahead};
use crate::model::{DeliveryId, InstallationId};
use anyhow::Context;
use sqlx::AssertSqlSafe;
use std::time::Duration;

/// A worker's claim on a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryClaim {
    /// The worker's name.
    pub worker: String,
    /// After how many milliseconds without renewal the worker counts as dead, by the database's clock.
    pub lasts: i64,
}

type Row = (String, String, i64);

/// A delivery that no job was created for yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// Whether a worker has claimed the delivery.
    pub is_taken: bool,
}

/// Selects the installations with open deliveries, in one step of the index each: no scan of all open deliveries. It asks
/// for the first in order and not for the least: with outdated statistics PostgreSQL finds the least by reading all.
const INSTALLATIONS: &str = "with recursive waiting (installation) as (
         select installation from (
             select installation from deliveries where state = 'open' order by installation limit 1) as first
         union all
         select (select installation from deliveries
                 where state = 'open' and installation > waiting.installation
                 order by installation limit 1)
         from waiting where waiting.installation is not null)
     select installation from waiting where installation is not null";

impl Store {
    /// Claims a batch of open deliveries: an equal share of each installation's, the oldest first. Unused shares go to
    /// the others. `after` is the last installation of the batch before, where not all have a share in one batch.
    pub async fn take_deliveries(
        &self,
        claim: &DeliveryClaim,
        most: usize,
        after: &mut String,
    ) -> anyhow::Result<Vec<Delivery>> {
        let taking = "while taking deliveries";
        let installations: Vec<String> = sqlx::query_scalar(INSTALLATIONS)
            .fetch_all(&self.pool)
            .await
            .context("while looking for installations with deliveries")?;
        if installations.is_empty() {
            return Ok(Vec::new());
        }
        let mut hungry = in_turn(installations, after, most);
        let transaction = self.transaction().await.context(taking)?;
        let mut taken = Vec::new();
        while taken.len() < most && !hungry.is_empty() {
            let share = (most - taken.len()).div_ceil(hungry.len());
            let mut left = Vec::new();
            for installation in hungry {
                let share = share.min(most - taken.len());
                let got = transaction.take_share(claim, &installation, share).await?;
                if got.len() == share {
                    left.push(installation);
                }
                taken.extend(got);
            }
            hungry = left;
        }
        transaction.commit().await.context(taking)?;
        taken.sort_by(|a, b| {
            let key = |delivery: &Delivery| (delivery.payload.installation, delivery.received_at);
            key(a).cmp(&key(b)).then_with(|| a.id.0.cmp(&b.id.0))
        });
        Ok(taken)
    }

    /// Renews a worker's claim on everything that it took.
    pub async fn renew_claim(&self, claim: &DeliveryClaim) -> anyhow::Result<()> {
        let statement = format!(
            "update deliveries set taken_until = {} + $2 where taken_by = $1 and state = 'taken'",
            self.clock
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(&claim.worker)
            .bind(claim.lasts)
            .execute(&self.pool)
            .await
            .context("while renewing the claim on deliveries")?;
        Ok(())
    }

    /// Returns deliveries that a worker claimed and did not process.
    pub async fn return_deliveries(&self, worker: &str) -> anyhow::Result<()> {
        sqlx::query(
            "update deliveries set state = 'open', taken_by = '' where taken_by = $1 and state = 'taken'",
        )
        .bind(worker)
        .execute(&self.pool)
        .await
        .context("while giving deliveries back")?;
        Ok(())
    }

    /// Returns the deliveries that a worker has claimed.
    pub async fn taken_by(
        &self,
        worker: &str,
    ) -> anyhow::Result<Vec<(InstallationId, DeliveryId)>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select installation, delivery from deliveries where taken_by = $1 and state = 'taken'",
        )
        .bind(worker)
        .fetch_all(&self.pool)
        .await
        .context("while looking for a worker's deliveries")?;
        Ok(rows.into_iter().filter_map(named).collect())
    }

    /// Returns the deliveries of other workers whose claims have expired, or were made while the database's clock was
    /// ahead and not renewed since.
    pub async fn lapsed_deliveries(
        &self,
        worker: &str,
    ) -> anyhow::Result<Vec<(InstallationId, DeliveryId)>> {
        let statement = format!(
            "select installation, delivery from deliveries
             where state = 'taken' and taken_by <> $1
                 and (taken_until < {now} or taken_until > {now} + $2)",
            now = self.clock
        );
        let rows: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(worker)
            .bind(too_far_ahead(Duration::ZERO))
            .fetch_all(&self.pool)
            .await
            .context("while looking for deliveries of dead workers")?;
        Ok(rows.into_iter().filter_map(named).collect())
    }

    /// Returns the deliveries that no job was created for yet, the oldest first.
    pub async fn deliveries_in_line(&self, most: u32) -> anyhow::Result<Vec<WaitingDelivery>> {
        let rows: Vec<(String, String, i64, String)> = sqlx::query_as(
            "select delivery, notice, received_at, state from deliveries where state in ('open', 'taken')
             order by received_at, delivery limit $1",
        )
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .context("while listing deliveries")?;
        let waiting = |(id, payload, received_at, state): (String, String, i64, String)| {
            Some(WaitingDelivery {
                delivery: Delivery {
                    id: DeliveryId(id),
                    payload: serde_json::from_str(&payload).ok()?,
                    received_at,
                },
                is_taken: state == "taken",
            })
        };
        Ok(rows.into_iter().filter_map(waiting).collect())
    }

    /// Returns whether no job was created for a delivery yet.
    pub async fn is_in_line(&self, id: &DeliveryId) -> anyhow::Result<bool> {
        let found: Option<i64> = sqlx::query_scalar(
            "select cast(1 as bigint) from deliveries where delivery = $1 and state in ('open', 'taken')",
        )
        .bind(&id.0)
        .fetch_optional(&self.pool)
        .await
        .context("while looking for a delivery")?;
        Ok(found.is_some())
    }

    /// Fails a delivery that no worker has claimed. Returns false where one has.
    pub async fn discard_delivery(&self, id: &DeliveryId, problem: &str) -> anyhow::Result<bool> {
        let done = sqlx::query(
            "update deliveries set state = 'failed', problem = $2 where delivery = $1 and state = 'open'",
        )
        .bind(&id.0)
        .bind(problem)
        .execute(&self.pool)
        .await
        .context("while discarding a delivery")?;
        Ok(done.rows_affected() == 1)
    }

    /// Counts the deliveries that wait, and those being processed.
    pub async fn waiting_deliveries(&self) -> anyhow::Result<(u64, u64)> {
        let (open, taken): (i64, i64) = sqlx::query_as(
            "select (select count(*) from deliveries where state = 'open'),
                    (select count(*) from deliveries where state = 'taken')",
        )
        .fetch_one(&self.pool)
        .await
        .context("while counting deliveries")?;
        let count = |count| u64::try_from(count).unwrap_or_default();
        Ok((count(open), count(taken)))
    }
}

fn named((installation, delivery): (String, String)) -> Option<(InstallationId, DeliveryId)> {
    Some((
        InstallationId(installation.parse().ok()?),
        DeliveryId(delivery),
    ))
}

impl StoreTransaction {
    async fn take_share(
        &self,
        claim: &DeliveryClaim,
        installation: &str,
        share: usize,
    ) -> anyhow::Result<Vec<Delivery>> {
        // No index serves `state || ''`: with outdated statistics PostgreSQL would read all open deliveries by one.
        let statement = format!(
            "update deliveries set state = 'taken', taken_by = $1, taken_until = {} + $2
             where state || '' = 'open' and delivery in (
                 select delivery from deliveries where state = 'open' and installation = $3
                 order by received_at limit $4)
             returning delivery, notice, received_at",
            self.store().clock
        );
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&claim.worker)
            .bind(claim.lasts)
            .bind(installation)
            .bind(i64::try_from(share).unwrap_or(i64::MAX))
            .fetch_all(&self.store().pool)
            .await
            .context("while taking an installation's deliveries")?;
        let mut taken = Vec::new();
        for (id, payload, received_at) in rows {
            match serde_json::from_str(&payload) {
                Ok(payload) => taken.push(Delivery {
                    id: DeliveryId(id),
                    payload,
                    received_at,
                }),
                Err(error) => self.refuse(&id, &error.to_string()).await?,
            }
        }
        Ok(taken)
    }

    /// Fails a delivery that cannot be parsed, so that it does not block the others.
    async fn refuse(&self, id: &str, problem: &str) -> anyhow::Result<()> {
        sqlx::query("update deliveries set state = 'failed', problem = $2 where delivery = $1")
            .bind(id)
            .bind(problem)
            .execute(&self.store().pool)
            .await
            .context("while refusing a delivery")?;
        Ok(())
    }
}

/// Returns the installations of a batch, starting after the last one; sorted, so that no two workers wait for each
/// other's rows.
fn in_turn(mut installations: Vec<String>, after: &mut String, most: usize) -> Vec<String> {
    installations.sort();
    let next = installations.partition_point(|installation| *installation <= *after);
    let count = installations.len();
    installations.rotate_left(next % count);
    installations.truncate(most);
    if let Some(last) = installations.last() {
        after.clone_from(last);
    }
    installations.sort();
    installations
}

#[cfg(test)]
mod tests {
    use super::in_turn;

    #[test]
    fn each_installation_has_its_turn() {
        let all = || ["1", "2", "3", "4", "5"].map(str::to_owned).to_vec();
        let mut after = String::new();
        assert_eq!(in_turn(all(), &mut after, 2), ["1", "2"]);
        assert_eq!(in_turn(all(), &mut after, 2), ["3", "4"]);
        assert_eq!(in_turn(all(), &mut after, 2), ["1", "5"]);
        assert_eq!(in_turn(all(), &mut after, 9), all());
    }
}
