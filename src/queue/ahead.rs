//! Corrects moments that were stored while a clock was ahead: what waits for them would wait until they come.

use super::inbox::Inbox;
use super::schedule::next;
use super::storage::{QUEUE, Queue};
use anyhow::Context;

/// How far ahead a clock may be without being corrected, in milliseconds.
const SLACK: i64 = 5 * 60 * 1000;

/// The longest time that a job is put off, in seconds: GitHub's limits end after an hour, and who waits for them is
/// spread over some minutes.
const LONGEST_DELAY: i64 = 2 * 60 * 60;

/// How far ahead the last sign of life of a worker may be, in seconds: each is by the database's clock.
const SIGN_OF_LIFE: i64 = 60;

impl Inbox {
    /// Corrects what was stored while a clock was ahead, given the time in epoch milliseconds: scans that are scheduled
    /// for later than their schedule says, jobs that are put off for longer than any is, and signs of life of workers
    /// that are dead since.
    pub async fn correct_moments(&self, now: i64) -> anyhow::Result<()> {
        self.queue.correct_moments().await?;
        let latest = now.saturating_add(SLACK);
        let mut last = None;
        loop {
            let scans = self.store.due_after(latest, last.as_ref()).await?;
            for scan in &scans {
                let next = |after| next(&scan.schedule, scan.repository, &scan.stack, after);
                if next(latest).is_none_or(|next| scan.slot <= next) {
                    continue;
                }
                let tenant = self.store.of(scan.installation);
                tenant.reschedule(scan, next(now)).await?;
                tracing::warn!(
                    repository = %scan.repository,
                    stack = scan.stack.as_str(),
                    "a scan was scheduled while a clock was ahead, and is scheduled anew"
                );
            }
            match scans.into_iter().next_back() {
                Some(scan) => last = Some(scan),
                None => return Ok(()),
            }
        }
    }
}

impl Queue {
    async fn correct_moments(&self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(pool) => {
                let jobs = "update Jobs set run_at = strftime('%s', 'now')
                     where job_type = $1 and status = 'Pending' and run_at > strftime('%s', 'now') + $2";
                let workers = "update Workers set last_seen = strftime('%s', 'now')
                     where worker_type = $1 and last_seen > strftime('%s', 'now') + $2";
                for (statement, ahead) in [(jobs, LONGEST_DELAY), (workers, SIGN_OF_LIFE)] {
                    let statement = sqlx::query(statement).bind(QUEUE).bind(ahead);
                    let done = statement.execute(pool).await;
                    done.context("while correcting the times of jobs")?;
                }
            }
            Self::Postgres(pool) => {
                let jobs = "update apalis.jobs set run_at = now()
                     where job_type = $1 and status = 'Pending' and run_at > now() + $2 * interval '1 second'";
                let workers = "update apalis.workers set last_seen = now()
                     where worker_type = $1 and last_seen > now() + $2 * interval '1 second'";
                for (statement, ahead) in [(jobs, LONGEST_DELAY), (workers, SIGN_OF_LIFE)] {
                    let statement = sqlx::query(statement).bind(QUEUE).bind(ahead);
                    let done = statement.execute(pool).await;
                    done.context("while correcting the times of jobs")?;
                }
            }
        }
        Ok(())
    }
}
