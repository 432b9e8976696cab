//! What is to be done, and how a try of it ends.

use crate::model::{DeliveryId, InstallationId, RepositoryId, StackName};
use serde::{Deserialize, Serialize};

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Act on what GitHub told.
    Delivery {
        /// The tenant.
        installation: InstallationId,
        /// The recorded delivery.
        delivery: DeliveryId,
    },
    /// Make the scan that waits.
    Scan {
        /// The tenant.
        installation: InstallationId,
        /// The repository.
        repository: RepositoryId,
        /// The stack; none for all of the repository.
        stack: Option<String>,
        /// What asked for it.
        trigger: Trigger,
    },
}

/// What asks for a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A push to the default branch.
    Push,
    /// The clock.
    Schedule,
    /// A person.
    Command,
}

/// A scan to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanOrder {
    /// The tenant.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// The stack; none for all of the repository.
    pub stack: Option<StackName>,
    /// The commit; none for wherever the default branch is.
    pub commit: Option<String>,
    /// What asked for it.
    pub trigger: Trigger,
}

/// Why a try did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Another try may.
    #[error("{0:#}")]
    Retry(anyhow::Error),
    /// No other try will.
    #[error("{0:#}")]
    Fatal(anyhow::Error),
}

impl From<anyhow::Error> for JobError {
    /// What nobody judged is worth another try: tries are bounded.
    fn from(error: anyhow::Error) -> Self {
        Self::Retry(error)
    }
}

/// What the worker does not know itself: how to scan, and how to look for what GitHub could not deliver.
pub trait Process: Send + Sync + 'static {
    /// Makes one scan. It may be run again from the start at any point.
    fn scan(&self, order: ScanOrder) -> impl Future<Output = Result<(), JobError>> + Send;

    /// Asks GitHub to deliver again what failed to arrive. Called once a minute.
    fn redeliver(&self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// A job on its way through the queue, with what is known of earlier tries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// What to do.
    pub job: Job,
    /// Names the job: enqueued twice, it is there once.
    pub key: String,
    /// How many tries failed.
    pub failures: u32,
    /// How often it found its subject taken.
    pub waits: u32,
}

impl Ticket {
    /// A job that was not tried yet.
    pub fn new(job: Job, key: impl Into<String>) -> Self {
        Self {
            job,
            key: key.into(),
            failures: 0,
            waits: 0,
        }
    }

    /// The key of this very pass through the queue.
    pub fn pass(&self) -> String {
        match (self.failures, self.waits) {
            (0, 0) => self.key.clone(),
            (failures, waits) => format!("{}#{failures}.{waits}", self.key),
        }
    }
}
