//! Runs one attempt of a job: one at a time per repository, repeated after a failure, and reported when it is given up.

use super::inbox::Inbox;
use super::job::{Job, JobError, JobHandler, QueuedJob, ScanJob, TaskJob, Trigger};
use super::operator::DISCARDED;
use super::outage::sit_out;
use super::own_task::OwnTask;
use super::run::{RunContext, with_repository_lock};
use super::shares::TakenShare;
use super::solitude::{Turn, run_alone};
use super::stopped::{fail, give_up, hold, park};
use super::worker::Worker;
use super::{changes, now};
use crate::model::{InstallationId, RepositoryId, StackName};
use anyhow::Context;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_secs(15 * 60);

/// The longest pause before a job tries again to lock its repository: a person may wait for a reply.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// How long a suspect waits while another one runs.
const NEXT_TURN: Duration = Duration::from_secs(1);

/// How often a job may be put off: more than a day of the longest wait.
const MAX_WAITS: u32 = 20_000;

impl<P: JobHandler> Worker<P> {
    /// Runs one attempt, and acts on its result.
    pub(super) async fn run_job(self: Arc<Self>, queued: QueuedJob) -> anyhow::Result<()> {
        if queued.discarded {
            return give_up(&self, &queued, DISCARDED).await;
        }
        if hold(&self, &queued).await? {
            return Ok(());
        }
        let (share, end) = if queued.suspect {
            match run_alone(self.clone(), &queued).await? {
                Turn::Ran(end) => (None, end),
                Turn::Busy => return self.wait(queued, NEXT_TURN).await,
                Turn::TooManyDeaths(deaths) => return park(&self, &queued, deaths).await,
            }
        } else {
            let share = match self.shares.take(&queued.job, now()) {
                Ok(share) => share,
                Err(pause) => return self.wait(queued, pause).await,
            };
            let _beside_others = self.solitude.read().await;
            let end = self.clone().isolated(&queued).await;
            (share, end)
        };
        self.conclude(queued, end, share).await
    }

    /// Acts on the result of an attempt that may have held a slot.
    async fn conclude(
        &self,
        queued: QueuedJob,
        end: Result<Outcome, JobError>,
        share: Option<TakenShare>,
    ) -> anyhow::Result<()> {
        let metrics = &self.inbox.metrics;
        match end {
            Ok(Outcome::Done) => {
                metrics.done.add();
                if queued.suspect {
                    self.inbox.release_held(&queued).await?;
                }
            }
            Ok(Outcome::Taken) => {
                let turn = share.map(|share| share.turn(now())).unwrap_or_default();
                let delay = taken_pause(&queued).max(turn);
                return self.wait(queued, delay).await;
            }
            Err(JobError::Later(error, pause)) if queued.waits < MAX_WAITS => {
                tracing::warn!(
                    job = queued.key,
                    error = format!("{error:#}"),
                    "a try comes later"
                );
                metrics.limited.add();
                return self.wait(queued, pause).await;
            }
            Err(JobError::Outage(error)) => return sit_out(self, queued, &error).await,
            Err(JobError::Retry(error)) if queued.failures + 1 < self.config.tries => {
                tracing::warn!(
                    job = queued.key,
                    error = format!("{error:#}"),
                    "a try failed"
                );
                metrics.retried.add();
                let delay = doubled(self.config.pause, queued.failures, MAX_PAUSE);
                let failures = queued.failures + 1;
                self.inbox
                    .queue
                    .push(&QueuedJob { failures, ..queued }, delay)
                    .await?;
            }
            Err(JobError::Retry(error) | JobError::Fatal(error) | JobError::Later(error, _)) => {
                tracing::error!(
                    job = queued.key,
                    error = format!("{error:#}"),
                    "a job is given up"
                );
                metrics.failed.add();
                fail(self, &queued, &format!("{error:#}")).await?;
            }
        }
        Ok(())
    }

    /// Runs a job so that a panic fails the attempt, and a dropped worker ends it.
    pub(super) async fn isolated(self: Arc<Self>, queued: &QueuedJob) -> Result<Outcome, JobError> {
        let run = self.perform(queued.job.clone(), queued.is_first());
        let end = OwnTask::spawn(run).end().await;
        end.context("the job died")?
    }

    async fn perform(self: Arc<Self>, job: Job, first: bool) -> Result<Outcome, JobError> {
        let Inbox {
            store,
            queue,
            metrics,
            ..
        } = &self.inbox;
        match job {
            Job::Delivery {
                installation,
                delivery,
            } => {
                changes::run(store, queue, installation, &delivery, now()).await?;
                metrics.processed.add();
                Ok(Outcome::Done)
            }
            Job::Scan {
                installation,
                repository,
                stack,
                trigger,
            } => {
                let subject = Subject {
                    installation,
                    repository,
                    stack,
                };
                self.scan(subject, trigger).await
            }
            Job::Task {
                installation,
                repository,
                task,
            } => {
                let job = TaskJob {
                    installation,
                    repository,
                    task,
                };
                self.task(job, first).await
            }
        }
    }

    /// Runs the waiting scan, if there still is one and nobody else works on the repository: a scan of the repository
    /// and one of a single stack must not overlap either.
    async fn scan(
        self: Arc<Self>,
        subject: Subject,
        trigger: Trigger,
    ) -> Result<Outcome, JobError> {
        let tenant = self.inbox.store.of(subject.installation);
        let (installation, repository) = (subject.installation, subject.repository);
        let waiting = tenant.waiting_scan(repository, subject.stack.as_deref());
        if waiting.await?.is_none() {
            return Ok(Outcome::Done);
        }
        let worker = self.clone();
        let scanning =
            |run: RunContext| async move { worker.waiting_scan(subject, trigger, &run).await };
        with_repository_lock(&self, installation, repository, scanning).await
    }

    /// Runs the scan that waits by now.
    async fn waiting_scan(
        &self,
        subject: Subject,
        trigger: Trigger,
        run: &RunContext,
    ) -> Result<(), JobError> {
        let tenant = run.store().of(subject.installation);
        let (repository, stack) = (subject.repository, subject.stack.as_deref());
        let Some(waiting) = tenant.waiting_scan(repository, stack).await? else {
            return Ok(());
        };
        let job = ScanJob {
            installation: subject.installation,
            repository,
            stack: stack.and_then(StackName::new),
            commit: waiting.commit.clone(),
            trigger,
        };
        let started = Instant::now();
        if tenant.active().await? {
            self.handler.scan(job, run).await?;
            // A scan that was ended early is still to be scanning, however it took its end.
            if !run.may_write().await {
                let lost = anyhow::anyhow!("the scan was ended before it was done");
                return Err(JobError::Later(lost, Duration::ZERO));
            }
            self.inbox.metrics.scans.add(started.elapsed());
        }
        Ok(tenant.answer_scan(repository, stack, &waiting).await?)
    }

    /// Runs a task while no other job works on its repository; acknowledges it before that.
    async fn task(self: Arc<Self>, job: TaskJob, first: bool) -> Result<Outcome, JobError> {
        let tenant = self.inbox.store.of(job.installation);
        if !tenant.active().await? {
            return Ok(Outcome::Done);
        }
        if first && let Err(error) = self.handler.acknowledge(&job).await {
            tracing::warn!(error = format!("{error:#}"), "a task was not acknowledged");
        }
        let (installation, repository) = (job.installation, job.repository);
        let worker = self.clone();
        let done = |run: RunContext| async move { worker.handler.run(job, &run).await };
        with_repository_lock(&self, installation, repository, done).await
    }

    /// Puts back a job that found its repository locked. An outage that it waited for is over.
    async fn wait(&self, queued: QueuedJob, delay: Duration) -> anyhow::Result<()> {
        self.put_back(
            QueuedJob {
                outages: 0,
                ..queued
            },
            delay,
        )
        .await
    }

    /// Puts a job back without counting a failure.
    pub(super) async fn put_back(&self, queued: QueuedJob, delay: Duration) -> anyhow::Result<()> {
        let waits = queued.waits + 1;
        self.inbox
            .queue
            .push(&QueuedJob { waits, ..queued }, delay)
            .await?;
        Ok(())
    }
}

/// What a scan is about.
struct Subject {
    installation: InstallationId,
    repository: RepositoryId,
    stack: Option<String>,
}

/// The result of an attempt that did not fail.
pub(super) enum Outcome {
    /// The job is done.
    Done,
    /// Another job works on the same repository.
    Taken,
}

/// Returns the pause before the next try to lock a repository.
fn taken_pause(queued: &QueuedJob) -> Duration {
    doubled(Duration::from_secs(1), queued.waits, MAX_WAIT)
}

/// Doubles a pause `times` times, up to a limit.
pub(super) fn doubled(pause: Duration, times: u32, longest: Duration) -> Duration {
    pause
        .saturating_mul(2_u32.saturating_pow(times))
        .min(longest)
}
