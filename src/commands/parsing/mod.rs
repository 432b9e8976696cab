//! Parses comments, and selects the findings that a command names.

mod comment;
mod decide;
#[cfg(test)]
pub(super) mod fixtures;
mod selector;
mod suggest;
mod time;

pub use comment::read;
pub(super) use decide::{decide, names};
pub(super) use selector::{SelectedFinding, any_finding, open_finding, open_findings};
pub(super) use suggest::nearest;
pub(super) use time::ago;

/// Splits the first word off a line.
pub(super) fn first_word(line: &str) -> (&str, &str) {
    let line = line.trim();
    match line.split_once(char::is_whitespace) {
        Some((first, rest)) => (first, rest.trim_start()),
        None => (line, ""),
    }
}

/// Checks that nothing follows; an error shows what does.
pub(super) fn expect_end(rest: &str, usage: &str) -> Result<(), String> {
    match rest.trim() {
        "" => Ok(()),
        more => Err(format!(
            "Unexpected {}: write {}.",
            crate::report::code(&crate::report::excerpt(more, 80)),
            crate::report::code(&format!("/driftguard {usage}"))
        )),
    }
}
