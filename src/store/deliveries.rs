//! What GitHub delivered: recorded before it is acknowledged, and once.

use super::{Store, Tenant};
use crate::model::{DeliveryId, InstallationId, Notice};
use anyhow::Context;

/// A delivery as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// GitHub's id.
    pub id: DeliveryId,
    /// What it tells.
    pub notice: Notice,
    /// When it came, in epoch milliseconds.
    pub received_at: i64,
}

impl Store {
    /// Records a delivery. False where it was recorded before.
    pub async fn record_delivery(&self, delivery: &Delivery) -> anyhow::Result<bool> {
        let notice = serde_json::to_string(&delivery.notice).context("while writing a delivery")?;
        let done = sqlx::query(
            "insert into deliveries (delivery, installation, notice, state, problem, received_at)
             values ($1, $2, $3, 'open', '', $4) on conflict (delivery) do nothing",
        )
        .bind(&delivery.id.0)
        .bind(delivery.notice.installation.to_string())
        .bind(notice)
        .bind(delivery.received_at)
        .execute(&self.pool)
        .await
        .context("while recording a delivery")?;
        Ok(done.rows_affected() == 1)
    }

    /// Deliveries of all installations that came before a moment and are still open, oldest first, 1,000 at most: for
    /// the sweep, which only enqueues them.
    pub async fn open_deliveries(
        &self,
        before: i64,
    ) -> anyhow::Result<Vec<(InstallationId, DeliveryId)>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select installation, delivery from deliveries
             where state = 'open' and received_at < $1 order by received_at limit 1000",
        )
        .bind(before)
        .fetch_all(&self.pool)
        .await
        .context("while looking for open deliveries")?;
        let known = |(installation, delivery): (String, String)| {
            Some((
                InstallationId(installation.parse().ok()?),
                DeliveryId(delivery),
            ))
        };
        Ok(rows.into_iter().filter_map(known).collect())
    }

    /// Forgets deliveries that came before a moment and are no longer open.
    pub async fn forget_deliveries(&self, before: i64) -> anyhow::Result<u64> {
        let done = sqlx::query("delete from deliveries where state <> 'open' and received_at < $1")
            .bind(before)
            .execute(&self.pool)
            .await
            .context("while forgetting old deliveries")?;
        Ok(done.rows_affected())
    }
}

impl Tenant<'_> {
    /// A delivery that is still to be worked on.
    pub async fn open_delivery(&self, id: &DeliveryId) -> anyhow::Result<Option<Delivery>> {
        let row: Option<(String, i64)> = sqlx::query_as(
            "select notice, received_at from deliveries
             where installation = $1 and delivery = $2 and state = 'open'",
        )
        .bind(&self.id)
        .bind(&id.0)
        .fetch_optional(self.pool)
        .await
        .context("while reading a delivery")?;
        let Some((notice, received_at)) = row else {
            return Ok(None);
        };
        let notice = serde_json::from_str(&notice).context("while reading a delivery's notice")?;
        let id = id.clone();
        Ok(Some(Delivery {
            id,
            notice,
            received_at,
        }))
    }

    /// Its work is done. What it told is no longer needed.
    pub async fn close_delivery(&self, id: &DeliveryId) -> anyhow::Result<()> {
        self.end_delivery(id, "done", "").await
    }

    /// Its work has failed for good, and why. What it told is kept: it may be worked on again.
    pub async fn fail_delivery(&self, id: &DeliveryId, problem: &str) -> anyhow::Result<()> {
        self.end_delivery(id, "failed", problem).await
    }

    /// A failed delivery is to be worked on after all.
    pub async fn reopen_delivery(&self, id: &DeliveryId) -> anyhow::Result<()> {
        sqlx::query(
            "update deliveries set state = 'open', problem = ''
             where installation = $1 and delivery = $2 and state = 'failed'",
        )
        .bind(&self.id)
        .bind(&id.0)
        .execute(self.pool)
        .await
        .context("while opening a delivery again")?;
        Ok(())
    }

    /// Why a delivery failed, where it did.
    pub async fn delivery_problem(&self, id: &DeliveryId) -> anyhow::Result<Option<String>> {
        sqlx::query_scalar(
            "select problem from deliveries where installation = $1 and delivery = $2 and state = 'failed'",
        )
        .bind(&self.id)
        .bind(&id.0)
        .fetch_optional(self.pool)
        .await
        .context("while reading a delivery's end")
    }

    async fn end_delivery(
        &self,
        id: &DeliveryId,
        state: &str,
        problem: &str,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "update deliveries set state = $3, problem = $4,
                 notice = case when $3 = 'failed' then notice else '' end
             where installation = $1 and delivery = $2",
        )
        .bind(&self.id)
        .bind(&id.0)
        .bind(state)
        .bind(problem)
        .execute(self.pool)
        .await
        .context("while closing a delivery")?;
        Ok(())
    }
}
