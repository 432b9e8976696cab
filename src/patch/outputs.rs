//! Guards the literals in a module's outputs: they are edited only where nothing else reads the output.

use super::Stack;
use super::callers::{Callers, leads_to};
use super::location::File;
use super::refusal::Refusal;
use crate::code;
use crate::model::{Edit, Tree};
use hcl_edit::Span;
use hcl_edit::expr::Expression;

/// Checks that one place alone reads each output whose value these edits change. Of a map each entry has its own readers,
/// which the verification compares.
///
/// # Errors
/// Another reader, or another call of the module.
pub(super) fn check(edits: &[Edit], callers: &Callers, stack: &Stack<'_>) -> Result<(), Refusal> {
    for edit in edits {
        if let Some((name, place)) = changed(edit, stack)?
            && !is_read_once(&name, Tree::folder(&edit.file), (callers, stack))
        {
            return Err(Refusal::Output(place));
        }
    }
    Ok(())
}

/// Returns the output whose value an edit changes: its name, and the file and line of the value.
fn changed(edit: &Edit, stack: &Stack<'_>) -> Result<Option<(String, String)>, Refusal> {
    let is_json = edit.file.ends_with(".json");
    let text = stack.tree.text(&edit.file).unwrap_or_default();
    if is_json || !code::is_code(&edit.file) || !text.contains("output") {
        return Ok(None);
    }
    let file = File::open(stack.tree, &edit.file)?;
    let (start, end) = (edit.range.start, edit.range.end);
    let block = file.block_around((start, end));
    let Some(block) = block.filter(|block| block.has_ident("output")) else {
        return Ok(None);
    };
    let value = block.body.get_attribute("value");
    let value = value.filter(|value| !matches!(value.value, Expression::Object(_)));
    let (Some(value), Some(name)) = (value, block.labels.first()) else {
        return Ok(None);
    };
    let span = value.value.span().unwrap_or_default();
    let is_inside = span.start <= start && end <= span.end;
    let line = file.line(value);
    Ok(is_inside.then(|| (name.as_str().to_owned(), format!("{}:{line}", edit.file))))
}

/// Returns whether one place alone reads an output of the module in a folder.
fn is_read_once(name: &str, folder: &str, (callers, stack): (&Callers, &Stack<'_>)) -> bool {
    let calls = calls(folder, (callers, stack));
    let [(caller, call)] = calls.as_slice() else {
        return false;
    };
    let readers = texts(caller, stack).map(|(_, text)| count(text, call, name));
    readers.sum::<usize>() <= 1
}

/// Returns the files of code in a folder, with their texts.
fn texts<'a>(folder: &str, stack: &Stack<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let tree = stack.tree;
    let own = tree
        .files
        .keys()
        .filter(move |path| Tree::folder(path) == folder && code::is_code(path));
    own.filter_map(|path| Some((path.as_str(), tree.text(path)?)))
}

/// Returns the calls of the module in a folder: the folder of the caller, and the name of the call.
fn calls<'c>(folder: &str, (callers, stack): (&'c Callers, &Stack<'_>)) -> Vec<(&'c str, String)> {
    let mut calls = Vec::new();
    for caller in callers.of(folder, stack) {
        let calling = texts(caller, stack);
        for (_, text) in calling.filter(|(_, text)| leads_to(text, caller, folder)) {
            let Ok(body) = code::parse::body(text) else {
                // JSON calls it.
                calls.push((caller, String::new()));
                continue;
            };
            for block in body.get_blocks("module") {
                let source = block.body.get_attribute("source");
                let source = source.and_then(|source| source.value.as_str());
                let called = source.filter(|source| source.starts_with('.'));
                let called = called.and_then(|source| Tree::join(caller, source));
                let name = block.labels.first();
                if let Some(name) = name.filter(|_| called.as_deref() == Some(folder)) {
                    calls.push((caller, name.as_str().to_owned()));
                }
            }
        }
    }
    calls
}

/// Counts what may read an output of a call. What refers to the whole module counts.
fn count(text: &str, call: &str, output: &str) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let head = format!("module.{call}");
    let mut found = 0;
    let behind = text.split(head.as_str()).skip(1);
    for rest in behind.filter(|rest| !rest.starts_with(is_part)) {
        let key = rest.starts_with('[').then(|| rest.find(']')).flatten();
        let rest = key.map_or(rest, |end| &rest[end + 1..]);
        let name = rest.strip_prefix('.').unwrap_or_default();
        let name = &name[..name.find(|c: char| !is_part(c)).unwrap_or(name.len())];
        found += usize::from(name.is_empty() || name == output);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn what_reads_another_output_does_not_count() {
        let code = "a = module.net.size\nb = module.net.other\nc = module.nets.size\n";
        assert_eq!(count(code, "net", "size"), 1);
        assert_eq!(
            count("\"${module.net[\"a\"].size}-${module.net}\"", "net", "size"),
            2
        );
        assert_eq!(count("module.net[0].other", "net", "size"), 0);
    }
}
