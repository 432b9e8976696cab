//! Lists, retries and discards jobs for the operator.

use super::inbox::Inbox;
use super::job::{Job, QueuedJob, RepositoryTask};
use super::now;
use super::stopped::read;
use crate::model::{DeliveryId, InstallationId, RepositoryId};
use crate::store::{Delivery, ScanRequest, StoppedJob, StoppedState, WaitingDelivery};
use std::time::Duration;

/// How many jobs of each kind are listed.
const MAX_LISTED: u32 = 1000;

/// Why a discarded job ended.
pub(crate) const DISCARDED: &str = "the operator discarded it";

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// No worker has taken the job.
    Waiting,
    /// A worker runs the job.
    Running,
    /// The job was given up.
    Failed,
    /// The job crashed processes, and waits for the operator.
    Parked,
}

/// A job as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// The key of the job.
    pub id: String,
    /// The state.
    pub state: JobState,
    /// What the job does.
    pub work: String,
    /// What kind of job it is: this names nothing of the tenant.
    pub kind: &'static str,
    /// The tenant.
    pub installation: InstallationId,
    /// The repository, if the job concerns a single one.
    pub repository: Option<RepositoryId>,
    /// Since when the job is in this state, in epoch milliseconds.
    pub since: i64,
    /// How many processes died while the job ran alone.
    pub deaths: u32,
    /// The error; empty where there is none.
    pub problem: String,
}

/// Why the operator's request was refused.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// There is no such job.
    #[error("no job has the id {0}: `driftguard jobs list` shows the ids")]
    Unknown(String),
    /// The job is not stopped.
    #[error("the job {0} waits or runs: only a failed or parked one can be tried again")]
    NotStopped(String),
    /// A worker runs the job.
    #[error("the job {0} runs: discard it when it has ended, or stop its worker first")]
    Running(String),
    /// The database failed.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl JobState {
    /// Returns the name of the state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Failed => "failed",
            Self::Parked => "parked",
        }
    }
}

impl Inbox {
    /// Lists parked and failed jobs, then running and waiting ones, then deliveries that are no jobs yet, each the
    /// oldest first.
    pub async fn jobs(&self) -> anyhow::Result<Vec<JobRow>> {
        let mut rows = self.stopped_rows().await?;
        let listed = self.queue.jobs(MAX_LISTED).await?;
        rows.extend(listed.into_iter().map(|listed| JobRow {
            state: match listed.running {
                true => JobState::Running,
                false => JobState::Waiting,
            },
            work: listed.queued.job.to_string(),
            kind: kind(&listed.queued.job),
            installation: listed.queued.job.installation(),
            repository: listed.queued.job.repository(),
            id: listed.queued.key,
            since: listed.run_at,
            deaths: 0,
            problem: String::new(),
        }));
        let deliveries = self.store.deliveries_in_line(MAX_LISTED).await?;
        rows.extend(deliveries.into_iter().map(delivery_row));
        Ok(rows)
    }

    /// Lists parked and failed jobs, the oldest first.
    pub async fn stopped_rows(&self) -> anyhow::Result<Vec<JobRow>> {
        let stopped = self.store.stopped_jobs(MAX_LISTED).await?;
        let stopped = stopped
            .iter()
            .filter(|job| job.state != StoppedState::Retried);
        Ok(stopped.map(stopped_row).collect())
    }

    /// Enqueues a stopped job as new. Jobs that were held back for it follow when it ends.
    pub async fn retry(&self, id: &str) -> Result<(), OperatorError> {
        let job = self.stopped(id).await?;
        let tenant = self.store.of(job.installation);
        let queued = self.take_up(&job).await?;
        match job.deaths {
            0 => tenant.release_unchanged(&job).await?,
            _ => tenant.retry_job(&job).await?,
        }
        Ok(self.show_on_dashboard(&queued).await?)
    }

    /// Enqueues the jobs that were held back for a parked job that was retried and has ended.
    pub(super) async fn release_held(&self, ended: &QueuedJob) -> anyhow::Result<()> {
        let tenant = self.store.of(ended.job.installation());
        if !tenant.release_job(&ended.key).await? {
            return Ok(());
        }
        self.take_up_held(ended).await?;
        self.show_on_dashboard(ended).await
    }

    /// Enqueues the jobs that were held back for a job that is no longer parked.
    async fn take_up_held(&self, culprit: &QueuedJob) -> anyhow::Result<()> {
        let Some(repository) = culprit.job.repository() else {
            return Ok(());
        };
        let tenant = self.store.of(culprit.job.installation());
        let parked = tenant.parked_jobs(repository).await?;
        for held in parked.iter().filter(|job| job.deaths == 0) {
            self.take_up(held).await?;
            tenant.release_unchanged(held).await?;
        }
        Ok(())
    }

    /// Ends a job without another attempt: its failure is reported as usual. Jobs that were held back for it run.
    pub async fn discard(&self, id: &str) -> Result<(), OperatorError> {
        let stopped = self.store.stopped_job(id).await?;
        if let Some(job) = stopped.filter(|job| job.state != StoppedState::Retried) {
            let queued = read(&job)?;
            self.enqueue_end(queued.clone()).await?;
            self.store
                .of(job.installation)
                .release_unchanged(&job)
                .await?;
            if job.deaths > 0 {
                self.take_up_held(&queued).await?;
            }
            return Ok(());
        }
        match self.queued(id).await? {
            Some((_, true)) => Err(OperatorError::Running(id.to_owned())),
            Some((queued, false)) if self.queue.withdraw(&queued).await? => {
                Ok(self.enqueue_end(queued).await?)
            }
            Some(_) => Err(OperatorError::Running(id.to_owned())),
            None => self.discard_delivery(id).await,
        }
    }

    /// Ends a delivery that is no job yet.
    async fn discard_delivery(&self, id: &str) -> Result<(), OperatorError> {
        let delivery = DeliveryId(id.to_owned());
        match self.store.is_in_line(&delivery).await? {
            true if self.store.discard_delivery(&delivery, DISCARDED).await? => Ok(()),
            true => Err(OperatorError::Running(id.to_owned())),
            false => Err(OperatorError::Unknown(id.to_owned())),
        }
    }

    async fn stopped(&self, id: &str) -> Result<StoppedJob, OperatorError> {
        let stopped = self.store.stopped_job(id).await?;
        match stopped.filter(|job| job.state != StoppedState::Retried) {
            Some(job) => Ok(job),
            None if self.queued(id).await?.is_some()
                || self.store.is_in_line(&DeliveryId(id.to_owned())).await? =>
            {
                Err(OperatorError::NotStopped(id.to_owned()))
            }
            None => Err(OperatorError::Unknown(id.to_owned())),
        }
    }

    /// Finds a job in the queue, and whether it runs.
    async fn queued(&self, id: &str) -> anyhow::Result<Option<(QueuedJob, bool)>> {
        let jobs = self.queue.jobs(u32::MAX).await?;
        let found = jobs.into_iter().find(|listed| listed.queued.key == id);
        Ok(found.map(|listed| (listed.queued, listed.running)))
    }

    async fn take_up(&self, stopped: &StoppedJob) -> anyhow::Result<QueuedJob> {
        let tenant = self.store.of(stopped.installation);
        let queued = read(stopped)?.again();
        match &queued.job {
            Job::Delivery { delivery, .. } => tenant.queue_delivery(delivery).await?,
            Job::Scan {
                repository, stack, ..
            } => {
                let request = ScanRequest {
                    repository: *repository,
                    stack: stack.as_deref(),
                    commit: None,
                    asked_at: now(),
                };
                tenant.request_scan(&request).await?;
            }
            Job::Task { .. } => {}
        }
        self.queue.push(&queued, Duration::ZERO).await?;
        Ok(queued)
    }

    /// Has a worker end a job: its failure is reported by the App's handler.
    async fn enqueue_end(&self, queued: QueuedJob) -> anyhow::Result<()> {
        let queued = QueuedJob {
            discarded: true,
            ..queued.again()
        };
        self.queue.push(&queued, Duration::ZERO).await?;
        self.show_on_dashboard(&queued).await
    }
}

/// Returns the kind of a job.
fn kind(job: &Job) -> &'static str {
    match job {
        Job::Delivery { .. } => "delivery",
        Job::Scan { stack: None, .. } => "scan of a repository",
        Job::Scan { .. } => "scan of a stack",
        Job::Task { task, .. } => match task {
            RepositoryTask::Comment { .. } => "comment",
            RepositoryTask::Boxes { .. } => "boxes",
            RepositoryTask::Order { .. } => "order",
            RepositoryTask::Review { .. } => "checks",
            RepositoryTask::Follow { .. } => "end of a pull request",
            RepositoryTask::Dashboard => "dashboard",
            RepositoryTask::Conceal => "emptying what was published",
            RepositoryTask::Post { .. } | RepositoryTask::Notify(_) => "notification",
            RepositoryTask::GivenUp { .. } => "telling that a job was given up",
        },
    }
}

fn stopped_row(job: &StoppedJob) -> JobRow {
    let queued = read(job);
    let work = queued.as_ref().map(|queued| queued.job.to_string());
    JobRow {
        id: job.id.clone(),
        state: match job.state {
            StoppedState::Parked | StoppedState::Retried => JobState::Parked,
            StoppedState::Failed => JobState::Failed,
        },
        work: work.unwrap_or_default(),
        kind: queued.map_or("unknown", |queued| kind(&queued.job)),
        installation: job.installation,
        repository: job.repository,
        since: job.stopped_at,
        deaths: job.deaths,
        problem: job.problem.clone(),
    }
}

fn delivery_row(waiting: WaitingDelivery) -> JobRow {
    let Delivery {
        id,
        payload,
        received_at,
    } = waiting.delivery;
    JobRow {
        id: id.0,
        state: match waiting.is_taken {
            true => JobState::Running,
            false => JobState::Waiting,
        },
        work: format!("delivery ({})", payload.event.name()),
        kind: "delivery",
        installation: payload.installation,
        repository: payload.repository.map(|repository| repository.id),
        since: received_at,
        deaths: 0,
        problem: String::new(),
    }
}
