//! Runs the orders of ticked boxes: on the dashboard, and in the description of a pull request.

use super::context::RepositoryContext;
use super::scan;
use super::steps::audit::{Act, EffectSource, record};
use super::steps::effects::apply_effects;
use super::steps::onboarding;
use super::steps::stack_statuses::stack_statuses;
use crate::commands::{self, CommandContext, Effect};
use crate::model::{AuditVia, Proposal, StackName, boxes};
use crate::queue::job::{JobError, Trigger};
use crate::queue::pushes::ONBOARDING;
use crate::report;

/// A change that a person made to an issue or pull request of DriftGuard's.
pub(super) struct Change<'a> {
    /// The issue or pull request.
    pub issue: u64,
    /// The orders of the ticked boxes.
    pub ticked: &'a [String],
    /// The login of the person.
    pub person: &'a str,
    /// When the change was made, in epoch milliseconds.
    pub at: i64,
}

/// Runs the orders of the ticked boxes of DriftGuard's issue or pull request, and unticks them.
pub(super) async fn run(
    context: &RepositoryContext<'_>,
    change: &Change<'_>,
) -> Result<(), JobError> {
    let repository = &context.repository;
    let Some(issue) = repository.issue(change.issue).await? else {
        return Ok(());
    };
    let is_own = repository.is_own(&issue.author).await?;
    // A text that was written anew meanwhile may have lost a tick that was told.
    let mut ticked = boxes::ticked(&issue.body);
    for order in change.ticked {
        if !ticked.contains(order) {
            ticked.push(order.clone());
        }
    }
    if !is_own || !issue.open || ticked.is_empty() {
        return Ok(());
    }
    if repository.may_write(change.person).await? {
        run_orders(context, change, &ticked).await?;
    }
    // As it is by now: what was ticked meanwhile is not ours to empty.
    let Some(issue) = repository.issue(change.issue).await? else {
        return Ok(());
    };
    let body = boxes::untick(&issue.body, &ticked);
    repository.update_issue(&issue, &issue.title, &body).await?;
    Ok(())
}

/// Runs orders.
async fn run_orders(
    context: &RepositoryContext<'_>,
    change: &Change<'_>,
    ticked: &[String],
) -> Result<(), JobError> {
    let proposal = context.tenant.proposal_of(context.id, change.issue).await?;
    let source = EffectSource {
        issue: Some(change.issue),
        person: change.person,
        at: change.at,
        via: AuditVia::Box,
        key: format!("box/{}/{}/{}", change.issue, change.at, change.person),
        api_key: None,
    };
    let mut effects = Vec::new();
    if let Some(proposal) = proposal {
        if proposal.branch == ONBOARDING {
            let _slot = context.run.begin_scan(context.installation)?;
            if ticked.iter().any(|order| order == report::START_QUIET) {
                record(context, &source, Act::new("start quiet", "")).await?;
            }
            return Box::pin(onboarding::start_quiet(context, ticked)).await;
        }
        if ticked.iter().any(|order| order == report::RETRY) {
            let act = Act::new("recreate branch", &proposal.stack);
            record(context, &source, act).await?;
            effects.extend(StackName::new(&proposal.stack).map(|stack| Effect::Scan(Some(stack))));
            let recreated = Proposal {
                recreate: true,
                ..proposal
            };
            context.tenant.save_proposal(&recreated).await?;
        }
    }
    let stack_statuses = stack_statuses(context).await?;
    let command_context = CommandContext {
        person: change.person,
        stacks: &stack_statuses,
        now: change.at,
    };
    for order in ticked.iter().filter(|order| *order != report::RETRY) {
        let command = format!("/driftguard {order}");
        let answer = commands::answer(&command, &command_context).unwrap_or_default();
        effects.extend(answer.effects);
    }
    let applied = apply_effects(context, &source, &effects).await?;
    if let Some(target) = &applied.scan {
        scan::run_for_command(context, target.stack(), Trigger::Command).await?;
    }
    Ok(())
}
