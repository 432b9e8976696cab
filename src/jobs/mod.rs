//! The queue, the worker, and the scan itself, a line a stage.

/// Deliveries, recorded and enqueued.
pub mod inbox;
/// What is to be done.
pub mod job;
/// A stack's code and state.
pub mod load;
/// apalis on SQLite and on PostgreSQL.
pub mod queue;
/// From files to a scored and priced report: what the bot and the command line share.
pub mod survey;
/// Takes jobs and sees them through.
pub mod worker;

/// Who may read a repository's AWS.
pub mod onboarding;
/// The scan: the path itself.
pub mod scan;

/// Which roles read which stacks.
mod access;
/// One try of a job.
mod attempt;
/// What a delivery leads to.
mod delivery;
/// Counts of what happened.
mod metrics;
/// The rolling pull requests.
mod propose;
/// Which pushes lead to a scan.
mod pushes;

pub use metrics::Metrics;
pub use pushes::scans;

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in epoch milliseconds.
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
