//! Stores what each comment, and each order of a page or the API, asked for, as it was first parsed.

use super::old_rows::OldRows;
use super::{Store, Tenant};
use crate::model::RepositoryId;
use anyhow::Context;
use sha2::{Digest, Sha256};
use sqlx::AssertSqlSafe;

/// What asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderKey<'a> {
    /// A comment at GitHub.
    Comment(u64),
    /// An order of a page or the API, by its id.
    Sent(&'a str),
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The parsed answer, as JSON.
    pub answer: String,
    /// Whether all of it was done.
    pub done: bool,
}

impl Store {
    /// Deletes what was asked for before a moment. What an earlier version stored counts from now on.
    pub async fn delete_orders(&self, before: i64, now: i64) -> anyhow::Result<()> {
        sqlx::query("update orders set saved_at = $1 where saved_at = 0")
            .bind(now)
            .execute(&self.pool)
            .await
            .context("while dating orders of an earlier version")?;
        let old = OldRows {
            table: "orders",
            key: "installation, repository, comment",
            condition: "saved_at < $1",
        };
        old.delete(&self.pool, before).await?;
        Ok(())
    }
}

impl Tenant<'_> {
    /// Stores what is asked for, unless it is stored already, and returns what is stored.
    pub async fn save_order(
        &self,
        repository: RepositoryId,
        key: OrderKey<'_>,
        answer: &str,
    ) -> anyhow::Result<Order> {
        let statement = format!(
            "insert into orders (installation, repository, comment, answer, done, saved_at)
             values ($1, $2, $3, $4, 0, {}) on conflict do nothing",
            self.clock
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(repository.to_string())
            .bind(key.number()?)
            .bind(answer)
            .execute(self.pool)
            .await
            .context("while saving what is asked for")?;
        let order = self.order(repository, key).await?;
        order.context("what is asked for was not saved")
    }

    /// Returns what was asked for.
    pub async fn order(
        &self,
        repository: RepositoryId,
        key: OrderKey<'_>,
    ) -> anyhow::Result<Option<Order>> {
        let row: Option<(String, i64)> = sqlx::query_as(
            "select answer, done from orders where installation = $1 and repository = $2 and comment = $3",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(key.number()?)
        .fetch_optional(self.pool)
        .await
        .context("while reading what is asked for")?;
        Ok(row.map(|(answer, done)| Order {
            answer,
            done: done != 0,
        }))
    }

    /// Marks everything that was asked for as done.
    pub async fn end_order(
        &self,
        repository: RepositoryId,
        key: OrderKey<'_>,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "update orders set done = 1 where installation = $1 and repository = $2 and comment = $3",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(key.number()?)
        .execute(self.pool)
        .await
        .context("while recording that an order is done")?;
        Ok(())
    }
}

impl OrderKey<'_> {
    /// Returns the number in the table: a comment's own. What was sent has a negative one, which no comment has: from
    /// the digest of its id.
    fn number(self) -> anyhow::Result<i64> {
        match self {
            Self::Comment(comment) => {
                i64::try_from(comment).context("a comment's number is too large")
            }
            Self::Sent(id) => {
                let digest = Sha256::digest(id);
                let start = digest.iter().take(8);
                let number = start.fold(0, |all: i64, byte| (all << 8) | i64::from(*byte));
                Ok(number | i64::MIN)
            }
        }
    }
}
