//! Functions on regular expressions. Terraform uses RE2, in which `\d`, `\w`, `\s` and `\b` are ASCII only.

mod dialect;

use super::Call;
use crate::code::budget::Excess;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::size::{self, ENTRY, LOOKED_AT, MAP};
use crate::code::typed::Typed;
use crate::code::types::Type;
use dialect::translated;
use regex::{Captures, Regex, RegexBuilder};
use std::borrow::Cow;

/// The memory of a usual compiled pattern, in bytes.
const USUAL_MEMORY: usize = 16 << 10;
const MAX_MEMORY: usize = 256 << 10;
/// The memory that a pattern is compiled within, the least first: it tells how many states the pattern has.
const MEMORIES: [usize; 6] = [1 << 10, 1 << 11, 1 << 12, 1 << 13, USUAL_MEMORY, MAX_MEMORY];
/// The bytes of a compiled pattern that count as one step of work.
const COMPILED: usize = 32;
/// The most that one search takes: the product of the pattern's memory and the length of the searched text. A search may
/// look at each state for each byte.
const MAX_SEARCH: usize = 1 << 31;
/// How much of this product is charged as one step of work.
const SEARCHED: usize = 1 << 10;
/// How much of this product is free.
const NOT_COUNTED: usize = 1 << 20;
/// The work of compiling a pattern, each time that it is tried.
const READ: usize = 250;
const READ_LARGE: usize = 12_000;
/// The most bytes that repeated searches may scan.
const MAX_SCANNED: usize = 1 << 27;
/// The scanned bytes that count as one step of work.
const LOOKED_AT_AGAIN: usize = 1 << 7;
/// The longest pattern, in bytes.
const MAX_LENGTH: usize = 4096;

/// Compiles a pattern and takes its work from the budget; `None` where it may have another meaning here.
fn pattern(call: &Call<'_, '_>, text: &str, searched: &str) -> Result<Option<Regex>, Fault> {
    if text.len() > MAX_LENGTH {
        return Ok(None);
    }
    call.budget().take(MAX_MEMORY)?;
    // A search takes no more than the product of both lengths.
    let steps = text.len().saturating_mul(searched.len() / LOOKED_AT + 1);
    call.budget().work(text.len() + steps)?;
    let Some(translated) = translated(text)? else {
        return Ok(None);
    };
    let Some(pattern) = measured(call, &translated, searched.len())? else {
        return Ok(None);
    };
    pattern.search(call, searched.len())?;
    Ok(Some(pattern.regex))
}

/// A compiled pattern with the memory that it was compiled within, in bytes.
pub(super) struct Pattern {
    pub regex: Regex,
    memory: usize,
}

impl Pattern {
    /// Takes the work of searching a text of this length from the budget.
    pub fn search(&self, call: &Call<'_, '_>, length: usize) -> Result<(), Excess> {
        let search = self.memory.saturating_mul(length);
        if search > MAX_SEARCH {
            return Err(Excess::Size);
        }
        let counted = search.saturating_sub(NOT_COUNTED) / SEARCHED;
        call.budget().work(counted)
    }
}

/// Compiles a pattern of this crate's dialect to search a text of this length, and takes the work of compiling it from the
/// budget; `None` where it takes too much memory.
pub(super) fn measured(
    call: &Call<'_, '_>,
    pattern: &str,
    searched: usize,
) -> Result<Option<Pattern>, Fault> {
    for memory in MEMORIES {
        if memory.saturating_mul(searched) > MAX_SEARCH {
            return Err(Excess::Size.into());
        }
        let read = if memory > USUAL_MEMORY {
            READ_LARGE
        } else {
            READ
        };
        call.budget().work(read)?;
        if let Some(regex) = compiled(pattern, memory)? {
            call.budget().work(memory / COMPILED)?;
            return Ok(Some(Pattern { regex, memory }));
        }
    }
    Ok(None)
}

/// Compiles a pattern; `None` where it takes more than `most` bytes.
fn compiled(pattern: &str, most: usize) -> Result<Option<Regex>, Fault> {
    let mut builder = RegexBuilder::new(pattern);
    match builder.size_limit(most).octal(true).build() {
        Ok(pattern) => Ok(Some(pattern)),
        Err(regex::Error::CompiledTooBig(_)) => Ok(None),
        Err(_) => Err(Fault::Invalid),
    }
}

/// The work of repeated searches. Each may scan the whole rest of the text, even if it finds a near match.
struct Searches<'c, 'a> {
    call: &'c Call<'c, 'a>,
    length: usize,
    looked_at: usize,
}

impl<'c, 'a> Searches<'c, 'a> {
    fn of(call: &'c Call<'c, 'a>, text: &str) -> Self {
        Self {
            call,
            length: text.len(),
            looked_at: 0,
        }
    }

    /// Takes the work of a search from this byte on from the budget.
    fn next(&mut self, at: usize) -> Result<(), Excess> {
        let left = self.length.saturating_sub(at);
        self.looked_at = self.looked_at.saturating_add(left);
        if self.looked_at > MAX_SCANNED {
            return Err(Excess::Size);
        }
        self.call.budget().work(1 + left / LOOKED_AT_AGAIN)
    }
}

/// Returns the names of a pattern's groups. Either all groups are named, or none is.
fn names(pattern: &Regex) -> Result<Vec<Option<&str>>, Invalid> {
    let names: Vec<_> = pattern.capture_names().skip(1).collect();
    let named = names.iter().flatten().count();
    if named == 0 || named == names.len() {
        Ok(names)
    } else {
        Err(Invalid)
    }
}

/// Returns a match: its text, or the texts of its groups.
fn found(call: &Call<'_, '_>, names: &[Option<&str>], captures: &Captures<'_>) -> Evaluated {
    let all = captures.get(0).map_or("", |all| all.as_str());
    call.budget()
        .take(MAP + names.len().saturating_mul(ENTRY + size::text(all.len())))?;
    let text = |at: usize| match captures.get(at) {
        Some(group) => Typed::text(group.as_str()),
        None => Typed::Null(Type::String),
    };
    if names.is_empty() {
        return Ok(text(0));
    }
    let groups = names
        .iter()
        .enumerate()
        .map(|(at, name)| (*name, text(at + 1)));
    let groups: Vec<_> = groups.collect();
    Ok(match groups.iter().any(|(name, _)| name.is_some()) {
        true => Typed::Object(
            groups
                .into_iter()
                .filter_map(|(name, text)| Some((name?.to_owned(), text)))
                .collect(),
        ),
        false => Typed::Tuple(groups.into_iter().map(|(_, text)| text).collect()),
    })
}

pub(super) fn regex(call: &Call<'_, '_>) -> Evaluated {
    let text = call.text(1)?;
    let Some(pattern) = pattern(call, call.text(0)?, text)? else {
        return Ok(Typed::UNKNOWN);
    };
    let names = names(&pattern)?;
    found(call, &names, &pattern.captures(text).ok_or(Invalid)?)
}

pub(super) fn regexall(call: &Call<'_, '_>) -> Evaluated {
    let text = call.text(1)?;
    let Some(pattern) = pattern(call, call.text(0)?, text)? else {
        return Ok(Typed::UNKNOWN);
    };
    let names = names(&pattern)?;
    let (mut all, mut searches) = (Vec::new(), Searches::of(call, text));
    for captures in pattern.captures_iter(text) {
        searches.next(captures.get_match().end())?;
        all.push(found(call, &names, &captures)?);
    }
    let text = Type::String;
    let element = match names.as_slice() {
        [] => text,
        [Some(_), ..] => Type::object(
            names
                .iter()
                .flatten()
                .map(|name| ((*name).to_owned(), Type::String)),
        ),
        names => Type::Tuple(vec![text; names.len()].into()),
    };
    Ok(Typed::List(element, all))
}

/// Evaluates `replace`. A pattern between slashes is a regular expression.
pub(super) fn replace(call: &Call<'_, '_>) -> Evaluated {
    let (text, searched, by) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let bare = searched
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'));
    match bare.filter(|_| searched.len() > 1) {
        None => {
            let count = text.matches(searched).count();
            let kept = text.len() - count * searched.len();
            let length = kept.saturating_add(count.saturating_mul(by.len()));
            call.new_text(length, || text.replace(searched, by))
        }
        Some(bare) => {
            let Some(pattern) = pattern(call, bare, text)? else {
                return Ok(Typed::Unknown(Type::String));
            };
            replace_all(call, &pattern, text, by)
        }
    }
}

/// Replaces each match by a string that may refer to its groups.
fn replace_all(call: &Call<'_, '_>, pattern: &Regex, text: &str, by: &str) -> Evaluated {
    let groups = by.bytes().filter(|byte| *byte == b'$').count();
    let (mut replaced, mut at) = (String::new(), 0);
    let mut searches = Searches::of(call, text);
    for captures in pattern.captures_iter(text) {
        let all = captures.get_match();
        searches.next(all.end())?;
        let most = by.len().saturating_add(groups.saturating_mul(all.len()));
        let length = replaced.len() + (all.start() - at);
        call.budget().take_text(length.saturating_add(most))?;
        replaced.push_str(&text[at..all.start()]);
        captures.expand(by, &mut replaced);
        at = all.end();
    }
    let rest: Cow<'_, str> = Cow::Borrowed(&text[at..]);
    call.new_text(replaced.len() + rest.len(), || replaced + &rest)
}
