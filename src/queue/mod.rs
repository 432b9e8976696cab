//! Runs the queue and its workers: deliveries become jobs, and each job runs until its result is stored.
//!
//! This folder knows neither scans nor commands: whoever starts a worker passes a `job::JobHandler`. `webhook` and
//! `web` need only this folder.

/// Asks what the people may do whose keys of the API are used.
pub mod access_check;
/// Defines the scans that the API requests.
pub mod api_scan;
/// Receives deliveries.
pub mod inbox;
/// Defines the jobs.
pub mod job;
/// Lists, retries and discards jobs for the operator.
pub mod operator;
/// Enqueues what people ask for on a page or by the API.
pub mod orders;
/// Stores the queue: apalis on SQLite and on PostgreSQL.
pub mod storage;
/// Finds the orders of people that are not done yet.
pub mod waiting_orders;
/// Takes jobs, and runs them to the end.
pub mod worker;

/// Limits the duration of scans.
pub(crate) mod limit;
/// Decides which pushes request a scan.
pub(crate) mod pushes;
/// Asks GitHub for missed deliveries.
pub(crate) mod redeliver;
/// Schedules scans.
pub(crate) mod schedule;
/// Keeps jobs that need the operator.
pub(crate) mod stopped;
/// Runs each job on a thread of its own.
pub(crate) mod thread;

/// Decides which repositories an installation has, whatever the order of the deliveries.
mod access;
/// Corrects moments that were stored while a clock was ahead.
mod ahead;
/// Runs one attempt of a job.
mod attempt;
/// Works on deliveries that add or remove installations and repositories.
mod changes;
/// Holds the claims of workers on deliveries.
mod claims;
/// Classifies the error of an attempt.
mod classify;
/// Counts what is created at GitHub.
mod content;
/// Deletes the tasks of removed installations and repositories.
mod delete_tasks;
/// Turns a delivery into jobs.
mod delivery;
/// Works on deliveries in batches.
mod drain;
/// Holds the lease of a running job.
mod lease;
/// Counts events of this process.
mod metrics;
/// Finds the oldest job.
mod oldest;
/// Handles outages of GitHub and the database.
mod outage;
/// Runs work in a task of its own, so that a panic ends nothing else.
mod own_task;
/// Wakes the worker regularly.
mod polling;
/// Commits deliveries together.
mod recorder;
/// Runs a job while no other works on its repository.
mod run;
/// Repeats a job until its result is stored.
mod see_through;
/// Shares a worker's slots among installations.
mod shares;
/// Runs suspects alone.
mod solitude;
/// Gives installations their turns.
mod turns;

pub use metrics::Metrics;
pub use run::RunContext;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// Returns a name that no other process has: in containers all processes may have the same id and start at the same
/// moment.
pub fn unique_name() -> String {
    // Each of these starts with a random seed.
    let random = RandomState::new().build_hasher().finish();
    format!("{}-{}-{random:x}", std::process::id(), now())
}

/// Returns the current time in epoch milliseconds.
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
