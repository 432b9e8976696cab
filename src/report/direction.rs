//! Which way a pull request goes.

use crate::model::{Finding, FixKind};

/// In which direction a pull request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// The code follows live.
    Adopt,
    /// The code enforces what it declares.
    Restore,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Adopt, Self::Restore];

    /// Its name, the last part of its branch.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Restore => "restore",
        }
    }

    /// Whether a fix goes this way.
    pub fn takes(self, kind: FixKind) -> bool {
        match self {
            Self::Adopt => matches!(kind, FixKind::Adopt | FixKind::Import | FixKind::Remove),
            Self::Restore => kind == FixKind::Restore,
        }
    }
}

/// Whether a pull request of this direction carries a finding.
pub fn carries(direction: Direction, finding: &Finding) -> bool {
    finding
        .fix
        .as_ref()
        .is_some_and(|fix| direction.takes(fix.kind))
}
