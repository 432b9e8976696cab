//! Stores the queue: apalis on SQLite and on PostgreSQL, in the database of everything else.

use super::job::QueuedJob;
use super::turns;
use crate::store::end_open_transaction;
use anyhow::Context;
use apalis::prelude::TaskBuilder;
use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, PgPool, SqliteConnection, SqlitePool};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// The queue's name in the database.
pub(super) const QUEUE: &str = "driftguard";

/// The table of the applied migrations of apalis.
const MIGRATIONS: &str = "apalis_migrations";

/// Counts the applied migrations; fails where there is none.
const APPLIED: &str = "select count(*) from apalis_migrations";

/// How often apalis hands out one row: without a limit. Failed attempts return as new rows, and jobs that crash
/// processes are parked.
const MAX_TRIES: usize = 1_000_000;

/// How many connections a process opens.
const CONNECTIONS: u32 = 8;

/// How many jobs SQLite takes in one transaction. Other writers wait for its end.
const MAX_BATCH: usize = 100;

/// How long a writer waits for its turn.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The queue.
#[derive(Debug, Clone)]
pub enum Queue {
    /// In the embedded database.
    Sqlite(SqlitePool),
    /// For any number of processes.
    Postgres(PgPool),
}

/// A job in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedJob {
    /// The job.
    pub queued: QueuedJob,
    /// Whether a worker has taken it.
    pub running: bool,
    /// When it may be taken, in epoch milliseconds.
    pub run_at: i64,
}

/// The number of jobs by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueCounts {
    /// Jobs that no worker has taken.
    pub waiting: u64,
    /// Jobs that a worker has taken.
    pub running: u64,
    /// Jobs that ended.
    pub done: u64,
}

/// Returns the file of an embedded database; `None` for PostgreSQL.
///
/// # Errors
/// When the address is none.
pub fn database_file(url: &str) -> anyhow::Result<Option<PathBuf>> {
    if !url.starts_with("sqlite:") {
        return Ok(None);
    }
    Ok(Some(sqlite_options(url)?.get_filename().to_path_buf()))
}

fn sqlite_options(url: &str) -> anyhow::Result<SqliteConnectOptions> {
    SqliteConnectOptions::from_str(url).context("DATABASE_URL is no address of a SQLite file")
}

impl Queue {
    /// Connects to `sqlite://PATH` or `postgres://...`, and creates or updates the tables of the queue.
    pub async fn connect(url: &str) -> anyhow::Result<Self> {
        if url.starts_with("sqlite:") {
            Self::connect_sqlite(url).await
        } else {
            Self::connect_postgres(url).await
        }
    }

    async fn connect_sqlite(url: &str) -> anyhow::Result<Self> {
        // apalis's own set-up turns synchronous writes off and takes sqlx's default table for itself.
        let options = sqlite_options(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(TIMEOUT)
            .after_release(|connection, _| end_open_transaction(connection))
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
            .acquire_timeout(TIMEOUT)
            .after_release(|connection, _| end_open_transaction(connection))
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

    /// Enqueues a job at its installation's next turn, to be taken after a delay of whole seconds. False where this
    /// pass was enqueued before.
    pub async fn push(&self, queued: &QueuedJob, delay: Duration) -> anyhow::Result<bool> {
        let task = task(queued)?;
        let before = "while enqueuing a job";
        match self {
            Self::Sqlite(pool) => {
                let mut transaction = pool.begin_with("begin immediate").await.context(before)?;
                let new = push_sqlite(&mut transaction, queued, task, delay).await;
                let new = new.context(before)?;
                transaction.commit().await.context(before)?;
                Ok(new)
            }
            Self::Postgres(pool) => {
                let new = push_postgres(pool, queued, task, delay).await;
                new.context(before)
            }
        }
    }

    /// Enqueues jobs to be taken at once, like `push`; on SQLite many per commit, since each commit waits for the disk.
    pub(super) async fn push_all(&self, jobs: &[QueuedJob]) -> anyhow::Result<()> {
        let Self::Sqlite(pool) = self else {
            for queued in jobs {
                self.push(queued, Duration::ZERO).await?;
            }
            return Ok(());
        };
        let before = "while enqueuing jobs";
        for together in jobs.chunks(MAX_BATCH) {
            let mut transaction = pool.begin_with("begin immediate").await.context(before)?;
            for queued in together {
                let pushed = push_sqlite(&mut transaction, queued, task(queued)?, Duration::ZERO);
                pushed.await.context(before)?;
            }
            transaction.commit().await.context(before)?;
        }
        Ok(())
    }

    /// Counts jobs by state.
    pub async fn counts(&self) -> anyhow::Result<QueueCounts> {
        let (sqlite, postgres) = (
            "select status, count(*) from Jobs where job_type = $1 group by status",
            "select status, count(*) from apalis.jobs where job_type = $1 group by status",
        );
        let rows: Vec<(String, i64)> = match self {
            Self::Sqlite(pool) => sqlx::query_as(sqlite).bind(QUEUE).fetch_all(pool).await,
            Self::Postgres(pool) => sqlx::query_as(postgres).bind(QUEUE).fetch_all(pool).await,
        }
        .context("while counting jobs")?;
        let mut counts = QueueCounts::default();
        for (status, count) in rows {
            let count = u64::try_from(count).unwrap_or_default();
            match status.as_str() {
                "Pending" => counts.waiting += count,
                "Queued" | "Running" => counts.running += count,
                _ => counts.done += count,
            }
        }
        Ok(counts)
    }

    /// Lists waiting and running jobs, the oldest first.
    pub async fn jobs(&self, most: u32) -> anyhow::Result<Vec<ListedJob>> {
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
        let listed = |(job, status, run_at): (Vec<u8>, String, i64)| {
            Some(ListedJob {
                queued: serde_json::from_slice(&job).ok()?,
                running: matches!(status.as_str(), "Queued" | "Running"),
                run_at: run_at.saturating_mul(1000),
            })
        };
        Ok(rows.into_iter().filter_map(listed).collect())
    }

    /// Removes a waiting job from the queue. False where it does not wait.
    pub async fn withdraw(&self, queued: &QueuedJob) -> anyhow::Result<bool> {
        const CHOSEN: &str = "where job_type = $1 and idempotency_key = $2 and status = 'Pending'";
        let key = queued.attempt_key();
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

    /// Puts back the unfinished jobs of a worker that stops, so that others need not wait until it counts as dead.
    pub(super) async fn hand_back(&self, worker: &str) -> anyhow::Result<()> {
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

    /// Restarts the numbers of turns, if no job waits for one.
    pub(super) async fn reset_turns(&self) -> anyhow::Result<()> {
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
        .context("while deleting old turns")
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Creates or updates the tables. sqlx takes no lock here, so everything is one transaction: a process that starts
/// meanwhile waits for its end. If there is nothing to do, no process waits for a writer.
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

/// Converts a job to apalis's form.
fn task(queued: &QueuedJob) -> anyhow::Result<TaskBuilder<Vec<u8>>> {
    let args = serde_json::to_vec(queued).context("while writing a job")?;
    Ok(TaskBuilder::new(args)
        .idempotency_key(queued.attempt_key())
        .max_attempts(MAX_TRIES))
}

/// Returns when a job may be taken that is put off at a time in epoch milliseconds, in whole seconds.
fn seconds(now: i64, delay: Duration) -> u64 {
    let now = Duration::from_millis(u64::try_from(now).unwrap_or_default());
    now.saturating_add(delay).as_secs()
}

/// The insert skips a known key without reporting it, so the pass is looked up first.
async fn push_sqlite(
    transaction: &mut SqliteConnection,
    queued: &QueuedJob,
    task: TaskBuilder<Vec<u8>>,
    delay: Duration,
) -> anyhow::Result<bool> {
    let known: Option<i64> =
        sqlx::query_scalar("select 1 from Jobs where job_type = $1 and idempotency_key = $2")
            .bind(QUEUE)
            .bind(queued.attempt_key())
            .fetch_optional(&mut *transaction)
            .await?;
    if known.is_some() {
        return Ok(false);
    }
    let (turn, now) = sqlx::query_as(turns::SQLITE)
        .bind(queued.job.installation().to_string())
        .bind(QUEUE)
        .bind(turns::FIRST)
        .fetch_one(&mut *transaction)
        .await?;
    let task = task.priority(turns::priority(turn));
    let task = task.run_at_timestamp(seconds(now, delay)).build();
    apalis_sqlite::queries::push_tasks(&mut *transaction, QUEUE, &[task]).await?;
    Ok(true)
}

/// Inserts one job per statement: a known key fails all rows of a statement.
async fn push_postgres(
    pool: &PgPool,
    queued: &QueuedJob,
    task: TaskBuilder<Vec<u8>>,
    delay: Duration,
) -> anyhow::Result<bool> {
    let mut connection = pool.acquire().await?;
    let (turn, now) = sqlx::query_as(turns::POSTGRES)
        .bind(queued.job.installation().to_string())
        .bind(QUEUE)
        .bind(turns::FIRST)
        .fetch_one(&mut *connection)
        .await?;
    let task = task.priority(turns::priority(turn));
    let task = task.run_at_timestamp(seconds(now, delay)).build();
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
