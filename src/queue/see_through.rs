//! Repeats a job until its result is stored, while the database is away.

use super::classify::is_away;
use super::job::{JobHandler, QueuedJob};
use super::stopped::fail;
use super::worker::{RECOVERY, Worker};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// The longest pause until the result of a job is stored.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// How often a job is repeated whose result the database refuses. Then the refusal is its result.
const MAX_REFUSALS: u32 = 4;

/// Runs a job until its result is stored, however long the database is away. A repetition finds what was done.
pub(super) async fn see_through<P: JobHandler>(worker: Arc<Worker<P>>, queued: QueuedJob) {
    let mut pause = RECOVERY;
    let mut refusals = 0;
    while let Err(error) = attempt_once(worker.clone(), &queued, refusals).await {
        tracing::warn!(
            job = queued.key,
            error = format!("{error:#}"),
            "what became of a job is not kept yet"
        );
        if !is_away(&error) {
            refusals += 1;
        }
        sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

async fn attempt_once<P: JobHandler>(
    worker: Arc<Worker<P>>,
    queued: &QueuedJob,
    refusals: u32,
) -> anyhow::Result<()> {
    if refusals >= MAX_REFUSALS {
        let problem = "the database does not keep its end: see the log";
        return fail(&worker, queued, problem).await;
    }
    let ended = worker.clone().run_job(queued.clone()).await;
    if ended.is_err() && queued.suspect {
        // This process lives: it did not die of the job.
        let tenant = worker.inbox.store.of(queued.job.installation());
        tenant.undo_lone_run(&queued.key, &worker.name).await?;
    }
    ended
}
