//! Counts the content created at GitHub per installation, by slices of time.

use super::old_rows::OldRows;
use super::{Store, Tenant};
use crate::model::InstallationId;
use anyhow::Context;
use std::collections::BTreeMap;

/// How much was created for an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentCount {
    /// The installation.
    pub installation: InstallationId,
    /// How much since the earlier moment.
    pub since: u64,
    /// How much since the later one.
    pub lately: u64,
}

impl Store {
    /// Deletes the counts of slices before a moment.
    pub async fn delete_created_content(&self, before: i64) -> anyhow::Result<()> {
        let old = OldRows {
            table: "created_content",
            key: "installation, slice",
            condition: "slice < $1",
        };
        old.delete(&self.pool, before).await?;
        Ok(())
    }
}

impl Store {
    /// Counts what was created for each installation since a moment, and since a later one; the most first. For the
    /// operator.
    pub async fn created_content_of_all(
        &self,
        (since, lately): (i64, i64),
        most: u32,
    ) -> anyhow::Result<Vec<ContentCount>> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "select installation, cast(sum(created) as bigint),
                 cast(sum(case when slice >= $2 then created else 0 end) as bigint)
             from created_content where slice >= $1 and created > 0
             group by installation order by 2 desc, installation limit $3",
        )
        .bind(since)
        .bind(lately)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await
        .context("while reading what was created")?;
        let number = |count| u64::try_from(count).unwrap_or_default();
        let count = |(installation, since, lately): (String, i64, i64)| {
            Some(ContentCount {
                installation: InstallationId(installation.parse().ok()?),
                since: number(since),
                lately: number(lately),
            })
        };
        Ok(rows.into_iter().filter_map(count).collect())
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
