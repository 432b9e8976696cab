//! Finds the oldest job.

use super::storage::{QUEUE, Queue};
use anyhow::Context;
use sqlx::AssertSqlSafe;

/// How many jobs are read to find the oldest one.
const MAX_JOBS: i64 = 1_000;

impl Queue {
    /// Returns since when the oldest of the next jobs is in the queue; `None` where nothing runs or waits.
    pub async fn oldest(&self) -> anyhow::Result<Option<i64>> {
        const NEXT: &str =
            "where job_type = $1 and status in ('Pending', 'Queued', 'Running', 'Failed')
             and done_at is null order by run_at, id limit $2";
        match self {
            Self::Sqlite(pool) => {
                let statement = format!(
                    "select min(since) from (select json_extract(cast(job as text), '$.since') as since from Jobs {NEXT})
                     where since > 0"
                );
                let oldest = sqlx::query_scalar(AssertSqlSafe(statement)).bind(QUEUE).bind(MAX_JOBS);
                oldest.fetch_one(pool).await
            }
            Self::Postgres(pool) => {
                let statement = format!(
                    "select min(since) from (select cast(convert_from(job, 'UTF8')::jsonb ->> 'since' as bigint) as since
                     from apalis.jobs {NEXT}) as next where since > 0"
                );
                let oldest = sqlx::query_scalar(AssertSqlSafe(statement)).bind(QUEUE).bind(MAX_JOBS);
                oldest.fetch_one(pool).await
            }
        }
        .context("while looking for the oldest job")
    }
}
