//! Texts and numbers that tell whether they were made from a part of a secret.
//!
//! A piece of a secret may be too short to be found by its text, and so may what is put together from such pieces. So the
//! mark goes with the text, through locals, lists, templates and functions, to the attribute that it ends in.

use super::number::Number;
use std::fmt;
use std::ops::Deref;

/// A text, and whether it was made from a part of a secret. Equal texts are equal, whatever they were made from.
#[derive(Debug, Clone, Default)]
pub(super) struct MarkedText {
    text: String,
    is_secret: bool,
}

impl MarkedText {
    /// The same text, made from a part of a secret.
    pub(super) fn of_secret(self) -> Self {
        Self {
            is_secret: true,
            ..self
        }
    }

    /// Whether it was made from a part of a secret.
    pub(super) fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Writes another text in its place, which is made from the same.
    pub(super) fn rewrite(&mut self, text: String) {
        self.text = text;
    }

    /// The text alone.
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
    /// The same number, marked where what it was made from is.
    pub(super) fn made_of(number: Number, is_secret: bool) -> Self {
        Self { number, is_secret }
    }

    /// Whether it was made from a part of a secret.
    pub(super) fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// The number alone.
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
