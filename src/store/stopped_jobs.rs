//! Stores jobs that are not retried automatically.

use super::old_rows::OldRows;
use super::{Store, Tenant, storable};
use crate::model::{InstallationId, RepositoryId, masked};
use anyhow::Context;

/// Why a job is not retried automatically.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoppedState {
    /// The job crashed processes, or another job of its repository did.
    Parked,
    /// The job was parked and is retried; jobs that wait for it still wait.
    Retried,
    /// The job's attempts are used up, or another one would fail the same way.
    Failed,
}

/// A job that is not retried automatically.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoppedJob {
    /// The job's id.
    pub id: String,
    /// The installation.
    pub installation: InstallationId,
    /// The repository; `None` where the job belongs to no single one.
    pub repository: Option<RepositoryId>,
    /// The job as the queue serializes it.
    pub ticket: String,
    /// Why the job is not retried.
    pub state: StoppedState,
    /// How many processes died while the job ran alone.
    pub deaths: u32,
    /// The error message.
    pub problem: String,
    /// Since when the job is stopped, in epoch milliseconds.
    pub stopped_at: i64,
}

type Row = (String, String, String, String, String, i64, String, i64);

const COLUMNS: &str = "select job, installation, repository, ticket, state, deaths, problem, stopped_at from stopped_jobs";

impl StoppedState {
    /// Returns the name of the state, as it is stored and displayed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::Retried => "retried",
            Self::Failed => "failed",
        }
    }

    fn parse(name: &str) -> Self {
        match name {
            "parked" => Self::Parked,
            "retried" => Self::Retried,
            _ => Self::Failed,
        }
    }
}

impl Store {
    /// Returns the stopped jobs of all installations, the oldest first: for the operator.
    pub async fn stopped_jobs(&self, most: u32) -> anyhow::Result<Vec<StoppedJob>> {
        let statement = sqlx::AssertSqlSafe(format!("{COLUMNS} order by stopped_at, job limit $1"));
        let rows: Vec<Row> = sqlx::query_as(statement)
            .bind(i64::from(most))
            .fetch_all(&self.pool)
            .await
            .context("while reading the stopped jobs")?;
        Ok(rows.into_iter().filter_map(stopped_job).collect())
    }

    /// Returns a stopped job of any installation: for the operator.
    pub async fn stopped_job(&self, id: &str) -> anyhow::Result<Option<StoppedJob>> {
        let statement = sqlx::AssertSqlSafe(format!("{COLUMNS} where job = $1"));
        let row: Option<Row> = sqlx::query_as(statement)
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .context("while reading a stopped job")?;
        Ok(row.and_then(stopped_job))
    }

    /// Counts the jobs in a state.
    pub async fn count_stopped_jobs(&self, state: StoppedState) -> anyhow::Result<u64> {
        let count: i64 = sqlx::query_scalar("select count(*) from stopped_jobs where state = $1")
            .bind(state.as_str())
            .fetch_one(&self.pool)
            .await
            .context("while counting stopped jobs")?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Deletes jobs that failed before a moment. Parked jobs wait for the operator.
    pub async fn delete_failed_jobs(&self, before: i64) -> anyhow::Result<()> {
        let old = OldRows {
            table: "stopped_jobs",
            key: "job",
            condition: "state = 'failed' and stopped_at < $1",
        };
        old.delete(&self.pool, before).await?;
        Ok(())
    }
}

impl Tenant<'_> {
    /// Stores a stopped job.
    pub async fn stop_job(&self, job: &StoppedJob) -> anyhow::Result<()> {
        let repository = job.repository.map(|id| id.to_string());
        sqlx::query(
            "insert into stopped_jobs (job, installation, repository, ticket, state, deaths, problem, stopped_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (job) do update set
                 ticket = excluded.ticket, state = excluded.state, deaths = excluded.deaths,
                 problem = excluded.problem, stopped_at = excluded.stopped_at",
        )
        .bind(&job.id)
        .bind(&self.id)
        .bind(repository.unwrap_or_default())
        .bind(&job.ticket)
        .bind(job.state.as_str())
        .bind(i64::from(job.deaths))
        .bind(storable(&masked(&job.problem)))
        .bind(job.stopped_at)
        .execute(self.pool)
        .await
        .context("while saving a stopped job")?;
        Ok(())
    }

    /// Returns the jobs of a repository that are parked, or were and are retried; the oldest first.
    pub async fn parked_jobs(&self, repository: RepositoryId) -> anyhow::Result<Vec<StoppedJob>> {
        let statement = sqlx::AssertSqlSafe(format!(
            "{COLUMNS} where installation = $1 and repository = $2 and state in ('parked', 'retried') order by stopped_at, job"
        ));
        let rows: Vec<Row> = sqlx::query_as(statement)
            .bind(&self.id)
            .bind(repository.to_string())
            .fetch_all(self.pool)
            .await
            .context("while reading a repository's parked jobs")?;
        Ok(rows.into_iter().filter_map(stopped_job).collect())
    }

    /// Returns parked jobs, of one repository or of all, the longest parked first.
    pub async fn jobs_that_wait_parked(
        &self,
        repository: Option<RepositoryId>,
        most: u32,
    ) -> anyhow::Result<Vec<StoppedJob>> {
        let statement = sqlx::AssertSqlSafe(format!(
            "{COLUMNS} where installation = $1 and ($2 = '' or repository = $2) and state = 'parked'
             order by stopped_at, job limit $3"
        ));
        let rows: Vec<Row> = sqlx::query_as(statement)
            .bind(&self.id)
            .bind(repository.map(|id| id.to_string()).unwrap_or_default())
            .bind(i64::from(most))
            .fetch_all(self.pool)
            .await
            .context("while reading the parked jobs")?;
        Ok(rows.into_iter().filter_map(stopped_job).collect())
    }

    /// Records that a parked job is retried.
    pub async fn retry_job(&self, job: &StoppedJob) -> anyhow::Result<()> {
        sqlx::query(
            "update stopped_jobs set state = 'retried'
             where installation = $1 and job = $2 and ticket = $3 and state = 'parked'",
        )
        .bind(&self.id)
        .bind(&job.id)
        .bind(&job.ticket)
        .execute(self.pool)
        .await
        .context("while recording that a parked job is tried again")?;
        Ok(())
    }

    /// Removes a stopped job. Returns false where another process removed it.
    pub async fn release_job(&self, id: &str) -> anyhow::Result<bool> {
        let done = sqlx::query("delete from stopped_jobs where installation = $1 and job = $2")
            .bind(&self.id)
            .bind(id)
            .execute(self.pool)
            .await
            .context("while releasing a stopped job")?;
        Ok(done.rows_affected() == 1)
    }

    /// Removes a stopped job, unless it ran and stopped anew since it was read.
    pub async fn release_unchanged(&self, job: &StoppedJob) -> anyhow::Result<()> {
        sqlx::query(
            "delete from stopped_jobs where installation = $1 and job = $2 and ticket = $3",
        )
        .bind(&self.id)
        .bind(&job.id)
        .bind(&job.ticket)
        .execute(self.pool)
        .await
        .context("while releasing a stopped job")?;
        Ok(())
    }
}

fn stopped_job(row: Row) -> Option<StoppedJob> {
    let (id, installation, repository, ticket, state, deaths, problem, stopped_at) = row;
    Some(StoppedJob {
        id,
        installation: InstallationId(installation.parse().ok()?),
        repository: repository.parse().ok().map(RepositoryId),
        ticket,
        state: StoppedState::parse(&state),
        deaths: u32::try_from(deaths).unwrap_or_default(),
        problem,
        stopped_at,
    })
}
