//! Executes statements on the pool, or on the connection of a transaction. Both accept the same statements, so that any
//! of them can be part of a transaction.

use super::guard::Guarded;
use super::share::Share;
use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt, stream};
use sqlx::any::{AnyPoolOptions, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{
    Any, AnyConnection, AnyPool, Connection, Describe, Either, Execute, Executor, SqlStr,
    Transaction,
};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The settings of each SQLite connection: many readers beside one writer, which waits for its turn, and durable
/// commits.
const SQLITE_SETTINGS: &str =
    "pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 10000;";

/// The settings of each PostgreSQL connection: a process stopped within a transaction blocks its rows for no longer than
/// a lease lasts; and a query for the first rows of an index reads only those. A queue's statistics estimate that next to
/// nothing waits, so PostgreSQL would rather gather all that does, and sort it; where one installation has much of a table,
/// it would rather read the table from one end to the other, with several processes.
const POSTGRES_SETTINGS: &str =
    "set idle_in_transaction_session_timeout = '10s'; set enable_bitmapscan = off;
    set random_page_cost = 1.1; set max_parallel_workers_per_gather = 0;";

/// Counts the applied migrations; fails where there is none.
const COUNT_MIGRATIONS: &str = "select count(*) from driftguard_migrations";

/// The pool, a part of its connections, a transaction on one of them, or any of these guarded by a lease.
#[derive(Clone)]
pub(super) enum Handle {
    /// Each statement on its own.
    Pool {
        /// The connections.
        pool: AnyPool,
        /// Queues the transactions that write to SQLite, which allows one writer at a time: this queue is fair,
        /// SQLite's own is not. `None` for PostgreSQL.
        writer: Option<Arc<Mutex<()>>>,
    },
    /// Each statement on its own, on a part of the connections.
    Share(Arc<Share>),
    /// All statements in one transaction.
    Transaction(Arc<Mutex<OpenTransaction>>),
    /// Writes only while a lease is held.
    Guarded(Arc<Guarded>),
}

/// An open transaction.
pub(super) struct OpenTransaction {
    transaction: Transaction<'static, Any>,
    _turn: Option<OwnedMutexGuard<()>>,
}

/// A started transaction, which is rolled back when it is dropped.
#[derive(Debug)]
pub(super) struct StartedTransaction {
    handle: Handle,
    /// Whether the transaction is part of an outer one, and ends with that.
    is_nested: bool,
}

/// A row, or the result of a statement.
pub(super) type QueryStep = Either<AnyQueryResult, AnyRow>;

impl Handle {
    /// Connects with a limited number of connections.
    pub(super) async fn connect(url: &str, options: AnyPoolOptions) -> sqlx::Result<Self> {
        let options = options.after_release(|connection, _| end_open_transaction(connection));
        if !url.starts_with("sqlite:") {
            let options = options.after_connect(|connection, _| {
                Box::pin(async move { connection.execute(POSTGRES_SETTINGS).await.map(drop) })
            });
            let pool = options.connect(url).await?;
            return Ok(Self::Pool { pool, writer: None });
        }
        let options = options.after_connect(|connection, _| {
            Box::pin(async move { connection.execute(SQLITE_SETTINGS).await.map(drop) })
        });
        Ok(Self::Pool {
            pool: options.connect(&with_create_mode(url)).await?,
            writer: Some(Arc::default()),
        })
    }

    /// Creates or updates the tables. Another process that starts at the same time waits: on PostgreSQL for sqlx's
    /// lock, on SQLite, where sqlx takes none, for the single transaction of all migrations. Without pending migrations
    /// nothing waits for a writer.
    pub(super) async fn migrate(&self, migrations: &Migrator) -> Result<(), MigrateError> {
        let pool = self.connections()?;
        let applied = sqlx::query_scalar::<_, i64>(COUNT_MIGRATIONS)
            .fetch_one(pool)
            .await;
        let applied = applied.ok().and_then(|count| usize::try_from(count).ok());
        let is_done = applied.is_some_and(|applied| applied >= migrations.iter().len());
        if is_done || matches!(self, Self::Pool { writer: None, .. }) {
            return migrations.run(pool).await;
        }
        let mut all = pool.begin_with("begin immediate").await?;
        // What `run` calls, which cannot be awaited on a connection by what is sent between threads.
        migrations.run_direct(None, &mut *all, false).await?;
        Ok(all.commit().await?)
    }

    /// Begins a transaction; within an open one, a part of it.
    pub(super) async fn begin(&self) -> sqlx::Result<StartedTransaction> {
        let (pool, writer) = match self {
            Self::Pool { pool, writer } => (pool, writer),
            Self::Guarded(guarded) => return guarded.begin().await,
            // Few write, and one at a time: they wait for their turn to write, and keep no reader from reading.
            Self::Share(share) => return Box::pin(share.handle().begin()).await,
            Self::Transaction(_) => {
                return Ok(StartedTransaction {
                    handle: self.clone(),
                    is_nested: true,
                });
            }
        };
        let (transaction, turn) = match writer {
            // It writes: were it to find that out later, SQLite would not let it wait for its turn.
            Some(writer) => {
                let turn = writer.clone().lock_owned().await;
                (pool.begin_with("begin immediate").await?, Some(turn))
            }
            None => (pool.begin().await?, None),
        };
        let open = OpenTransaction {
            transaction,
            _turn: turn,
        };
        Ok(StartedTransaction {
            handle: Self::Transaction(Arc::new(Mutex::new(open))),
            is_nested: false,
        })
    }

    /// Returns the pool; fails within a transaction, for what needs all connections.
    pub(super) fn connections(&self) -> sqlx::Result<&AnyPool> {
        match self {
            Self::Pool { pool, .. } => Ok(pool),
            Self::Transaction(_) => Err(sqlx::Error::Protocol(
                "a transaction has one connection only".into(),
            )),
            Self::Guarded(guarded) => guarded.handle().connections(),
            Self::Share(share) => share.handle().connections(),
        }
    }
}

impl StartedTransaction {
    /// Returns the handle of the transaction's statements.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Commits the transaction. A part of an outer transaction commits with that.
    pub(super) async fn commit(self) -> sqlx::Result<()> {
        let Handle::Transaction(open) = self.handle else {
            return Ok(());
        };
        if self.is_nested {
            return Ok(());
        }
        match Arc::into_inner(open) {
            Some(open) => open.into_inner().transaction.commit().await,
            // A clone of the handle is left: what it may still do belongs to the transaction.
            None => Err(sqlx::Error::Protocol(
                "a transaction is committed while it is in use".into(),
            )),
        }
    }
}

/// Returns a SQLite address that creates a missing file.
fn with_create_mode(url: &str) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    if url.contains("mode=") {
        url.to_owned()
    } else {
        format!("{url}{mark}mode=rwc")
    }
}

/// Returns fetched results as a stream.
fn ready_stream(steps: Vec<QueryStep>) -> impl futures::Stream<Item = sqlx::Result<QueryStep>> {
    stream::iter(steps.into_iter().map(Ok))
}

/// Ends a transaction that was left open, and returns whether the connection has none now.
///
/// After a failed commit or rollback, as on a full disk, a connection of SQLite may have one, or assume so: then it would
/// hold the write lock forever. On PostgreSQL one is left where sqlx's `begin` was dropped half way: what is written next
/// on that connection would never be committed, and nothing would say so.
pub fn end_open_transaction<C: Connection>(
    connection: &mut C,
) -> BoxFuture<'_, sqlx::Result<bool>> {
    Box::pin(async move {
        match connection.begin_with(SqlStr::from_static("begin")).await {
            Ok(transaction) => Ok(transaction.rollback().await.is_ok()),
            Err(_) => Ok(false),
        }
    })
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pool { .. } => "Pool",
            Self::Transaction(_) => "Transaction",
            Self::Guarded(_) => "Guarded",
            Self::Share(_) => "Share",
        })
    }
}

impl<'c> Executor<'c> for &'_ Handle {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> Pin<Box<dyn futures::Stream<Item = sqlx::Result<QueryStep>> + Send + 'e>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        match self {
            Handle::Pool { pool, .. } => pool.fetch_many(query),
            Handle::Transaction(open) => {
                let open = open.clone();
                // All rows at once: a stream that somebody keeps would keep the transaction from its next statement.
                let steps = async move {
                    let mut open = open.lock().await;
                    let connection: &mut AnyConnection = &mut open.transaction;
                    let steps: Vec<_> = connection.fetch_many(query).collect().await;
                    stream::iter(steps)
                };
                stream::once(steps).flatten().boxed()
            }
            Handle::Guarded(guarded) => {
                let guarded = guarded.clone();
                let steps = async move { guarded.run(query).await.map(ready_stream) };
                stream::once(steps).try_flatten().boxed()
            }
            Handle::Share(share) => {
                let share = share.clone();
                let steps = async move { share.run(query).await.map(ready_stream) };
                stream::once(steps).try_flatten().boxed()
            }
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> Pin<Box<dyn Future<Output = sqlx::Result<Option<AnyRow>>> + Send + 'e>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        match self {
            Handle::Pool { pool, .. } => pool.fetch_optional(query),
            Handle::Transaction(open) => {
                let open = open.clone();
                Box::pin(async move {
                    let mut open = open.lock().await;
                    let connection: &mut AnyConnection = &mut open.transaction;
                    connection.fetch_optional(query).await
                })
            }
            Handle::Guarded(guarded) => {
                let guarded = guarded.clone();
                Box::pin(async move {
                    let steps = guarded.run(query).await?;
                    Ok(steps.into_iter().find_map(Either::right))
                })
            }
            Handle::Share(share) => {
                let share = share.clone();
                Box::pin(async move {
                    let steps = share.run(query).await?;
                    Ok(steps.into_iter().find_map(Either::right))
                })
            }
        }
    }

    fn describe<'e>(
        self,
        sql: SqlStr,
    ) -> Pin<Box<dyn Future<Output = sqlx::Result<Describe<Any>>> + Send + 'e>>
    where
        'c: 'e,
    {
        match self {
            Handle::Pool { pool, .. } => pool.describe(sql),
            Handle::Transaction(open) => {
                let open = open.clone();
                Box::pin(async move {
                    let mut open = open.lock().await;
                    let connection: &mut AnyConnection = &mut open.transaction;
                    connection.describe(sql).await
                })
            }
            Handle::Guarded(guarded) => guarded.handle().describe(sql),
            Handle::Share(share) => share.handle().describe(sql),
        }
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> Pin<Box<dyn Future<Output = sqlx::Result<AnyStatement>> + Send + 'e>>
    where
        'c: 'e,
    {
        match self {
            Handle::Pool { pool, .. } => pool.prepare_with(sql, parameters),
            Handle::Transaction(open) => {
                let open = open.clone();
                Box::pin(async move {
                    let mut open = open.lock().await;
                    let connection: &mut AnyConnection = &mut open.transaction;
                    connection.prepare_with(sql, parameters).await
                })
            }
            Handle::Guarded(guarded) => guarded.handle().prepare_with(sql, parameters),
            Handle::Share(share) => share.handle().prepare_with(sql, parameters),
        }
    }
}
