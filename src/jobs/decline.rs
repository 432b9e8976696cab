//! How a pull request ended, and what that says of its findings.

use super::pushes::{ACCEPT, ONBOARDING};
use crate::model::{Choice, Decision, FindingId, StackName};
use crate::report::Direction;
use crate::store::{Proposal, ProposalState, Tenant};

/// Notes how a pull request of DriftGuard's stands, and what a person decided by that. Told twice, it changes nothing
/// more.
pub(super) async fn settle(
    tenant: &Tenant<'_>,
    proposal: Proposal,
    state: ProposalState,
    person: &str,
    now: i64,
) -> anyhow::Result<()> {
    let same = proposal.state == state || (state.is_open() && proposal.state.is_open());
    if same {
        return Ok(());
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
            decide(tenant, &proposal, &Choice::Decline { pull }, person, now).await?;
        }
        (branch, ProposalState::Merged) if direction(branch) == Some(Direction::Restore) => {
            let choice = Choice::Applying {
                pull: proposal.number,
                reminded: false,
            };
            decide(tenant, &proposal, &choice, person, now).await?;
        }
        (_, ProposalState::Open) => reconsider(tenant, &proposal).await?,
        _ => {}
    }
    let settled = Proposal {
        state,
        changed_at: now,
        ..proposal
    };
    tenant.keep_proposal(&settled).await
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
