//! The database, one file a table.
//!
//! The same statements run on SQLite and PostgreSQL. What belongs to an installation is reached through `Tenant`
//! only, so that no query can forget whose rows it asks for.

mod ambient_owners;
mod created_content;
mod dashboards;
mod decisions;
mod deliveries;
mod delivery_queue;
mod guard;
mod handle;
mod installations;
mod leases;
mod lone_runs;
mod missed_deliveries;
mod notification_secrets;
mod notifications;
mod orders;
mod proposals;
mod published_commits;
mod pulse;
mod refusals;
mod repositories;
mod scans;
mod stacks;
mod stopped_jobs;
mod subjects;
mod unconcealed;
mod waiting_scans;

pub use deliveries::Delivery;
pub use delivery_queue::{Claim, WaitingDelivery};
pub use guard::LeaseLost;
pub use handle::is_idle;
pub use leases::Lease;
pub use missed_deliveries::{DeliveryWalk, MissedDelivery};
pub use notifications::Notification;
pub use orders::Order;
pub use repositories::Repository;
pub use scans::ScanRecord;
pub use stacks::{Due, Scheduled};
pub use stopped_jobs::{StoppedJob, StoppedState};
pub use subjects::Subject;
pub use waiting_scans::{Request, Waiting};

use crate::model::InstallationId;
use anyhow::Context;
use guard::Guarded;
use handle::{Begun, Handle};
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use std::time::Duration;

/// How many connections a process keeps at most.
const CONNECTIONS: u32 = 8;

/// How long a caller waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// The time in epoch milliseconds by SQLite's own clock, as a term of SQL. The one expression that differs between the
/// two databases.
const SQLITE_CLOCK: &str = "cast(unixepoch('subsec') * 1000 as integer)";

/// The same by PostgreSQL's clock: as it is, not as it was when the transaction began.
const POSTGRES_CLOCK: &str = "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";

/// The database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: Handle,
    /// The database's own clock, as a term of SQL.
    clock: &'static str,
}

/// What is done in one transaction, all or nothing. Dropped, it is nothing.
#[derive(Debug)]
pub struct Together {
    store: Store,
    begun: Begun,
}

/// What belongs to one installation.
#[derive(Debug, Clone)]
pub struct Tenant<'a> {
    pool: &'a Handle,
    clock: &'static str,
    id: String,
}

impl Store {
    /// Connects to `sqlite://PATH` or `postgres://...`, and makes or updates the tables.
    pub async fn connect(url: &str) -> anyhow::Result<Self> {
        install_default_drivers();
        let options = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE);
        let pool = Handle::connect(url, options)
            .await
            .context("while connecting to the database: check DATABASE_URL")?;
        let mut migrations = sqlx::migrate!("./migrations");
        // The queue's tables have migrations of their own.
        migrations.dangerous_set_table_name("driftguard_migrations");
        pool.migrate(&migrations)
            .await
            .context("while updating the database's tables")?;
        let clock = match url.starts_with("sqlite:") {
            true => SQLITE_CLOCK,
            false => POSTGRES_CLOCK,
        };
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

    /// The same, where nothing is written once an installation's lease was lost: each statement that would is refused with
    /// `LeaseLost`.
    #[must_use]
    pub fn behind(&self, installation: InstallationId, lease: &Lease) -> Self {
        let installation = installation.to_string();
        let guarded = Guarded::new(self.pool.clone(), installation, lease.clone());
        Self {
            pool: Handle::Guarded(guarded),
            clock: self.clock,
        }
    }

    /// Begins what is to be done all or nothing.
    pub async fn together(&self) -> anyhow::Result<Together> {
        let begun = self.pool.begin().await;
        let begun = begun.context("while starting a transaction")?;
        let store = Self {
            pool: begun.handle().clone(),
            clock: self.clock,
        };
        Ok(Together { store, begun })
    }

    /// Closes all connections.
    pub async fn close(&self) {
        if let Ok(connections) = self.pool.connections() {
            connections.close().await;
        }
    }
}

/// A time as the database counts it.
fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A text as both databases keep it: PostgreSQL takes no zero byte.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl Together {
    /// Through which it is done.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Makes it last.
    pub async fn commit(self) -> anyhow::Result<()> {
        drop(self.store);
        let committed = self.begun.commit().await;
        committed.context("while committing")
    }
}
