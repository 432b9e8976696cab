//! Represents a value with its type, as Terraform's functions and operators do.

use super::marked_text::{MarkedNumber, MarkedText};
use super::number::Number;
use super::types::Type;
use crate::model::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A value with its type, as far as that is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Typed {
    /// Not set.
    Null(Type),
    /// Not determined by the code alone.
    Unknown(Type),
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(MarkedNumber),
    /// A text.
    String(MarkedText),
    /// In order, all of this type.
    List(Type, Vec<Typed>),
    /// In the order of the set, each once, all of this type.
    Set(Type, Vec<Typed>),
    /// By key, all of this type.
    Map(Type, BTreeMap<String, Typed>),
    /// In order, each of its own type.
    Tuple(Vec<Typed>),
    /// By name, each of its own type.
    Object(BTreeMap<String, Typed>),
}

impl Typed {
    /// An unknown value of unknown type.
    pub(super) const UNKNOWN: Self = Self::Unknown(Type::Any);
    /// `null` of no particular type.
    pub(super) const NULL: Self = Self::Null(Type::Any);

    /// Creates a string in Unicode's normal form, so that equal strings have equal bytes.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::String(Self::key(text.into()).into())
    }

    /// Normalizes a key as strings are.
    pub(super) fn key(key: String) -> String {
        if key.is_ascii() || is_nfc(&key) {
            key
        } else {
            key.nfc().collect()
        }
    }

    /// Creates a number from a count.
    pub(super) fn count(number: usize) -> Self {
        Number::count(i64::try_from(number).unwrap_or(i64::MAX)).into()
    }

    /// Creates a list of strings.
    pub(super) fn texts(texts: impl IntoIterator<Item = String>) -> Self {
        Self::List(Type::String, texts.into_iter().map(Self::text).collect())
    }

    /// Creates an object of these attributes.
    pub(super) fn object<const N: usize>(attributes: [(&str, Self); N]) -> Self {
        Self::Object(
            attributes
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        )
    }

    /// Returns the type.
    pub(super) fn kind(&self) -> Type {
        match self {
            Self::Null(kind) | Self::Unknown(kind) => kind.clone(),
            Self::Bool(_) => Type::Bool,
            Self::Number(_) => Type::Number,
            Self::String(_) => Type::String,
            Self::List(element, _) => Type::list(element.clone()),
            Self::Set(element, _) => Type::set(element.clone()),
            Self::Map(element, _) => Type::map(element.clone()),
            Self::Tuple(items) => Type::Tuple(items.iter().map(Self::kind).collect()),
            Self::Object(entries) => Type::object(
                entries
                    .iter()
                    .map(|(name, value)| (name.clone(), value.kind())),
            ),
        }
    }

    /// Returns the text, where it is one.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the number, where it is one.
    pub(super) fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Returns the elements of a list, a set or a tuple.
    pub(super) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(_, items) | Self::Set(_, items) | Self::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the entries of a map or an object.
    pub(super) fn entries(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Map(_, entries) | Self::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns whether it is not set.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null(_))
    }

    /// Returns whether all of it is unknown.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// Returns whether any part of it is unknown.
    pub(super) fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::List(_, items) | Self::Set(_, items) | Self::Tuple(items) => {
                items.iter().any(Self::has_unknown)
            }
            Self::Map(_, entries) | Self::Object(entries) => {
                entries.values().any(Self::has_unknown)
            }
            _ => false,
        }
    }

    /// Marks every text and number in it as made from a part of a secret.
    pub(super) fn of_secret(self) -> Self {
        let all = |items: Vec<Self>| items.into_iter().map(Self::of_secret).collect();
        let each = |entries: BTreeMap<String, Self>| {
            let entries = entries.into_iter();
            entries
                .map(|(key, value)| (key, value.of_secret()))
                .collect()
        };
        match self {
            Self::String(text) => Self::String(text.of_secret()),
            Self::Number(number) => Self::Number(MarkedNumber::made_of(number.into_number(), true)),
            Self::List(element, items) => Self::List(element, all(items)),
            Self::Set(element, items) => Self::Set(element, all(items)),
            Self::Tuple(items) => Self::Tuple(all(items)),
            Self::Map(element, entries) => Self::Map(element, each(entries)),
            Self::Object(entries) => Self::Object(each(entries)),
            other => other,
        }
    }

    /// Passes on each text that was made from a part of a secret; of a number that was, its digits.
    pub(super) fn secret_texts(&self, found: &mut impl FnMut(&str)) {
        match self {
            Self::String(text) if text.is_secret() => found(text),
            Self::Number(number) if number.is_secret() => found(&number.to_string()),
            Self::List(_, items) | Self::Set(_, items) | Self::Tuple(items) => {
                items.iter().for_each(|item| item.secret_texts(found));
            }
            Self::Map(_, entries) | Self::Object(entries) => {
                entries.values().for_each(|value| value.secret_texts(found));
            }
            _ => {}
        }
    }

    /// Returns whether any text or number in it was made from a part of a secret.
    pub(super) fn has_secret_text(&self) -> bool {
        let mut has = false;
        self.secret_texts(&mut |_| has = true);
        has
    }

    /// Returns a primitive value as a string; `None` for null, unknown values and collections.
    pub(super) fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::String(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
            _ => None,
        }
    }

    /// Returns the value without types, as it is compared with state and AWS.
    pub(super) fn plain(&self) -> Value {
        let items = |items: &[Self]| Value::List(items.iter().map(Self::plain).collect());
        match self {
            Self::Null(_) => Value::Null,
            Self::Unknown(_) => Value::Unknown,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Number(number) => (&**number).into(),
            Self::String(text) => Value::text(&**text),
            Self::List(_, all) | Self::Set(_, all) | Self::Tuple(all) => items(all),
            Self::Map(_, entries) | Self::Object(entries) => Value::map(
                entries
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.plain())),
            ),
        }
    }

    /// Converts a JSON value to objects and tuples.
    pub(super) fn of_json(value: Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(flag) => Self::Bool(flag),
            Value::Number(number) => Number::from(&number).into(),
            Value::String(text) => Self::text(text),
            Value::List(items) => Self::Tuple(items.into_iter().map(Self::of_json).collect()),
            Value::Map(entries) => Self::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (Self::key(key), Self::of_json(value)))
                    .collect(),
            ),
            Value::Secret(_) | Value::Unknown => Self::UNKNOWN,
        }
    }

    /// Converts a value of the state. Lists and maps of strings are recognized; other values get the types that they
    /// seem to have. A secret is unknown.
    pub(super) fn of_state(value: &Value) -> Self {
        let is_text = |value: &Value| matches!(value, Value::String(_) | Value::Secret(_));
        match value {
            Value::List(items) => {
                let all_texts = !items.is_empty() && items.iter().all(is_text);
                let items = items.iter().map(Self::of_state).collect();
                if all_texts {
                    Self::List(Type::String, items)
                } else {
                    Self::Tuple(items)
                }
            }
            Value::Map(entries) => {
                let all_texts = !entries.is_empty() && entries.values().all(is_text);
                let entry = |(key, value): (&String, &Value)| (key.clone(), Self::of_state(value));
                let entries = entries.iter().map(entry).collect();
                if all_texts {
                    Self::Map(Type::String, entries)
                } else {
                    Self::Object(entries)
                }
            }
            plain => Self::of_json(plain.clone()),
        }
    }
}

impl From<bool> for Typed {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<MarkedNumber> for Typed {
    fn from(number: MarkedNumber) -> Self {
        Self::Number(number)
    }
}

impl From<Number> for Typed {
    fn from(number: Number) -> Self {
        Self::Number(number.into())
    }
}
