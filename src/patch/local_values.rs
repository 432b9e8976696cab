//! Guards local values: a literal in one is edited only where a single expression reads it.

use super::Stack;
use super::location::File;
use super::refusal::Refusal;
use crate::code;
use crate::model::{Source, Tree};
use hcl_edit::Span;

/// Checks that one expression alone reads the local value that a place sets. Who evaluates that expression is known by what
/// it sets.
///
/// # Errors
/// Others may use the local value.
pub(super) fn check(source: &Source, stack: &Stack<'_>) -> Result<(), Refusal> {
    let is_read_once = name(source, stack).is_some_and(|name| {
        let files = code::code_paths(stack.tree, Tree::folder(&source.file));
        let texts = files.iter().filter_map(|path| stack.tree.text(path));
        texts.map(|text| count(text, &name)).sum::<usize>() == 1
    });
    match is_read_once {
        true => Ok(()),
        false => Err(Refusal::Local(source.place())),
    }
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

/// Counts the references to a local value in a text of code.
fn count(text: &str, name: &str) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let reference = format!("local.{name}");
    let references = text.match_indices(&reference).filter(|(at, _)| {
        let (before, behind) = (&text[..*at], &text[at + reference.len()..]);
        !before.ends_with(|c| is_word(c) || c == '.') && !behind.starts_with(is_word)
    });
    references.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_name_is_another_one() {
        let code = "a = local.size\nb = \"${local.size}-x\"\nc = local.sizes\nd = local.size-b\ne = my_local.size\nf = \
                    data.local.size\n";
        assert_eq!(count(code, "size"), 2);
        assert_eq!(count(code, "sizes"), 1);
        assert_eq!(count(code, "siz"), 0);
    }
}
