//! Replaces secrets whose name stands further out than right beside them: below a name, in a text of JSON, in a policy.

use super::name::named;
use super::pair::{is_said_elsewhere, parsed};
use super::{Redactor, shape, shared_token};
use crate::model::Value;
use std::sync::PoisonError;

/// What an object calls beside its secret and tells nothing of it: where it is used, and by whom.
const BESIDE: &[&str] = &[
    "database", "dbname", "endpoint", "engine", "host", "hostname", "port", "region", "user",
    "username",
];

impl Redactor {
    /// Replaces everything below the name of a secret, at any depth. Beside what is called a secret itself, as a password in
    /// `credentials`, an address and a user are none.
    pub(super) fn seal_below(&self, value: Value) -> Value {
        match value {
            Value::List(items) => {
                let items = items.into_iter();
                Value::List(items.map(|item| self.seal_below(item)).collect())
            }
            Value::Map(entries) => {
                let names_its_own = entries.keys().any(|key| named(key));
                let entry = |(key, value): (String, Value)| {
                    let is_beside = names_its_own && BESIDE.contains(&&*key.to_ascii_lowercase());
                    let value = match is_beside {
                        true => self.redact_value(&key, value),
                        false => self.seal_below(value),
                    };
                    (self.seal_key(key), value)
                };
                Value::Map(entries.into_iter().map(entry).collect())
            }
            Value::String(ref text) if is_said_elsewhere(text) => value,
            Value::String(_) | Value::Number(_) => {
                self.hear(&value);
                self.fingerprint(&value)
            }
            other => other,
        }
    }

    /// Returns a policy with the tokens of its conditions replaced; `None` where it has none.
    pub(super) fn without_tokens(&self, text: &str) -> Option<String> {
        shared_token::sealed(text, &|token| {
            let token = Value::from(token);
            self.hear(&token);
            match self.fingerprint(&token) {
                Value::Secret(fingerprint) => fingerprint.to_string(),
                _ => shape::MASK.to_owned(),
            }
        })
    }

    /// Collects what is a secret by a name in a text of JSON.
    pub(super) fn hear_parts(&self, text: &str) {
        if let Some(heard) = &self.heard
            && let Some(value) = parsed(text)
        {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.add("", &value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DynamoDB wraps each value by its type, and then the name stands further out.
    #[test]
    fn a_name_seals_whatever_stands_below_it() {
        let redactor = Redactor::new(b"key").listening();
        let wrapped = |text: &str| Value::map([("S", Value::from(text))]);
        let item = Value::map([
            ("id", wrapped("1")),
            ("secret", wrapped("hunter2-prod")),
            (
                "token",
                Value::map([("M", Value::map([("a", wrapped("x1"))]))]),
            ),
        ]);
        let sealed = redactor.redact_value("item", item);
        let secret = |text: &str| redactor.fingerprint(&text.into());
        assert_eq!(sealed.get("id"), &wrapped("1"));
        assert_eq!(sealed.get("secret").get("S"), &secret("hunter2-prod"));
        assert_eq!(
            sealed.get("token").get("M").get("a").get("S"),
            &secret("x1")
        );
        let database = Value::map([
            ("host", Value::from("db.example.com")),
            ("Port", 5432.into()),
            ("password", "hunter4-prod".into()),
            ("note", "hunter5-prod".into()),
        ]);
        let sealed = redactor.redact_value("db_credentials", database);
        assert_eq!(sealed.get("host"), &"db.example.com".into());
        assert_eq!(sealed.get("Port"), &5432.into());
        assert_eq!(sealed.get("password"), &secret("hunter4-prod"));
        assert_eq!(sealed.get("note"), &secret("hunter5-prod"));
        let text = r#"{"id": {"S": "1"}, "password": {"S": "hunter3-prod"}}"#;
        assert_eq!(redactor.redact_value("item", text.into()), secret(text));
        let known = redactor.knowing([]).unwrap();
        assert_eq!(
            known.mask("  S = \"hunter2-prod\", hunter3-prod"),
            "  S = \"(secret)\", (secret)"
        );
    }

    /// The rest of a policy is still judged.
    #[test]
    fn of_a_policy_only_the_token_that_it_shares_is_sealed() {
        let redactor = Redactor::new(b"key");
        let policy = |token: &str| {
            let text = format!(
                r#"{{"Statement":[{{"Condition":{{"StringEquals":{{"aws:Referer":"{token}"}}}},"Principal":"*"}}]}}"#
            );
            redactor.redact_value("assume_role_policy", text.into())
        };
        let sealed = policy("partner-7731");
        let text = sealed.as_str().unwrap();
        assert!(
            text.contains("\"Principal\":\"*\"") && !text.contains("7731"),
            "{text}"
        );
        assert!(sealed.has_secret());
        assert_eq!(sealed, policy("partner-7731"));
        assert_ne!(sealed, policy("partner-7732"));
        assert_eq!(
            redactor.redact_value("assume_role_policy", sealed.clone()),
            sealed
        );
    }
}
