//! Code drops what is gone.

use super::Stack;
use super::place::File;
use crate::model::{Address, Edit, Finding, Tree};
use hcl_edit::Span;

/// The edit that takes out the block of a resource that is gone, with the comment that stands right above it.
///
/// # Errors
/// Why the block must stay.
pub(super) fn plan(finding: &Finding, stack: &Stack<'_>) -> Result<Vec<Edit>, String> {
    let address = finding.address.as_ref().ok_or("no state claims it")?;
    let declared = stack.declared.resources.get(address);
    let declared = declared.ok_or_else(|| format!("the code of {address} was not found"))?;
    let place = format!("{}:{}", declared.file, declared.line);
    if address.key.is_some() || !address.modules.is_empty() {
        return Err(format!("the block at {place} stands for several instances"));
    }
    let file = File::open(stack.tree, &declared.file)?;
    let block = file
        .resource(address)
        .ok_or_else(|| format!("the block of {address} was not found at {place}"))?;
    if let Some(user) = user(stack.tree, stack.folder, address) {
        return Err(format!("{user} refers to {address}"));
    }
    let span = block
        .span()
        .ok_or_else(|| format!("the block at {place} was not found"))?;
    let page = file.page;
    let mut start = page.line_of(span.start).start;
    while let Some(above) = start.checked_sub(1).map(|at| page.line_of(at)) {
        if !page.text[above.clone()]
            .trim_start()
            .starts_with(['#', '/'])
        {
            break;
        }
        start = above.start;
    }
    let mut end = page.line_of(span.end.saturating_sub(1)).end;
    let below = page.line_of(end.min(page.text.len().saturating_sub(1)));
    if end < page.text.len() && page.text[below.clone()].trim().is_empty() {
        end = below.end;
    } else if end == page.text.len() {
        // The last block of a file takes the blank line above it along.
        let above = start.checked_sub(1).map(|at| page.line_of(at));
        if let Some(above) = above.filter(|above| page.text[above.clone()].trim().is_empty()) {
            start = above.start;
        }
    }
    Ok(vec![page.edit(start..end, String::new())])
}

/// The first place in the module's folder that names a resource besides its own block.
fn user(tree: &Tree, folder: &str, address: &Address) -> Option<String> {
    let name = format!("{}.{}", address.tf_type, address.name);
    let continues = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    for (file, bytes) in tree
        .in_folder(folder)
        .filter(|(file, _)| file.contains(".tf"))
    {
        let text = String::from_utf8_lossy(bytes);
        for (number, line) in text.lines().enumerate() {
            let mut found = line.match_indices(&name);
            let refers = found.any(|(at, _)| {
                !line[at + name.len()..].starts_with(continues) && !line[..at].ends_with(continues)
            });
            if refers && !line.trim_start().starts_with(['#', '/']) {
                return Some(format!("{file}:{}", number + 1));
            }
        }
    }
    None
}
