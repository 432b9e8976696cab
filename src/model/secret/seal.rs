//! Redacts the secrets of a resource: by the provider's schema in code, state and AWS, by the state's own marks in AWS.

use super::name::{is_setting, named};
use super::{Redactor, secret_pair};
use crate::model::{Attribute, Attributes, Schema, Shape, Type, Value};
use std::collections::BTreeSet;

impl Redactor {
    /// Replaces every secret of a resource: what the provider's schema marks as sensitive, and what a name or shape
    /// marks. Values are normalized first, so that fingerprints compare as values do.
    pub fn seal(&self, schema: Option<&Schema>, attributes: Attributes) -> Attributes {
        let Some(schema) = schema else {
            return self.redact(attributes);
        };
        let sealed = |(name, value): (String, Value)| {
            let known = schema.attributes.get(&name);
            let value = self.seal_value(schema, known, &name, value);
            (name, value)
        };
        attributes.into_iter().map(sealed).collect()
    }

    /// Redacts one attribute, at a path without indexes.
    fn seal_value(
        &self,
        schema: &Schema,
        known: Option<&Attribute>,
        path: &str,
        value: Value,
    ) -> Value {
        let name = path.rsplit('.').next().unwrap_or(path);
        let sensitive = known.is_some_and(|known| known.sensitive);
        match (known.map(|known| &known.shape), value) {
            (Some(Shape::Block(_, parts)), Value::List(blocks)) => {
                let block = |block: Value| match block {
                    Value::Map(entries) => {
                        let pair = secret_pair(&entries);
                        let part = |(name, value): (String, Value)| {
                            let below = format!("{path}.{name}");
                            let value = match pair.contains(&name.as_str()) {
                                true => self.seal_named(value),
                                false => self.seal_value(schema, parts.get(&name), &below, value),
                            };
                            (name, value)
                        };
                        Value::Map(entries.into_iter().map(part).collect())
                    }
                    other => self.redact_value(name, other),
                };
                Value::List(blocks.into_iter().map(block).collect())
            }
            (_, value) if value.is_empty() => value,
            (shape, value) if !sensitive && is_switch(shape, &value) && named(name) => value,
            (_, value) if sensitive || named(name) => {
                // What only the schema calls a secret may be anything, such as an image's id in a parameter.
                if named(name) {
                    self.hear(&value);
                }
                match value.has_unknown() {
                    true => self.fingerprint_known(value),
                    false => self.fingerprint(&(schema.rules.normalize)(path, value)),
                }
            }
            (_, value) => self.redact_value(name, value),
        }
    }

    /// Redacts in the value of an attribute each text, and each number, that the code made from a part of a secret.
    pub fn seal_made(
        &self,
        schema: Option<&Schema>,
        name: &str,
        value: Value,
        derived: &BTreeSet<String>,
    ) -> Value {
        match value {
            Value::String(ref text) if derived.contains(text) => {
                let form = schema.map(|schema| (schema.rules.normalize)(name, value.clone()));
                self.fingerprint(&form.unwrap_or(value))
            }
            value => self.seal_parts_made(value, derived),
        }
    }

    fn seal_parts_made(&self, value: Value, derived: &BTreeSet<String>) -> Value {
        match value {
            Value::String(ref text) if derived.contains(text) => self.fingerprint(&value),
            Value::Number(ref number) if derived.contains(&number.to_string()) => {
                self.fingerprint(&value)
            }
            Value::List(items) => {
                let items = items.into_iter();
                Value::List(
                    items
                        .map(|item| self.seal_parts_made(item, derived))
                        .collect(),
                )
            }
            Value::Map(entries) => {
                let entries = entries.into_iter();
                let sealed =
                    entries.map(|(key, value)| (key, self.seal_parts_made(value, derived)));
                Value::Map(sealed.collect())
            }
            other => other,
        }
    }

    /// Redacts in AWS's answer what the state holds as a secret: its marks are the only sign of some.
    pub fn seal_as_recorded(
        &self,
        schema: Option<&Schema>,
        recorded: &Attributes,
        live: &mut Attributes,
    ) {
        for (name, value) in live.iter_mut() {
            match recorded.get(name) {
                Some(Value::Secret(_)) if !value.is_empty() => {
                    let plain = std::mem::take(value);
                    let form = schema.map(|schema| (schema.rules.normalize)(name, plain.clone()));
                    *value = self.fingerprint(&form.unwrap_or(plain));
                }
                Some(recorded) if recorded.has_secret() => self.seal_like(recorded, value),
                _ => {}
            }
        }
    }

    /// Redacts in a value what is a secret in the one that it is compared with. If the items of lists cannot be
    /// matched, a secret in one item makes it a secret in all.
    fn seal_like(&self, recorded: &Value, value: &mut Value) {
        match (recorded, value) {
            (Value::Secret(_), value) if !value.is_empty() => *value = self.fingerprint(value),
            (Value::Map(recorded), Value::Map(entries)) => {
                for (key, value) in entries.iter_mut() {
                    if let Some(recorded) = recorded.get(key) {
                        self.seal_like(recorded, value);
                    }
                }
            }
            (Value::List(recorded), Value::List(items)) => {
                let secret = recorded.iter().filter(|recorded| recorded.has_secret());
                let secret: Vec<_> = secret.collect();
                for item in items {
                    secret
                        .iter()
                        .for_each(|recorded| self.seal_like(recorded, item));
                }
            }
            _ => {}
        }
    }
}

/// Returns whether a value only switches or counts something, though its name is one of a secret:
/// `manage_master_user_password`.
fn is_switch(shape: Option<&Shape>, value: &Value) -> bool {
    match value {
        Value::Bool(_) => true,
        Value::Number(_) => matches!(shape, Some(Shape::Plain(Type::Number))),
        Value::String(text) => is_setting(text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_state_calls_a_secret_is_one_in_aws_as_well() {
        let redactor = Redactor::new(b"key");
        let secret = |text: &str| redactor.fingerprint(&text.into());
        let recorded = Attributes::from([
            (
                "tags_all".to_owned(),
                Value::map([("Oncall", secret("+1 555"))]),
            ),
            ("description".to_owned(), secret("quiet")),
            (
                "rule".to_owned(),
                Value::List(vec![Value::map([
                    ("header", secret("x")),
                    ("id", 1.into()),
                ])]),
            ),
        ]);
        let block = |header: &str| Value::map([("header", header.into()), ("id", 1.into())]);
        let mut live = Attributes::from([
            (
                "tags_all".to_owned(),
                Value::map([("Oncall", "+1 555".into()), ("Team", Value::from("shop"))]),
            ),
            ("description".to_owned(), "loud".into()),
            ("rule".to_owned(), Value::List(vec![block("y"), block("x")])),
        ]);
        redactor.seal_as_recorded(None, &recorded, &mut live);
        assert_eq!(live["tags_all"].get("Oncall"), &secret("+1 555"));
        assert_eq!(live["tags_all"].get("Team"), &"shop".into());
        assert_eq!(live["description"], secret("loud"));
        let rules = live["rule"].as_list().unwrap();
        assert_eq!(rules[0].get("header"), &secret("y"));
        assert_eq!(rules[1].get("header"), &secret("x"));
        assert_eq!(rules[1].get("id"), &1.into());
    }
}
