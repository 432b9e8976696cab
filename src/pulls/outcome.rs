//! Decides what the end of a pull request means for its findings.
//!
//! GitHub is asked about a person only where the answer matters: `PullRequestEnd` returns the question first.

use crate::model::{Choice, Proposal, ProposalState};
use crate::report::Direction;

/// How a pull request ended, compared with its recorded state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullRequestEnd {
    /// The pull request is in this state, whoever caused it.
    State(ProposalState),
    /// The declined pull request is open again. The decline is withdrawn if the person has write permission.
    Reopened,
    /// The pull request was closed unmerged. Its fixes are declined if the person has write permission.
    Closed,
}

/// Who closed or opened a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    /// DriftGuard itself.
    DriftGuard,
    /// A person with write permission.
    Writer,
    /// A bot, or a person without write permission.
    Other,
}

/// Compares the state of a pull request at GitHub with its recorded state.
pub fn ended(known: ProposalState, is_open: bool, is_merged: bool) -> PullRequestEnd {
    let is_declined = known == ProposalState::Declined;
    match (is_open, is_merged) {
        (true, _) if known.is_open() => PullRequestEnd::State(known),
        (true, _) if is_declined => PullRequestEnd::Reopened,
        (true, _) => PullRequestEnd::State(ProposalState::Open),
        (false, true) => PullRequestEnd::State(ProposalState::Merged),
        (false, false) if is_declined => PullRequestEnd::State(known),
        (false, false) => PullRequestEnd::Closed,
    }
}

impl PullRequestEnd {
    /// Returns the state of the pull request, given who closed or opened it.
    pub fn by(self, person: Person) -> ProposalState {
        match (self, person) {
            (Self::State(state), _) => state,
            (Self::Reopened, Person::Writer) => ProposalState::Open,
            (Self::Reopened, _) => ProposalState::Declined,
            (Self::Closed, Person::DriftGuard) => ProposalState::Closed,
            (Self::Closed, Person::Writer) => ProposalState::Declined,
            (Self::Closed, Person::Other) => ProposalState::Undecided,
        }
    }
}

/// The consequence for the findings of a pull request whose state changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consequence {
    /// None.
    Nothing,
    /// This decision is recorded for each finding that the pull request lists.
    Decide(Choice),
    /// The decline is withdrawn.
    TakeBackDecline,
}

/// Returns the consequence for the findings of a stack's pull request that is now in this state.
pub fn consequence(proposal: &Proposal, state: ProposalState) -> Consequence {
    let pull = proposal.number;
    match state {
        ProposalState::Declined => Consequence::Decide(Choice::Decline { pull }),
        ProposalState::Merged if direction(&proposal.branch) == Some(Direction::Restore) => {
            Consequence::Decide(Choice::Applying {
                pull,
                reminded: false,
            })
        }
        ProposalState::Open => Consequence::TakeBackDecline,
        _ => Consequence::Nothing,
    }
}

/// Returns the direction in a branch name: `driftguard/STACK/DIRECTION`, followed by a key where pull requests are
/// grouped.
fn direction(branch: &str) -> Option<Direction> {
    let last = branch.rsplit('/').next()?;
    let fits = |direction: &Direction| {
        last.strip_prefix(direction.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    Direction::ALL.into_iter().find(fits)
}
