//! Stores which stacks an event of AWS may be about.

use super::Tenant;
use crate::model::{RepositoryId, StackName};
use anyhow::Context;
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;

/// How many hashes one statement names.
const ROWS: usize = 200;

impl Tenant<'_> {
    /// Replaces the hashes of a stack; most of them are those of the scan before, and stay.
    pub async fn save_event_hashes(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        hashes: &BTreeSet<i64>,
    ) -> anyhow::Result<()> {
        let transaction = self.pool.begin().await;
        let transaction = transaction.context("while starting a transaction")?;
        let known: Vec<i64> = sqlx::query_scalar(
            "select resource_hash from event_index where installation = $1 and repository = $2 and stack = $3",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack.as_str())
        .fetch_all(transaction.handle())
        .await
        .context("while reading which events are about a stack")?;
        let known: BTreeSet<i64> = known.into_iter().collect();
        let gone: Vec<_> = known.difference(hashes).copied().collect();
        for part in gone.chunks(ROWS) {
            let statement = format!(
                "delete from event_index where installation = $1 and repository = $2 and stack = $3
                     and resource_hash in ({})",
                listed(part)
            );
            self.change_events(transaction.handle(), statement, repository, stack)
                .await?;
        }
        let new: Vec<_> = hashes.difference(&known).copied().collect();
        for part in new.chunks(ROWS) {
            let rows: Vec<_> = part
                .iter()
                .map(|hash| format!("($1, {hash}, $2, $3)"))
                .collect();
            let statement = format!(
                "insert into event_index (installation, resource_hash, repository, stack) values {}
                 on conflict do nothing",
                rows.join(", ")
            );
            self.change_events(transaction.handle(), statement, repository, stack)
                .await?;
        }
        let committed = transaction.commit().await;
        committed.context("while saving which events are about a stack")
    }

    /// Returns the stacks of repositories that events with these hashes may be about, at most so many.
    pub async fn stacks_of_events(
        &self,
        hashes: &[i64],
        most: usize,
    ) -> anyhow::Result<Vec<(RepositoryId, StackName)>> {
        let mut found = BTreeSet::new();
        for part in hashes.chunks(ROWS) {
            let statement = format!(
                "select distinct repository, stack from event_index
                 where installation = $1 and resource_hash in ({}) limit $2",
                listed(part)
            );
            let rows: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(statement))
                .bind(&self.id)
                .bind(i64::try_from(most).unwrap_or(i64::MAX))
                .fetch_all(self.pool)
                .await
                .context("while looking for the stacks of an event")?;
            found.extend(rows);
        }
        let known = |(repository, stack): (String, String)| {
            let repository = RepositoryId(repository.parse().ok()?);
            Some((repository, StackName::new(&stack)?))
        };
        Ok(found.into_iter().filter_map(known).take(most).collect())
    }

    async fn change_events(
        &self,
        handle: &super::handle::Handle,
        statement: String,
        repository: RepositoryId,
        stack: &StackName,
    ) -> anyhow::Result<()> {
        sqlx::query(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(repository.to_string())
            .bind(stack.as_str())
            .execute(handle)
            .await
            .context("while saving which events are about a stack")?;
        Ok(())
    }
}

/// Writes numbers as a list of SQL.
fn listed(hashes: &[i64]) -> String {
    let hashes: Vec<_> = hashes.iter().map(i64::to_string).collect();
    hashes.join(", ")
}
