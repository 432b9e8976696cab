//! The queue, the worker, and the scan itself, a line a stage.

/// Which stacks a repository has.
pub mod find;
/// Deliveries, recorded and waiting.
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

/// The role that a repository's AWS is read with.
pub mod role;
/// Where the states of stacks lie.
pub mod states;

/// What acts for the App.
pub mod bot;
/// The scan: the path itself.
mod scan;

/// Which fixes share a pull request.
mod groups;
/// What is done about each finding.
mod plan;
/// The rolling pull requests.
mod propose;
/// Who reviews them.
mod reviewers;
/// What a scan saw, and what it could not have seen.
mod sight;

/// The pull request that adds accepted differences.
mod accept;
/// What a command leads to, done.
mod act;
/// Boxes that a person ticked.
mod boxes;
/// Comments with commands.
mod comment;
/// A repository that was made public.
mod conceal;
/// The dashboard.
mod dashboard;
/// The secret that notifications are signed with.
pub mod notification_secret;
/// Code scanning, and the notification.
mod notify;
/// The pull request that brings the first settings.
mod onboard;
/// Checks on the pull requests of others.
mod review;

/// Which roles read which stacks.
mod access;
/// Who is read with the server's own credentials.
pub mod ambient;
/// One try of a job.
mod attempt;
/// What people decided before an upgrade changed the ids of findings.
mod carry_over;
/// Deliveries that change which installations and repositories there are.
mod changes;
/// The claims of workers on deliveries.
mod claims;
/// Classifies what a try failed with.
mod classify;
/// What is created at GitHub, counted.
mod content;
/// How a pull request ended.
mod decline;
/// What a delivery leads to.
mod delivery;
/// Deliveries, many at once.
mod drain;
/// The errands of installations and repositories that went away.
mod errands;
/// Jobs that were given up, told.
mod failure;
/// The lease of a running job.
mod lease;
/// How long a scan may take.
mod limit;
/// Counts of what happened.
mod metrics;
/// Since when the oldest job is there.
mod oldest;
/// What the operator sees of the jobs, and does about them.
pub mod operator;
/// GitHub or the database is away.
mod outage;
/// Which pushes lead to a scan.
mod pushes;
/// Deliveries, committed together.
mod recorder;
/// Deliveries that did not arrive, asked for again.
mod redeliver;
/// How much a scan may say of one stack.
mod report_limit;
/// One run of a job: alone on its repository.
mod run;
/// Sees a job through to its end.
mod see_through;
/// This process's share of AWS's budgets.
mod share;
/// A worker's slots, shared among installations.
mod shares;
/// Jobs that run alone.
mod solitude;
/// Which stacks there are, and when each is scanned.
mod stacks;
/// Jobs that do not run again by themselves.
mod stopped;
/// A thread for each running job.
mod thread;

/// Whose turn it is.
mod turns;

pub use metrics::Metrics;
pub use pushes::scans;
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
