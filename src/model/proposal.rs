//! The pull requests that DriftGuard opened, as it remembers them.

use super::RepositoryId;

/// A pull request that DriftGuard opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The repository.
    pub repository: RepositoryId,
    /// The branch, which is its identity.
    pub branch: String,
    /// The stack that it fixes; empty for one that brings settings.
    pub stack: String,
    /// Its number.
    pub number: u64,
    /// Whether it is open, and how it ended.
    pub state: ProposalState,
    /// The ids of the findings that it lists.
    pub findings: Vec<String>,
    /// When it was opened, in epoch milliseconds.
    pub opened_at: i64,
    /// When it last changed, in epoch milliseconds.
    pub changed_at: i64,
    /// Whether a person wants its branch recreated, whatever others committed to it.
    pub recreate: bool,
    /// The login of who closed it; empty while it is open, or where GitHub does not tell.
    pub closed_by: String,
}

/// Whether a pull request is open, and how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalState {
    /// Open.
    Open,
    /// Open, and left alone: a person committed to its branch.
    TakenOver,
    /// Closed by DriftGuard: nothing was left to fix.
    Closed,
    /// Merged.
    Merged,
    /// Closed unmerged by a person with write permission.
    Declined,
    /// Closed unmerged by a program, or by a person without write permission: nobody declined its fixes.
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

    /// Whether people may still merge it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::TakenOver)
    }

    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(state, _)| *state == self);
        found.map_or("", |(_, name)| name)
    }

    /// The state of a name; none where there is no such state.
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(state, _)| *state)
    }
}
