//! Jobs that are not retried automatically.

/// A job that crashed the server, or waits for a job that did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedJob {
    /// The id by which the operator names the job.
    pub id: String,
    /// What the job does, such as `scan`.
    pub work: String,
    /// Whether the job crashed the server itself.
    pub culprit: bool,
}

/// A failed scan, without a successful one since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedScan {
    /// The stack; empty for the whole repository.
    pub stack: String,
    /// When the scan failed for good, in epoch milliseconds.
    pub at: i64,
    /// The error message.
    pub problem: String,
}
