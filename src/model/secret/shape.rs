//! Credentials in a text, known by their shape: the patterns of `patterns.toml`, and values beside a name for a secret.

use super::assignment;
use super::check::Check;
use aho_corasick::AhoCorasick;
use regex::Regex;
use serde::Deserialize;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

/// What stands in a text where a credential was.
pub(in crate::model) const MASK: &str = "(secret)";

/// The length of the shortest text that may hold a credential, in bytes: `pwd=x`.
const MIN_LENGTH: usize = 5;

/// What stands between a name and its value: `pwd=x`, `"password":"x"`, `password: x`, `the pw is x1`.
const SIGNS: [&str; 4] = ["=", "\":", ": ", assignment::SENTENCE];

/// The patterns, read once. None would be a broken program, and then every text counts as a credential.
static PATTERNS: LazyLock<Option<Patterns>> =
    LazyLock::new(|| Patterns::read(include_str!("patterns.toml")));

/// Returns whether a text holds a credential, whatever it is called.
pub(super) fn holds_one(text: &str) -> bool {
    if text.len() < MIN_LENGTH {
        return false;
    }
    let Some(patterns) = &*PATTERNS else {
        return true;
    };
    let candidates = patterns.candidates(text);
    candidates.iter().any(|rule| match rule {
        None => !assignment::values(text).is_empty(),
        Some(rule) => rule
            .regex()
            .is_none_or(|regex| rule.ranges(regex, text).next().is_some()),
    })
}

/// Replaces each credential in a text by `(secret)`, and keeps the number of lines.
pub fn masked(text: &str) -> Cow<'_, str> {
    match credentials(text) {
        none if none.is_empty() => Cow::Borrowed(text),
        found => Cow::Owned(without(text, found)),
    }
}

/// Returns the ranges of the credentials in a text, in order; they may overlap.
pub fn credentials(text: &str) -> Vec<Range<usize>> {
    if text.len() < MIN_LENGTH {
        return Vec::new();
    }
    let whole = || std::iter::once(0..text.len()).collect();
    let Some(patterns) = &*PATTERNS else {
        return whole();
    };
    let mut found = Vec::new();
    for candidate in patterns.candidates(text) {
        let Some(rule) = candidate else {
            found.extend(assignment::values(text));
            continue;
        };
        match rule.regex() {
            Some(regex) => found.extend(rule.ranges(regex, text)),
            None => return whole(),
        }
    }
    found.sort_by_key(|range| (range.start, range.end));
    found
}

/// Returns a text without these ranges, sorted by their starts.
pub(super) fn without(text: &str, ranges: Vec<Range<usize>>) -> String {
    let (mut shown, mut at) = (String::with_capacity(text.len()), 0);
    for range in ranges {
        if range.end <= at {
            continue;
        }
        shown.push_str(text.get(at..range.start).unwrap_or_default());
        let rest = text.get(at.max(range.start)..range.end);
        if range.start >= at {
            shown.push_str(MASK);
        }
        for _ in rest.unwrap_or_default().matches('\n') {
            shown.push('\n');
            shown.push_str(MASK);
        }
        at = range.end;
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

/// `patterns.toml`.
#[derive(Deserialize)]
struct PatternsFile {
    rule: Vec<Rule>,
}

/// One shape.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    #[allow(dead_code)]
    name: String,
    pattern: String,
    /// In lower case: a text that holds none of these has no match.
    holds: Vec<String>,
    /// What a match must stand for besides, where words of a sentence may match as well.
    check: Option<Check>,
    /// Compiled when a text holds one of them: most are never needed.
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

impl Rule {
    /// Compiles the pattern; `None` where it is not valid, which a test rules out.
    fn regex(&self) -> Option<&Regex> {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.pattern).ok());
        compiled.as_ref()
    }

    /// Returns the ranges of the matches that are credentials.
    fn ranges<'t>(&self, regex: &'t Regex, text: &'t str) -> impl Iterator<Item = Range<usize>> {
        let check = self.check;
        let found = regex.find_iter(text);
        let found =
            found.filter(move |found| check.is_none_or(|check| check.passes(found.as_str())));
        found.map(|found| found.range())
    }
}

/// All shapes, and how to tell in one walk over a text which of them it may hold.
struct Patterns {
    rules: Vec<Rule>,
    marks: AhoCorasick,
    /// The rule of each mark; none for the signs of an assignment.
    of_mark: Vec<Option<usize>>,
}

impl Patterns {
    fn read(toml: &str) -> Option<Self> {
        let PatternsFile { rule: rules } = toml::from_str(toml).ok()?;
        let (mut marks, mut of_mark): (Vec<&str>, Vec<_>) =
            (SIGNS.to_vec(), vec![None; SIGNS.len()]);
        for (number, rule) in rules.iter().enumerate() {
            marks.extend(rule.holds.iter().map(String::as_str));
            of_mark.resize(marks.len(), Some(number));
        }
        let marks = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(aho_corasick::AhoCorasickKind::DFA))
            .build(marks)
            .ok()?;
        Some(Self {
            rules,
            marks,
            of_mark,
        })
    }

    /// Returns the rules that a text may match, each once; `None` is the rule of assignments.
    fn candidates(&self, text: &str) -> Vec<Option<&Rule>> {
        let mut found: Vec<Option<usize>> = Vec::new();
        for mark in self.marks.find_overlapping_iter(text) {
            let rule = self
                .of_mark
                .get(mark.pattern().as_usize())
                .copied()
                .flatten();
            if !found.contains(&rule) {
                found.push(rule);
            }
        }
        let rule = |number: Option<usize>| number.and_then(|number| self.rules.get(number));
        found.into_iter().map(rule).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_one_and_asks_for_texts_that_marks_can_find() {
        let patterns = PATTERNS.as_ref().unwrap();
        for rule in &patterns.rules {
            assert!(rule.regex().is_some(), "{}", rule.name);
            assert!(!rule.holds.is_empty(), "{}", rule.name);
            for mark in &rule.holds {
                assert_eq!(*mark, mark.to_lowercase(), "{}", rule.name);
            }
        }
    }

    #[test]
    fn what_is_masked_keeps_its_lines() {
        let key = "a\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nb";
        assert_eq!(masked(key), "a\n(secret)\n(secret)\n(secret)\nb");
        let both = "pwd=postgres://a:b@c and Password=x; Host=db";
        assert_eq!(masked(both), "pwd=(secret) and Password=(secret); Host=db");
        assert!(matches!(
            masked("nothing of the kind: at all"),
            Cow::Borrowed(_)
        ));
        assert_eq!(masked(&masked(both)), masked(both));
    }
}
