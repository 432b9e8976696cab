//! The values of attributes, as Terraform has them.

use super::Fingerprint;
use super::secret::SEALED;
use super::value_map::{MapVisitor, ValueMap};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;

/// The value of an attribute. The order is for sets and maps, and means nothing to Terraform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Value {
    /// Not set.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number; whole numbers have no type of their own: 20 is 20.0.
    Number(Number),
    /// A text.
    String(String),
    /// A list, a tuple or a set.
    List(Vec<Value>),
    /// A map, an object or a block.
    Map(ValueMap),
    /// The fingerprint of a secret; the secret itself was discarded when it was read.
    Secret(Fingerprint),
    /// A value that the code alone does not determine. Only evaluated code has it, never state or AWS.
    Unknown,
}

/// A number, in one form for each value.
#[derive(Clone, PartialEq, Eq)]
pub struct Number(serde_json::Number);

impl Number {
    /// Parses a number as Terraform does: `20`, `20.0` and `2e1` are equal.
    pub fn parse(text: &str) -> Option<Self> {
        let number: serde_json::Number = text.trim().parse().ok()?;
        Some(number.into())
    }

    /// Returns the number as an integer, if it is whole.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.as_i64()
    }

    /// Returns the number as a floating-point number: for comparisons, never for money.
    pub fn as_f64(&self) -> Option<f64> {
        self.0.as_f64()
    }
}

impl From<serde_json::Number> for Number {
    fn from(number: serde_json::Number) -> Self {
        /// The largest integer up to which a double holds every integer.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match number.as_f64() {
            Some(float) if !number.is_i64() && float.fract() == 0.0 && float.abs() < EXACT => {
                Self((float as i64).into())
            }
            _ => Self(number),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let whole = |number: &Self| {
            let small = number.0.as_i64().map(i128::from);
            small.or_else(|| number.0.as_u64().map(i128::from))
        };
        match (whole(self), whole(other)) {
            (Some(left), Some(right)) => left.cmp(&right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => {
                let float = |number: &Self| number.as_f64().unwrap_or_default();
                float(self).total_cmp(&float(other))
            }
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Value {
    /// Creates a text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// Creates a map of these entries.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    }

    /// Returns the text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the whole number, if the value is one or a text that spells one.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            Self::String(text) => Number::parse(text)?.as_i64(),
            _ => None,
        }
    }

    /// Returns the truth value, if the value is one or a text that spells one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Returns the items, if the value is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the entries, if the value is a map.
    pub fn as_map(&self) -> Option<&ValueMap> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns an entry of a map, or null.
    pub fn get(&self, key: &str) -> &Value {
        self.as_map()
            .and_then(|entries| entries.get(key))
            .unwrap_or(&Value::Null)
    }

    /// Returns whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns whether the value is null, `""`, `[]` or `{}`: the provider does not distinguish these where a value is
    /// left out.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::String(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
            _ => false,
        }
    }

    /// Returns the text of a value, or the texts of a list.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let several = self.as_list().unwrap_or_default().iter();
        self.as_str()
            .into_iter()
            .chain(several.filter_map(Self::as_str))
    }

    /// Returns whether any part of the value is a secret, which a policy may hold in its text.
    pub fn has_secret(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::String(text) => text.starts_with('{') && text.contains(SEALED),
            Self::List(items) => items.iter().any(Self::has_secret),
            Self::Map(entries) => entries.values().any(Self::has_secret),
            _ => false,
        }
    }

    /// Returns whether any part of the value is unknown.
    pub fn has_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::List(items) => items.iter().any(Self::has_unknown),
            Self::Map(entries) => entries.values().any(Self::has_unknown),
            _ => false,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(serde_json::Number::from(value).into())
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        i64::from(value).into()
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::text(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Number(number.into()),
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(items) => items.into(),
            serde_json::Value::Object(entries) => {
                Self::map(entries.into_iter().map(|(key, value)| (key, value.into())))
            }
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null | Self::Unknown => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.0.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Map(entries) => serializer.collect_map(entries),
            Self::Secret(fingerprint) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("fingerprint", fingerprint)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

/// Deserializes a value in one pass: a state holds millions of them.
struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(serde_json::Number::from(value).into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        let number = serde_json::Number::from_f64(value);
        Ok(number.map_or(Value::Null, |number| Value::Number(number.into())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        list.shrink_to_fit();
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Value, A::Error> {
        MapVisitor.visit_map(entries).map(Value::Map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form() {
        let read = |text| Number::parse(text).unwrap();
        assert_eq!(read("20"), read("20.0"));
        assert_eq!(read("20"), read("2e1"));
        assert_ne!(read("20"), read("20.5"));
    }

    #[test]
    fn numbers_are_ordered_as_they_are_equal() {
        let texts = ["-3", "0", "2", "18446744073709551615", "0.5", "1e300"];
        let numbers = texts.map(|text| Number::parse(text).unwrap());
        assert!(numbers.is_sorted());
        for number in &numbers {
            for other in &numbers {
                assert_eq!(
                    number.cmp(other) == Ordering::Equal,
                    number == other,
                    "{number} {other}"
                );
            }
        }
    }
}
