//! What the commands share: how a comment is read, which findings are meant, how things are put.

mod comment;
mod decide;
mod near;
mod pick;
#[cfg(test)]
pub(super) mod stage;
mod time;

pub use comment::read;
pub(super) use decide::{decide, names};
pub(super) use near::nearest;
pub(super) use pick::{Picked, any, many, one};
pub(super) use time::ago;

/// The first word of a line, and what follows it.
pub(super) fn word(line: &str) -> (&str, &str) {
    let line = line.trim();
    match line.split_once(char::is_whitespace) {
        Some((first, rest)) => (first, rest.trim_start()),
        None => (line, ""),
    }
}

/// That nothing follows, or what is wrong with that.
pub(super) fn nothing_more(rest: &str, usage: &str) -> Result<(), String> {
    match rest.trim() {
        "" => Ok(()),
        more => Err(format!(
            "I do not know what to do with {}: say {}.",
            crate::report::code(&crate::report::excerpt(more, 80)),
            crate::report::code(&format!("/driftguard {usage}"))
        )),
    }
}
