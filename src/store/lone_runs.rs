//! Counts how many processes died while a job ran alone. Each death is counted before it may happen.

use super::{Store, Tenant};
use anyhow::Context;

impl Store {
    /// Takes back the counts of a worker's lone runs: it ends them itself, and does not die of them.
    pub async fn undo_lone_runs(&self, runner: &str) -> anyhow::Result<()> {
        sqlx::query("update lone_runs set runner = '', deaths = deaths - 1 where runner = $1")
            .bind(runner)
            .execute(&self.pool)
            .await
            .context("while taking lone runs back")?;
        Ok(())
    }
}

impl Tenant<'_> {
    /// Returns how many processes died while the job ran alone.
    pub async fn lone_deaths(&self, job: &str) -> anyhow::Result<u32> {
        let deaths: Option<i64> =
            sqlx::query_scalar("select deaths from lone_runs where installation = $1 and job = $2")
                .bind(&self.id)
                .bind(job)
                .fetch_optional(self.pool)
                .await
                .context("while reading how many processes a job took down")?;
        Ok(u32::try_from(deaths.unwrap_or_default()).unwrap_or(u32::MAX))
    }

    /// Records that a job starts to run alone. This counts as a death of the process until it is taken back.
    pub async fn begin_lone_run(&self, job: &str, runner: &str) -> anyhow::Result<()> {
        sqlx::query(
            "insert into lone_runs (job, installation, runner, deaths) values ($2, $1, $3, 1)
             on conflict (job) do update set runner = excluded.runner, deaths = lone_runs.deaths + 1",
        )
        .bind(&self.id)
        .bind(job)
        .bind(runner)
        .execute(self.pool)
        .await
        .context("while recording that a job runs alone")?;
        Ok(())
    }

    /// Takes back the count of one run of this worker, which survived; deaths of others stay counted.
    pub async fn undo_lone_run(&self, job: &str, runner: &str) -> anyhow::Result<()> {
        sqlx::query(
            "update lone_runs set runner = '', deaths = deaths - 1
             where installation = $1 and job = $2 and runner = $3",
        )
        .bind(&self.id)
        .bind(job)
        .bind(runner)
        .execute(self.pool)
        .await
        .context("while taking a lone run back")?;
        Ok(())
    }

    /// Deletes all deaths of a job.
    pub async fn delete_lone_runs(&self, job: &str) -> anyhow::Result<()> {
        sqlx::query("delete from lone_runs where installation = $1 and job = $2")
            .bind(&self.id)
            .bind(job)
            .execute(self.pool)
            .await
            .context("while deleting lone runs")?;
        Ok(())
    }
}
