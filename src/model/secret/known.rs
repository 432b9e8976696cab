//! Secrets that are known by their text: what a variable or an attribute is called tells of its value wherever else that
//! stands, such as in a text that code puts together from it.

use super::name::named;
use super::shape::credentials;
use super::{Value, secret_pair};
use aho_corasick::AhoCorasick;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The shortest text that is looked for elsewhere, in bytes.
const MIN_LENGTH: usize = 7;

/// The shortest text of words alone: a shorter one may stand anywhere and mean something else.
const MIN_WORDS_LENGTH: usize = 20;

/// The longest text that is looked for elsewhere, in bytes: what is longer is a script or a key, which has a shape.
const MAX_LENGTH: usize = 256;

/// How many texts of one scan are looked for.
const MAX_TEXTS: usize = 1_000;

/// How many values are looked through for such texts.
const MAX_VALUES: usize = 1_000_000;

/// Texts that are secrets by the names of the values that hold them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretTexts {
    texts: BTreeSet<String>,
    /// How many values were looked through.
    values: usize,
}

impl fmt::Debug for SecretTexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretTexts({})", self.texts.len())
    }
}

impl SecretTexts {
    /// Adds what is a secret in a value of this name, by this name or by that of a part of it.
    pub fn add(&mut self, name: &str, value: &Value) {
        self.values += 1;
        if self.values > MAX_VALUES {
            return;
        }
        match value {
            // `db_credentials = { host = ..., password = ... }`: its own names tell more.
            Value::Map(entries) if named(name) && !entries.keys().any(|key| named(key)) => {
                self.add_all(value);
            }
            Value::String(_) if named(name) => self.add_all(value),
            Value::List(items) => items.iter().for_each(|item| self.add(name, item)),
            Value::Map(entries) => {
                let pair = secret_pair(entries);
                for (key, value) in entries {
                    match pair.contains(&key.as_str()) {
                        true => self.add_all(value),
                        false => self.add(key, value),
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns whether this text is one of them.
    pub fn holds(&self, text: &str) -> bool {
        self.texts.contains(text)
    }

    /// Adds the texts that were cut out of one of them.
    pub fn add_parts(&mut self, parts: &Value) {
        self.add_all(parts);
    }

    /// Returns whether more values are looked through.
    pub fn has_room(&self) -> bool {
        self.values <= MAX_VALUES
    }

    /// Adds the credentials that stand in a text, line by line: parts of it may be taken elsewhere. Returns whether there
    /// are any.
    pub fn add_credentials(&mut self, text: &str) -> bool {
        let found = credentials(text);
        for range in &found {
            let lines = text.get(range.clone()).unwrap_or_default().lines();
            lines.for_each(|line| self.add_texts(&line.trim().into()));
        }
        !found.is_empty()
    }

    /// Adds every text of a value that is a secret as a whole.
    fn add_all(&mut self, value: &Value) {
        match value {
            Value::Map(entries) => entries.values().for_each(|value| self.add_all(value)),
            Value::List(items) => items.iter().for_each(|item| self.add_all(item)),
            value => self.add_texts(value),
        }
    }

    /// Adds a text that is a secret, or those of a list.
    pub(super) fn add_texts(&mut self, value: &Value) {
        match value {
            Value::String(text) if self.texts.len() < MAX_TEXTS && is_distinct(text) => {
                self.texts.insert(text.clone());
            }
            Value::List(items) => {
                let texts = items.iter().filter(|item| item.as_str().is_some());
                texts.for_each(|text| self.add_texts(text));
            }
            _ => {}
        }
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: &Self) {
        let room = MAX_TEXTS.saturating_sub(self.texts.len());
        self.texts.extend(other.texts.iter().take(room).cloned());
    }
}

/// Returns whether a text can be told from a word, a name, a number or a place that stands elsewhere for itself.
fn is_distinct(text: &str) -> bool {
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&text.len()) || text.contains(['\n', '\r']) {
        return false;
    }
    let is_of_words = |c: char| c.is_alphabetic() || matches!(c, '-' | '_' | ' ' | '.' | ',');
    let is_of_path = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_./".contains(c);
    // References to secret stores, in AWS and in code.
    let is_place = text.starts_with("arn:")
        || text.contains("${")
        || text.contains('/') && text.chars().all(is_of_path);
    match text.chars().all(is_of_words) {
        _ if is_place || is_id(text) || !text.contains(char::is_alphabetic) => false,
        true => text.len() >= MIN_WORDS_LENGTH,
        false => true,
    }
}

/// Returns whether a text is an id of AWS's, such as `ami-0abcdef1234567890`.
pub(super) fn is_id(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.split_once('-').is_some_and(|(kind, digits)| {
        kind.bytes().all(|byte| byte.is_ascii_lowercase())
            && matches!(digits.len(), 8 | 17)
            && digits.bytes().all(is_digit)
    })
}

/// Finds such texts in others. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Known(Arc<AhoCorasick>);

impl Known {
    /// Returns `None` where there is no such text. Where no finder can be built, as of too many texts, no text is
    /// searched: their number and their length are bounded so that one can.
    pub(super) fn new(texts: &SecretTexts) -> Option<Self> {
        if texts.texts.is_empty() {
            return None;
        }
        let mut finder = AhoCorasick::builder();
        // `upper` and `lower` make other texts of them.
        let finder = finder
            .ascii_case_insensitive(true)
            .build(&texts.texts)
            .ok()?;
        Some(Self(Arc::new(finder)))
    }

    /// Returns whether a text holds one of them.
    pub(super) fn is_in(&self, text: &str) -> bool {
        text.len() >= MIN_LENGTH && self.0.is_match(text)
    }

    /// Returns the ranges of a text that they cover, in order: those that overlap are one.
    ///
    /// They are joined as they are found. A text may hold hundreds of them at each byte, which end in order.
    pub(super) fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        let mut covered: Vec<Range<usize>> = Vec::new();
        for found in self.0.find_overlapping_iter(text) {
            let mut found = found.range();
            while let Some(last) = covered.pop_if(|last| last.end > found.start) {
                found.start = found.start.min(last.start);
            }
            covered.push(found);
        }
        covered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_may_mean_something_else_is_not_looked_for() {
        for text in [
            "hunter2-prod",
            "correct-horse-battery-staple",
            "S3cr3t!",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "pass word 1",
        ] {
            assert!(is_distinct(text), "{text}");
        }
        for text in [
            "",
            "a",
            "true",
            "admin",
            "changeme",
            "12345678",
            "postgres",
            "shop-web",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-a1b2c3",
            "production/shop/database/password",
            "ssm/v2.1/token",
            "ami-12c6146b",
            "subnet-0123456789abcdef0",
            "${random_password.db.result}",
            "#!/bin/bash\necho hello\n",
        ] {
            assert!(!is_distinct(text), "{text}");
        }
        assert!(!is_distinct(&"x1".repeat(MAX_LENGTH)));
    }

    /// Hundreds of texts may end at each byte: what they cover is one range, and no more is kept.
    #[test]
    fn texts_within_one_another_cover_one_range() {
        let mut texts = SecretTexts::default();
        for length in 4..128 {
            texts.add_texts(&"x1".repeat(length).into());
        }
        let known = Known::new(&texts).unwrap();
        let text = format!("é{}é, {}", "x1".repeat(2_000), "x1".repeat(5));
        assert_eq!(known.ranges(&text), [2..4_002, 4_006..4_016]);
    }

    #[test]
    fn a_name_tells_of_a_value_and_of_the_parts_of_one() {
        let mut texts = SecretTexts::default();
        texts.add("db_pass", &"secret-one-1".into());
        texts.add("name", &"no-secret-1".into());
        let parts = [
            ("password", Value::from("secret-four-4")),
            ("host", "no-secret-3".into()),
        ];
        texts.add("db_credentials", &Value::map(parts));
        texts.add(
            "api_token",
            &Value::map([("production", Value::from("secret-five-5"))]),
        );
        let pair = Value::map([
            ("name", Value::from("API_TOKEN")),
            ("value", "secret-two-2".into()),
        ]);
        let parts = [
            ("password", Value::from("secret-three-3")),
            ("host", "no-secret-2".into()),
        ];
        let config = [("env", Value::List(vec![pair])), ("db", Value::map(parts))];
        texts.add("config", &Value::map(config));
        let found: Vec<_> = texts.texts.iter().map(String::as_str).collect();
        assert_eq!(
            found,
            [
                "secret-five-5",
                "secret-four-4",
                "secret-one-1",
                "secret-three-3",
                "secret-two-2"
            ]
        );
        assert_eq!(format!("{texts:?}"), "SecretTexts(5)");
    }

    #[test]
    fn however_many_texts_there_are_they_are_found_in_one_walk() {
        let mut texts = SecretTexts::default();
        for number in 0..2 * MAX_TEXTS {
            texts.add("token", &format!("secret-{number:0200}").into());
        }
        assert_eq!(texts.texts.len(), MAX_TEXTS);
        let known = Known::new(&texts).unwrap();
        assert!(known.is_in(&format!("a text with secret-{:0200} in it", 7)));
        assert!(known.is_in(&format!("SECRET-{:0200}", 7)), "in any case");
        assert!(!known.is_in(&"secret-".repeat(100_000)));
        assert!(Known::new(&SecretTexts::default()).is_none());
    }

    #[test]
    fn the_longer_of_two_is_found_whole() {
        let mut texts = SecretTexts::default();
        texts.add(
            "token",
            &Value::List(vec!["hunter2-prod".into(), "hunter2-prod-eu".into()]),
        );
        let known = Known::new(&texts).unwrap();
        assert_eq!(
            known.ranges("(hunter2-prod-eu) hunter2-prod"),
            [1..16, 18..30]
        );
    }
}
