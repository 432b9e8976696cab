//! Finds the stacks of a repository, those of all workspaces included: their backends list them.

use super::access::{self, RoleProblem};
use super::repository_scan::RepositoryScan;
use crate::aws::Probes;
use crate::model::ScanError;
use crate::queue::job::JobError;
use crate::scan::find::{FoundStacks, MAX_STACKS};
use crate::scan::load::Stack;
use crate::scan::workspaces;
use crate::state::backends::BackendAccess;
use anyhow::Context;

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
    let mut stacks = Vec::new();
    for stack in std::mem::take(&mut found.stacks) {
        match has_all(&stack) {
            true => stacks.extend(expand(scan, stack, probes).await?),
            false => stacks.push(stack),
        }
    }
    if let Err(error) = workspaces::check_names(&stacks) {
        return Ok(Err(error));
    }
    let excess = stacks.split_off(MAX_STACKS.min(stacks.len()));
    found
        .left_out
        .extend(excess.into_iter().map(|stack| stack.name));
    found.stacks = stacks;
    Ok(Ok(found))
}

/// Replaces a stack by one for each workspace. Where its role may not be used, it stays: what follows says why.
async fn expand(
    scan: &RepositoryScan<'_>,
    stack: Stack,
    probes: &Probes,
) -> Result<Vec<Stack>, JobError> {
    let (context, services) = (scan.context, scan.context.services);
    let ambient = access::is_ambient(context).await?;
    let external_id = context.external_id();
    let (access, stack) = access::of_one(stack, scan.settings, &external_id, ambient);
    let unlisted = |stack: Stack, why: &str| Stack {
        unlisted: Some(ScanError {
            kind: "backend".into(),
            message: format!("the workspaces of `{}` were not listed: {why}", stack.name),
        }),
        ..stack
    };
    let Some(access) = access else {
        return Ok(vec![unlisted(stack, "no role is named")]);
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
    let listing = workspaces::of_stack(stack.clone(), &backends);
    let listed = scan.clock.hold(listing).await;
    if let Err(RoleProblem::Open(why) | RoleProblem::NotProbed(why) | RoleProblem::Unbounded(why)) =
        access::verdict(probes, &access)
    {
        return Ok(vec![unlisted(stack, &why)]);
    }
    match listed {
        Ok(listed) => Ok(listed),
        Err(exceeded) => Ok(vec![unlisted(stack, &exceeded.scan_error()?.message)]),
    }
}
