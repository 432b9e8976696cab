//! Explains a state without resources. Where the code declares some, or the backend has other workspaces, it is usually
//! the wrong state.

use super::load::Stack;
use super::locate::configure;
use crate::code::Evaluated;
use crate::model::{Backend, Value};
use crate::state::backends::BackendAccess;

/// How many workspaces are named.
const MAX_NAMED: usize = 10;

/// Returns why a state without resources is not trusted: the code declares some, or the backend has other workspaces.
pub(super) async fn nothing_in_state(
    stack: &Stack,
    backend: Option<&Backend>,
    code: &Evaluated,
    access: &BackendAccess<'_>,
) -> Option<String> {
    let declares = !code.declared.resources.is_empty() || !code.problems.is_empty();
    let others = other_workspaces(stack, access).await;
    if !declares && others.is_none() {
        return None;
    }
    let because = match declares {
        true => ", though the code declares resources",
        false => "",
    };
    Some(format!(
        "the state {} of the workspace `{}` holds no resources{because}: apply the stack, or name another workspace with \
         --workspace NAME, or as `workspace` or `workspaces` in .driftguard.yml{}",
        backend.map_or("", |backend| &backend.location),
        stack.workspace,
        others.unwrap_or_default()
    ))
}

/// Describes the workspaces that the backend has besides the default one: those that it lists, or where it keeps them.
async fn other_workspaces(stack: &Stack, access: &BackendAccess<'_>) -> Option<String> {
    if stack.given.is_some() || stack.workspace != "default" {
        return None;
    }
    let (known, config) = configure(stack).ok()?;
    let listed = (known.workspaces)(&config, access).await;
    let listed = listed.unwrap_or_default();
    let others: Vec<_> = listed.iter().filter(|name| *name != "default").collect();
    let prefix = config.settings.get("workspace_key_prefix");
    let prefix = prefix.and_then(Value::as_str);
    if others.is_empty() {
        // Whoever may not list them may still have some.
        return prefix.map(|prefix| format!(" (those of this backend lie under {prefix}/)"));
    }
    let place = prefix.map_or(String::new(), |prefix| format!(" under {prefix}/"));
    let named = others.iter().take(MAX_NAMED);
    let named: Vec<_> = named.map(|name| format!("`{name}`")).collect();
    let more = match others.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        " (this backend has {}{more}{place})",
        named.join(", ")
    ))
}
