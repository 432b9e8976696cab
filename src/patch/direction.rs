//! In which direction a finding is fixed.

use crate::model::{Finding, Kind, Severity};
use crate::settings;

/// In which direction findings are fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// What weakens security and what is gone is restored, the rest adopted.
    #[default]
    ByRisk,
    /// The code follows live.
    Adopt,
    /// The code enforces what it declares.
    Restore,
    /// The code takes over what was added below something managed; nothing else is looked at.
    Import,
    /// Nothing is fixed.
    None,
}

/// The direction of one finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FixDirection {
    Adopt,
    Restore,
    Import,
}

impl Direction {
    /// The direction of one finding: none where nothing is done unasked, as about what stands in the account and hangs
    /// below nothing managed. What was added grants access: the code takes it over only where somebody said so.
    pub(super) fn way(self, finding: &Finding) -> Option<FixDirection> {
        let added = finding.kind == Kind::Unmanaged;
        match self {
            _ if added && finding.under.is_none() => None,
            Self::None => None,
            Self::Import | Self::Adopt if added => Some(FixDirection::Import),
            Self::ByRisk if added => Some(FixDirection::Restore),
            Self::Import => None,
            Self::Adopt => Some(FixDirection::Adopt),
            Self::Restore => Some(FixDirection::Restore),
            Self::ByRisk if is_risk(finding) => Some(FixDirection::Restore),
            Self::ByRisk => Some(FixDirection::Adopt),
        }
    }
}

fn is_risk(finding: &Finding) -> bool {
    finding.kind == Kind::Deleted
        || finding.severity >= Severity::High
        || !finding.controls.is_empty()
}

impl From<settings::Fix> for Direction {
    fn from(fix: settings::Fix) -> Self {
        match fix {
            settings::Fix::ByRisk => Self::ByRisk,
            settings::Fix::Adopt => Self::Adopt,
            settings::Fix::Restore => Self::Restore,
            settings::Fix::None => Self::None,
        }
    }
}
