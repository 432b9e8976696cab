//! Records how pull requests ended. GitHub is asked for the state, and whether the person may decline: a delivery alone
//! decides nothing.

use super::audit::{Act, EffectSource, record};
use crate::github::{GithubError, Issue, Repository};
use crate::jobs::context::RepositoryContext;
use crate::model::{AuditVia, Choice, Decision, FindingId, Proposal, ProposalState, StackName};
use crate::pulls::{Consequence, Person, PullRequestEnd, consequence, ended};
use crate::queue::pushes::{ACCEPT, ONBOARDING};
use crate::store::Tenant;

/// Who closed, merged or reopened a pull request, and when.
#[derive(Debug, Clone, Copy)]
pub(in crate::jobs) struct Closing<'a> {
    /// The login of the person.
    pub person: &'a str,
    /// The time in epoch milliseconds.
    pub at: i64,
}

/// Records how those pull requests of a stack ended that were open when they were last checked; an empty stack name
/// means the pull requests that change settings. The delivery about it may still be on its way.
pub(in crate::jobs) async fn record_outcomes(
    context: &RepositoryContext<'_>,
    stack: &str,
    now: i64,
) -> anyhow::Result<()> {
    for proposal in context.tenant.proposals(context.id).await? {
        if !proposal.state.is_open() || proposal.stack != stack {
            continue;
        }
        let pull = context.repository.issue(proposal.number).await?;
        let Some(pull) = pull.filter(|pull| !pull.open) else {
            continue;
        };
        let closing = Closing {
            person: &pull.closed_by,
            // What was decided since then is newer.
            at: pull.closed_at.unwrap_or(now),
        };
        record_outcome(context, proposal, &pull, closing).await?;
    }
    Ok(())
}

/// Records the state of a pull request of DriftGuard's, and the decision that follows from it. A repetition changes
/// nothing.
pub(in crate::jobs) async fn record_outcome(
    context: &RepositoryContext<'_>,
    proposal: Proposal,
    pull: &Issue,
    closing: Closing<'_>,
) -> anyhow::Result<ProposalState> {
    let tenant = &context.tenant;
    let state = state(&context.repository, proposal.state, pull, closing.person).await?;
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
        _ => match consequence(&proposal, state) {
            Consequence::Nothing => {}
            Consequence::Decide(choice) => decide(context, &proposal, &choice, closing).await?,
            Consequence::TakeBackDecline => take_back_decline(tenant, &proposal).await?,
        },
    }
    let closed_by = if pull.open { "" } else { closing.person };
    let ended = Proposal {
        state,
        changed_at: closing.at,
        closed_by: closed_by.to_owned(),
        ..proposal
    };
    tenant.save_proposal(&ended).await?;
    Ok(state)
}

/// Returns the state of the pull request. GitHub is asked about the person only where that matters; until it answers,
/// nothing is decided.
async fn state(
    repository: &Repository,
    known: ProposalState,
    pull: &Issue,
    person: &str,
) -> Result<ProposalState, GithubError> {
    let ended = ended(known, pull.open, pull.merged);
    let person = match ended {
        PullRequestEnd::State(state) => return Ok(state),
        PullRequestEnd::Closed if repository.is_own(person).await? => Person::DriftGuard,
        _ if repository.may_write(person).await? => Person::Writer,
        _ => Person::Other,
    };
    Ok(ended.by(person))
}

/// Records the same decision about each finding of a pull request.
async fn decide(
    context: &RepositoryContext<'_>,
    proposal: &Proposal,
    choice: &Choice,
    closing: Closing<'_>,
) -> anyhow::Result<()> {
    let Some(stack) = StackName::new(&proposal.stack) else {
        return Ok(());
    };
    let source = EffectSource {
        issue: Some(proposal.number),
        person: closing.person,
        at: closing.at,
        via: AuditVia::PullRequest,
        key: format!("pull/{}/{}", proposal.number, closing.at),
        api_key: None,
    };
    for finding in &proposal.findings {
        let decision = Decision {
            finding: FindingId(finding.clone()),
            stack: stack.clone(),
            choice: choice.clone(),
            person: closing.person.to_owned(),
            decided_at: closing.at,
        };
        let saving = context.tenant.save_decision(proposal.repository, &decision);
        saving.await?;
        record(context, &source, Act::decision(&decision)).await?;
    }
    Ok(())
}

/// Withdraws the decline of a pull request that was reopened.
async fn take_back_decline(tenant: &Tenant<'_>, proposal: &Proposal) -> anyhow::Result<()> {
    let decline = Choice::Decline {
        pull: proposal.number,
    };
    undecide_where(tenant, proposal, |decision| decision.choice == decline).await
}

/// Withdraws the ignore decisions of a declined `accept` pull request.
async fn withdraw_ignores(tenant: &Tenant<'_>, proposal: &Proposal) -> anyhow::Result<()> {
    let is_ignored = |decision: &Decision| {
        let is_listed = proposal.findings.contains(&decision.finding.0);
        is_listed && matches!(decision.choice, Choice::Ignore { .. })
    };
    undecide_where(tenant, proposal, is_ignored).await
}

async fn undecide_where(
    tenant: &Tenant<'_>,
    proposal: &Proposal,
    is_over: impl Fn(&Decision) -> bool,
) -> anyhow::Result<()> {
    let repository = proposal.repository;
    for decision in tenant.decisions(repository).await? {
        if is_over(&decision) {
            let finding = &decision.finding.0;
            tenant
                .delete_decision(repository, &decision.stack, finding)
                .await?;
        }
    }
    Ok(())
}
