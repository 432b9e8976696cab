//! Defines the direction of a pull request.

use crate::model::{Finding, FixKind};

/// The direction of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// The code follows AWS.
    Adopt,
    /// The code enforces what it declares.
    Restore,
}

impl Direction {
    /// Both directions.
    pub const ALL: [Self; 2] = [Self::Adopt, Self::Restore];

    /// Returns the name, which is the last part of the branch.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Restore => "restore",
        }
    }

    /// Returns whether a fix has this direction.
    pub fn takes(self, kind: FixKind) -> bool {
        match self {
            Self::Adopt => matches!(kind, FixKind::Adopt | FixKind::Import | FixKind::Remove),
            Self::Restore => kind == FixKind::Restore,
        }
    }
}

/// Returns whether a pull request of this direction includes a finding.
pub fn carries(direction: Direction, finding: &Finding) -> bool {
    finding
        .fix
        .as_ref()
        .is_some_and(|fix| direction.takes(fix.kind))
}
