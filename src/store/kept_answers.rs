//! Stores answers of the API that are given again to a repeated Idempotency-Key.

use super::old_rows::OldRows;
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

/// What becomes of a request that has a name.
#[derive(Debug)]
pub enum AnswerStart {
    /// It is the first one, or nobody answers the first one any more.
    Begun {
        /// What the ids of what the request creates are made of.
        seed: String,
    },
    /// Another one came before.
    Kept(KeptAnswer),
}

impl Store {
    /// Deletes the answers from before a moment.
    pub async fn delete_kept_answers(&self, before: i64) -> anyhow::Result<()> {
        let old = OldRows {
            table: "kept_answers",
            key: "installation, answer_key",
            condition: "created_at < $1",
        };
        old.delete(&self.pool, before).await?;
        Ok(())
    }
}

impl Tenant<'_> {
    /// Begins to answer a request, with this seed where it is the first of its key. A later one keeps the first one's.
    pub async fn begin_answer(
        &self,
        key: &str,
        request: &str,
        (seed, now): (&str, i64),
    ) -> anyhow::Result<AnswerStart> {
        let begun = sqlx::query(
            "insert into kept_answers (installation, answer_key, request, status, body, created_at, seed)
             values ($1, $2, $3, 0, '', $4, $5) on conflict do nothing",
        )
        .bind(&self.id)
        .bind(key)
        .bind(request)
        .bind(now)
        .bind(seed)
        .execute(self.pool)
        .await
        .context("while beginning an answer")?;
        if begun.rows_affected() == 1 {
            let seed = seed.to_owned();
            return Ok(AnswerStart::Begun { seed });
        }
        let is_taken_over = self.take_over_answer(key, request, now).await?;
        let row: Option<(String, i64, String, String)> = sqlx::query_as(
            "select request, status, body, seed from kept_answers where installation = $1 and answer_key = $2",
        )
        .bind(&self.id)
        .bind(key)
        .fetch_optional(self.pool)
        .await
        .context("while reading an answer")?;
        let (request, status, body, first) =
            row.context("an answer was deleted while it was read: ask again")?;
        if is_taken_over {
            // An earlier version kept none.
            let seed = if first.is_empty() {
                seed.to_owned()
            } else {
                first
            };
            return Ok(AnswerStart::Begun { seed });
        }
        Ok(AnswerStart::Kept(KeptAnswer {
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
