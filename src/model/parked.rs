//! A job that does not run again by itself.

/// A job that took the server's processes down, or waits for one that did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedJob {
    /// What the operator names it by.
    pub id: String,
    /// What it does, such as `scan`.
    pub work: String,
    /// Whether it took processes down itself.
    pub culprit: bool,
}

/// A scan that was given up, with none that came through since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedScan {
    /// The stack; empty for the whole repository.
    pub stack: String,
    /// When it was given up, in epoch milliseconds.
    pub at: i64,
    /// Why.
    pub problem: String,
}
