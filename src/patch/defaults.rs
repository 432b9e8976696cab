//! Guards the defaults of the root module's variables: they are edited only where nothing overrides them.

use super::Stack;
use super::location::File;
use super::refusal::Refusal;
use crate::code::parse;
use crate::model::{Source, Tree};
use hcl_edit::Span;

/// Checks that the bytes at a place are no default that a file of variables overrides. The code does not tell which of
/// these files are used: each in the root module's folder, or below it, may be.
///
/// # Errors
/// The file that overrides the default.
pub(super) fn check(source: &Source, stack: &Stack<'_>) -> Result<(), Refusal> {
    let Some(name) = variable(source, stack) else {
        return Ok(());
    };
    match overriding(&name, stack) {
        Some(place) => Err(Refusal::Overridden {
            name,
            place: source.place(),
            overridden: format!("{place} sets it wherever that file is used"),
        }),
        None => Ok(()),
    }
}

/// Returns the root module's variable whose default is at a place.
pub(super) fn variable(source: &Source, stack: &Stack<'_>) -> Option<String> {
    if Tree::folder(&source.file) != stack.folder || !source.file.ends_with(".tf") {
        return None;
    }
    let file = File::open(stack.tree, &source.file).ok()?;
    let block = file.block_around(source.span)?;
    let name = block
        .labels
        .first()
        .filter(|_| block.has_ident("variable"))?;
    Some(name.as_str().to_owned())
}

/// Returns where a file of variables sets a variable.
fn overriding(name: &str, stack: &Stack<'_>) -> Option<String> {
    let files = stack.tree.files.keys();
    let mut files = files.filter(|path| {
        let is_vars = path.ends_with(".tfvars") || path.ends_with(".tfvars.json");
        is_vars && Tree::holds(stack.folder, Tree::folder(path))
    });
    files.find_map(|path| {
        let text = stack.tree.text(path)?;
        if !text.contains(name) {
            return None;
        }
        if path.ends_with(".json") {
            let values: serde_json::Value = serde_json::from_str(text).ok()?;
            return values.get(name).map(|_| path.clone());
        }
        let body = parse::body(text).ok()?;
        let at = body.get_attribute(name)?.span().unwrap_or_default().start;
        let line = 1 + text.get(..at)?.matches('\n').count();
        Some(format!("{path}:{line}"))
    })
}
