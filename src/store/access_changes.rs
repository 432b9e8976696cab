//! Stores when installations gained and lost access to repositories, by the time at which GitHub first sent it.
//!
//! Deliveries that were missed are sent again up to three days later, and then tell of a past that is over.

use super::old_rows::OldRows;
use super::{Store, Tenant};
use crate::model::{DeliveryId, InstallationId, RepositoryId};
use anyhow::Context;
use sqlx::AssertSqlSafe;
use std::collections::HashMap;

impl Store {
    /// Returns when GitHub first sent those of the deliveries that were missed then, in epoch milliseconds.
    pub async fn first_sent(
        &self,
        deliveries: &[&DeliveryId],
    ) -> anyhow::Result<HashMap<DeliveryId, i64>> {
        if deliveries.is_empty() {
            return Ok(HashMap::new());
        }
        let places: Vec<_> = (1..=deliveries.len()).map(|at| format!("${at}")).collect();
        let statement = format!(
            "select delivery, sent_at from missed_deliveries where delivery in ({})",
            places.join(", ")
        );
        let mut query = sqlx::query_as(AssertSqlSafe(statement));
        for id in deliveries {
            query = query.bind(&id.0);
        }
        let rows: Vec<(String, i64)> = query
            .fetch_all(&self.pool)
            .await
            .context("while looking for missed deliveries among those that arrived")?;
        let sent = rows.into_iter().map(|(id, at)| (DeliveryId(id), at));
        Ok(sent.collect())
    }

    /// Returns when another installation gained the repository last, if that was after a moment.
    pub async fn gained_elsewhere(
        &self,
        repository: RepositoryId,
        than: InstallationId,
        after: i64,
    ) -> anyhow::Result<Option<i64>> {
        sqlx::query_scalar(
            "select changed_at from access_changes
             where repository = $1 and installation <> $2 and has_access = 1 and changed_at > $3
             order by changed_at desc limit 1",
        )
        .bind(repository.to_string())
        .bind(than.to_string())
        .bind(after)
        .fetch_optional(&self.pool)
        .await
        .context("while looking for a repository's owner")
    }

    /// Deletes what was told before a moment.
    pub async fn delete_access_changes(&self, before: i64) -> anyhow::Result<u64> {
        let old = OldRows {
            table: "access_changes",
            key: "installation, repository",
            condition: "changed_at < $1",
        };
        old.delete(&self.pool, before).await
    }
}

impl Tenant<'_> {
    /// Records that the installation gained or lost a repository, or, with `None`, that it was unsuspended or suspended.
    /// Returns false, and changes nothing, where a later change is known.
    pub async fn change_access(
        &self,
        repository: Option<RepositoryId>,
        has_access: bool,
        at: i64,
    ) -> anyhow::Result<bool> {
        let done = sqlx::query(
            "insert into access_changes (installation, repository, has_access, changed_at) values ($1, $2, $3, $4)
             on conflict (installation, repository) do update set
                 has_access = excluded.has_access,
                 changed_at = excluded.changed_at
             where access_changes.changed_at <= excluded.changed_at",
        )
        .bind(&self.id)
        .bind(repository.map(|id| id.to_string()).unwrap_or_default())
        .bind(i64::from(has_access))
        .bind(at)
        .execute(self.pool)
        .await
        .context("while recording a change of access")?;
        Ok(done.rows_affected() == 1)
    }

    /// Returns when the installation lost a repository; `None` where it did not, or gained it again.
    pub async fn lost_at(&self, repository: RepositoryId) -> anyhow::Result<Option<i64>> {
        sqlx::query_scalar(
            "select changed_at from access_changes
             where installation = $1 and repository = $2 and has_access = 0",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .fetch_optional(self.pool)
        .await
        .context("while looking for a repository that was lost")
    }
}
