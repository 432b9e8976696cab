//! The parts of a type that a value of it may leave out.

use super::Value;
use std::collections::BTreeMap;

/// The optional attributes in a type, with their defaults.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OptionalParts {
    /// Of an object, each attribute that is optional or has optional parts.
    pub attributes: BTreeMap<String, OptionalAttribute>,
    /// Of a list, set or map, those of each element.
    pub of_elements: Option<Box<Self>>,
}

/// An attribute of an object's type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OptionalAttribute {
    /// What the attribute has where it is left out; `None` where it is required.
    pub default: Option<Value>,
    /// The optional parts of its own type.
    pub parts: OptionalParts,
}

impl OptionalParts {
    /// Returns whether nothing may be left out.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.of_elements.is_none()
    }

    /// Returns a value without the optional parts that have their defaults.
    #[must_use]
    pub fn trimmed(&self, value: &Value) -> Value {
        match value {
            Value::Map(entries) => {
                let kept = entries.iter().filter_map(|(name, value)| {
                    Some((name.clone(), self.trimmed_entry(name, value)?))
                });
                Value::map(kept)
            }
            Value::List(items) => match &self.of_elements {
                Some(of) => Value::List(items.iter().map(|item| of.trimmed(item)).collect()),
                None => value.clone(),
            },
            other => other.clone(),
        }
    }

    /// Returns an entry of a map, or an attribute of an object; `None` where it may be left out.
    fn trimmed_entry(&self, name: &str, value: &Value) -> Option<Value> {
        if let Some(of) = &self.of_elements {
            return Some(of.trimmed(value));
        }
        let Some(attribute) = self.attributes.get(name) else {
            return Some(value.clone());
        };
        let trimmed = attribute.parts.trimmed(value);
        let default = attribute.default.as_ref();
        let is_default = default.is_some_and(|default| attribute.parts.trimmed(default) == trimmed);
        (!is_default).then_some(trimmed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(attributes: &[(&str, Value, OptionalParts)]) -> OptionalParts {
        let attributes = attributes.iter().map(|(name, default, parts)| {
            let attribute = OptionalAttribute {
                default: Some(default.clone()),
                parts: parts.clone(),
            };
            ((*name).to_owned(), attribute)
        });
        OptionalParts {
            attributes: attributes.collect(),
            of_elements: None,
        }
    }

    #[test]
    fn what_has_its_default_is_left_out_and_what_differs_stays() {
        let none = OptionalParts::default;
        let empty = Value::map::<String>([]);
        let inner = object(&[("k", "dk".into(), none()), ("z", "dz".into(), none())]);
        let parts = object(&[("a", "da".into(), none()), ("n", empty.clone(), inner)]);
        let value = |k: &str| {
            let inner = Value::map([("k", Value::from(k)), ("z", "dz".into())]);
            Value::map([("a", Value::from("da")), ("n", inner), ("own", "x".into())])
        };
        let own = ("own", Value::from("x"));
        assert_eq!(parts.trimmed(&value("dk")), Value::map([own.clone()]));
        let changed = Value::map([("k", Value::from("new"))]);
        assert_eq!(
            parts.trimmed(&value("new")),
            Value::map([("n", changed), own])
        );
        assert_eq!(none().trimmed(&empty), empty);
    }
}
