//! The queue and its workers: deliveries become jobs, and each job runs until its end is kept.
//!
//! Nothing here knows what a scan does or what a comment asks for: `job::JobHandler` is handed over by whoever starts a
//! worker. `webhook` and `web` stand on this folder alone.

/// Deliveries, recorded and waiting.
pub mod inbox;
/// What is to be done.
pub mod job;
/// What the operator sees of the jobs, and does about them.
pub mod operator;
/// apalis on SQLite and on PostgreSQL.
pub mod storage;
/// Takes jobs and sees them through.
pub mod worker;

/// How long a scan may take.
pub(crate) mod limit;
/// Which pushes lead to a scan.
pub(crate) mod pushes;
/// Deliveries that did not arrive, asked for again.
pub(crate) mod redeliver;
/// When each stack is scanned without anybody asking.
pub(crate) mod schedule;
/// Jobs that do not run again by themselves.
pub(crate) mod stopped;

/// One try of a job.
mod attempt;
/// Deliveries that change which installations and repositories there are.
mod changes;
/// The claims of workers on deliveries.
mod claims;
/// Classifies what a try failed with.
mod classify;
/// What is created at GitHub, counted.
mod content;
/// What a delivery leads to.
mod delivery;
/// Deliveries, many at once.
mod drain;
/// The tasks of installations and repositories that went away.
mod forget_tasks;
/// The lease of a running job.
mod lease;
/// Counts of what happened.
mod metrics;
/// Since when the oldest job is there.
mod oldest;
/// GitHub or the database is away.
mod outage;
/// Work in a task of its own, so that a panic ends nothing else.
mod own_task;
/// Deliveries, committed together.
mod recorder;
/// One run of a job: alone on its repository.
mod run;
/// Sees a job through to its end.
mod see_through;
/// A worker's slots, shared among installations.
mod shares;
/// Jobs that run alone.
mod solitude;
/// A thread for each running job.
mod thread;
/// Whose turn it is.
mod turns;

pub use metrics::Metrics;
pub use run::RunContext;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// A name that nobody else has, in any process: in containers every process may have the same number, and start at the
/// same moment.
pub fn unique_name() -> String {
    // Each of these starts with a random seed.
    let random = RandomState::new().build_hasher().finish();
    format!("{}-{}-{random:x}", std::process::id(), now())
}

/// Now, in epoch milliseconds.
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_names_are_the_same() {
        let names: std::collections::BTreeSet<_> =
            (0..1000).map(|_| super::unique_name()).collect();
        assert_eq!(names.len(), 1000);
    }
}
