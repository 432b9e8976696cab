//! One try of a job: one at a time for each repository, tried again where it fails, given up aloud.

use super::inbox::Inbox;
use super::job::{Job, JobError, Process, ScanOrder, Ticket, Trigger};
use super::queue::MOST_TRIES;
use super::worker::Worker;
use super::{delivery, now};
use crate::model::{InstallationId, RepositoryId, StackName};
use crate::store::{Lease, ScanRecord, Store, Waiting};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// The longest pause between two looks at a repository that is taken.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl<P: Process> Worker<P> {
    /// One try, and what follows from how it ends.
    pub(super) async fn attempt(
        self: Arc<Self>,
        ticket: Ticket,
        deaths: usize,
    ) -> anyhow::Result<()> {
        let end = if deaths >= MOST_TRIES {
            Err(JobError::Fatal(anyhow::anyhow!(
                "each of {deaths} tries took its worker down"
            )))
        } else {
            self.clone().isolated(ticket.job.clone()).await
        };
        let metrics = &self.inbox.metrics;
        match end {
            Ok(Outcome::Done) => metrics.done.add(),
            Ok(Outcome::Taken) => return self.wait(ticket).await,
            Err(JobError::Retry(error)) if ticket.failures + 1 < self.pace.tries => {
                tracing::warn!(
                    job = ticket.key,
                    error = format!("{error:#}"),
                    "a try failed"
                );
                metrics.retried.add();
                let delay = doubled(self.pace.pause, ticket.failures, LONGEST_PAUSE);
                let failures = ticket.failures + 1;
                self.inbox
                    .queue
                    .push(&Ticket { failures, ..ticket }, delay)
                    .await?;
            }
            Err(JobError::Retry(error) | JobError::Fatal(error)) => {
                tracing::error!(
                    job = ticket.key,
                    error = format!("{error:#}"),
                    "a job is given up"
                );
                metrics.failed.add();
                self.give_up(&ticket, &format!("{error:#}")).await?;
            }
        }
        Ok(())
    }

    /// Runs a job so that a panic is a failed try, and a dropped worker ends it.
    async fn isolated(self: Arc<Self>, job: Job) -> Result<Outcome, JobError> {
        let mut run = JoinSet::new();
        run.spawn(self.perform(job));
        match run.join_next().await {
            Some(Ok(end)) => end,
            Some(Err(death)) => Err(anyhow::Error::new(death).context("the job died").into()),
            None => Ok(Outcome::Done),
        }
    }

    async fn perform(self: Arc<Self>, job: Job) -> Result<Outcome, JobError> {
        let Inbox {
            store,
            queue,
            metrics,
        } = &self.inbox;
        match job {
            Job::Delivery {
                installation,
                delivery,
            } => {
                delivery::run(store, queue, installation, &delivery, now()).await?;
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
                self.scan(&subject, trigger).await
            }
        }
    }

    /// Makes the scan that waits, if one still does and nobody else works on the repository: a scan of the whole
    /// repository and one of a single stack must not overlap either.
    async fn scan(&self, subject: &Subject, trigger: Trigger) -> Result<Outcome, JobError> {
        let tenant = self.inbox.store.of(subject.installation);
        let lease = Lease {
            subject: subject.repository.to_string(),
            holder: format!(
                "{}/{}",
                self.name,
                self.runs.fetch_add(1, Ordering::Relaxed)
            ),
        };
        let stack = subject.stack.as_deref();
        if tenant
            .waiting_scan(subject.repository, stack)
            .await?
            .is_none()
        {
            return Ok(Outcome::Done);
        }
        if !renew(
            &self.inbox.store,
            subject.installation,
            &lease,
            self.pace.lease,
        )
        .await?
        {
            return Ok(Outcome::Taken);
        }
        let end = match tenant.waiting_scan(subject.repository, stack).await {
            Ok(Some(waiting)) => self.scan_under(&lease, subject, waiting, trigger).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error.into()),
        };
        tenant.end_lease(&lease).await?;
        end.map(|()| Outcome::Done)
    }

    async fn scan_under(
        &self,
        lease: &Lease,
        subject: &Subject,
        waiting: Waiting,
        trigger: Trigger,
    ) -> Result<(), JobError> {
        let order = ScanOrder {
            installation: subject.installation,
            repository: subject.repository,
            stack: subject.stack.as_deref().and_then(StackName::new),
            commit: waiting.commit.clone(),
            trigger,
        };
        let started = Instant::now();
        let mut renewal = JoinSet::new();
        let store = self.inbox.store.clone();
        renewal.spawn(keep_lease(
            store,
            subject.installation,
            lease.clone(),
            self.pace.lease,
        ));
        tokio::select! {
            end = self.process.scan(order) => end?,
            lost = renewal.join_next() => return Err(lost_lease(lost)),
        }
        self.inbox.metrics.scans.add(started.elapsed());
        let tenant = self.inbox.store.of(subject.installation);
        let stack = subject.stack.as_deref();
        Ok(tenant
            .answer_scan(subject.repository, stack, &waiting)
            .await?)
    }

    /// Puts a job back whose subject is taken.
    async fn wait(&self, ticket: Ticket) -> anyhow::Result<()> {
        let delay = doubled(Duration::from_secs(1), ticket.waits, LONGEST_WAIT);
        let waits = ticket.waits + 1;
        self.inbox
            .queue
            .push(&Ticket { waits, ..ticket }, delay)
            .await?;
        Ok(())
    }

    /// Records that a job failed for good, so that it neither vanishes nor waits for ever.
    async fn give_up(&self, ticket: &Ticket, problem: &str) -> anyhow::Result<()> {
        match &ticket.job {
            Job::Delivery {
                installation,
                delivery,
            } => {
                self.inbox
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
                let tenant = self.inbox.store.of(*installation);
                let Some(waiting) = tenant.waiting_scan(*repository, stack.as_deref()).await?
                else {
                    return Ok(());
                };
                let failed = ScanRecord {
                    id: ticket.key.clone(),
                    repository: *repository,
                    stack: stack.clone().unwrap_or_default(),
                    commit: waiting.commit.clone().unwrap_or_default(),
                    outcome: serde_json::json!({ "error": problem }),
                    finished_at: now(),
                };
                tenant.record_scan(&failed).await?;
                tenant
                    .answer_scan(*repository, stack.as_deref(), &waiting)
                    .await
            }
        }
    }
}

/// What a scan is of.
struct Subject {
    installation: InstallationId,
    repository: RepositoryId,
    stack: Option<String>,
}

/// How a try ended that did not fail.
enum Outcome {
    /// All is done.
    Done,
    /// Somebody else works on the same subject.
    Taken,
}

/// Renews a lease until it is lost, and says how. In a task of its own: a scan that computes for long must not lose it.
async fn keep_lease(
    store: Store,
    installation: InstallationId,
    lease: Lease,
    time: Duration,
) -> anyhow::Error {
    loop {
        tokio::time::sleep(time / 4).await;
        match renew(&store, installation, &lease, time).await {
            Ok(true) => {}
            Ok(false) => return anyhow::anyhow!("another worker took the repository over"),
            Err(error) => return error,
        }
    }
}

async fn renew(
    store: &Store,
    installation: InstallationId,
    lease: &Lease,
    time: Duration,
) -> anyhow::Result<bool> {
    let now = now();
    let until = now.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    store.of(installation).take_lease(lease, now, until).await
}

fn lost_lease(lost: Option<Result<anyhow::Error, tokio::task::JoinError>>) -> JobError {
    match lost {
        Some(Ok(error)) => error.into(),
        Some(Err(death)) => anyhow::Error::new(death).into(),
        None => anyhow::anyhow!("the lease was not renewed").into(),
    }
}

/// A pause, doubled `times` times, up to a limit.
fn doubled(pause: Duration, times: u32, longest: Duration) -> Duration {
    pause
        .saturating_mul(2_u32.saturating_pow(times))
        .min(longest)
}
