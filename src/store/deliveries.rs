//! What GitHub delivered: recorded before it is acknowledged, and once.

use super::{Store, Tenant, storable};
use crate::model::{DeliveryId, Event, Notice, masked};
use anyhow::Context;
use std::borrow::Cow;

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

/// A notice without the credentials in names that anybody who may push can give. By its own name a repository or its
/// default branch must still be known.
fn without_credentials(notice: &Notice) -> Notice {
    let mut notice = notice.clone();
    let repository = notice.repository.as_ref();
    let default = repository.and_then(|repository| repository.default_branch.as_deref());
    let is_default = |reference: &str| reference.strip_prefix("refs/heads/") == default;
    let branch = match &mut notice.event {
        Event::Push { reference, .. } if !is_default(reference) => reference,
        Event::PullRequest { branch, .. } if Some(branch.as_str()) != default => branch,
        _ => return notice,
    };
    if let Cow::Owned(shown) = masked(branch) {
        *branch = shown;
    }
    notice
}

impl Store {
    /// Records a delivery. False where it was recorded before.
    pub async fn record_delivery(&self, delivery: &Delivery) -> anyhow::Result<bool> {
        let notice = without_credentials(&delivery.notice);
        let notice = serde_json::to_string(&notice).context("while writing a delivery")?;
        let done = sqlx::query(
            "insert into deliveries (delivery, installation, notice, state, problem, received_at)
             values ($1, $2, $3, 'open', '', $4)
             on conflict (delivery) do nothing",
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

    /// Records deliveries, all or none; for each what `record_delivery` says.
    pub async fn record_deliveries(&self, deliveries: &[Delivery]) -> anyhow::Result<Vec<bool>> {
        let together = self.together().await?;
        let mut new = Vec::new();
        for delivery in deliveries {
            new.push(together.store().record_delivery(delivery).await?);
        }
        together.commit().await?;
        Ok(new)
    }

    /// Forgets deliveries that came before a moment and are no longer open.
    pub async fn forget_deliveries(&self, before: i64) -> anyhow::Result<u64> {
        let done = sqlx::query(
            "delete from deliveries where state in ('done', 'failed') and received_at < $1",
        )
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
             where installation = $1 and delivery = $2 and state in ('open', 'taken', 'queued')",
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

    /// A delivery is worked on as a job of its own, even where it had failed.
    pub async fn queue_delivery(&self, id: &DeliveryId) -> anyhow::Result<()> {
        sqlx::query(
            "update deliveries set state = 'queued', problem = '', taken_by = ''
             where installation = $1 and delivery = $2 and state in ('taken', 'failed')",
        )
        .bind(&self.id)
        .bind(&id.0)
        .execute(self.pool)
        .await
        .context("while making a job of a delivery")?;
        Ok(())
    }

    /// Takes in anew what a delivery tells that failed: an earlier version may have read less of it. False where it did
    /// not fail.
    pub async fn renew_failed(&self, delivery: &Delivery) -> anyhow::Result<bool> {
        let notice = without_credentials(&delivery.notice);
        let notice = serde_json::to_string(&notice).context("while writing a delivery")?;
        let renewed = sqlx::query(
            "update deliveries set notice = $3, received_at = $4
             where installation = $1 and delivery = $2 and state = 'failed'",
        )
        .bind(&self.id)
        .bind(&delivery.id.0)
        .bind(notice)
        .bind(delivery.received_at)
        .execute(self.pool)
        .await
        .context("while taking in a failed delivery anew")?;
        Ok(renewed.rows_affected() == 1)
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
        .bind(storable(&masked(problem)))
        .execute(self.pool)
        .await
        .context("while closing a delivery")?;
        Ok(())
    }
}
