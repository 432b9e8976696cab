//! Stores what each comment asked for, as it was first parsed.

use super::Tenant;
use crate::model::RepositoryId;
use anyhow::Context;

/// What a comment asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The parsed answer, as JSON.
    pub answer: String,
    /// Whether all of it was done.
    pub done: bool,
}

impl Tenant<'_> {
    /// Stores what a comment asks for, unless it is stored already, and returns what is stored.
    pub async fn save_order(
        &self,
        repository: RepositoryId,
        comment: u64,
        answer: &str,
    ) -> anyhow::Result<Order> {
        sqlx::query(
            "insert into orders (installation, repository, comment, answer, done) values ($1, $2, $3, $4, 0)
             on conflict do nothing",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(number(comment)?)
        .bind(answer)
        .execute(self.pool)
        .await
        .context("while saving what a comment asks for")?;
        let order = self.order(repository, comment).await?;
        order.context("what a comment asks for was not saved")
    }

    /// Returns what a comment asked for.
    pub async fn order(
        &self,
        repository: RepositoryId,
        comment: u64,
    ) -> anyhow::Result<Option<Order>> {
        let row: Option<(String, i64)> = sqlx::query_as(
            "select answer, done from orders where installation = $1 and repository = $2 and comment = $3",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(number(comment)?)
        .fetch_optional(self.pool)
        .await
        .context("while reading what a comment asks for")?;
        Ok(row.map(|(answer, done)| Order {
            answer,
            done: done != 0,
        }))
    }

    /// Marks everything that a comment asked for as done.
    pub async fn end_order(&self, repository: RepositoryId, comment: u64) -> anyhow::Result<()> {
        sqlx::query(
            "update orders set done = 1 where installation = $1 and repository = $2 and comment = $3",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(number(comment)?)
        .execute(self.pool)
        .await
        .context("while recording that a comment was answered")?;
        Ok(())
    }
}

fn number(comment: u64) -> anyhow::Result<i64> {
    i64::try_from(comment).context("a comment's number is too large")
}
