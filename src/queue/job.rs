//! What is to be done, and how a try of it ends.

use super::run::RunContext;
use crate::model::{DeliveryId, InstallationId, RepositoryId, StackName};
use crate::store::Notification;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

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
    /// Do something small at GitHub, or elsewhere, for a repository.
    #[serde(rename = "errand")]
    Task {
        /// The tenant.
        installation: InstallationId,
        /// The repository.
        repository: RepositoryId,
        /// What.
        #[serde(rename = "errand")]
        task: RepositoryTask,
    },
}

impl Job {
    /// Whose it is.
    pub fn installation(&self) -> InstallationId {
        match self {
            Self::Delivery { installation, .. }
            | Self::Scan { installation, .. }
            | Self::Task { installation, .. } => *installation,
        }
    }

    /// The repository that it is of; none for a delivery, which may be of several.
    pub fn repository(&self) -> Option<RepositoryId> {
        match self {
            Self::Delivery { .. } => None,
            Self::Scan { repository, .. } | Self::Task { repository, .. } => Some(*repository),
        }
    }

    /// Whether it reads the repository's code, which anybody who pushes there wrote.
    pub(super) fn reads_code(&self) -> bool {
        match self {
            Self::Delivery { .. } => false,
            Self::Scan { .. } => true,
            Self::Task { task, .. } => matches!(
                task,
                RepositoryTask::Comment { .. }
                    | RepositoryTask::Boxes { .. }
                    | RepositoryTask::Review { .. }
            ),
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivery { .. } => f.write_str("delivery"),
            Self::Scan { stack: None, .. } => f.write_str("scan"),
            Self::Scan {
                stack: Some(stack), ..
            } => write!(f, "scan of {stack}"),
            Self::Task { task, .. } => match task {
                RepositoryTask::Comment { issue, .. } => write!(f, "comment on #{issue}"),
                RepositoryTask::Boxes { issue, .. } => write!(f, "boxes of #{issue}"),
                RepositoryTask::Review { pull } => write!(f, "checks on #{pull}"),
                RepositoryTask::Follow { pull, .. } => write!(f, "end of #{pull}"),
                RepositoryTask::Dashboard => f.write_str("dashboard"),
                RepositoryTask::Conceal => f.write_str("emptying what was published"),
                RepositoryTask::Post { .. } | RepositoryTask::Notify(_) => {
                    f.write_str("notification")
                }
                RepositoryTask::GivenUp { job, .. } => {
                    write!(f, "telling that the {job} was given up")
                }
            },
        }
    }
}

/// Something small to do for a repository. It may be done again from the start at any point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepositoryTask {
    /// Answer a comment, if it holds commands.
    Comment {
        /// The issue or pull request.
        issue: u64,
        /// The comment.
        comment: u64,
        /// When it came, in epoch milliseconds.
        at: i64,
    },
    /// Act on the boxes that a person ticked in a text of DriftGuard's.
    Boxes {
        /// The issue or pull request.
        issue: u64,
        /// The orders of the boxes that were ticked.
        ticked: Vec<String>,
        /// The login of who changed the text.
        person: String,
        /// When, in epoch milliseconds.
        at: i64,
    },
    /// Leave checks on the pull request of somebody else.
    Review {
        /// Its number.
        pull: u64,
    },
    /// Learn how a pull request of DriftGuard's stands that was closed, merged or opened again.
    Follow {
        /// Its number.
        pull: u64,
        /// The login of who did it.
        person: String,
        /// When, in epoch milliseconds.
        at: i64,
    },
    /// Bring the dashboard to what is known.
    Dashboard,
    /// Empty what was published: the repository is public now.
    Conceal,
    /// Post a notification that is kept for the repository. Its body is no part of the job: the queue's rows outlive what
    /// they speak of.
    Post {
        /// Its id.
        notification: String,
    },
    /// The same with the body, as earlier versions enqueued it.
    Notify(Notification),
    /// Tell where people look that a job was given up.
    GivenUp {
        /// The job.
        job: Box<Job>,
        /// Names it.
        id: String,
        /// Why.
        problem: String,
    },
}

/// A task to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskOrder {
    /// The tenant.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// What to do.
    pub task: RepositoryTask,
}

/// What asks for a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Something that GitHub told: a push to the default branch, an installation, a check that is to run again.
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
    /// The commit that was told of, where one was: what is read is the default branch as it is by then.
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
    /// Another try will, once GitHub or the database is back: it does not count as the job's own failure.
    #[error("{0:#}")]
    Outage(anyhow::Error),
    /// Another try will, but not before this pause.
    #[error("{0:#}")]
    Later(anyhow::Error, Duration),
    /// No other try will.
    #[error("{0:#}")]
    Fatal(anyhow::Error),
}

/// What the worker does not know itself: how to scan, how to run tasks, and how to look for what GitHub could not
/// deliver.
pub trait JobHandler: Send + Sync + 'static {
    /// Makes one scan, on a thread of its own. It may be run again from the start at any point.
    fn scan(
        &self,
        order: ScanOrder,
        run: &RunContext,
    ) -> impl Future<Output = Result<(), JobError>> + Send;

    /// Runs a task, while nobody else works on its repository, on a thread of its own. It may be run again from the
    /// start at any point.
    fn run(
        &self,
        order: TaskOrder,
        run: &RunContext,
    ) -> impl Future<Output = Result<(), JobError>> + Send;

    /// Says that a task was seen, before its turn comes.
    fn acknowledge(&self, order: &TaskOrder) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Ends once GitHub is back after it was away: what sat that out is then tried at once. Never where nobody knows.
    fn recovered(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// Asks GitHub to deliver again what failed to arrive. Called once a minute.
    fn redeliver(&self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// A job on its way through the queue, with what is known of earlier tries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedJob {
    /// What to do.
    pub job: Job,
    /// Names the job: enqueued twice, it is there once.
    pub key: String,
    /// Since when it waits to be done, in epoch milliseconds; 0 where that was not kept yet.
    #[serde(default)]
    pub since: i64,
    /// How many tries failed.
    pub failures: u32,
    /// How often it found its subject taken.
    pub waits: u32,
    /// How often GitHub or the database was away.
    #[serde(default)]
    pub outages: u32,
    /// How often in a row GitHub did not answer what it asked, while it answered others.
    #[serde(default)]
    pub unanswered: u32,
    /// Which series of tries this is: a job that is taken up again starts a new one.
    #[serde(default)]
    pub series: u32,
    /// Whether a process died while it ran, so that it runs alone.
    #[serde(default)]
    pub suspect: bool,
    /// Whether the operator wants it ended without another try.
    #[serde(default)]
    pub discarded: bool,
}

impl QueuedJob {
    /// A job that was not tried yet.
    pub fn new(job: Job, key: impl Into<String>) -> Self {
        Self {
            job,
            key: key.into(),
            since: super::now(),
            failures: 0,
            waits: 0,
            outages: 0,
            unanswered: 0,
            series: 0,
            suspect: false,
            discarded: false,
        }
    }

    /// The same job, to be taken up again after it was stopped.
    #[must_use]
    pub fn again(self) -> Self {
        Self {
            failures: 0,
            waits: 0,
            outages: 0,
            unanswered: 0,
            since: super::now(),
            series: self.series + 1,
            ..self
        }
    }

    /// Whether this is its first pass: it neither failed nor was put off.
    pub(super) fn is_first(&self) -> bool {
        self.failures == 0 && self.waits == 0
    }

    /// The key of this very pass through the queue.
    pub(super) fn attempt_key(&self) -> String {
        let key = match self.series {
            0 => self.key.clone(),
            series => format!("{}!{series}", self.key),
        };
        match (self.failures, self.waits) {
            (0, 0) => key,
            (failures, waits) => format!("{key}#{failures}.{waits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_earlier_versions_enqueued_is_read_and_written_alike() {
        let text = r#"{"job":{"errand":{"installation":1,"repository":10,"errand":"dashboard"}},"key":"k","failures":0,"waits":2}"#;
        let queued: QueuedJob = serde_json::from_str(text).unwrap();
        let expected = Job::Task {
            installation: InstallationId(1),
            repository: RepositoryId(10),
            task: RepositoryTask::Dashboard,
        };
        assert_eq!((&queued.job, queued.waits), (&expected, 2));
        let written = serde_json::to_value(&queued).unwrap();
        assert_eq!(written["job"]["errand"]["errand"], "dashboard");
    }
}
