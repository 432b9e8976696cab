//! Stores webhook deliveries: each once, before it is acknowledged.

use super::old_rows::OldRows;
use super::{Store, Tenant, storable};
use crate::model::{DeliveryId, WebhookEvent, WebhookPayload, masked};
use anyhow::Context;
use std::borrow::Cow;

/// A recorded delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// GitHub's delivery id.
    pub id: DeliveryId,
    /// The payload.
    pub payload: WebhookPayload,
    /// When the delivery arrived, in epoch milliseconds.
    pub received_at: i64,
}

/// Masks credentials in branch names, which anybody who may push can choose. The names of the repository and its
/// default branch stay, since they are looked up.
fn without_credentials(payload: &WebhookPayload) -> WebhookPayload {
    let mut payload = payload.clone();
    let repository = payload.repository.as_ref();
    let default = repository.and_then(|repository| repository.default_branch.as_deref());
    let is_default = |reference: &str| reference.strip_prefix("refs/heads/") == default;
    let branch = match &mut payload.event {
        WebhookEvent::Push { reference, .. } if !is_default(reference) => reference,
        WebhookEvent::PullRequest { branch, .. } if Some(branch.as_str()) != default => branch,
        _ => return payload,
    };
    if let Cow::Owned(shown) = masked(branch) {
        *branch = shown;
    }
    payload
}

impl Store {
    /// Records a delivery. Returns false where it was recorded before.
    pub async fn record_delivery(&self, delivery: &Delivery) -> anyhow::Result<bool> {
        let payload = without_credentials(&delivery.payload);
        let payload = serde_json::to_string(&payload).context("while writing a delivery")?;
        let done = sqlx::query(
            "insert into deliveries (delivery, installation, notice, state, problem, received_at)
             values ($1, $2, $3, 'open', '', $4)
             on conflict (delivery) do nothing",
        )
        .bind(&delivery.id.0)
        .bind(delivery.payload.installation.to_string())
        .bind(payload)
        .bind(delivery.received_at)
        .execute(&self.pool)
        .await
        .context("while recording a delivery")?;
        Ok(done.rows_affected() == 1)
    }

    /// Records deliveries, all or none. Returns the result of `record_delivery` for each.
    pub async fn record_deliveries(&self, deliveries: &[Delivery]) -> anyhow::Result<Vec<bool>> {
        let transaction = self.transaction().await?;
        let mut new = Vec::new();
        for delivery in deliveries {
            new.push(transaction.store().record_delivery(delivery).await?);
        }
        transaction.commit().await?;
        Ok(new)
    }

    /// Deletes deliveries that arrived before a moment and are not open.
    pub async fn delete_deliveries(&self, before: i64) -> anyhow::Result<u64> {
        let old = OldRows {
            table: "deliveries",
            key: "delivery",
            condition: "state in ('done', 'failed') and received_at < $1",
        };
        old.delete(&self.pool, before).await
    }
}

impl Tenant<'_> {
    /// Returns a delivery that is still to be processed.
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
        let Some((payload, received_at)) = row else {
            return Ok(None);
        };
        let payload =
            serde_json::from_str(&payload).context("while reading a delivery's notice")?;
        let id = id.clone();
        Ok(Some(Delivery {
            id,
            payload,
            received_at,
        }))
    }

    /// Marks a delivery as processed, and empties its payload.
    pub async fn close_delivery(&self, id: &DeliveryId) -> anyhow::Result<()> {
        self.end_delivery(id, "done", "").await
    }

    /// Marks a delivery as failed for good. Its payload stays, so that it can be retried.
    pub async fn fail_delivery(&self, id: &DeliveryId, problem: &str) -> anyhow::Result<()> {
        self.end_delivery(id, "failed", problem).await
    }

    /// Marks a delivery as a job's, even if it failed.
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

    /// Reopens a failed delivery with a new payload: an earlier version may have parsed less of it. It counts as taken by a
    /// worker that is dead: whoever reopens it makes a job of it, and if that process ends first a worker adopts it.
    /// Returns false where the delivery did not fail.
    pub async fn reopen_failed(&self, delivery: &Delivery) -> anyhow::Result<bool> {
        let payload = without_credentials(&delivery.payload);
        let payload = serde_json::to_string(&payload).context("while writing a delivery")?;
        let reopened = sqlx::query(
            "update deliveries set notice = $3, received_at = $4,
                 state = 'taken', problem = '', taken_by = '', taken_until = 0
             where installation = $1 and delivery = $2 and state = 'failed'",
        )
        .bind(&self.id)
        .bind(&delivery.id.0)
        .bind(payload)
        .bind(delivery.received_at)
        .execute(self.pool)
        .await
        .context("while taking in a failed delivery anew")?;
        Ok(reopened.rows_affected() == 1)
    }

    /// Returns why a delivery failed.
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
