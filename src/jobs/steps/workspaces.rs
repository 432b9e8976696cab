//! Finds the stacks of a repository, those of all workspaces included: their backends list them.

use super::access::{self, RoleProblem};
use super::repository_scan::RepositoryScan;
use crate::aws::Probes;
use crate::model::ScanError;
use crate::queue::job::JobError;
use crate::scan::find::{FoundStacks, MAX_STACKS};
use crate::scan::load::Stack;
use crate::scan::workspaces::{self, WorkspaceStacks};
use crate::state::backends::BackendAccess;
use anyhow::Context;

/// How many stacks beyond the limit are known by name, before no further workspaces are listed.
const MAX_LEFT_OUT: usize = 10_000;

/// Why no further workspaces are listed.
const TOO_MANY: &str = "the repository has too many: name those that are to be scanned under `workspaces` in .driftguard.yml";

/// Finds the stacks, or why they cannot be told.
pub(in crate::jobs) async fn find_stacks(
    scan: &RepositoryScan<'_>,
    probes: &Probes,
) -> Result<Result<FoundStacks, ScanError>, JobError> {
    let mut found = match scan.find_stacks().await? {
        Ok(found) => found,
        Err(error) => return Ok(Err(error)),
    };
    let has_all = |stack: &Stack| stack.settings.has_all_workspaces();
    if !found.stacks.iter().any(has_all) {
        return Ok(Ok(found));
    }
    for stack in std::mem::take(&mut found.stacks) {
        let room = MAX_STACKS.saturating_sub(found.stacks.len());
        let expanded = match has_all(&stack) {
            true if found.left_out.len() > MAX_LEFT_OUT => unlisted(stack, TOO_MANY),
            true => expand(scan, stack, probes, room).await?,
            false if room == 0 => {
                found.left_out.push(stack.name);
                continue;
            }
            false => {
                found.stacks.push(stack);
                continue;
            }
        };
        found.stacks.extend(expanded.stacks);
        found.left_out.extend(expanded.left_out);
    }
    Ok(workspaces::check_names(&found.stacks).map(|()| found))
}

/// Leaves the workspaces of a stack unlisted, with the reason.
fn unlisted(stack: Stack, why: &str) -> WorkspaceStacks {
    let error = ScanError {
        kind: "backend".into(),
        message: format!("the workspaces of `{}` were not listed: {why}", stack.name),
    };
    WorkspaceStacks::unlisted(stack, error)
}

/// Replaces a stack by one for each workspace. Where its role may not be used, it stays: what follows says why.
async fn expand(
    scan: &RepositoryScan<'_>,
    stack: Stack,
    probes: &Probes,
    most: usize,
) -> Result<WorkspaceStacks, JobError> {
    let (context, services) = (scan.context, scan.context.services);
    let ambient = access::is_ambient(context).await?;
    let external_id = context.external_id();
    let (access, stack) = access::of_one(stack, scan.settings, &external_id, ambient);
    let Some(access) = access else {
        return Ok(unlisted(stack, "no role is named"));
    };
    let aws = services.aws.with_access(access.clone(), probes);
    let backends = BackendAccess {
        aws: &aws,
        http: &access::http(context).await?,
        region: aws
            .default_region()
            .context("AWS's configuration names a region that is none")?,
        tree: scan.tree,
        states: &services.states.begin(scan.memory),
    };
    let listing = workspaces::of_stack(stack.clone(), &backends, most);
    let listed = scan.clock.hold(listing).await;
    if let Err(RoleProblem::Open(why) | RoleProblem::NotProbed(why) | RoleProblem::Unbounded(why)) =
        access::verdict(probes, &access)
    {
        return Ok(unlisted(stack, &why));
    }
    match listed {
        Ok(listed) => Ok(listed),
        Err(exceeded) => Ok(unlisted(stack, &exceeded.scan_error()?.message)),
    }
}
