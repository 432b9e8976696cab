//! Runs suspects alone. A process died while the job ran; whether the job caused it shows only where nothing else runs
//! in the process, and no other suspect runs in any process. Each death is counted before it may happen.

use super::attempt::Outcome;
use super::job::{JobError, JobHandler, QueuedJob};
use super::lease::HeldLease;
use super::worker::Worker;
use crate::model::InstallationId;
use crate::store::Lease;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How many processes a job may crash while it runs alone.
const MAX_DEATHS: u32 = 2;

/// The installation of the lease that one suspect at a time holds: no installation of GitHub's has this id.
const NOBODY: InstallationId = InstallationId(0);

/// The name of the lease.
const QUARANTINE: &str = "quarantine";

/// The result of a suspect's turn.
pub(super) enum Turn {
    /// The suspect ran.
    Ran(Result<Outcome, JobError>),
    /// Another suspect runs.
    Busy,
    /// The suspect crashed as many processes as it may.
    TooManyDeaths(u32),
}

/// Runs a suspect while nothing else runs in this process, and no other suspect in any process.
pub(super) async fn run_alone<P: JobHandler>(
    worker: Arc<Worker<P>>,
    queued: &QueuedJob,
) -> anyhow::Result<Turn> {
    let store = &worker.inbox.store;
    let tenant = store.of(queued.job.installation());
    let deaths = tenant.lone_deaths(&queued.key).await?;
    if deaths >= MAX_DEATHS {
        return Ok(Turn::TooManyDeaths(deaths));
    }
    let run = worker.runs.fetch_add(1, Ordering::Relaxed);
    let lease = Lease {
        subject: QUARANTINE.to_owned(),
        holder: format!("{}/{run}", worker.name),
    };
    let held = HeldLease::take(store, NOBODY, lease, worker.config.lease).await?;
    let Some(held) = held.map(Arc::new) else {
        return Ok(Turn::Busy);
    };
    let mut renewal = held.renewal();
    // What runs already is waited for; what comes waits until this has ended.
    let _nothing_else = worker.solitude.write().await;
    tenant.begin_lone_run(&queued.key, &worker.name).await?;
    let end = tokio::select! {
        end = worker.clone().isolated(queued) => end,
        // Another suspect may run by now.
        lost = renewal.end() => Err(lost.unwrap_or_else(JobError::from)),
    };
    drop(renewal);
    match &end {
        Ok(Outcome::Done) | Err(JobError::Fatal(_)) => {
            tenant.delete_lone_runs(&queued.key).await?;
        }
        // It did not run to its end: it is still a suspect, and what it did before stays counted.
        _ => tenant.undo_lone_run(&queued.key, &worker.name).await?,
    }
    held.give_back().await?;
    Ok(Turn::Ran(end))
}
