//! What people decided about findings, and how each stack stands.

use super::{FindingId, StackName, StackReport};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a person decided about one finding. There is one a finding: the newest. It is over once the finding is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The finding.
    pub finding: FindingId,
    /// Its stack.
    pub stack: StackName,
    /// What was decided.
    pub choice: Choice,
    /// The login of who decided.
    pub person: String,
    /// When, in epoch milliseconds.
    pub decided_at: i64,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "choice")]
pub enum Choice {
    /// The code shall follow live.
    Adopt,
    /// The code shall enforce what it declares.
    Restore,
    /// The code shall take over what no state knows.
    Import,
    /// It shall be accepted: the pull request that says so in `.driftguard.yml` is to be opened, or is open.
    Ignore {
        /// The last day, as `2027-03-31`; none for ever.
        until: Option<String>,
        /// Why.
        reason: String,
    },
    /// It shall rest until a moment in epoch milliseconds.
    Snooze {
        /// That moment.
        until: i64,
    },
    /// Its pull request was closed unmerged: none shall be opened for it.
    Decline {
        /// That pull request's number.
        pull: u64,
    },
    /// Its restore was merged, and waits for an apply.
    Applying {
        /// The merged pull request's number.
        pull: u64,
        /// Whether it was said that the apply is late.
        reminded: bool,
    },
}

impl Choice {
    /// Whether it keeps a finding out of pull requests.
    pub fn rests(&self) -> bool {
        matches!(
            self,
            Self::Decline { .. } | Self::Ignore { .. } | Self::Applying { .. }
        )
    }

    /// Whether it asks for a pull request.
    pub fn is_order(&self) -> bool {
        matches!(self, Self::Adopt | Self::Restore | Self::Import)
    }
}

/// A pull request that was closed unmerged by somebody who cannot decline its fixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// Its number.
    pub pull: u64,
    /// The login of who closed it; empty where GitHub does not tell.
    pub closed_by: String,
    /// From when on its fixes are proposed again, in epoch milliseconds.
    pub until: i64,
}

/// How a stack stands: what people are told of it between scans.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// What its last scan said.
    pub report: StackReport,
    /// When that was, in epoch milliseconds.
    pub scanned_at: i64,
    /// When the next one is due; none where only pushes and people ask for one.
    pub next_scan: Option<i64>,
    /// The numbers of its open pull requests.
    pub pulls: Vec<u64>,
    /// Which of them carries which finding.
    pub carried: BTreeMap<FindingId, u64>,
    /// Which findings wait because somebody who cannot decline them closed their pull request.
    pub undecided: BTreeMap<FindingId, Undecided>,
    /// What people decided about its findings.
    pub decisions: Vec<Decision>,
}
