//! Computes how long fixes rest whose pull request was closed without being declined.

use crate::model::{Proposal, ProposalState, Undecided};

/// How long fixes rest, in milliseconds: a bot that closes every pull request closes one a week.
const REST: i64 = 7 * 24 * 60 * 60 * 1000;

/// Returns who closed a pull request without declining it, and until when its fixes rest; `None` once that is over.
pub fn undecided(proposal: &Proposal, now: i64) -> Option<Undecided> {
    let until = proposal.changed_at.saturating_add(REST);
    let rests = proposal.state == ProposalState::Undecided && now < until;
    rests.then(|| Undecided {
        pull: proposal.number,
        closed_by: proposal.closed_by.clone(),
        until,
    })
}
