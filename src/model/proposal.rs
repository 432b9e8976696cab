//! The pull requests that DriftGuard opened.

use super::RepositoryId;

/// The branch that adds the first `.driftguard.yml`.
pub const ONBOARDING: &str = "driftguard-onboarding";

/// The branch that adds accepted differences to the settings.
pub const ACCEPT: &str = "driftguard-accept";

/// A pull request that DriftGuard opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The repository.
    pub repository: RepositoryId,
    /// The branch, which identifies the pull request.
    pub branch: String,
    /// The stack that the pull request fixes; empty for one that changes the settings.
    pub stack: String,
    /// The number.
    pub number: u64,
    /// The state.
    pub state: ProposalState,
    /// The ids of the findings that the pull request lists.
    pub findings: Vec<String>,
    /// When the pull request was opened, in epoch milliseconds.
    pub opened_at: i64,
    /// When the proposal last changed, in epoch milliseconds.
    pub changed_at: i64,
    /// Whether a person asked to recreate the branch, whatever others committed to it.
    pub recreate: bool,
    /// The login of whoever closed the pull request; empty while it is open, or where GitHub does not name them.
    pub closed_by: String,
}

/// What a pull request of DriftGuard's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalKind {
    /// Adds the first settings.
    Onboard,
    /// Adds accepted differences to the settings.
    Accept,
    /// The code follows AWS.
    Adopt,
    /// The code enforces what it declares.
    Restore,
    /// Fixes drift, in a direction that its branch does not name.
    Fix,
}

impl Proposal {
    /// Returns what the pull request does, by its branch.
    pub fn kind(&self) -> ProposalKind {
        let (_, direction) = self.branch.rsplit_once('/').unwrap_or_default();
        match self.branch.as_str() {
            ONBOARDING => ProposalKind::Onboard,
            ACCEPT => ProposalKind::Accept,
            _ if direction.starts_with("adopt") => ProposalKind::Adopt,
            _ if direction.starts_with("restore") => ProposalKind::Restore,
            _ => ProposalKind::Fix,
        }
    }
}

/// The state of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalState {
    /// Open.
    Open,
    /// Open, and left alone since a person committed to its branch.
    TakenOver,
    /// Closed by DriftGuard: nothing was left to fix.
    Closed,
    /// Merged.
    Merged,
    /// Closed unmerged by a person with write permission.
    Declined,
    /// Closed unmerged by a bot, or by a person without write permission: nobody declined its fixes.
    Undecided,
}

impl ProposalState {
    const NAMES: [(Self, &'static str); 6] = [
        (Self::Open, "open"),
        (Self::TakenOver, "taken_over"),
        (Self::Closed, "closed"),
        (Self::Merged, "merged"),
        (Self::Declined, "declined"),
        (Self::Undecided, "undecided"),
    ];

    /// Returns whether the pull request can still be merged.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::TakenOver)
    }

    /// Returns the name in the database.
    pub fn as_str(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(state, _)| *state == self);
        found.map_or("", |(_, name)| name)
    }

    /// Parses a name; `None` where there is no such state.
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(state, _)| *state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_tells_what_its_pull_request_does() {
        let kind = |branch: &str| {
            let proposal = Proposal {
                repository: RepositoryId(1),
                branch: branch.to_owned(),
                stack: String::new(),
                number: 1,
                state: ProposalState::Open,
                findings: Vec::new(),
                opened_at: 0,
                changed_at: 0,
                recreate: false,
                closed_by: String::new(),
            };
            proposal.kind()
        };
        for (branch, expected) in [
            ("driftguard-onboarding", ProposalKind::Onboard),
            ("driftguard-accept", ProposalKind::Accept),
            ("driftguard/adopt/restore", ProposalKind::Restore),
            ("driftguard/restore/adopt-critical", ProposalKind::Adopt),
            ("driftguard/production/adopt-vpc-main", ProposalKind::Adopt),
            ("driftguard/production/12", ProposalKind::Fix),
        ] {
            assert_eq!(kind(branch), expected, "{branch}");
        }
    }
}
