//! Replaces secrets by fingerprints.

use super::known::{Known, SecretTexts};
use super::name::{is_secret_number, is_setting, named};
use super::pair::is_below_name;
use super::shape::{self, credentials};
use super::{FINGERPRINT, Fingerprint, is_secret_by_name, is_secret_by_shape, secret_pair};
use crate::model::{Attributes, Value};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Replaces secrets by fingerprints, under a key of its own.
#[derive(Clone)]
pub struct Redactor {
    key: Hmac<Sha256>,
    /// Finds secrets by their text.
    known: Option<Known>,
    /// The texts that were redacted because of a name, if somebody collects them.
    pub(super) heard: Option<Arc<Mutex<SecretTexts>>>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(..)")
    }
}

impl Redactor {
    /// Creates the redactor of a key. On the server each installation has a key of its own.
    pub fn new(key: &[u8]) -> Self {
        // HMAC takes a key of any length; a failure here would be a broken library, and then nothing may be printed.
        match Hmac::new_from_slice(key) {
            Ok(key) => Self {
                key,
                known: None,
                heard: None,
            },
            Err(_) => unreachable!("HMAC takes a key of any length"),
        }
    }

    /// Returns a redactor that also collects the texts that it redacts because of a name, for `knowing`.
    #[must_use]
    pub fn listening(&self) -> Self {
        Self {
            heard: Some(Arc::default()),
            ..self.clone()
        }
    }

    /// Returns a redactor that also redacts these texts and the collected ones, wherever they occur; `None` where there
    /// are none.
    pub fn knowing<'a>(&self, texts: impl IntoIterator<Item = &'a SecretTexts>) -> Option<Self> {
        let mut all = SecretTexts::default();
        texts.into_iter().for_each(|texts| all.extend(texts));
        if let Some(heard) = &self.heard {
            all.extend(&heard.lock().unwrap_or_else(PoisonError::into_inner));
        }
        Some(Self {
            key: self.key.clone(),
            known: Some(Known::new(&all)?),
            heard: None,
        })
    }

    /// Computes the fingerprint of a secret. Null has none: that nothing is set is no secret.
    pub fn fingerprint(&self, value: &Value) -> Value {
        if value.is_null() {
            return Value::Null;
        }
        if let Value::Secret(_) = value {
            return value.clone();
        }
        // What is a number in code may be a text in the state, as in a map.
        let text = match value {
            Value::Number(number) => serde_json::to_vec(&number.to_string()),
            Value::Bool(flag) => serde_json::to_vec(&flag.to_string()),
            value => serde_json::to_vec(value),
        };
        let text = text.unwrap_or_default();
        let code = self.key.clone().chain_update(text).finalize().into_bytes();
        Value::Secret(Fingerprint(hex::encode(&code[..FINGERPRINT])))
    }

    /// Computes the fingerprint of a value that is a secret by its name, unless it only switches something.
    pub(super) fn seal_named(&self, value: Value) -> Value {
        match &value {
            Value::Bool(_) => return value,
            Value::String(text) if is_setting(text) => return value,
            _ => {}
        }
        self.hear(&value);
        self.fingerprint_known(value)
    }

    /// Collects a value that is a secret by its name, for `knowing`. Objects hold ids besides.
    pub(super) fn hear(&self, value: &Value) {
        if let Some(heard) = &self.heard
            && !matches!(value, Value::Map(_))
        {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.add_texts(value);
        }
    }

    fn knows(&self, text: &str) -> bool {
        self.known.as_ref().is_some_and(|known| known.is_in(text))
    }

    /// Returns whether any secret is known by its text.
    pub fn knows_texts(&self) -> bool {
        self.known.is_some()
    }

    /// Returns whether a value contains a secret that is known by its text.
    pub fn knows_any_of(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.knows(text),
            Value::List(items) => items.iter().any(|item| self.knows_any_of(item)),
            Value::Map(entries) => {
                let mut entries = entries.iter();
                entries.any(|(key, value)| self.knows(key) || self.knows_any_of(value))
            }
            _ => false,
        }
    }

    /// Replaces each credential, and each secret that is known by its text, by `(secret)`. The number of lines stays
    /// the same.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut found = credentials(text);
        if let Some(known) = &self.known {
            found.extend(known.ranges(text));
            found.sort_by_key(|range| (range.start, range.end));
        }
        match found.is_empty() {
            true => Cow::Borrowed(text),
            false => Cow::Owned(shape::without(text, found)),
        }
    }

    /// Computes the fingerprints of the known parts of a secret; unknown parts stay unknown.
    pub(super) fn fingerprint_known(&self, value: Value) -> Value {
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

    /// Replaces every value whose name or shape marks it as a secret, at any depth.
    pub fn redact(&self, attributes: Attributes) -> Attributes {
        let redacted = |(name, value): (String, Value)| {
            let value = self.redact_value(&name, value);
            (name, value)
        };
        attributes.into_iter().map(redacted).collect()
    }

    /// Replaces the secrets in one value of this name.
    pub fn redact_value(&self, name: &str, value: Value) -> Value {
        let policy = value.as_str().and_then(|text| self.without_tokens(text));
        match policy.map_or(value, Value::String) {
            value @ Value::String(_) if is_named_text(name, &value) => self.seal_named(value),
            Value::String(text) if is_secret_by_shape(name, &text) || self.knows(&text) => {
                self.hear_parts(&text);
                self.fingerprint(&Value::String(text))
            }
            Value::Number(number) => {
                let is_secret = named(name) || is_secret_number(name, &number.to_string());
                let value = Value::Number(number);
                match is_secret {
                    true => self.fingerprint(&value),
                    false => value,
                }
            }
            Value::List(items) => Value::List(
                items
                    .into_iter()
                    .map(|item| self.redact_value(name, item))
                    .collect(),
            ),
            value @ Value::Map(_) if named(name) && is_below_name(&value) => self.seal_below(value),
            Value::Map(entries) => {
                let pair = secret_pair(&entries);
                let entry = |(key, value): (String, Value)| {
                    let value = match pair.contains(&key.as_str()) {
                        true => self.seal_named(value),
                        false => self.redact_value(&key, value),
                    };
                    (self.seal_key(key), value)
                };
                Value::Map(entries.into_iter().map(entry).collect())
            }
            other => other,
        }
    }

    /// Redacts the key of a map.
    pub(super) fn seal_key(&self, key: String) -> String {
        match shape::holds_one(&key) || self.knows(&key) {
            true => match self.fingerprint(&key.as_str().into()) {
                Value::Secret(fingerprint) => fingerprint.to_string(),
                _ => shape::MASK.to_owned(),
            },
            false => key,
        }
    }
}

/// Returns whether a value is a text that is a secret by its name.
fn is_named_text(name: &str, value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| is_secret_by_name(name, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An unknown entry must not keep the rest of a value from being sealed.
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
        let (key, value) = sealed.as_map().unwrap().iter().next().unwrap();
        assert!(key.starts_with("(secret, fingerprint ") && *value == "web".into());
    }

    #[test]
    fn what_switches_something_is_no_secret_whatever_it_is_called() {
        let redactor = Redactor::new(b"key");
        let switches = Value::map([
            ("manage_master_user_password", Value::from(true)),
            ("has_password", "true".into()),
            ("http_token", "required".into()),
            ("password_length", 12.into()),
            ("card_pin", 12.into()),
        ]);
        assert_eq!(redactor.redact_value("tags", switches.clone()), switches);
        let pair = Value::map([("name", Value::from("HAS_TOKEN")), ("value", "no".into())]);
        assert_eq!(redactor.redact_value("environment", pair.clone()), pair);
        for (name, number) in [("Pass", 4711), ("card_pin", 4711), ("passcode", 12)] {
            let sealed = redactor.redact_value(name, number.into());
            assert_eq!(sealed, redactor.fingerprint(&number.to_string().into()));
        }
    }

    /// A name in one place marks the text in all places.
    #[test]
    fn a_named_secret_is_sealed_in_every_text_that_holds_it() {
        let redactor = Redactor::new(b"key").listening();
        assert!(redactor.knowing([]).is_none(), "there is none so far");
        redactor.redact_value("db_pass", "hunter2-prod".into());
        let knowing = redactor.knowing([]).unwrap();
        let text = Value::from("the shop's hunter2-prod, as ever");
        assert_eq!(redactor.redact_value("Note", text.clone()), text);
        let sealed = knowing.redact_value("Note", text.clone());
        assert_eq!(sealed, knowing.fingerprint(&text));
        let key = Value::map([("hunter2-prod", Value::from("a"))]);
        assert!(knowing.knows_any_of(&key) && !knowing.knows_any_of(&sealed));
        let sealed = knowing.redact_value("tags", key);
        assert!(!format!("{sealed:?}").contains("hunter2"));
        assert_eq!(
            knowing.mask("a hunter2-prod b\npwd=x;"),
            "a (secret) b\npwd=(secret);"
        );
        let masked = knowing.mask("nothing of the kind");
        assert!(matches!(masked, Cow::Borrowed(_)));
    }

    #[test]
    fn a_fingerprint_tells_change_and_nothing_else() {
        let redactor = Redactor::new(b"key");
        let fingerprint = redactor.redact_value("password", "hunter2".into());
        assert_eq!(
            fingerprint,
            redactor.redact_value("password", "hunter2".into())
        );
        assert_ne!(
            fingerprint,
            redactor.redact_value("password", "hunter3".into())
        );
        assert_ne!(
            fingerprint,
            Redactor::new(b"other").redact_value("password", "hunter2".into())
        );
        assert!(!format!("{fingerprint:?}{redactor:?}").contains("hunter2"));
    }
}
