//! Texts and numbers that tell whether they were made from a part of a secret.
//!
//! A part of a secret may be too short to be recognized by its text. So the mark goes with the string, through locals,
//! lists, templates and functions, to the attribute that holds it.

use super::number::Number;
use std::fmt;
use std::ops::Deref;

/// A string, and whether it was computed from a part of a secret. The mark does not count in comparisons.
#[derive(Debug, Clone, Default)]
pub(super) struct MarkedText {
    text: String,
    is_secret: bool,
}

impl MarkedText {
    /// Marks the string.
    pub(super) fn of_secret(self) -> Self {
        Self {
            is_secret: true,
            ..self
        }
    }

    /// Returns whether the string is marked.
    pub(super) fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Replaces the text and keeps the mark.
    pub(super) fn rewrite(&mut self, text: String) {
        self.text = text;
    }

    /// Returns the text without the mark.
    pub(super) fn into_string(self) -> String {
        self.text
    }
}

impl From<String> for MarkedText {
    fn from(text: String) -> Self {
        Self {
            text,
            is_secret: false,
        }
    }
}

impl PartialEq for MarkedText {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Deref for MarkedText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// A number, and whether it was made from a part of a secret. Equal numbers are equal, whatever they were made from.
#[derive(Debug, Clone)]
pub(super) struct MarkedNumber {
    number: Number,
    is_secret: bool,
}

impl MarkedNumber {
    /// Creates a number that is marked where what it was made from is.
    pub(super) fn made_of(number: Number, is_secret: bool) -> Self {
        Self { number, is_secret }
    }

    /// Returns whether it was made from a part of a secret.
    pub(super) fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Returns the number without the mark.
    pub(super) fn into_number(self) -> Number {
        self.number
    }
}

impl From<Number> for MarkedNumber {
    fn from(number: Number) -> Self {
        Self::made_of(number, false)
    }
}

impl fmt::Display for MarkedNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}

impl PartialEq for MarkedNumber {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Deref for MarkedNumber {
    type Target = Number;

    fn deref(&self) -> &Number {
        &self.number
    }
}
