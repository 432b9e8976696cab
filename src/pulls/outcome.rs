//! Decides what the end of a pull request says about its findings.
//!
//! What GitHub has to be asked about a person is an answer to `Ended`, so that it is asked only where it matters.

use crate::model::{Choice, Proposal, ProposalState};
use crate::report::Direction;

/// What the state of a pull request at GitHub says, compared with what was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It is in this state, whoever did it.
    State(ProposalState),
    /// It was declined and is open again. That takes the decline back if whoever opened it has write permission.
    Reopened,
    /// It was closed unmerged. That declines it if whoever closed it has write permission.
    Closed,
}

/// Who closed or opened a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    /// DriftGuard itself.
    DriftGuard,
    /// A person with write permission.
    Writer,
    /// A program, or a person without write permission.
    Other,
}

/// Compares the state of a pull request at GitHub with what was known.
pub fn ended(known: ProposalState, is_open: bool, is_merged: bool) -> Ended {
    let is_declined = known == ProposalState::Declined;
    match (is_open, is_merged) {
        (true, _) if known.is_open() => Ended::State(known),
        (true, _) if is_declined => Ended::Reopened,
        (true, _) => Ended::State(ProposalState::Open),
        (false, true) => Ended::State(ProposalState::Merged),
        (false, false) if is_declined => Ended::State(known),
        (false, false) => Ended::Closed,
    }
}

impl Ended {
    /// The state of the pull request, given who did it.
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

/// What follows for the findings of a pull request that stands in another state now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consequence {
    /// Nothing.
    Nothing,
    /// This is decided about each finding that it lists.
    Decide(Choice),
    /// The decline is taken back.
    TakeBackDecline,
}

/// What follows for the findings of a stack's pull request that is in this state now.
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

/// The direction of a branch: `driftguard/STACK/DIRECTION`, with a key after it where pull requests are grouped.
fn direction(branch: &str) -> Option<Direction> {
    let last = branch.rsplit('/').next()?;
    let fits = |direction: &Direction| {
        last.strip_prefix(direction.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    Direction::ALL.into_iter().find(fits)
}
