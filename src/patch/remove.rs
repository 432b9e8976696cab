//! Code drops what is gone.

use super::Stack;
use super::place::File;
use crate::model::{Address, Edit, Finding, Key, Source, Tree};
use hcl_edit::Span;

/// The edit that takes out the block of a resource that is gone, with the comment that stands right above it; of one that
/// stands for an entry of a map, the entry.
///
/// # Errors
/// Why the block or the entry must stay.
pub(super) fn plan(finding: &Finding, stack: &Stack<'_>) -> Result<Vec<Edit>, String> {
    let address = finding.address.as_ref().ok_or("no state claims it")?;
    let declared = stack.declared.resources.get(address);
    let declared = declared.ok_or_else(|| format!("the code of {address} was not found"))?;
    let place = format!("{}:{}", declared.file, declared.line);
    let several = || format!("the block at {place} stands for several instances");
    if !address.modules.is_empty() {
        return Err(several());
    }
    match &address.key {
        None => {}
        Some(Key::Index(_)) => return Err(several()),
        Some(Key::Name(key)) => {
            let map = declared.for_each.as_ref().ok_or_else(several)?;
            return entry(address, key, map, stack);
        }
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
    Ok(vec![file.page.take_out_block(span)])
}

/// The edit that takes out an entry of the map that a block stands for each of.
fn entry(
    address: &Address,
    key: &str,
    map: &Source,
    stack: &Stack<'_>,
) -> Result<Vec<Edit>, String> {
    let at = format!("{}:{}", map.file, map.line);
    if let Some(user) = user(stack.tree, stack.folder, address) {
        return Err(format!("{user} refers to {address}"));
    }
    let file = File::open(stack.tree, &map.file)?;
    let whole = file
        .object_entry(map.span, key)
        .ok_or_else(|| format!("the map at {at} has no entry `{key}`"))?;
    let edits = file.page.take_out(whole);
    edits.ok_or_else(|| format!("the entry `{key}` of the map at {at} shares its lines"))
}

/// The first place in the module's folder that names a resource besides its own block.
fn user(tree: &Tree, folder: &str, address: &Address) -> Option<String> {
    let own = Address {
        modules: Vec::new(),
        ..address.clone()
    };
    let name = own.to_string();
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
