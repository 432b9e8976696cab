//! Accesses the database, one file per table.
//!
//! The same statements run on SQLite and PostgreSQL. An installation's rows are reached through `Tenant` only, so that
//! no query can forget whose rows it reads.

mod accepted;
mod access_changes;
mod ambient_owners;
mod api_decisions;
mod api_keys;
mod audit_log;
mod created_content;
mod dashboards;
mod decisions;
mod deliveries;
mod delivery_queue;
mod event_index;
mod guard;
mod handle;
mod history;
mod installations;
mod kept_answers;
mod leases;
mod limit_locks;
mod lone_runs;
mod missed_deliveries;
mod notification_secrets;
mod notifications;
mod old_rows;
mod orders;
mod person_keys;
mod problems;
mod proposals;
mod published_commits;
mod pulse;
mod reach;
mod refusals;
mod repositories;
mod requested_scans;
mod scans;
mod sessions;
mod share;
mod stack_summaries;
mod stacks;
mod stopped_jobs;
mod subjects;
mod unconcealed;
mod waiting_scans;
mod workspaces;

pub use accepted::{AcceptedPlace, AcceptedRecord};
pub use api_decisions::{ApiDecision, DecisionStatus};
pub use api_keys::{ApiKeyRecord, KeyCreation, KeyOwner};
pub use audit_log::{AuditFilter, AuditPlace, AuditRecord};
pub use created_content::ContentCount;
pub use deliveries::Delivery;
pub use delivery_queue::{DeliveryClaim, WaitingDelivery};
pub use guard::LeaseLost;
pub use handle::end_open_transaction;
pub use history::{FindingFilter, FindingPlace, FoundFindings, ListedFinding, REPAIR_PERIOD};
pub use kept_answers::{AnswerStart, KeptAnswer};
pub use leases::Lease;
pub use missed_deliveries::{DeliveryWalk, MissedDelivery};
pub use notifications::Notification;
pub use orders::{Order, OrderKey};
pub use person_keys::{KeyRepository, LostRepository};
pub use problems::{FailingStack, RepositoryProblem};
pub use reach::Reach;
pub use repositories::Repository;
pub use requested_scans::{RequestedScan, ScanStatus};
pub use scans::{MAX_REPORTS, Reports, ScanRecord};
pub use sessions::SessionRecord;
pub use stack_summaries::{ListedStack, ListedStacks, StackPlace};
pub use stacks::{DueScan, StackSchedule};
pub use stopped_jobs::{StoppedJob, StoppedState};
pub use subjects::DecisionSubject;
pub use unconcealed::PublishedSearch;
pub use waiting_scans::{ScanRequest, WaitingScan};
pub use workspaces::Workspace;

use crate::model::InstallationId;
use anyhow::Context;
use guard::Guarded;
use handle::{Handle, StartedTransaction};
use share::Share;
use sqlx::AssertSqlSafe;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use std::time::Duration;

/// How many connections a process opens at most.
const MAX_CONNECTIONS: u32 = 16;

/// How long a caller waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// SQLite's clock in epoch milliseconds, as an SQL expression: the only one that differs between the databases.
const SQLITE_CLOCK: &str = "cast(unixepoch('subsec') * 1000 as integer)";

/// PostgreSQL's clock in epoch milliseconds: the current time, not that of the transaction's start.
const POSTGRES_CLOCK: &str = "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";

/// For how long GitHub's word counts that a person may write to a repository of their key.
const CONFIRMED: Duration = Duration::from_secs(60 * 60);

/// How far ahead of the database's clock a moment may be that it gave.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// The database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: Handle,
    /// The database's clock, as an SQL expression.
    clock: &'static str,
}

/// A transaction, which is rolled back when it is dropped.
#[derive(Debug)]
pub struct StoreTransaction {
    store: Store,
    begun: StartedTransaction,
}

/// The rows of one installation.
#[derive(Debug, Clone)]
pub struct Tenant<'a> {
    pool: &'a Handle,
    clock: &'static str,
    id: String,
    /// The beginning of the person's key whose repositories alone lists hold; empty for all repositories.
    key: String,
}

impl Store {
    /// Connects to `sqlite://PATH` or `postgres://...`, and creates or updates the tables.
    pub async fn connect(url: &str) -> anyhow::Result<Self> {
        install_default_drivers();
        let options = AnyPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT);
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

    /// Returns the rows of an installation.
    pub fn of(&self, installation: InstallationId) -> Tenant<'_> {
        Tenant {
            pool: &self.pool,
            clock: self.clock,
            id: installation.to_string(),
            key: String::new(),
        }
    }

    /// Returns a store that writes only while an installation's lease is held: afterwards each statement that writes
    /// fails with `LeaseLost`.
    #[must_use]
    pub fn guarded_by_lease(&self, installation: InstallationId, lease: &Lease) -> Self {
        let installation = installation.to_string();
        let guarded = Guarded::new(self.pool.clone(), installation, lease.clone());
        Self {
            pool: Handle::Guarded(guarded),
            clock: self.clock,
        }
    }

    /// Returns a store that uses so many of the connections at once, so that the others are left for whoever has this
    /// one. Those who share its clones share the part.
    #[must_use]
    pub fn share(&self, most: usize) -> Self {
        Self {
            pool: Handle::Share(Share::new(self.pool.clone(), most)),
            clock: self.clock,
        }
    }

    /// Begins a transaction.
    pub async fn transaction(&self) -> anyhow::Result<StoreTransaction> {
        let begun = self.pool.begin().await;
        let begun = begun.context("while starting a transaction")?;
        let store = Self {
            pool: begun.handle().clone(),
            clock: self.clock,
        };
        Ok(StoreTransaction { store, begun })
    }

    /// Returns the database's clock in epoch milliseconds: the same for all processes, whatever their own clocks show.
    pub async fn now(&self) -> anyhow::Result<i64> {
        sqlx::query_scalar(AssertSqlSafe(format!("select {}", self.clock)))
            .fetch_one(&self.pool)
            .await
            .context("while reading the database's clock")
    }

    /// Closes all connections.
    pub async fn close(&self) {
        if let Ok(connections) = self.pool.connections() {
            connections.close().await;
        }
    }
}

impl Tenant<'_> {
    /// Returns the condition that a row's repository is reached, as a part of a statement. `parameter` is that of `key`;
    /// `$1` is the installation.
    fn reached(&self, parameter: &str) -> String {
        if self.key.is_empty() {
            return format!("{parameter} = ''");
        }
        format!(
            "repository in (
                 select reached.repository from api_key_repositories as reached
                 where reached.key_prefix = {parameter} and reached.installation = $1 and {})",
            confirmed_within(CONFIRMED, self.clock)
        )
    }
}

/// Returns the condition that GitHub confirmed a right within this time. What was confirmed while the database's clock was
/// ahead is not.
fn confirmed_within(time: Duration, clock: &str) -> String {
    let (time, slack) = (milliseconds(time), milliseconds(CLOCK_SLACK));
    format!("confirmed_at > {clock} - {time} and confirmed_at <= {clock} + {slack}")
}

/// Returns a duration in milliseconds.
fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Returns how many milliseconds from now a claim may end at most. One that ends later was taken while the database's
/// clock was ahead. Processes of another version or another setting may take longer ones than this.
fn too_far_ahead(time: Duration) -> i64 {
    const MIN_LIMIT: Duration = Duration::from_secs(600);
    milliseconds(time.saturating_mul(2).max(MIN_LIMIT))
}

/// Removes zero bytes, which PostgreSQL does not store.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl StoreTransaction {
    /// Returns the store whose statements are part of the transaction.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Commits the transaction.
    pub async fn commit(self) -> anyhow::Result<()> {
        drop(self.store);
        let committed = self.begun.commit().await;
        committed.context("while committing")
    }
}
