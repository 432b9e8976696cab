//! Decides the direction in which a finding is fixed.

use crate::model::{Finding, Kind, Severity};
use crate::settings;

/// How findings are fixed: what decides the direction of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FixPolicy {
    /// Restore what weakens security and what was deleted, adopt the rest.
    #[default]
    ByRisk,
    /// The code follows live.
    Adopt,
    /// The code enforces what it declares.
    Restore,
    /// The code takes over unmanaged children of managed resources; other findings stay as they are.
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

impl FixPolicy {
    /// Returns the direction of one finding; `None` where nothing is done without a request, as for unmanaged resources
    /// without a managed parent. An added child grants access: the code takes it over only on request.
    pub(super) fn direction_of(self, finding: &Finding) -> Option<FixDirection> {
        let is_added = finding.kind == Kind::Unmanaged;
        match self {
            _ if is_added && finding.under.is_none() => None,
            Self::None => None,
            Self::Import | Self::Adopt if is_added => Some(FixDirection::Import),
            Self::ByRisk if is_added => Some(FixDirection::Restore),
            Self::Import => None,
            Self::Adopt => Some(FixDirection::Adopt),
            Self::Restore => Some(FixDirection::Restore),
            Self::ByRisk if is_risk(finding) => Some(FixDirection::Restore),
            Self::ByRisk => Some(FixDirection::Adopt),
        }
    }

    /// Returns whether the code follows the live values of a finding.
    pub fn adopts(self, finding: &Finding) -> bool {
        self.direction_of(finding) == Some(FixDirection::Adopt)
    }
}

fn is_risk(finding: &Finding) -> bool {
    finding.kind == Kind::Deleted
        || finding.severity >= Severity::High
        || !finding.controls.is_empty()
}

impl From<settings::Fix> for FixPolicy {
    fn from(fix: settings::Fix) -> Self {
        match fix {
            settings::Fix::ByRisk => Self::ByRisk,
            settings::Fix::Adopt => Self::Adopt,
            settings::Fix::Restore => Self::Restore,
            settings::Fix::None => Self::None,
        }
    }
}
