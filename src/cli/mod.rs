//! The command line, one file a command.

/// `driftguard serve`: receiver, worker and pages in one process.
pub mod serve;
/// `driftguard worker`: jobs only.
pub mod worker;
