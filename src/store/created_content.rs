//! Counts the content created at GitHub per installation, by slices of time.

use super::{Store, Tenant};
use anyhow::Context;
use std::collections::BTreeMap;

impl Store {
    /// Deletes the counts of slices before a moment.
    pub async fn delete_created_content(&self, before: i64) -> anyhow::Result<()> {
        sqlx::query("delete from created_content where slice < $1")
            .bind(before)
            .execute(&self.pool)
            .await
            .context("while deleting what was created long ago")?;
        Ok(())
    }
}

impl Tenant<'_> {
    /// Counts a piece of content in a slice.
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

    /// Takes back a count, since nothing was created.
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

    /// Returns the counts since a moment, by slice.
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
