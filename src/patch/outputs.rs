//! Guards the literals in a module's outputs: they are edited only where nothing else reads the output.

use super::Stack;
use super::location::File;
use super::refusal::Refusal;
use crate::code;
use crate::model::{Location, Site, Tree};

/// Checks that one place alone reads the output whose value is at a place.
///
/// # Errors
/// Another reader, or another call of the module.
pub(super) fn check(location: &Location, stack: &Stack<'_>) -> Result<(), Refusal> {
    let source = &location.source;
    if location.site != Site::Output || source.file.ends_with(".json") {
        return Ok(());
    }
    let shared = || Refusal::Output(source.place());
    let file = File::open(stack.tree, &source.file)?;
    let block = file.block_around(source.span);
    let output = block.filter(|block| block.has_ident("output"));
    let name = output.and_then(|block| block.labels.first());
    let name = name.ok_or_else(shared)?.as_str();
    let calls = calls(Tree::folder(&source.file), stack);
    let [(folder, call)] = calls.as_slice() else {
        return Err(shared());
    };
    let readers = texts(stack).filter(|(path, _)| Tree::folder(path) == folder);
    let readers: usize = readers.map(|(_, text)| count(text, call, name)).sum();
    if readers > 1 {
        return Err(shared());
    }
    Ok(())
}

/// Returns the files of code, with their texts.
fn texts<'a>(stack: &Stack<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let tree = stack.tree;
    let code = tree.files.keys().filter(|path| code::is_code(path));
    code.filter_map(|path| Some((path.as_str(), tree.text(path)?)))
}

/// Returns the calls of the module in a folder: the folder of the caller, and the name of the call.
fn calls(folder: &str, stack: &Stack<'_>) -> Vec<(String, String)> {
    let mut calls = Vec::new();
    let base = folder.rsplit('/').next().unwrap_or(folder);
    for (path, text) in texts(stack).filter(|(_, text)| text.contains(base)) {
        let Ok(body) = code::parse::body(text) else {
            // JSON may call it.
            calls.push((Tree::folder(path).to_owned(), String::new()));
            continue;
        };
        for block in body.get_blocks("module") {
            let source = block.body.get_attribute("source");
            let source = source.and_then(|source| source.value.as_str());
            let own = Tree::folder(path);
            let called = source.filter(|source| source.starts_with('.'));
            let called = called.and_then(|source| Tree::join(own, source));
            if let Some(name) = block
                .labels
                .first()
                .filter(|_| called.as_deref() == Some(folder))
            {
                calls.push((own.to_owned(), name.as_str().to_owned()));
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
