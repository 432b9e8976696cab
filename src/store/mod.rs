//! The database, one file a table.
//!
//! The same statements run on SQLite and PostgreSQL. What belongs to an installation is reached through `Tenant`
//! only, so that no query can forget whose rows it asks for.

mod ambient_owners;
mod created_content;
mod dashboards;
mod decisions;
mod deliveries;
mod installations;
mod leases;
mod lone_runs;
mod missed_deliveries;
mod notification_secrets;
mod notifications;
mod orders;
mod proposals;
mod published_commits;
mod refusals;
mod repositories;
mod scans;
mod stacks;
mod stopped_jobs;
mod subjects;
mod waiting_scans;

pub use deliveries::Delivery;
pub use leases::Lease;
pub use missed_deliveries::{DeliveryWalk, MissedDelivery};
pub use notifications::Notification;
pub use orders::Order;
pub use proposals::{Proposal, ProposalState};
pub use repositories::Repository;
pub use scans::ScanRecord;
pub use stacks::{Due, Scheduled};
pub use stopped_jobs::{StoppedJob, StoppedState};
pub use subjects::Subject;
pub use waiting_scans::{Request, Waiting};

use crate::model::InstallationId;
use anyhow::Context;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{AnyConnection, AnyPool, Executor};
use std::time::Duration;

/// How many connections a process keeps at most.
const CONNECTIONS: u32 = 8;

/// How long a caller waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// What every connection to SQLite starts with: many readers beside one writer, who waits for its turn, and what is
/// committed stays.
const SQLITE: &str =
    "pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 10000;";

/// The time in epoch milliseconds by SQLite's own clock, as a term of SQL. The one expression that differs between the
/// two databases.
const SQLITE_CLOCK: &str = "cast(unixepoch('subsec') * 1000 as integer)";

/// The same by PostgreSQL's clock: as it is, not as it was when the transaction began.
const POSTGRES_CLOCK: &str = "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";

/// The database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    /// The database's own clock, as a term of SQL.
    clock: &'static str,
}

/// What belongs to one installation.
#[derive(Debug, Clone)]
pub struct Tenant<'a> {
    pool: &'a AnyPool,
    clock: &'static str,
    id: String,
}

impl Store {
    /// Connects to `sqlite://PATH` or `postgres://...`, and makes or updates the tables.
    pub async fn connect(url: &str) -> anyhow::Result<Self> {
        install_default_drivers();
        let sqlite = url.starts_with("sqlite:");
        let url = if sqlite {
            creating(url)
        } else {
            url.to_owned()
        };
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .after_connect(move |connection, _| Box::pin(prepare(connection, sqlite)))
            .connect(&url)
            .await
            .context("while connecting to the database: check DATABASE_URL")?;
        let mut migrations = sqlx::migrate!("./migrations");
        // The queue's tables have migrations of their own.
        migrations.dangerous_set_table_name("driftguard_migrations");
        migrations
            .run(&pool)
            .await
            .context("while updating the database's tables")?;
        let clock = if sqlite { SQLITE_CLOCK } else { POSTGRES_CLOCK };
        Ok(Self { pool, clock })
    }

    /// What belongs to an installation.
    pub fn of(&self, installation: InstallationId) -> Tenant<'_> {
        Tenant {
            pool: &self.pool,
            clock: self.clock,
            id: installation.to_string(),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> anyhow::Result<()> {
        self.pool
            .execute("select 1")
            .await
            .context("while asking the database")?;
        Ok(())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
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

async fn prepare(connection: &mut AnyConnection, sqlite: bool) -> sqlx::Result<()> {
    if sqlite {
        connection.execute(SQLITE).await?;
    }
    Ok(())
}
