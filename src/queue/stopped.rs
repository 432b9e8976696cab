//! Keeps jobs that need the operator: parked because they crashed processes, or failed for good.

use super::inbox::Inbox;
use super::job::{Job, JobHandler, QueuedJob, RepositoryTask};
use super::now;
use super::worker::Worker;
use crate::model::masked;
use crate::store::{ScanRecord, StoppedJob, StoppedState};
use anyhow::Context;
use std::time::Duration;

/// Parks a job that crashed processes while it ran alone. The log reports it once, the dashboard and the metrics until
/// the operator decides.
pub(super) async fn park<P: JobHandler>(
    worker: &Worker<P>,
    queued: &QueuedJob,
    deaths: u32,
) -> anyhow::Result<()> {
    let problem = format!("{deaths} processes died while nothing but this job ran in them");
    let state = StoppedState::Parked;
    worker.inbox.stop(queued, state, deaths, &problem).await?;
    let tenant = worker.inbox.store.of(queued.job.installation());
    tenant.delete_lone_runs(&queued.key).await?;
    if let Job::Delivery { delivery, .. } = &queued.job {
        tenant.fail_delivery(delivery, &problem).await?;
    }
    tracing::error!(
        job = queued.key,
        what = %queued.job,
        installation = %queued.job.installation(),
        repository = queued.job.repository().map(|id| id.0),
        deaths,
        "a job is parked: each process in which it ran alone died; see `driftguard jobs`"
    );
    worker.inbox.show_on_dashboard(queued).await
}

/// Holds back a job that reads the code of a repository with such a parked job: it would read the same code. Returns
/// whether it is held back.
pub(super) async fn hold<P: JobHandler>(
    worker: &Worker<P>,
    queued: &QueuedJob,
) -> anyhow::Result<bool> {
    let Some(repository) = queued.job.repository() else {
        return Ok(false);
    };
    if !queued.job.reads_code() {
        return Ok(false);
    }
    let tenant = worker.inbox.store.of(queued.job.installation());
    let parked = tenant.parked_jobs(repository).await?;
    let culprit = parked.into_iter().find(|job| {
        let other = job.id != queued.key && job.deaths > 0;
        other && read(job).is_ok_and(|queued| queued.job.reads_code())
    });
    let Some(culprit) = culprit else {
        return Ok(false);
    };
    let problem = format!("waits for {}, which is parked", culprit.id);
    let state = StoppedState::Parked;
    worker.inbox.stop(queued, state, 0, &problem).await?;
    tracing::warn!(
        job = queued.key,
        what = %queued.job,
        waits_for = culprit.id,
        "a job is held back: another of its repository is parked"
    );
    Ok(true)
}

/// Gives up a job, and keeps it for the operator. The error may quote another program, so it is masked before it is
/// stored or reported.
pub(super) async fn fail<P: JobHandler>(
    worker: &Worker<P>,
    queued: &QueuedJob,
    problem: &str,
) -> anyhow::Result<()> {
    let problem = &masked(problem);
    if queued.suspect {
        worker.inbox.release_held(queued).await?;
    }
    let state = StoppedState::Failed;
    worker.inbox.stop(queued, state, 0, problem).await?;
    give_up(worker, queued, problem).await
}

/// Records that a job failed for good, so that it neither vanishes nor waits for ever.
pub(super) async fn give_up<P: JobHandler>(
    worker: &Worker<P>,
    queued: &QueuedJob,
    problem: &str,
) -> anyhow::Result<()> {
    match &queued.job {
        Job::Delivery {
            installation,
            delivery,
        } => {
            worker
                .inbox
                .store
                .of(*installation)
                .fail_delivery(delivery, problem)
                .await
        }
        Job::Scan {
            installation,
            repository,
            stack,
            ..
        } => {
            let tenant = worker.inbox.store.of(*installation);
            let Some(waiting) = tenant.waiting_scan(*repository, stack.as_deref()).await? else {
                return Ok(());
            };
            let failed = ScanRecord {
                id: queued.key.clone(),
                repository: *repository,
                stack: stack.clone().unwrap_or_default(),
                commit: waiting.commit.clone().unwrap_or_default(),
                outcome: serde_json::json!({ "error": problem }),
                finished_at: now(),
            };
            tenant.record_scan(&failed).await?;
            let answered = tenant.answer_scan(*repository, stack.as_deref(), &waiting);
            answered.await?;
            worker.inbox.tell_failure(queued, problem).await?;
            worker.inbox.show_on_dashboard(queued).await
        }
        // That it could not be told is in the log.
        Job::Task {
            task: RepositoryTask::GivenUp { .. },
            ..
        } => Ok(()),
        // Nothing of it waits in the store.
        Job::Task { .. } => worker.inbox.tell_failure(queued, problem).await,
    }
}

impl Inbox {
    /// Stores a job as stopped.
    async fn stop(
        &self,
        queued: &QueuedJob,
        state: StoppedState,
        deaths: u32,
        problem: &str,
    ) -> anyhow::Result<()> {
        let installation = queued.job.installation();
        let stopped = StoppedJob {
            id: queued.key.clone(),
            installation,
            repository: queued.job.repository(),
            ticket: serde_json::to_string(queued).context("while writing a job")?,
            state,
            deaths,
            problem: problem.to_owned(),
            stopped_at: now(),
        };
        self.store.of(installation).stop_job(&stopped).await
    }

    /// Enqueues a job that reports a given-up job, since GitHub may be away now.
    async fn tell_failure(&self, queued: &QueuedJob, problem: &str) -> anyhow::Result<()> {
        let Some(repository) = queued.job.repository() else {
            return Ok(());
        };
        let job = Job::Task {
            installation: queued.job.installation(),
            repository,
            task: RepositoryTask::GivenUp {
                job: Box::new(queued.job.clone()),
                id: queued.key.clone(),
                problem: problem.to_owned(),
            },
        };
        let key = format!("{}!{}/given-up", queued.key, queued.series);
        let queued = QueuedJob::new(job, key);
        self.queue.push(&queued, Duration::ZERO).await.map(drop)
    }

    /// Shows stopped jobs on the repository's dashboard.
    pub(super) async fn show_on_dashboard(&self, queued: &QueuedJob) -> anyhow::Result<()> {
        let Some(repository) = queued.job.repository() else {
            return Ok(());
        };
        let job = Job::Task {
            installation: queued.job.installation(),
            repository,
            task: RepositoryTask::Dashboard,
        };
        let key = format!("{}/shown@{}", queued.key, now());
        self.queue
            .push(&QueuedJob::new(job, key), Duration::ZERO)
            .await
            .map(drop)
    }
}

/// Returns the stopped job.
pub(crate) fn read(stopped: &StoppedJob) -> anyhow::Result<QueuedJob> {
    serde_json::from_str(&stopped.ticket)
        .with_context(|| format!("while reading the stopped job {}", stopped.id))
}
