//! Deletes old rows a part at a time, so that no statement keeps others from writing for long.

use super::handle::Handle;
use anyhow::Context;
use sqlx::AssertSqlSafe;
use std::time::Duration;

/// How many rows a statement deletes.
const BATCH: u64 = 2_000;
/// How many statements are executed at most: the next sweep goes on.
const MAX_BATCHES: usize = 50;
/// How long others have to write between two of them.
const PAUSE: Duration = Duration::from_millis(10);

/// The rows of a table that are deleted when they are old.
pub(super) struct OldRows {
    pub table: &'static str,
    /// The columns of the primary key.
    pub key: &'static str,
    /// What an old row fulfils: `$1` is a moment.
    pub condition: &'static str,
}

impl OldRows {
    /// Deletes the rows that are old at a moment, and returns how many they were.
    pub(super) async fn delete(&self, handle: &Handle, moment: i64) -> anyhow::Result<u64> {
        let OldRows {
            table,
            key,
            condition,
        } = self;
        // A row that changes meanwhile is looked at once more. The database does not look for rows by this condition, so
        // that each statement reads no others than those that it deletes.
        let statement = format!(
            "delete from {table} where case when {condition} then 1 else 0 end = 1
                 and ({key}) in (select {key} from {table} where {condition} limit {BATCH})"
        );
        let mut deleted = 0;
        for _ in 0..MAX_BATCHES {
            let done = sqlx::query(AssertSqlSafe(statement.clone()))
                .bind(moment)
                .execute(handle)
                .await
                .with_context(|| format!("while deleting old rows of {table}"))?;
            deleted += done.rows_affected();
            if done.rows_affected() < BATCH {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(deleted)
    }
}
