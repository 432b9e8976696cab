//! Secrets: recognised where they are read, and replaced by a fingerprint before anything else sees them.

use super::{Attribute, Attributes, Schema, Shape, Value};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
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
                        let part = |(name, value): (String, Value)| {
                            let below = format!("{path}.{name}");
                            let value = self.seal_value(schema, parts.get(&name), &below, value);
                            (name, value)
                        };
                        Value::Map(entries.into_iter().map(part).collect())
                    }
                    other => self.redact_value(name, other),
                };
                Value::List(blocks.into_iter().map(block).collect())
            }
            (_, value) if value.is_empty() || value.has_unknown() => value,
            (_, value) if sensitive || named(name) => {
                self.fingerprint(&(schema.extra.form)(path, value))
            }
            (_, value) => self.redact_value(name, value),
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
            Value::String(ref text) if !text.is_empty() && (named(name) || shaped(text)) => {
                self.fingerprint(&value)
            }
            Value::List(items) => Value::List(
                items
                    .into_iter()
                    .map(|item| self.redact_value(name, item))
                    .collect(),
            ),
            Value::Map(entries) => Value::Map(self.redact(entries)),
            other => other,
        }
    }
}

/// Whether a name says that its value is a secret: by its last word or two, in any of the usual spellings.
fn named(name: &str) -> bool {
    // Each of the words and pairs below holds one of these; most names hold none, and a state has millions of names.
    const HINTS: &[&str] = &[
        "pass",
        "pwd",
        "secret",
        "token",
        "key",
        "credential",
        "data",
    ];
    let bytes = name.as_bytes();
    let hint = |hint: &&'static str| {
        let mut windows = bytes.windows(hint.len());
        windows.any(|window| window.eq_ignore_ascii_case(hint.as_bytes()))
    };
    if name.is_ascii() && !HINTS.iter().any(hint) {
        return false;
    }
    const WORDS: &[&str] = &[
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "token",
        "apikey",
        "credential",
        "credentials",
    ];
    const PAIRS: &[&str] = &[
        "api key",
        "private key",
        "secret key",
        "secret string",
        "access key",
        "auth key",
        "user data",
    ];
    let words = words(name);
    let last = words.last().map(String::as_str).unwrap_or_default();
    let pair = words[words.len().saturating_sub(2)..].join(" ");
    // The hash of user data that older providers keep is redacted as well: both sides are, so they still compare.
    WORDS.contains(&last) || PAIRS.contains(&pair.as_str()) || name == "user_data_base64"
}

/// The words of `db_password`, `dbPassword`, `DB-PASSWORD`, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        let starts = c.is_uppercase() && before.is_lowercase();
        if starts || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            let last = words.len() - 1;
            words[last].extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The length of the shortest credential that has a mark.
const SHORTEST: usize = 20;

/// Whether a text looks like a credential whatever it is called.
fn shaped(text: &str) -> bool {
    const MARKS: &[(&str, usize)] = &[
        ("ghp_", 36),
        ("gho_", 36),
        ("ghs_", 36),
        ("github_pat_", 40),
        ("glpat-", 20),
        ("xoxb-", 20),
        ("xoxp-", 20),
        ("AKIA", 16),
        ("sk_live_", 20),
    ];
    let body = |rest: &str| {
        let letters = rest.bytes();
        let letters = letters.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'));
        letters.count()
    };
    // One walk over the text: a state has millions of them.
    let marked = text.len() >= SHORTEST
        && text.bytes().enumerate().any(|(at, byte)| {
            matches!(byte, b'g' | b'x' | b'A' | b's' | b'-')
                && text.get(at..).is_some_and(|rest| {
                    let fits = |(mark, length): &(&str, usize)| {
                        rest.strip_prefix(mark)
                            .is_some_and(|rest| body(rest) >= *length)
                    };
                    MARKS.iter().any(fits)
                        || (rest.starts_with("-----BEGIN") && rest.contains("PRIVATE KEY-----"))
                })
        });
    marked || has_credentials(text)
}

/// Whether a text holds an address with a password in it: `postgres://user:password@host`.
fn has_credentials(text: &str) -> bool {
    text.match_indices("://").any(|(at, mark)| {
        let rest = &text[at + mark.len()..];
        let authority = rest.split(['/', '?', '#', ' ', '"', '\n']).next();
        let user = authority.and_then(|authority| authority.rsplit_once('@'));
        user.is_some_and(|(user, _)| {
            user.split_once(':')
                .is_some_and(|(_, word)| !word.is_empty())
        })
    })
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

    #[test]
    fn a_secret_is_known_by_its_name_or_its_shape() {
        for name in [
            "password",
            "master_password",
            "DB_PASSWORD",
            "apiToken",
            "user_data",
            "private_key",
        ] {
            assert!(named(name), "{name}");
        }
        for name in [
            "http_tokens",
            "kms_key_id",
            "password_wo_version",
            "secret_arn",
            "key_name",
            "Name",
        ] {
            assert!(!named(name), "{name}");
        }
        for text in [
            "-----BEGIN RSA PRIVATE KEY-----\nMII",
            "postgres://shop:hunter2@db/shop",
            "key AKIAIOSFODNN7EXAMPLE here",
        ] {
            assert!(shaped(text), "{text}");
        }
        for text in [
            "https://example.com/a:b@c",
            "AKIA",
            "t3.micro",
            "arn:aws:s3:::a",
        ] {
            assert!(!shaped(text), "{text}");
        }
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
