//! How a pull request ended, and what that says of its findings. GitHub is asked how it ended, and whether whoever closed
//! it may decline: a delivery alone decides nothing.

use super::bot::{Bot, Visit, judged, weighed};
use crate::github::{GithubError, Issue, Repository};
use crate::model::{Choice, Decision, FindingId, StackName, Undecided};
use crate::queue::job::JobError;
use crate::queue::pushes::{ACCEPT, ONBOARDING};
use crate::report::Direction;
use crate::store::{Proposal, ProposalState, Tenant};

/// How long the fixes of a pull request rest that was closed and not declined, in milliseconds: a program that closes
/// every pull request closes one a week.
const RESTS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Who did something to a pull request, and when.
struct Act<'a> {
    /// A login.
    person: &'a str,
    /// In epoch milliseconds.
    at: i64,
}

impl Bot {
    /// Learns how a pull request stands that was closed, merged or opened again, and shows what follows from it.
    pub(super) async fn follow(
        &self,
        visit: &Visit<'_>,
        number: u64,
        (person, at): (&str, i64),
    ) -> Result<(), JobError> {
        let proposal = visit.tenant.proposal_of(visit.id, number).await?;
        let Some(proposal) = proposal else {
            return Ok(());
        };
        let pull = visit.repository.issue(number).await.map_err(judged)?;
        let Some(pull) = pull else {
            return Ok(());
        };
        let person = match pull.closed_by.as_str() {
            closed_by if !pull.open && !closed_by.is_empty() => closed_by,
            _ => person,
        };
        // GitHub tells the second. What was decided in it, before the delivery came, is older.
        let closed_at = pull.closed_at.filter(|_| !pull.open);
        let at = closed_at.map_or(at, |closed_at| at.min(closed_at + 999));
        let settled = settle(visit, proposal, &pull, Act { person, at }).await;
        // Whatever else DriftGuard closes one for, it shows.
        if settled.map_err(weighed)? == ProposalState::Closed {
            return Ok(());
        }
        self.refresh(visit).await
    }
}

/// Learns how the pull requests of a stack stand that were open when they were last looked at; of no stack are those
/// that bring settings. A delivery that tells it may still be on its way.
pub(super) async fn learn(visit: &Visit<'_>, stack: &str, now: i64) -> anyhow::Result<()> {
    for proposal in visit.tenant.proposals(visit.id).await? {
        if !proposal.state.is_open() || proposal.stack != stack {
            continue;
        }
        let pull = visit.repository.issue(proposal.number).await?;
        let Some(pull) = pull.filter(|pull| !pull.open) else {
            continue;
        };
        let closed = Act {
            person: &pull.closed_by,
            // What was decided since then is newer.
            at: pull.closed_at.unwrap_or(now),
        };
        settle(visit, proposal, &pull, closed).await?;
    }
    Ok(())
}

/// What a pull request that was closed and not declined keeps waiting, while it does.
pub(super) fn undecided(proposal: &Proposal, now: i64) -> Option<Undecided> {
    let until = proposal.changed_at.saturating_add(RESTS);
    let waits = proposal.state == ProposalState::Undecided && now < until;
    waits.then(|| Undecided {
        pull: proposal.number,
        closed_by: proposal.closed_by.clone(),
        until,
    })
}

/// How a pull request stands. Closing one declines it, and opening it again takes that back, by people who have write
/// permission when GitHub is asked; while GitHub cannot be asked, nobody knows.
async fn state(
    repository: &Repository,
    known: ProposalState,
    pull: &Issue,
    person: &str,
) -> Result<ProposalState, GithubError> {
    let declined = known == ProposalState::Declined;
    Ok(match (pull.open, pull.merged) {
        (true, _) if known.is_open() => known,
        (true, _) if declined && !repository.may_write(person).await? => known,
        (true, _) => ProposalState::Open,
        (_, true) => ProposalState::Merged,
        _ if declined => known,
        _ if repository.is_own(person).await? => ProposalState::Closed,
        _ if repository.may_write(person).await? => ProposalState::Declined,
        _ => ProposalState::Undecided,
    })
}

/// Notes how a pull request of DriftGuard's stands, and what a person decided by that. Done twice, it changes nothing
/// more.
async fn settle(
    visit: &Visit<'_>,
    proposal: Proposal,
    pull: &Issue,
    act: Act<'_>,
) -> anyhow::Result<ProposalState> {
    let Act { person, at } = act;
    let tenant = &visit.tenant;
    let state = state(&visit.repository, proposal.state, pull, person).await?;
    if proposal.state == state {
        return Ok(state);
    }
    match (proposal.branch.as_str(), state) {
        (ONBOARDING, _) => {}
        // Merged, the settings say what of it was wanted in the end.
        (ACCEPT, ProposalState::Declined | ProposalState::Merged) => {
            withdraw_ignores(tenant, &proposal).await?;
        }
        (ACCEPT, _) => {}
        (_, ProposalState::Declined) => {
            let pull = proposal.number;
            decide(tenant, &proposal, &Choice::Decline { pull }, person, at).await?;
        }
        (branch, ProposalState::Merged) if direction(branch) == Some(Direction::Restore) => {
            let choice = Choice::Applying {
                pull: proposal.number,
                reminded: false,
            };
            decide(tenant, &proposal, &choice, person, at).await?;
        }
        (_, ProposalState::Open) => reconsider(tenant, &proposal).await?,
        _ => {}
    }
    let closed_by = if pull.open { "" } else { person };
    let settled = Proposal {
        state,
        changed_at: at,
        closed_by: closed_by.to_owned(),
        ..proposal
    };
    tenant.keep_proposal(&settled).await?;
    Ok(state)
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

/// The same decision about each finding of a pull request.
async fn decide(
    tenant: &Tenant<'_>,
    proposal: &Proposal,
    choice: &Choice,
    person: &str,
    now: i64,
) -> anyhow::Result<()> {
    let Some(stack) = StackName::new(&proposal.stack) else {
        return Ok(());
    };
    for finding in &proposal.findings {
        let decision = Decision {
            finding: FindingId(finding.clone()),
            stack: stack.clone(),
            choice: choice.clone(),
            person: person.to_owned(),
            decided_at: now,
        };
        tenant.decide(proposal.repository, &decision).await?;
    }
    Ok(())
}

/// A declined pull request was opened again: the no is taken back.
async fn reconsider(tenant: &Tenant<'_>, proposal: &Proposal) -> anyhow::Result<()> {
    for decision in tenant.decisions(proposal.repository).await? {
        if decision.choice
            == (Choice::Decline {
                pull: proposal.number,
            })
        {
            tenant
                .undecide(proposal.repository, &decision.stack, &decision.finding.0)
                .await?;
        }
    }
    Ok(())
}

/// The differences that were to be accepted are not.
async fn withdraw_ignores(tenant: &Tenant<'_>, proposal: &Proposal) -> anyhow::Result<()> {
    for decision in tenant.decisions(proposal.repository).await? {
        let asked = proposal.findings.contains(&decision.finding.0);
        if asked && matches!(decision.choice, Choice::Ignore { .. }) {
            tenant
                .undecide(proposal.repository, &decision.stack, &decision.finding.0)
                .await?;
        }
    }
    Ok(())
}
