//! Stores deliveries that GitHub sent and DriftGuard did not accept, and how far GitHub's list of deliveries was read.

use super::{Store, milliseconds, too_far_ahead};
use crate::model::DeliveryId;
use anyhow::Context;
use sqlx::AssertSqlSafe;
use std::time::Duration;

/// A delivery to be redelivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedDelivery {
    /// GitHub's delivery id, the same for each attempt.
    pub id: DeliveryId,
    /// GitHub's id of the newest attempt.
    pub attempt: u64,
    /// When the oldest known attempt was made, in epoch milliseconds.
    pub sent_at: i64,
    /// How often a redelivery was requested.
    pub requests: u32,
    /// When the next redelivery is requested, in epoch milliseconds.
    pub next_at: i64,
}

/// How far GitHub's list of deliveries was read, starting with the newest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryWalk {
    /// Everything sent before this moment is known, in epoch milliseconds.
    pub read_until: i64,
    /// The newest delivery when the current walk started, in epoch milliseconds.
    pub newest: i64,
    /// The page at which the walk continues; empty where none is under way.
    pub next_page: String,
}

impl Store {
    /// Takes the walk for some time, by the database's clock, unless another process has it.
    pub async fn begin_delivery_walk(
        &self,
        holder: &str,
        time: Duration,
    ) -> anyhow::Result<Option<DeliveryWalk>> {
        let now = self.clock;
        let statement = format!(
            "update delivery_walk set holder = $1, busy_until = {now} + $2
             where walk = 'deliveries' and (busy_until <= {now} or busy_until > {now} + $3)
             returning read_until, newest, next_page"
        );
        let row: Option<(i64, i64, String)> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(holder)
            .bind(milliseconds(time))
            .bind(too_far_ahead(time))
            .fetch_optional(&self.pool)
            .await
            .context("while taking over the walk over missed deliveries")?;
        Ok(row.map(|(read_until, newest, next_page)| DeliveryWalk {
            read_until,
            newest,
            next_page,
        }))
    }

    /// Keeps the walk for some more time, wherever it stands. Returns false where another process has taken it.
    pub async fn hold_delivery_walk(&self, holder: &str, time: Duration) -> anyhow::Result<bool> {
        let statement = format!(
            "update delivery_walk set busy_until = {} + $1
             where walk = 'deliveries' and holder = $2",
            self.clock
        );
        let held = sqlx::query(AssertSqlSafe(statement))
            .bind(milliseconds(time))
            .bind(holder)
            .execute(&self.pool)
            .await
            .context("while holding the walk over missed deliveries")?;
        Ok(held.rows_affected() == 1)
    }

    /// Stores the progress of the walk, and keeps it for some time. Returns false, and stores
    /// nothing, where another process has taken it.
    pub async fn save_delivery_walk(
        &self,
        holder: &str,
        walk: &DeliveryWalk,
        time: Duration,
    ) -> anyhow::Result<bool> {
        let statement = format!(
            "update delivery_walk set read_until = $1, newest = $2, next_page = $3, busy_until = {} + $4
             where walk = 'deliveries' and holder = $5",
            self.clock
        );
        let kept = sqlx::query(AssertSqlSafe(statement))
            .bind(walk.read_until)
            .bind(walk.newest)
            .bind(&walk.next_page)
            .bind(milliseconds(time))
            .bind(holder)
            .execute(&self.pool)
            .await
            .context("while saving how far the deliveries are read")?;
        Ok(kept.rows_affected() == 1)
    }

    /// Records a failed attempt. Of several attempts of a delivery the newest is kept, with the time of the oldest; the
    /// count of requests stays.
    pub async fn record_missed_delivery(&self, missed: &MissedDelivery) -> anyhow::Result<()> {
        sqlx::query(
            "insert into missed_deliveries (delivery, attempt, sent_at, asked, next_at) values ($1, $2, $3, $4, $5)
             on conflict (delivery) do update set
                 attempt = case when excluded.attempt > missed_deliveries.attempt
                     then excluded.attempt else missed_deliveries.attempt end,
                 sent_at = case when excluded.sent_at < missed_deliveries.sent_at
                     then excluded.sent_at else missed_deliveries.sent_at end",
        )
        .bind(&missed.id.0)
        .bind(i64::try_from(missed.attempt).context("GitHub's number of an attempt is too large")?)
        .bind(missed.sent_at)
        .bind(i64::from(missed.requests))
        .bind(missed.next_at)
        .execute(&self.pool)
        .await
        .context("while recording a missed delivery")?;
        Ok(())
    }

    /// Returns the missed deliveries that are due, the oldest first. One that is due only after the longest pause was
    /// stored while a clock was ahead, and is due now.
    pub async fn due_deliveries(
        &self,
        now: i64,
        longest_pause: i64,
        most: u32,
    ) -> anyhow::Result<Vec<MissedDelivery>> {
        let rows: Vec<(String, i64, i64, i64, i64)> = sqlx::query_as(
            "select delivery, attempt, sent_at, asked, next_at from missed_deliveries
             where next_at <= $1 or next_at > $2 order by sent_at, delivery limit $3",
        )
        .bind(now)
        .bind(now.saturating_add(longest_pause))
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .context("while looking for missed deliveries")?;
        let missed = |(id, attempt, sent_at, requests, next_at)| MissedDelivery {
            id: DeliveryId(id),
            attempt: u64::try_from(attempt).unwrap_or_default(),
            sent_at,
            requests: u32::try_from(requests).unwrap_or(u32::MAX),
            next_at,
        };
        Ok(rows.into_iter().map(missed).collect())
    }

    /// Records that a redelivery was requested, and when the next one is.
    pub async fn record_redelivery(
        &self,
        id: &DeliveryId,
        requests: u32,
        next_at: i64,
    ) -> anyhow::Result<()> {
        sqlx::query("update missed_deliveries set asked = $2, next_at = $3 where delivery = $1")
            .bind(&id.0)
            .bind(i64::from(requests))
            .bind(next_at)
            .execute(&self.pool)
            .await
            .context("while recording that a delivery was asked for")?;
        Ok(())
    }

    /// Deletes a missed delivery: it arrived, or can no longer arrive. One that waits to be worked on stays until that
    /// is done, which needs to know when it was sent.
    pub async fn delete_missed_delivery(&self, id: &DeliveryId) -> anyhow::Result<()> {
        sqlx::query(
            "delete from missed_deliveries where delivery = $1 and not exists (
                 select 1 from deliveries where delivery = $1 and state in ('open', 'taken', 'queued'))",
        )
            .bind(&id.0)
            .execute(&self.pool)
            .await
            .context("while deleting a missed delivery")?;
        Ok(())
    }

    /// Counts the missed deliveries that have not arrived yet.
    pub async fn missed_deliveries(&self) -> anyhow::Result<u64> {
        let count: i64 = sqlx::query_scalar("select count(*) from missed_deliveries")
            .fetch_one(&self.pool)
            .await
            .context("while counting missed deliveries")?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Returns whether a delivery was recorded, whatever its state.
    pub async fn is_recorded(&self, id: &DeliveryId) -> anyhow::Result<bool> {
        let found: Option<i64> =
            sqlx::query_scalar("select cast(1 as bigint) from deliveries where delivery = $1")
                .bind(&id.0)
                .fetch_optional(&self.pool)
                .await
                .context("while looking for a delivery")?;
        Ok(found.is_some())
    }
}
