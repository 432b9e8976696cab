//! apalis on SQLite and on PostgreSQL: one queue, in the same database as everything else.

use super::job::Ticket;
use super::turns;
use crate::model::{InstallationId, RepositoryId};
use crate::store::is_idle;
use anyhow::Context;
use apalis::prelude::TaskBuilder;
use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

/// The queue's name in the database.
pub(super) const QUEUE: &str = "driftguard";

/// The table that notes which of apalis's migrations have run.
const MIGRATIONS: &str = "apalis_migrations";

/// How many of them have run; an error where none has.
const APPLIED: &str = "select count(*) from apalis_migrations";

/// How often apalis hands out one row: without a bound of its own. Failed tries come back as rows of their own, and what
/// takes processes down is parked.
const MOST_TRIES: usize = 1_000_000;

/// How many connections a process keeps at most.
const CONNECTIONS: u32 = 8;

/// How many jobs are looked at for the oldest one.
const MOST_LOOKED_AT: i64 = 1_000;

/// How long a writer waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// The queue.
#[derive(Debug, Clone)]
pub enum Queue {
    /// Embedded.
    Sqlite(SqlitePool),
    /// For any number of processes.
    Postgres(PgPool),
}

/// A job in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedJob {
    /// The job.
    pub ticket: Ticket,
    /// Whether a worker has taken it.
    pub running: bool,
    /// When it may be taken, in epoch milliseconds.
    pub run_at: i64,
}

/// How many jobs stand where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Not taken yet.
    pub waiting: u64,
    /// Taken.
    pub running: u64,
    /// Ended.
    pub done: u64,
}

impl Queue {
    /// Connects to `sqlite://PATH` or `postgres://...`, and makes or updates the queue's tables.
    pub async fn connect(url: &str) -> anyhow::Result<Self> {
        if url.starts_with("sqlite:") {
            Self::connect_sqlite(url).await
        } else {
            Self::connect_postgres(url).await
        }
    }

    async fn connect_sqlite(url: &str) -> anyhow::Result<Self> {
        // apalis's own set-up turns synchronous writes off and takes sqlx's default table for itself.
        let options = SqliteConnectOptions::from_str(url)
            .context("DATABASE_URL is no address of a SQLite file")?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .after_release(|connection, _| Box::pin(async move { Ok(is_idle(connection).await) }))
            .connect_with(options)
            .await
            .context("while connecting to the queue")?;
        let mut migrations = SqliteStorage::migrations();
        migrations.dangerous_set_table_name(MIGRATIONS);
        migrations.set_ignore_missing(false);
        update_sqlite(&pool, &migrations)
            .await
            .context("while updating the queue's tables")?;
        Ok(Self::Sqlite(pool))
    }

    async fn connect_postgres(url: &str) -> anyhow::Result<Self> {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect(url)
            .await
            .context("while connecting to the queue: check DATABASE_URL")?;
        let mut migrations = PostgresStorage::migrations();
        migrations.dangerous_set_table_name(MIGRATIONS);
        migrations.run(&pool).await.context(
            "while updating the queue's tables: the database's owner must be able to create the extensions hstore and pgcrypto",
        )?;
        Ok(Self::Postgres(pool))
    }

    /// Enqueues a job, at its installation's next turn, to be taken after a delay of whole seconds. False where this pass
    /// of it was enqueued before.
    pub async fn push(&self, ticket: &Ticket, delay: Duration) -> anyhow::Result<bool> {
        let args = serde_json::to_vec(ticket).context("while writing a job")?;
        let task = TaskBuilder::new(args)
            .idempotency_key(ticket.pass())
            .max_attempts(MOST_TRIES)
            .run_at_time(SystemTime::now() + delay);
        let before = "while enqueuing a job";
        match self {
            Self::Sqlite(pool) => push_sqlite(pool, ticket, task).await.context(before),
            Self::Postgres(pool) => push_postgres(pool, ticket, task).await.context(before),
        }
    }

    /// How many jobs stand where.
    pub async fn standing(&self) -> anyhow::Result<Standing> {
        let (sqlite, postgres) = (
            "select status, count(*) from Jobs where job_type = $1 group by status",
            "select status, count(*) from apalis.jobs where job_type = $1 group by status",
        );
        let rows: Vec<(String, i64)> = match self {
            Self::Sqlite(pool) => sqlx::query_as(sqlite).bind(QUEUE).fetch_all(pool).await,
            Self::Postgres(pool) => sqlx::query_as(postgres).bind(QUEUE).fetch_all(pool).await,
        }
        .context("while counting jobs")?;
        let mut standing = Standing::default();
        for (status, count) in rows {
            let count = u64::try_from(count).unwrap_or_default();
            match status.as_str() {
                "Pending" => standing.waiting += count,
                "Queued" | "Running" => standing.running += count,
                _ => standing.done += count,
            }
        }
        Ok(standing)
    }

    /// What waits and what runs, the oldest first.
    pub async fn jobs(&self, most: u32) -> anyhow::Result<Vec<QueuedJob>> {
        const CHOSEN: &str =
            "where job_type = $1 and status in ('Pending', 'Queued', 'Running', 'Failed')
             and done_at is null order by run_at, id limit $2";
        let most = i64::from(most);
        let rows: Vec<(Vec<u8>, String, i64)> = match self {
            Self::Sqlite(pool) => {
                let statement = format!("select job, status, run_at from Jobs {CHOSEN}");
                let rows = sqlx::query_as(AssertSqlSafe(statement)).bind(QUEUE).bind(most);
                rows.fetch_all(pool).await
            }
            Self::Postgres(pool) => {
                let statement = format!(
                    "select job, status, extract(epoch from run_at)::bigint from apalis.jobs {CHOSEN}"
                );
                let rows = sqlx::query_as(AssertSqlSafe(statement)).bind(QUEUE).bind(most);
                rows.fetch_all(pool).await
            }
        }
        .context("while reading the queue")?;
        let queued = |(job, status, run_at): (Vec<u8>, String, i64)| {
            Some(QueuedJob {
                ticket: serde_json::from_slice(&job).ok()?,
                running: matches!(status.as_str(), "Queued" | "Running"),
                run_at: run_at.saturating_mul(1000),
            })
        };
        Ok(rows.into_iter().filter_map(queued).collect())
    }

    /// Since when the oldest job is there, of those that are next: none where nothing runs or waits.
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
                let oldest = sqlx::query_scalar(AssertSqlSafe(statement)).bind(QUEUE).bind(MOST_LOOKED_AT);
                oldest.fetch_one(pool).await
            }
            Self::Postgres(pool) => {
                let statement = format!(
                    "select min(since) from (select cast(convert_from(job, 'UTF8')::jsonb ->> 'since' as bigint) as since
                     from apalis.jobs {NEXT}) as next where since > 0"
                );
                let oldest = sqlx::query_scalar(AssertSqlSafe(statement)).bind(QUEUE).bind(MOST_LOOKED_AT);
                oldest.fetch_one(pool).await
            }
        }
        .context("while looking for the oldest job")
    }

    /// Takes a job that waits out of the queue. False where it does not wait.
    pub async fn withdraw(&self, ticket: &Ticket) -> anyhow::Result<bool> {
        const CHOSEN: &str = "where job_type = $1 and idempotency_key = $2 and status = 'Pending'";
        let key = ticket.pass();
        match self {
            Self::Sqlite(pool) => {
                let statement = AssertSqlSafe(format!("delete from Jobs {CHOSEN}"));
                let done = sqlx::query(statement).bind(QUEUE).bind(key).execute(pool);
                done.await.map(|done| done.rows_affected())
            }
            Self::Postgres(pool) => {
                let statement = AssertSqlSafe(format!("delete from apalis.jobs {CHOSEN}"));
                let done = sqlx::query(statement).bind(QUEUE).bind(key).execute(pool);
                done.await.map(|done| done.rows_affected())
            }
        }
        .map(|rows| rows == 1)
        .context("while taking a job out of the queue")
    }

    /// Puts back what a worker that stops did not finish, so that another need not wait until it counts as dead.
    pub async fn hand_back(&self, worker: &str) -> anyhow::Result<()> {
        const CHANGE: &str = "set status = 'Pending', lock_by = null, lock_at = null
             where lock_by = $1 and status in ('Queued', 'Running')";
        match self {
            Self::Sqlite(pool) => {
                let statement = AssertSqlSafe(format!("update Jobs {CHANGE}"));
                sqlx::query(statement)
                    .bind(worker)
                    .execute(pool)
                    .await
                    .map(drop)
            }
            Self::Postgres(pool) => {
                let statement = AssertSqlSafe(format!("update apalis.jobs {CHANGE}"));
                sqlx::query(statement)
                    .bind(worker)
                    .execute(pool)
                    .await
                    .map(drop)
            }
        }
        .context("while handing jobs back")
    }

    /// Forgets jobs that ended before a moment in epoch milliseconds.
    pub async fn forget(&self, before: i64) -> anyhow::Result<()> {
        let before = before / 1000;
        match self {
            Self::Sqlite(pool) => {
                let statement = "delete from Jobs where job_type = $1 and done_at < $2
                     and (status in ('Done', 'Killed') or (status = 'Failed' and attempts >= max_attempts))";
                sqlx::query(statement).bind(QUEUE).bind(before).execute(pool).await.map(drop)
            }
            Self::Postgres(pool) => {
                let statement = "delete from apalis.jobs where job_type = $1 and done_at < to_timestamp($2)
                     and (status in ('Done', 'Killed') or (status = 'Failed' and attempts >= max_attempts))";
                sqlx::query(statement).bind(QUEUE).bind(before as f64).execute(pool).await.map(drop)
            }
        }
        .context("while forgetting old jobs")
    }

    /// Deletes the errands of an installation that no worker has, whether they wait or ended: of all its repositories, or
    /// of one. Those of earlier versions hold findings; what an errand speaks of is gone.
    pub async fn forget_errands(
        &self,
        installation: InstallationId,
        repository: Option<RepositoryId>,
    ) -> anyhow::Result<()> {
        let sqlite = "delete from Jobs where job_type = $1 and status not in ('Queued', 'Running')
             and json_extract(cast(job as text), '$.job.errand.installation') = cast($2 as integer)
             and ($3 = '' or json_extract(cast(job as text), '$.job.errand.repository') = cast($3 as integer))";
        let postgres =
            "delete from apalis.jobs where job_type = $1 and status not in ('Queued', 'Running')
             and convert_from(job, 'UTF8')::jsonb #>> '{job,errand,installation}' = $2
             and ($3 = '' or convert_from(job, 'UTF8')::jsonb #>> '{job,errand,repository}' = $3)";
        let installation = installation.to_string();
        let repository = repository.map(|id| id.to_string()).unwrap_or_default();
        match self {
            Self::Sqlite(pool) => {
                let delete = sqlx::query(sqlite).bind(QUEUE).bind(installation);
                delete.bind(repository).execute(pool).await.map(drop)
            }
            Self::Postgres(pool) => {
                let delete = sqlx::query(postgres).bind(QUEUE).bind(installation);
                delete.bind(repository).execute(pool).await.map(drop)
            }
        }
        .context("while deleting an installation's errands")
    }

    /// Counts the turns from the beginning, where nothing waits for one.
    pub async fn forget_turns(&self) -> anyhow::Result<()> {
        const CHANGE: &str = "delete from queue_turns where not exists";
        match self {
            Self::Sqlite(pool) => {
                let statement = format!("{CHANGE} (select 1 from Jobs where job_type = $1 and status = 'Pending')");
                sqlx::query(AssertSqlSafe(statement)).bind(QUEUE).execute(pool).await.map(drop)
            }
            Self::Postgres(pool) => {
                let statement = format!("{CHANGE} (select 1 from apalis.jobs where job_type = $1 and status = 'Pending')");
                sqlx::query(AssertSqlSafe(statement)).bind(QUEUE).execute(pool).await.map(drop)
            }
        }
        .context("while forgetting old turns")
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Makes or updates the tables. sqlx takes no lock here, so what is to be done is one transaction: a process that starts
/// meanwhile waits for its end. Where there is nothing to do nobody waits for a writer.
async fn update_sqlite(pool: &SqlitePool, migrations: &Migrator) -> Result<(), MigrateError> {
    let applied = sqlx::query_scalar::<_, i64>(APPLIED).fetch_one(pool).await;
    let applied = applied.ok().and_then(|count| usize::try_from(count).ok());
    if applied.is_some_and(|applied| applied >= migrations.iter().len()) {
        return migrations.run(pool).await;
    }
    let mut all = pool.begin_with("begin immediate").await?;
    // What `run` calls, which cannot be awaited on a connection by what is sent between threads.
    migrations.run_direct(None, &mut *all, false).await?;
    Ok(all.commit().await?)
}

/// The insert leaves a known key alone; how many rows it wrote is not told, so the pass is looked for first.
async fn push_sqlite(
    pool: &SqlitePool,
    ticket: &Ticket,
    task: TaskBuilder<Vec<u8>>,
) -> anyhow::Result<bool> {
    let mut transaction = pool.begin_with("begin immediate").await?;
    let known: Option<i64> =
        sqlx::query_scalar("select 1 from Jobs where job_type = $1 and idempotency_key = $2")
            .bind(QUEUE)
            .bind(ticket.pass())
            .fetch_optional(&mut *transaction)
            .await?;
    if known.is_some() {
        return Ok(false);
    }
    let turn = sqlx::query_scalar(turns::SQLITE)
        .bind(ticket.job.installation().to_string())
        .bind(QUEUE)
        .bind(turns::FIRST)
        .fetch_one(&mut *transaction)
        .await?;
    let task = task.priority(turns::priority(turn)).build();
    apalis_sqlite::queries::push_tasks(&mut *transaction, QUEUE, &[task]).await?;
    transaction.commit().await?;
    Ok(true)
}

/// One job an insert: a known key refuses all rows of it.
async fn push_postgres(
    pool: &PgPool,
    ticket: &Ticket,
    task: TaskBuilder<Vec<u8>>,
) -> anyhow::Result<bool> {
    let mut connection = pool.acquire().await?;
    let turn = sqlx::query_scalar(turns::POSTGRES)
        .bind(ticket.job.installation().to_string())
        .bind(QUEUE)
        .bind(turns::FIRST)
        .fetch_one(&mut *connection)
        .await?;
    let task = task.priority(turns::priority(turn)).build();
    match apalis_postgres::queries::push_tasks(&mut *connection, QUEUE, vec![task]).await {
        Ok(()) => Ok(true),
        Err(apalis_postgres::Error::Database(error)) if is_known(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_known(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| error.is_unique_violation())
}
