//! Defines the jobs, and the errors of their attempts.

use super::run::RunContext;
use crate::model::{ApiKeyUse, DeliveryId, InstallationId, RepositoryId, StackName};
use crate::store::Notification;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Acts on a delivery.
    Delivery {
        /// The tenant.
        installation: InstallationId,
        /// The recorded delivery.
        delivery: DeliveryId,
    },
    /// Runs the waiting scan.
    Scan {
        /// The tenant.
        installation: InstallationId,
        /// The repository.
        repository: RepositoryId,
        /// The stack; `None` for the whole repository.
        stack: Option<String>,
        /// What requested the scan.
        trigger: Trigger,
    },
    /// Runs a short task at GitHub, or elsewhere, for a repository.
    #[serde(rename = "errand")]
    Task {
        /// The tenant.
        installation: InstallationId,
        /// The repository.
        repository: RepositoryId,
        /// The task.
        #[serde(rename = "errand")]
        task: RepositoryTask,
    },
}

impl Job {
    /// Returns the tenant of the job.
    pub fn installation(&self) -> InstallationId {
        match self {
            Self::Delivery { installation, .. }
            | Self::Scan { installation, .. }
            | Self::Task { installation, .. } => *installation,
        }
    }

    /// Returns the repository of the job; `None` for a delivery, which may concern several.
    pub fn repository(&self) -> Option<RepositoryId> {
        match self {
            Self::Delivery { .. } => None,
            Self::Scan { repository, .. } | Self::Task { repository, .. } => Some(*repository),
        }
    }

    /// Returns whether the job reads the repository's code, which anybody with push access wrote.
    pub(super) fn reads_code(&self) -> bool {
        match self {
            Self::Delivery { .. } => false,
            Self::Scan { .. } => true,
            Self::Task { task, .. } => matches!(
                task,
                RepositoryTask::Comment { .. }
                    | RepositoryTask::Boxes { .. }
                    | RepositoryTask::Order { .. }
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
                // It shows nothing of what was asked for: whoever runs the server reads it too.
                RepositoryTask::Order { via, .. } => write!(f, "order {via}"),
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

/// A short task for a repository. It may be run again from the start at any point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepositoryTask {
    /// Answers a comment, if it holds commands.
    Comment {
        /// The issue or pull request.
        issue: u64,
        /// The comment.
        comment: u64,
        /// When the comment arrived, in epoch milliseconds.
        at: i64,
    },
    /// Runs the orders of boxes that a person ticked in a text of DriftGuard's.
    Boxes {
        /// The issue or pull request.
        issue: u64,
        /// The orders of the ticked boxes.
        ticked: Vec<String>,
        /// The login of who changed the text.
        person: String,
        /// When they were ticked, in epoch milliseconds.
        at: i64,
    },
    /// Runs the command that a person sent from a page or by the API.
    Order {
        /// The command, without `/driftguard`.
        command: String,
        /// The login of the person.
        person: String,
        /// When it was sent, in epoch milliseconds.
        at: i64,
        /// Where it came from.
        via: OrderOrigin,
        /// The id of the order: run again, it has the same effect.
        id: String,
        /// The stack that it is about, which alone it changes: the same drift may be a finding of several.
        #[serde(default)]
        stack: Option<StackName>,
        /// The key of the API that it was sent with; `None` from a page, and in orders of an earlier version.
        #[serde(default)]
        key: Option<ApiKeyUse>,
    },
    /// Creates checks on the pull request of somebody else.
    Review {
        /// The number of the pull request.
        pull: u64,
    },
    /// Records the state of a pull request of DriftGuard's that was closed, merged or reopened.
    Follow {
        /// The number of the pull request.
        pull: u64,
        /// The login of the person who changed the state.
        person: String,
        /// When it changed, in epoch milliseconds.
        at: i64,
    },
    /// Updates the dashboard.
    Dashboard,
    /// Redacts what was published: the repository is public now.
    Conceal,
    /// Posts a stored notification of the repository. The job lacks the body, since the queue's rows outlive the
    /// findings that they are about.
    Post {
        /// The id of the notification.
        notification: String,
    },
    /// Posts a notification with its body, as earlier versions enqueued it.
    Notify(Notification),
    /// Reports that a job was given up.
    GivenUp {
        /// The job.
        job: Box<Job>,
        /// The key of the job.
        id: String,
        /// Why it was given up.
        problem: String,
    },
}

/// Where a person sent an order from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderOrigin {
    /// A page.
    Page,
    /// The API.
    Api,
}

impl fmt::Display for OrderOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Page => "from a page",
            Self::Api => "from the API",
        })
    }
}

/// A task to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskJob {
    /// The tenant.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// The task.
    pub task: RepositoryTask,
}

/// What requested a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A delivery: a push to the default branch, an installation, a check to run again.
    Push,
    /// The schedule.
    Schedule,
    /// A command.
    Command,
    /// An event in AWS.
    Event,
    /// The API.
    Api,
}

/// A scan to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanJob {
    /// The tenant.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// The stack; `None` for the whole repository.
    pub stack: Option<StackName>,
    /// The commit of the delivery, if it named one. The scan reads the default branch as it is when the scan starts.
    pub commit: Option<String>,
    /// What requested the scan.
    pub trigger: Trigger,
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Another attempt may succeed.
    #[error("{0:#}")]
    Retry(anyhow::Error),
    /// Another attempt will succeed once GitHub or the database is back; it does not count as a failure of the job.
    #[error("{0:#}")]
    Outage(anyhow::Error),
    /// Another attempt will succeed, after this pause.
    #[error("{0:#}")]
    Later(anyhow::Error, Duration),
    /// No other attempt will succeed.
    #[error("{0:#}")]
    Fatal(anyhow::Error),
}

/// Runs the jobs whose content the worker does not know: scans, tasks, and the search for missed deliveries.
pub trait JobHandler: Send + Sync + 'static {
    /// Runs one scan, on a thread of its own. It may be run again from the start at any point.
    fn scan(
        &self,
        job: ScanJob,
        run: &RunContext,
    ) -> impl Future<Output = Result<(), JobError>> + Send;

    /// Runs a task while no other job works on its repository, on a thread of its own. It may be run again from the
    /// start at any point.
    fn run(
        &self,
        job: TaskJob,
        run: &RunContext,
    ) -> impl Future<Output = Result<(), JobError>> + Send;

    /// Acknowledges a task before its turn comes.
    fn acknowledge(&self, job: &TaskJob) -> impl Future<Output = anyhow::Result<()>> + Send;

    /// Waits until GitHub is back after an outage: the jobs that waited are then tried at once. Never returns where
    /// that is not known.
    fn recovered(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// Asks GitHub to redeliver what failed to arrive. Called every `WorkerConfig::redelivery_interval`; sooner after it
    /// returned false, since another process was at it.
    fn redeliver(&self) -> impl Future<Output = anyhow::Result<bool>> + Send;
}

/// A job in the queue, with the history of its attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedJob {
    /// The job.
    pub job: Job,
    /// The key of the job: a job with the same key is not enqueued again.
    pub key: String,
    /// Since when the job waits, in epoch milliseconds; 0 for jobs of earlier versions.
    #[serde(default)]
    pub since: i64,
    /// How many attempts failed.
    pub failures: u32,
    /// How often the job found its repository locked.
    pub waits: u32,
    /// How often GitHub or the database was away.
    #[serde(default)]
    pub outages: u32,
    /// How often in a row GitHub failed to answer this job while it answered others.
    #[serde(default)]
    pub unanswered: u32,
    /// The series of attempts: a job that is retried after it was stopped starts a new one.
    #[serde(default)]
    pub series: u32,
    /// Whether a process died while the job ran, so that it now runs alone.
    #[serde(default)]
    pub suspect: bool,
    /// Whether the operator discarded the job.
    #[serde(default)]
    pub discarded: bool,
}

impl QueuedJob {
    /// Creates a job that was not tried yet.
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

    /// Returns a stopped job as a new series of attempts.
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

    /// Returns whether this is the first pass: the job neither failed nor was put off.
    pub(super) fn is_first(&self) -> bool {
        self.failures == 0 && self.waits == 0
    }

    /// Returns the key of this pass through the queue.
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
