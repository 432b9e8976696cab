//! Deletes tasks: those that ended long ago, and those of removed installations and repositories.

use super::storage::{QUEUE, Queue};
use crate::model::{InstallationId, RepositoryId};
use anyhow::Context;

/// How many ended jobs a statement deletes, so that it keeps nobody from writing for long: the next sweep goes on.
const BATCH: i64 = 5_000;

impl Queue {
    /// Deletes jobs that ended before a time in epoch milliseconds.
    pub async fn delete_ended(&self, before: i64) -> anyhow::Result<()> {
        let before = before / 1000;
        // One that is retried meanwhile is looked at once more.
        let sqlite = "delete from Jobs where status not in ('Pending', 'Queued', 'Running') and id in (
             select id from Jobs where job_type = $1 and done_at < $2
                 and (status in ('Done', 'Killed') or (status = 'Failed' and attempts >= max_attempts)) limit $3)";
        let postgres = "delete from apalis.jobs where status not in ('Pending', 'Queued', 'Running') and id in (
             select id from apalis.jobs where job_type = $1 and done_at < to_timestamp($2)
                 and (status in ('Done', 'Killed') or (status = 'Failed' and attempts >= max_attempts)) limit $3)";
        match self {
            Self::Sqlite(pool) => {
                let delete = sqlx::query(sqlite).bind(QUEUE).bind(before);
                delete.bind(BATCH).execute(pool).await.map(drop)
            }
            Self::Postgres(pool) => {
                let delete = sqlx::query(postgres).bind(QUEUE).bind(before as f64);
                delete.bind(BATCH).execute(pool).await.map(drop)
            }
        }
        .context("while deleting old jobs")
    }

    /// Deletes an installation's tasks, waiting or ended, except those that a worker holds: of all its repositories, or
    /// of some, in one pass over the jobs. Rows that earlier versions wrote hold findings.
    pub async fn delete_tasks(
        &self,
        installation: InstallationId,
        repositories: Option<&[RepositoryId]>,
    ) -> anyhow::Result<()> {
        let sqlite = "delete from Jobs where job_type = $1 and status not in ('Queued', 'Running')
             and json_extract(cast(job as text), '$.job.errand.installation') = cast($2 as integer)
             and ($3 = '' or json_extract(cast(job as text), '$.job.errand.repository') in (select value from json_each($3)))";
        let postgres =
            "delete from apalis.jobs where job_type = $1 and status not in ('Queued', 'Running')
             and convert_from(job, 'UTF8')::jsonb #>> '{job,errand,installation}' = $2
             and ($3 = '' or nullif($3, '')::jsonb @> (convert_from(job, 'UTF8')::jsonb #> '{job,errand,repository}'))";
        let installation = installation.to_string();
        let repositories = repositories.map(serde_json::to_string).transpose();
        let repositories = repositories.context("while writing the repositories' ids")?;
        let repositories = repositories.unwrap_or_default();
        match self {
            Self::Sqlite(pool) => {
                let delete = sqlx::query(sqlite).bind(QUEUE).bind(installation);
                delete.bind(repositories).execute(pool).await.map(drop)
            }
            Self::Postgres(pool) => {
                let delete = sqlx::query(postgres).bind(QUEUE).bind(installation);
                delete.bind(repositories).execute(pool).await.map(drop)
            }
        }
        .context("while deleting an installation's tasks")
    }
}
