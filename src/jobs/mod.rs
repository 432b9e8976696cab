//! The queue, the worker, and the scan itself, a line a stage.

/// Deliveries, recorded and enqueued.
pub mod inbox;
/// What is to be done.
pub mod job;
/// apalis on SQLite and on PostgreSQL.
pub mod queue;
/// Takes jobs and sees them through.
pub mod worker;

/// One try of a job.
mod attempt;
/// What a delivery leads to.
mod delivery;
/// Counts of what happened.
mod metrics;
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
