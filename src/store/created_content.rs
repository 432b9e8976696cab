//! How much was created at GitHub for each installation, by slices of time.

use super::{Store, Tenant};
use anyhow::Context;
use std::collections::BTreeMap;

impl Store {
    /// Forgets what was created before a moment.
    pub async fn forget_content(&self, before: i64) -> anyhow::Result<()> {
        sqlx::query("delete from created_content where slice < $1")
            .bind(before)
            .execute(&self.pool)
            .await
            .context("while forgetting what was created long ago")?;
        Ok(())
    }
}

impl Tenant<'_> {
    /// Counts one more piece of content in a slice of time.
    pub async fn count_content(&self, slice: i64) -> anyhow::Result<()> {
        sqlx::query(
            "insert into created_content (installation, slice, created) values ($1, $2, 1)
             on conflict (installation, slice) do update set created = created_content.created + 1",
        )
        .bind(&self.id)
        .bind(slice)
        .execute(self.pool)
        .await
        .context("while counting created content")?;
        Ok(())
    }

    /// Takes back a count: nothing was created.
    pub async fn uncount_content(&self, slice: i64) -> anyhow::Result<()> {
        sqlx::query(
            "update created_content set created = created - 1
             where installation = $1 and slice = $2 and created > 0",
        )
        .bind(&self.id)
        .bind(slice)
        .execute(self.pool)
        .await
        .context("while counting created content")?;
        Ok(())
    }

    /// What was created since a moment, by slice.
    pub async fn created_content(&self, since: i64) -> anyhow::Result<BTreeMap<i64, u64>> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "select slice, created from created_content
             where installation = $1 and slice >= $2 and created > 0",
        )
        .bind(&self.id)
        .bind(since)
        .fetch_all(self.pool)
        .await
        .context("while reading what was created")?;
        let count = |(slice, created)| (slice, u64::try_from(created).unwrap_or_default());
        Ok(rows.into_iter().map(count).collect())
    }
}
