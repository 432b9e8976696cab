//! Runs a job once: alone on its repository, on a thread of its own, and only while somebody waits for it.

use super::attempt::Outcome;
use super::job::{JobError, JobHandler};
use super::lease::HeldLease;
use super::limit::{Clock, Limits};
use super::now;
use super::shares::{Lane, Shares, TakenShare};
use super::thread::Meter;
use super::worker::Worker;
use crate::github::Fence;
use crate::model::{InstallationId, Interrupt, RepositoryId};
use crate::store::{Lease, Store, Tenant};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The time limits of any job, far above those of a scan: a job that hangs does not lock its repository for ever.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(45 * 60),
    computing: Duration::from_secs(10 * 60),
};

/// The context of a running job: whether it may still write, its interrupt, and how long it computed.
#[derive(Debug, Clone)]
pub struct RunContext {
    lease: Arc<HeldLease>,
    interrupt: Interrupt,
    meter: Arc<Meter>,
    shares: Arc<Shares>,
}

impl RunContext {
    fn new(lease: HeldLease, shares: Arc<Shares>) -> Self {
        Self {
            lease: Arc::new(lease),
            interrupt: Interrupt::default(),
            meter: Arc::default(),
            shares,
        }
    }

    /// Returns whether the job still holds its repository, by the database's clock: checked before each write.
    pub async fn may_write(&self) -> bool {
        self.lease.is_held().await
    }

    /// Returns the database, which refuses writes once the job lost its repository.
    pub fn store(&self) -> &Store {
        self.lease.guarded()
    }

    /// Returns the interrupt that ends the job's computing.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Takes a slot for a scan that a task requests.
    ///
    /// # Errors
    /// `Later`, if all slots are taken: other jobs must not wait for it.
    pub(crate) fn begin_scan(&self, installation: InstallationId) -> Result<TakenShare, JobError> {
        let share = self.shares.take_in(Lane::Scans, installation, now());
        share.map_err(|pause| {
            let full = anyhow::anyhow!("as many scans are made as may be at once");
            JobError::Later(full, pause)
        })
    }

    /// Returns the fence that guards writes to GitHub.
    pub(crate) fn fence(&self) -> Arc<dyn Fence> {
        self.lease.clone()
    }

    /// Returns what measures how long the job computes.
    pub(super) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// Forbids the job to compute and write any more.
    fn end(&self) {
        // In this order: what is interrupted finds that it may not write.
        self.lease.end();
        self.interrupt.raise();
    }
}

/// Ends a job when it is dropped: its lease was lost, or its worker stops.
struct EndOnDrop(RunContext);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Does some work while no other job works on the repository; returns without it otherwise. Deletes what the work wrote
/// if the installation or repository was removed meanwhile.
pub(super) async fn with_repository_lock<P: JobHandler, W>(
    worker: &Worker<P>,
    installation: InstallationId,
    repository: RepositoryId,
    work: impl FnOnce(RunContext) -> W,
) -> Result<Outcome, JobError>
where
    W: Future<Output = Result<(), JobError>> + Send + 'static,
{
    let store = &worker.inbox.store;
    let run = worker.runs.fetch_add(1, Ordering::Relaxed);
    let lease = Lease {
        subject: repository.to_string(),
        holder: format!("{}/{run}", worker.name),
    };
    let held = HeldLease::take(store, installation, lease, worker.config.lease).await?;
    let Some(held) = held else {
        return Ok(Outcome::Taken);
    };
    let context = RunContext::new(held, worker.shares.clone());
    let _ends = EndOnDrop(context.clone());
    let lease = context.lease.clone();
    let mut renewal = lease.renewal();
    let end = tokio::select! {
        end = worker.threads.run(limited(context.clone(), work(context))) => end.map_err(JobError::from).flatten(),
        lost = renewal.end() => return Err(lost.unwrap_or_else(JobError::from)),
    };
    drop(renewal);
    // Without the lease nothing was written that is not deleted already.
    if lease.is_held().await {
        delete_what_is_gone(&lease.guarded().of(installation), repository).await?;
    }
    lease.give_back().await?;
    end.map(|()| Outcome::Done)
}

/// Deletes what a job wrote for an installation or a repository that was removed meanwhile.
async fn delete_what_is_gone(tenant: &Tenant<'_>, repository: RepositoryId) -> anyhow::Result<()> {
    if !tenant.exists().await? {
        return tenant.delete_installation(now()).await;
    }
    if tenant.repository(repository).await?.is_none() {
        tenant.delete_repository(repository).await?;
    }
    Ok(())
}

/// Measures the work of a job, within the limits of all jobs.
async fn limited(
    context: RunContext,
    work: impl Future<Output = Result<(), JobError>>,
) -> Result<(), JobError> {
    let clock = Clock::of_job(LIMITS, &context);
    let work = context.meter.measure(work);
    match clock.hold(work).await {
        Ok(end) => end,
        Err(exceeded) => Err(JobError::Fatal(anyhow::anyhow!(
            "the job was stopped: {exceeded}"
        ))),
    }
}
