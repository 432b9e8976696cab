//! The stages of a scan.

/// The stage that a scan has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Loading code and states.
    Loading,
    /// Reading this many resources from AWS.
    Asking(usize),
    /// Comparing, scoring, pricing.
    Comparing,
    /// Asking CloudTrail who made the changes.
    AskingWho,
}
