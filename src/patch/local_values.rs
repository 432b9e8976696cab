//! Guards local values: a literal in one is edited only where a single expression reads it.

use super::Stack;
use super::location::File;
use super::refusal::Refusal;
use crate::code;
use crate::model::{Source, Tree, escape_name};
use hcl_edit::Span;

/// Checks that one expression alone reads the local value that a place sets. Who evaluates that expression is known by what
/// it sets.
///
/// # Errors
/// Others may use the local value.
pub(super) fn check(source: &Source, stack: &Stack<'_>) -> Result<(), Refusal> {
    match readers(source, stack).as_slice() {
        [_] => Ok(()),
        _ => Err(refusal(source, stack)),
    }
}

/// Returns the refusal of an edit of the local value that a place sets.
pub(super) fn refusal(source: &Source, stack: &Stack<'_>) -> Refusal {
    let mut readers = readers(source, stack);
    if readers.len() == 1 {
        readers.clear();
    }
    readers.dedup();
    Refusal::Local {
        place: source.place(),
        readers,
    }
}

/// Returns the places, as file and line, that refer to the local value that a place sets.
fn readers(source: &Source, stack: &Stack<'_>) -> Vec<String> {
    let Some(name) = name(source, stack) else {
        return Vec::new();
    };
    let mut places = Vec::new();
    for path in code::code_paths(stack.tree, Tree::folder(&source.file)) {
        let Some(text) = stack.tree.text(&path) else {
            continue;
        };
        let lines = references(text, &name).map(|at| text[..at].matches('\n').count() + 1);
        places.extend(lines.map(|line| format!("{}:{line}", escape_name(&path))));
    }
    places
}

/// Returns the name of the local value that a place sets; `None` where that is not in HCL.
fn name(source: &Source, stack: &Stack<'_>) -> Option<String> {
    if !code::is_code(&source.file) {
        return None;
    }
    let file = File::open(stack.tree, &source.file).ok()?;
    let block = file.block_around(source.span)?;
    let mut locals = block.body.attributes();
    let own = locals.find(|local| {
        let span = local.value.span().unwrap_or_default();
        span.start <= source.span.0 && source.span.1 <= span.end
    });
    let own = own.filter(|_| block.has_ident("locals"))?;
    Some(own.key.as_str().to_owned())
}

/// Returns where a text of code refers to a local value.
fn references<'t>(text: &'t str, name: &str) -> impl Iterator<Item = usize> + use<'t> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let reference = format!("local.{name}");
    let found: Vec<_> = text.match_indices(&reference).map(|(at, _)| at).collect();
    found.into_iter().filter(move |at| {
        let (before, behind) = (&text[..*at], &text[at + reference.len()..]);
        !before.ends_with(|c| is_word(c) || c == '.') && !behind.starts_with(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_name_is_another_one() {
        let code = "a = local.size\nb = \"${local.size}-x\"\nc = local.sizes\nd = local.size-b\ne = my_local.size\nf = \
                    data.local.size\n";
        assert_eq!(references(code, "size").count(), 2);
        assert_eq!(references(code, "sizes").count(), 1);
        assert_eq!(references(code, "siz").count(), 0);
    }
}
