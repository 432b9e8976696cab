//! Replaces each stack of all workspaces by one stack for each workspace that its backend lists.

use super::load::Stack;
use super::locate::configure;
use crate::model::{ScanError, StackName};
use crate::settings::{self, Workspace};
use crate::state::backends::BackendAccess;

/// Replaces the stacks of all workspaces. A stack whose workspaces cannot be listed stays, without a state.
///
/// # Errors
/// Two stacks would have one name.
pub async fn expand(
    stacks: Vec<Stack>,
    access: &BackendAccess<'_>,
) -> Result<Vec<Stack>, ScanError> {
    let mut expanded = Vec::with_capacity(stacks.len());
    for stack in stacks {
        match stack.settings.has_all_workspaces() {
            true => expanded.extend(of_stack(stack, access, usize::MAX).await.stacks),
            false => expanded.push(stack),
        }
    }
    check_names(&expanded)?;
    Ok(expanded)
}

/// The stacks of a stack's workspaces.
#[derive(Default)]
pub struct WorkspaceStacks {
    /// The first ones, as many as are wanted.
    pub stacks: Vec<Stack>,
    /// The names of the rest: a backend may list tens of thousands.
    pub left_out: Vec<StackName>,
}

/// Returns a stack for each workspace that its backend lists, but for those beyond a number, or the stack itself with the
/// reason why none is listed.
pub async fn of_stack(stack: Stack, access: &BackendAccess<'_>, most: usize) -> WorkspaceStacks {
    match list(&stack, access).await {
        Ok(workspaces) => {
            let (first, rest) = workspaces.split_at(most.min(workspaces.len()));
            let names = rest.iter().map(|name| stack.settings.name_of(name));
            WorkspaceStacks {
                left_out: names.collect(),
                stacks: first
                    .iter()
                    .map(|name| of_workspace(&stack, name))
                    .collect(),
            }
        }
        Err(error) => WorkspaceStacks::unlisted(stack, error),
    }
}

impl WorkspaceStacks {
    /// Returns the stack itself, whose workspaces are not listed.
    pub fn unlisted(stack: Stack, error: ScanError) -> Self {
        Self {
            stacks: vec![Stack {
                unlisted: Some(error),
                ..stack
            }],
            left_out: Vec::new(),
        }
    }
}

/// Checks that no two stacks have one name.
///
/// # Errors
/// The first two that do.
pub fn check_names(stacks: &[Stack]) -> Result<(), ScanError> {
    let names = stacks
        .iter()
        .map(|stack| (stack.name.clone(), stack.path.as_str()));
    settings::check_names(names).map_err(|error| ScanError {
        kind: "settings".into(),
        message: error.to_string(),
    })
}

/// Lists the workspaces of a stack.
async fn list(stack: &Stack, access: &BackendAccess<'_>) -> Result<Vec<Workspace>, ScanError> {
    let (known, config) = configure(stack)?;
    let listed = (known.workspaces)(&config, access).await?;
    let names = listed.iter().filter_map(|name| Workspace::new(name));
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        return Err(ScanError {
            kind: "backend".into(),
            message: format!(
                "the {} backend of `{}` has no workspace with a state: apply the stack in one, or correct its settings",
                known.kind, stack.name
            ),
        });
    }
    Ok(names)
}

fn of_workspace(stack: &Stack, workspace: &Workspace) -> Stack {
    let settings = stack.settings.of_workspace(workspace);
    Stack {
        name: settings.name(),
        workspace: workspace.as_str().to_owned(),
        settings,
        ..stack.clone()
    }
}
