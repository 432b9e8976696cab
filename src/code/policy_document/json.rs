//! Writes JSON with its keys in their order, in the two forms in which the provider writes a policy.

use crate::code::functions::write_json_text;
use crate::model::Value;
use std::fmt::{self, Write};

/// A value of JSON, as far as policies need one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object, with its keys in their order.
    Object(Vec<(String, Json)>),
}

/// The form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A line for each value, indented by two spaces.
    Lines,
    /// Without blanks.
    Minified,
}

impl Json {
    /// Creates a list of strings.
    pub(super) fn texts(texts: Vec<String>) -> Self {
        Self::List(texts.into_iter().map(Self::Text).collect())
    }

    /// Creates an object of entries by key.
    pub(super) fn object<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let entries = entries.into_iter();
        Self::Object(entries.map(|(key, value)| (key.into(), value)).collect())
    }

    /// Writes the text.
    pub(super) fn write(&self, form: Form, to: &mut impl Write) -> fmt::Result {
        self.write_at(0, form, to)
    }

    fn write_at(&self, depth: usize, form: Form, to: &mut impl Write) -> fmt::Result {
        match self {
            Self::Text(text) => write_json_text(text, to),
            Self::List(items) if items.is_empty() => to.write_str("[]"),
            Self::Object(entries) if entries.is_empty() => to.write_str("{}"),
            Self::List(items) => {
                to.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    separate(at > 0, depth + 1, form, to)?;
                    item.write_at(depth + 1, form, to)?;
                }
                separate(false, depth, form, to)?;
                to.write_char(']')
            }
            Self::Object(entries) => {
                to.write_char('{')?;
                for (at, (key, value)) in entries.iter().enumerate() {
                    separate(at > 0, depth + 1, form, to)?;
                    write_json_text(key, to)?;
                    to.write_str(match form {
                        Form::Lines => ": ",
                        Form::Minified => ":",
                    })?;
                    value.write_at(depth + 1, form, to)?;
                }
                separate(false, depth, form, to)?;
                to.write_char('}')
            }
        }
    }

    /// Returns the value without the order of its keys.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::List(items) => Value::List(items.iter().map(Self::value).collect()),
            Self::Object(entries) => {
                let entries = entries.iter();
                Value::map(entries.map(|(key, value)| (key.as_str(), value.value())))
            }
        }
    }
}

/// Writes the separator before a value or a closing bracket: a comma after an earlier value, and a line break.
fn separate(is_behind: bool, depth: usize, form: Form, to: &mut impl Write) -> fmt::Result {
    if is_behind {
        to.write_char(',')?;
    }
    if form == Form::Lines {
        write!(to, "\n{:1$}", "", depth * 2)?;
    }
    Ok(())
}
