//! Stores the stacks of a repository and their schedules.

use super::repository_scan::RepositoryScan;
use crate::model::StackName;
use crate::queue::schedule::next;
use crate::scan::find::FoundStacks;
use crate::store::StackSchedule;
use std::collections::HashSet;

/// The comment on a closed pull request whose stack is gone.
const GONE: &str = "The default branch no longer has this stack. Closed by DriftGuard.";

/// Stores the stacks of the default branch with their schedules, and deletes those that it no longer has.
pub(in crate::jobs) async fn save(
    scan: &RepositoryScan<'_>,
    found: &FoundStacks,
) -> anyhow::Result<()> {
    let (tenant, id) = (&scan.context.tenant, scan.context.id);
    let known = tenant.stacks(id).await?;
    let now = scan.context.services.store.now().await?;
    for stack in found.stacks.iter().filter(|stack| stack.unlisted.is_none()) {
        let schedule = stack.settings.schedule.to_string();
        let same = |known: &StackSchedule| known.stack == stack.name && known.schedule == schedule;
        if known.iter().any(same) {
            continue;
        }
        let scheduled = StackSchedule {
            stack: stack.name.clone(),
            next_at: next(&schedule, id, &stack.name, now),
            schedule,
        };
        tenant.save_stack(id, &scheduled).await?;
    }
    let kept: HashSet<_> = found.stacks.iter().map(|stack| &stack.name).collect();
    let left_out: HashSet<_> = found.left_out.iter().collect();
    // A workspace that could not be listed is not gone.
    let is_kept = |name: &StackName| {
        kept.contains(name) || found.stacks.iter().any(|stack| stack.may_stand_for(name))
    };
    for gone in known.iter().filter(|known| !is_kept(&known.stack)) {
        if left_out.contains(&gone.stack) {
            // It is there still: its pull requests stay.
            tenant.delete_stack(id, &gone.stack).await?;
            continue;
        }
        for proposal in tenant.proposals(id).await? {
            if proposal.stack == gone.stack.as_str() && proposal.state.is_open() {
                let repository = &scan.context.repository;
                repository.withdraw(&proposal.branch, GONE).await?;
            }
        }
        tenant.delete_stack(id, &gone.stack).await?;
    }
    Ok(())
}
