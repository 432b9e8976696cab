//! People's decisions about findings, and the status of each stack.

use super::{FindingId, StackName, StackReport};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A person's decision about a finding. The newest one counts, and ends with the finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The finding.
    pub finding: FindingId,
    /// The stack.
    pub stack: StackName,
    /// The decision.
    pub choice: Choice,
    /// The login of the person.
    pub person: String,
    /// When the decision was made, in epoch milliseconds.
    pub decided_at: i64,
}

/// The choice of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "choice")]
pub enum Choice {
    /// The code follows AWS.
    Adopt,
    /// The code enforces what it declares.
    Restore,
    /// The code imports an unmanaged resource.
    Import,
    /// The difference is accepted: the pull request that adds it to `.driftguard.yml` is open, or to be opened.
    Ignore {
        /// The last day, as `2027-03-31`; `None` for good.
        until: Option<String>,
        /// The reason.
        reason: String,
    },
    /// No pull request includes the finding until a time in epoch milliseconds.
    Snooze {
        /// The end of the snooze.
        until: i64,
    },
    /// The pull request was closed unmerged: no other one is opened.
    Decline {
        /// The number of the pull request.
        pull: u64,
    },
    /// The restore was merged, and waits for an apply.
    Applying {
        /// The number of the merged pull request.
        pull: u64,
        /// Whether a reminder of the late apply was written.
        reminded: bool,
    },
}

impl Choice {
    /// Returns whether the decision keeps a finding out of pull requests.
    pub fn rests(&self) -> bool {
        matches!(
            self,
            Self::Decline { .. } | Self::Ignore { .. } | Self::Applying { .. }
        )
    }

    /// Returns whether the decision asks for a pull request.
    pub fn requests_pull_request(&self) -> bool {
        matches!(self, Self::Adopt | Self::Restore | Self::Import)
    }
}

/// A pull request that was closed unmerged by somebody who cannot decline its fixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// The number of the pull request.
    pub pull: u64,
    /// The login of whoever closed it; empty where GitHub does not name them.
    pub closed_by: String,
    /// When its fixes are proposed again, in epoch milliseconds.
    pub until: i64,
}

/// The status of a stack between scans.
#[derive(Debug, Clone, PartialEq)]
pub struct StackStatus {
    /// The report of the last scan.
    pub report: StackReport,
    /// When the last scan ended, in epoch milliseconds.
    pub scanned_at: i64,
    /// When the next scan is due; `None` where only pushes and people start one.
    pub next_scan: Option<i64>,
    /// The numbers of the open pull requests.
    pub pulls: Vec<u64>,
    /// The pull request of each finding that has one.
    pub carried: BTreeMap<FindingId, u64>,
    /// The findings that wait since somebody who cannot decline them closed their pull request.
    pub undecided: BTreeMap<FindingId, Undecided>,
    /// The decisions about the stack's findings.
    pub decisions: Vec<Decision>,
}
