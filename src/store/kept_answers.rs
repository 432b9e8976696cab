//! Stores answers of the API that are given again to a repeated Idempotency-Key.

use super::{Store, Tenant};
use anyhow::Context;

/// After how many milliseconds nobody makes an answer any more.
const ABANDONED: i64 = 60 * 1_000;

/// An answer of the API, or that it is being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// What tells whether a request is the same.
    pub request: String,
    /// The status and the body; `None` while the first request is being answered.
    pub answer: Option<(u16, String)>,
}

impl Store {
    /// Deletes the answers from before a moment.
    pub async fn delete_kept_answers(&self, before: i64) -> anyhow::Result<()> {
        sqlx::query("delete from kept_answers where created_at < $1")
            .bind(before)
            .execute(&self.pool)
            .await
            .context("while deleting old answers")?;
        Ok(())
    }
}

impl Tenant<'_> {
    /// Begins to answer a request. Returns what is kept where its key was seen before, and `None` where it was not.
    pub async fn begin_answer(
        &self,
        key: &str,
        request: &str,
        now: i64,
    ) -> anyhow::Result<Option<KeptAnswer>> {
        let begun = sqlx::query(
            "insert into kept_answers (installation, answer_key, request, status, body, created_at)
             values ($1, $2, $3, 0, '', $4) on conflict do nothing",
        )
        .bind(&self.id)
        .bind(key)
        .bind(request)
        .bind(now)
        .execute(self.pool)
        .await
        .context("while beginning an answer")?;
        if begun.rows_affected() == 1 || self.take_over_answer(key, request, now).await? {
            return Ok(None);
        }
        let row: Option<(String, i64, String)> = sqlx::query_as(
            "select request, status, body from kept_answers where installation = $1 and answer_key = $2",
        )
        .bind(&self.id)
        .bind(key)
        .fetch_optional(self.pool)
        .await
        .context("while reading an answer")?;
        Ok(row.map(|(request, status, body)| KeptAnswer {
            request,
            answer: u16::try_from(status)
                .ok()
                .filter(|status| *status > 0)
                .map(|status| (status, body)),
        }))
    }

    /// Begins a request anew whose answer nobody makes any more. Returns whether it was such a one.
    async fn take_over_answer(&self, key: &str, request: &str, now: i64) -> anyhow::Result<bool> {
        let begun = sqlx::query(
            "update kept_answers set created_at = $4
             where installation = $1 and answer_key = $2 and request = $3 and status = 0 and created_at < $5",
        )
        .bind(&self.id)
        .bind(key)
        .bind(request)
        .bind(now)
        .bind(now - ABANDONED)
        .execute(self.pool)
        .await
        .context("while beginning an answer anew")?;
        Ok(begun.rows_affected() == 1)
    }

    /// Keeps an answer.
    pub async fn keep_answer(&self, key: &str, status: u16, body: &str) -> anyhow::Result<()> {
        sqlx::query(
            "update kept_answers set status = $3, body = $4 where installation = $1 and answer_key = $2",
        )
        .bind(&self.id)
        .bind(key)
        .bind(i64::from(status))
        .bind(super::storable(body))
        .execute(self.pool)
        .await
        .context("while keeping an answer")?;
        Ok(())
    }

    /// Forgets that a request was begun: it had no effect.
    pub async fn forget_answer(&self, key: &str) -> anyhow::Result<()> {
        sqlx::query(
            "delete from kept_answers where installation = $1 and answer_key = $2 and status = 0",
        )
        .bind(&self.id)
        .bind(key)
        .execute(self.pool)
        .await
        .context("while forgetting an answer")?;
        Ok(())
    }
}
