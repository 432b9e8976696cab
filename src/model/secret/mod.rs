//! Secrets: recognised where they are read, and replaced by a fingerprint before anything else sees them.

mod assignment;
mod mask;
mod name;
mod shape;

pub use mask::{mask_json, without_values};
pub use shape::{credentials, masked};

use super::{Attribute, Attributes, Schema, Shape, Value};
use hmac::{Hmac, KeyInit, Mac};
use name::{is_about_keys, named};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fmt;

/// What stands for a secret: equal for equal secrets under one key, and of no use without the key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(secret, fingerprint {})", self.0)
    }
}

/// Turns secrets into fingerprints, under a key of its own.
#[derive(Clone)]
pub struct Redactor(Hmac<Sha256>);

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(..)")
    }
}

impl Redactor {
    /// One key's redactor. On the server each installation has a key of its own.
    pub fn new(key: &[u8]) -> Self {
        // HMAC takes a key of any length; a failure here would be a broken library, and then nothing may be printed.
        match Hmac::new_from_slice(key) {
            Ok(hmac) => Self(hmac),
            Err(_) => unreachable!("HMAC takes a key of any length"),
        }
    }

    /// The fingerprint of a secret. Null has none: that nothing is set is no secret.
    pub fn fingerprint(&self, value: &Value) -> Value {
        if value.is_null() {
            return Value::Null;
        }
        if let Value::Secret(_) = value {
            return value.clone();
        }
        let text = serde_json::to_vec(value).unwrap_or_default();
        let code = self.0.clone().chain_update(text).finalize().into_bytes();
        Value::Secret(Fingerprint(hex::encode(&code[..12])))
    }

    /// Replaces every secret of a resource: what the provider's schema calls sensitive, and what name or shape gives
    /// away. The equal forms of a secret are brought to one first, so that fingerprints compare as values do.
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

    /// The same for one attribute, at a path without indexes.
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
                                true => self.fingerprint_known(value),
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
            (_, value) if sensitive || named(name) => match value.has_unknown() {
                true => self.fingerprint_known(value),
                false => self.fingerprint(&(schema.extra.form)(path, value)),
            },
            (_, value) => self.redact_value(name, value),
        }
    }

    /// The fingerprints of all parts of a secret of which the code does not tell some: those stay unknown.
    fn fingerprint_known(&self, value: Value) -> Value {
        match value {
            Value::Unknown => Value::Unknown,
            Value::List(items) => Value::List(
                items
                    .into_iter()
                    .map(|item| self.fingerprint_known(item))
                    .collect(),
            ),
            Value::Map(entries) => {
                let entry = |(key, value)| (self.seal_key(key), self.fingerprint_known(value));
                Value::Map(entries.into_iter().map(entry).collect())
            }
            value if value.is_empty() => value,
            value => self.fingerprint(&value),
        }
    }

    /// Replaces in what AWS answers what a state holds as a secret: its marks are the only sign of some.
    pub fn seal_as_recorded(
        &self,
        schema: Option<&Schema>,
        recorded: &Attributes,
        live: &mut Attributes,
    ) {
        for (name, value) in live {
            match recorded.get(name) {
                Some(Value::Secret(_)) if !value.is_empty() => {
                    let plain = std::mem::take(value);
                    let form = schema.map(|schema| (schema.extra.form)(name, plain.clone()));
                    *value = self.fingerprint(&form.unwrap_or(plain));
                }
                Some(recorded) if recorded.has_secret() => self.seal_like(recorded, value),
                _ => {}
            }
        }
    }

    /// Replaces in a value what is a secret in the one that it is compared with. Where the items of lists cannot be told
    /// apart, what is secret in one of them is in all.
    fn seal_like(&self, recorded: &Value, value: &mut Value) {
        match (recorded, value) {
            (Value::Secret(_), value) if !value.is_empty() => *value = self.fingerprint(value),
            (Value::Map(recorded), Value::Map(entries)) => {
                for (key, value) in entries {
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

    /// Replaces every value whose name or shape gives it away, at any depth.
    pub fn redact(&self, attributes: Attributes) -> Attributes {
        let redacted = |(name, value): (String, Value)| {
            let value = self.redact_value(&name, value);
            (name, value)
        };
        attributes.into_iter().map(redacted).collect()
    }

    /// The same for one value of this name.
    pub fn redact_value(&self, name: &str, value: Value) -> Value {
        match value {
            Value::String(ref text) if is_secret(name, text) => self.fingerprint(&value),
            // Maps hold texts in a state, whatever code writes: their fingerprints must be those of texts.
            Value::Number(ref number) if named(name) => {
                self.fingerprint(&number.to_string().into())
            }
            Value::List(items) => Value::List(
                items
                    .into_iter()
                    .map(|item| self.redact_value(name, item))
                    .collect(),
            ),
            Value::Map(entries) => {
                let pair = secret_pair(&entries);
                let entry = |(key, value): (String, Value)| {
                    let value = match pair.contains(&key.as_str()) {
                        true => self.fingerprint_known(value),
                        false => self.redact_value(&key, value),
                    };
                    (self.seal_key(key), value)
                };
                Value::Map(entries.into_iter().map(entry).collect())
            }
            other => other,
        }
    }

    /// A key that is no secret itself.
    fn seal_key(&self, key: String) -> String {
        match shape::holds_one(&key) {
            true => match self.fingerprint(&key.as_str().into()) {
                Value::Secret(fingerprint) => fingerprint.to_string(),
                _ => shape::MASK.to_owned(),
            },
            false => key,
        }
    }
}

/// Whether a text is a secret, or holds one: by its name, or by its shape.
fn is_secret(name: &str, text: &str) -> bool {
    !text.is_empty()
        && (named(name)
            || shape::holds_one(text)
            || (is_half_of_a_key(text) && is_about_keys(name)))
}

/// The length of AWS's secret access keys.
const SECRET_ACCESS_KEY: usize = 40;

/// Whether a text may be a secret access key of AWS's. Alone it may as well be something else.
fn is_half_of_a_key(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+');
    text.len() == SECRET_ACCESS_KEY
        && text.bytes().all(fits)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}

/// The entries that hold the secret of a pair such as `{ name = "DB_PASS", value = "..." }`.
fn secret_pair(entries: &BTreeMap<String, Value>) -> &'static [&'static str] {
    const NAMES: &[&str] = &["name", "Name", "key", "Key"];
    const VALUES: &[&str] = &["value", "Value", "values", "Values"];
    let text = |name: &&str| entries.get(*name).and_then(Value::as_str);
    let has_value = || VALUES.iter().any(|name| entries.contains_key(*name));
    match has_value() && NAMES.iter().filter_map(text).any(named) {
        true => VALUES,
        false => &[],
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

    /// What is unknown in it must not keep the rest of a value from being sealed.
    #[test]
    fn a_map_with_one_unknown_entry_is_sealed_entry_by_entry() {
        let redactor = Redactor::new(b"key");
        let tags = Value::map([
            ("Token", Value::from("hunter2")),
            ("Note", "Server=db;Pwd=hunter2;".into()),
            ("Pass", 4711.into()),
            ("Env", Value::Unknown),
            ("Name", "web".into()),
        ]);
        let sealed = redactor.redact_value("tags", tags.clone());
        let secret = |text: &str| redactor.fingerprint(&text.into());
        assert_eq!(sealed.get("Token"), &secret("hunter2"));
        assert_eq!(sealed.get("Note"), &secret("Server=db;Pwd=hunter2;"));
        assert_eq!(sealed.get("Pass"), &secret("4711"));
        assert_eq!(sealed.get("Env"), &Value::Unknown);
        assert_eq!(sealed.get("Name"), &"web".into());
        let whole = redactor.fingerprint_known(Value::List(vec![tags, Value::Unknown]));
        let Value::List(items) = &whole else {
            panic!("{whole:?}");
        };
        assert_eq!(items[0].get("Name"), &secret("web"));
        assert_eq!(items[0].get("Env"), &Value::Unknown);
        assert_eq!(items[1], Value::Unknown);
    }

    #[test]
    fn a_secret_is_sealed_as_a_key_and_as_half_of_a_pair() {
        let redactor = Redactor::new(b"key");
        let pair = Value::map([("name", Value::from("DB_PASS")), ("value", "x1".into())]);
        let sealed = redactor.redact_value("environment", Value::List(vec![pair]));
        let sealed = &sealed.as_list().unwrap()[0];
        assert_eq!(sealed.get("value"), &redactor.fingerprint(&"x1".into()));
        assert_eq!(sealed.get("name"), &"DB_PASS".into());
        let keys = Value::map([("AKIAIOSFODNN7EXAMPLE", Value::from("web"))]);
        let sealed = redactor.redact_value("tags", keys);
        let (key, value) = sealed.as_map().unwrap().first_key_value().unwrap();
        assert!(key.starts_with("(secret, fingerprint ") && *value == "web".into());
    }

    #[test]
    fn a_fingerprint_tells_change_and_nothing_else() {
        let redactor = Redactor::new(b"key");
        let one = redactor.redact_value("password", "hunter2".into());
        assert_eq!(one, redactor.redact_value("password", "hunter2".into()));
        assert_ne!(one, redactor.redact_value("password", "hunter3".into()));
        assert_ne!(
            one,
            Redactor::new(b"other").redact_value("password", "hunter2".into())
        );
        assert!(!format!("{one:?}{redactor:?}").contains("hunter2"));
    }
}
