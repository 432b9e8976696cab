//! Texts of JSON that code writes, such as dashboards, state machines and event patterns.

use super::{Part, PolicyForm, Value};

/// A text of JSON that is written in code.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonCode {
    /// The form in which it is written; never `Document`.
    pub form: PolicyForm,
    /// Its object or list.
    pub root: JsonPart,
}

/// A part of a text of JSON, with its bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonPart {
    /// A literal, or an expression that makes any value.
    Value(Part),
    /// An object: its bytes, and its entries in order, each key once.
    Object((usize, usize), Vec<(String, JsonPart)>),
    /// A list: its bytes, and its items.
    List((usize, usize), Vec<JsonPart>),
}

impl JsonPart {
    /// Returns its value, unknown where the code alone does not determine it.
    pub fn value(&self) -> Value {
        match self {
            Self::Value(part) => part.value.clone(),
            Self::Object(_, entries) => {
                let entries = entries.iter();
                Value::map(entries.map(|(key, part)| (key.as_str(), part.value())))
            }
            Self::List(_, items) => Value::List(items.iter().map(Self::value).collect()),
        }
    }

    /// Returns its bytes.
    pub fn span(&self) -> (usize, usize) {
        match self {
            Self::Value(part) => part.span,
            Self::Object(span, _) | Self::List(span, _) => *span,
        }
    }

    /// Calls `visit` with each literal or expression in it.
    pub fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Part)) {
        match self {
            Self::Value(part) => visit(part),
            Self::Object(_, entries) => entries.iter().for_each(|(_, part)| part.each(visit)),
            Self::List(_, items) => items.iter().for_each(|part| part.each(visit)),
        }
    }

    /// Returns the number of bytes that its objects and lists take besides their values.
    pub fn size(&self) -> usize {
        let own = size_of::<Self>();
        own + match self {
            Self::Value(_) => 0,
            Self::Object(_, entries) => {
                let entries = entries.iter();
                let sizes =
                    entries.map(|(key, part)| size_of::<String>() + key.len() + part.size());
                sizes.sum()
            }
            Self::List(_, items) => items.iter().map(Self::size).sum(),
        }
    }
}
