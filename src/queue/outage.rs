//! Handles outages of GitHub and the database: jobs wait for as long as an outage takes, and are tried at once when it
//! is over.

use super::attempt::doubled;
use super::classify::is_unanswered;
use super::job::{JobHandler, QueuedJob};
use super::stopped::fail;
use super::storage::{QUEUE, Queue};
use super::worker::Worker;
use anyhow::Context;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

/// The longest pause between two attempts: where no signal tells the end of an outage, work resumes after it.
const MAX_PAUSE: Duration = Duration::from_secs(5 * 60);

/// How often in a row a job is tried that GitHub does not answer while it answers others: half a day, with the pauses.
const MAX_UNANSWERED: u32 = 150;

/// How many of the waiting jobs are tried per second after an outage, so as not to overload GitHub again.
const JOBS_PER_SECOND: i64 = 20;

/// Brings jobs forward in the order of their turns ($1: the queue, $2: how many per second).
const SQLITE: &str = "update Jobs set run_at = min(run_at, strftime('%s', 'now') + waiting.place / $2)
     from (select id as job_id, row_number() over (order by priority desc, run_at, id) as place from Jobs
           where job_type = $1 and status = 'Pending' and run_at > strftime('%s', 'now')
             and json_extract(cast(job as text), '$.outages') > 0) as waiting
     where Jobs.id = waiting.job_id";

/// Brings jobs forward on PostgreSQL.
const POSTGRES: &str =
    "update apalis.jobs as jobs set run_at = least(jobs.run_at, now() + waiting.place / $2 * interval '1 second')
     from (select id as job_id, row_number() over (order by priority desc, run_at, id) as place from apalis.jobs
           where job_type = $1 and status = 'Pending' and run_at > now()
             and (convert_from(job, 'UTF8')::jsonb ->> 'outages')::bigint > 0) as waiting
     where jobs.id = waiting.job_id";

/// Puts a job back during an outage: for as long as it takes, unless GitHub answers others.
pub(super) async fn sit_out<P: JobHandler>(
    worker: &Worker<P>,
    queued: QueuedJob,
    error: &anyhow::Error,
) -> anyhow::Result<()> {
    worker.inbox.metrics.outages.add();
    tracing::warn!(
        job = queued.key,
        error = format!("{error:#}"),
        "a try comes once the outage is over"
    );
    let pause = doubled(worker.config.pause, queued.outages, MAX_PAUSE);
    let outages = queued.outages.saturating_add(1);
    let unanswered = match is_unanswered(error) {
        true => queued.unanswered + 1,
        false => 0,
    };
    if unanswered >= MAX_UNANSWERED {
        fail(worker, &queued, &format!("{error:#}")).await?;
        worker.inbox.metrics.failed.add();
        return Ok(());
    }
    let delay = spread(pause, &queued.key);
    let queued = QueuedJob {
        outages,
        unanswered,
        ..queued
    };
    worker.put_back(queued, delay).await
}

/// Brings waiting jobs forward each time that GitHub is back.
pub(super) async fn bring_forward_for_ever<P: JobHandler>(worker: Arc<Worker<P>>) {
    loop {
        worker.handler.recovered().await;
        match bring_forward(&worker.inbox.queue).await {
            Ok(jobs) => tracing::info!(jobs, "GitHub is back: what waited for it is tried"),
            Err(error) => tracing::warn!(
                error = format!("{error:#}"),
                "what waits for GitHub was not brought forward"
            ),
        }
    }
}

/// Lets jobs that wait for an outage to end be taken soon, a few each second; returns how many.
async fn bring_forward(queue: &Queue) -> anyhow::Result<u64> {
    match queue {
        Queue::Sqlite(pool) => {
            let update = sqlx::query(SQLITE).bind(QUEUE).bind(JOBS_PER_SECOND);
            update.execute(pool).await.map(|done| done.rows_affected())
        }
        Queue::Postgres(pool) => {
            let update = sqlx::query(POSTGRES).bind(QUEUE).bind(JOBS_PER_SECOND);
            update.execute(pool).await.map(|done| done.rows_affected())
        }
    }
    .context("while bringing jobs forward")
}

/// Shortens a pause by up to a quarter, depending on the key, so that waiting jobs do not return all at once.
fn spread(pause: Duration, key: &str) -> Duration {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let part = hasher.finish() % 256;
    let shorter = pause / 4 * u32::try_from(part).unwrap_or_default() / 256;
    pause.saturating_sub(shorter)
}
