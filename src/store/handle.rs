//! How statements reach the database: through any connection of the pool, or through the one of a transaction. Both take
//! the same statements, so that whatever is done alone can be done with others as well, all or nothing.

use super::guard::Guarded;
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

/// What every connection to SQLite starts with: many readers beside one writer, who waits for its turn, and what is
/// committed stays.
const SQLITE: &str =
    "pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 10000;";

/// What every connection to PostgreSQL starts with: a process that is stopped in the middle of a transaction keeps nobody
/// from its rows for longer than a lease runs; and whoever asks for the first rows of an index reads those alone. The
/// statistics of a queue say that next to nothing waits, so PostgreSQL would rather gather all that does, and sort it.
const POSTGRES: &str =
    "set idle_in_transaction_session_timeout = '10s'; set enable_bitmapscan = off;";

/// How many migrations have run; an error where none has.
const APPLIED: &str = "select count(*) from driftguard_migrations";

/// The pool, a transaction on one of its connections, or one of both that a lease guards.
#[derive(Clone)]
pub(super) enum Handle {
    /// Each statement by itself.
    Pool {
        /// The connections.
        pool: AnyPool,
        /// Who writes several rows at once to SQLite, which takes one writer at a time: a queue here is fair, where its
        /// own is a matter of luck. None for PostgreSQL.
        writer: Option<Arc<Mutex<()>>>,
    },
    /// All statements together.
    Transaction(Arc<Mutex<Open>>),
    /// What writes only while a lease is held.
    Guarded(Arc<Guarded>),
}

/// A transaction that is under way.
pub(super) struct Open {
    transaction: Transaction<'static, Any>,
    _turn: Option<OwnedMutexGuard<()>>,
}

/// What `begin` began. Dropped, it is rolled back.
#[derive(Debug)]
pub(super) struct Begun {
    handle: Handle,
    /// Whether it is a part of a transaction that was under way before, and ends with that.
    part: bool,
}

/// A row, or how a statement ended.
pub(super) type Step = Either<AnyQueryResult, AnyRow>;

impl Handle {
    /// Connects, with so many connections at most.
    pub(super) async fn connect(url: &str, options: AnyPoolOptions) -> sqlx::Result<Self> {
        if !url.starts_with("sqlite:") {
            let options = options.after_connect(|connection, _| {
                Box::pin(async move { connection.execute(POSTGRES).await.map(drop) })
            });
            let pool = options.connect(url).await?;
            return Ok(Self::Pool { pool, writer: None });
        }
        let options = options
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(SQLITE).await.map(drop) })
            })
            .after_release(|connection, _| Box::pin(async move { Ok(is_idle(connection).await) }));
        Ok(Self::Pool {
            pool: options.connect(&creating(url)).await?,
            writer: Some(Arc::default()),
        })
    }

    /// Makes or updates the tables. A process that starts meanwhile waits: on PostgreSQL for the lock that sqlx takes, on
    /// SQLite, where it takes none, for the one transaction that all of it is. Where there is nothing to do nobody waits
    /// for a writer.
    pub(super) async fn migrate(&self, migrations: &Migrator) -> Result<(), MigrateError> {
        let pool = self.connections()?;
        let applied = sqlx::query_scalar::<_, i64>(APPLIED).fetch_one(pool).await;
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

    /// Begins a transaction; a part of it where one is under way.
    pub(super) async fn begin(&self) -> sqlx::Result<Begun> {
        let (pool, writer) = match self {
            Self::Pool { pool, writer } => (pool, writer),
            Self::Guarded(guarded) => return guarded.begin().await,
            Self::Transaction(_) => {
                return Ok(Begun {
                    handle: self.clone(),
                    part: true,
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
        let open = Open {
            transaction,
            _turn: turn,
        };
        Ok(Begun {
            handle: Self::Transaction(Arc::new(Mutex::new(open))),
            part: false,
        })
    }

    /// The connections: what is of all of them cannot be done within a transaction.
    pub(super) fn connections(&self) -> sqlx::Result<&AnyPool> {
        match self {
            Self::Pool { pool, .. } => Ok(pool),
            Self::Transaction(_) => Err(sqlx::Error::Protocol(
                "a transaction has one connection only".into(),
            )),
            Self::Guarded(guarded) => guarded.handle().connections(),
        }
    }
}

impl Begun {
    /// Through which its statements go.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Makes what was done last. A part of another transaction lasts as that does.
    pub(super) async fn commit(self) -> sqlx::Result<()> {
        let Handle::Transaction(open) = self.handle else {
            return Ok(());
        };
        if self.part {
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

/// An address of SQLite that makes the file where there is none.
fn creating(url: &str) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    if url.contains("mode=") {
        url.to_owned()
    } else {
        format!("{url}{mark}mode=rwc")
    }
}

/// What was fetched already, as a stream.
fn ready(steps: Vec<Step>) -> impl futures::Stream<Item = sqlx::Result<Step>> {
    stream::iter(steps.into_iter().map(Ok))
}

/// Whether a connection to SQLite has no transaction under way. After a commit or a rollback that failed, as on a full
/// disk, it may have one, or take itself to have one: then it would keep the write lock for ever.
pub async fn is_idle<C: Connection>(connection: &mut C) -> bool {
    match connection.begin_with(SqlStr::from_static("begin")).await {
        Ok(transaction) => transaction.rollback().await.is_ok(),
        Err(_) => false,
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pool { .. } => "Pool",
            Self::Transaction(_) => "Transaction",
            Self::Guarded(_) => "Guarded",
        })
    }
}

impl<'c> Executor<'c> for &'_ Handle {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> Pin<Box<dyn futures::Stream<Item = sqlx::Result<Step>> + Send + 'e>>
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
                let steps = async move { guarded.run(query).await.map(ready) };
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
        }
    }
}
