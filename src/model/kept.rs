//! Reads the values of a stored report: there a secret is an object with its fingerprint. Values of a state or of AWS
//! are never read like this: a map of theirs may look the same.

use super::Value;
use super::secret::Fingerprint;
use serde::{Deserialize, Deserializer};

/// Reads one value of a stored report.
pub(super) fn value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Value::deserialize(deserializer).map(sealed)
}

/// Reads an optional value.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Value>, D::Error> {
    value(deserializer).map(Some)
}

/// Reads several values.
pub(super) fn values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    let values = Vec::<Value>::deserialize(deserializer)?;
    Ok(values.into_iter().map(sealed).collect())
}

fn sealed(value: Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.into_iter().map(sealed).collect()),
        Value::Map(entries) => match Fingerprint::read(&entries) {
            Some(fingerprint) => Value::Secret(fingerprint),
            None => {
                let entries = entries.into_iter();
                Value::Map(entries.map(|(key, value)| (key, sealed(value))).collect())
            }
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Difference, Redactor, Value, Verdict};

    #[test]
    fn a_kept_secret_is_one_again_and_nothing_else_becomes_one() {
        let secret = Redactor::new(b"key").fingerprint(&"hunter2".into());
        let not_one = Value::map([("fingerprint", Value::from("SHA256:abc"))]);
        let list = Value::List(vec![secret.clone(), not_one, Value::Null]);
        let before = Difference {
            path: "tags".to_owned(),
            verdict: Verdict::Drift,
            declared: Some(Value::map([("Token", secret.clone())])),
            recorded: secret.clone(),
            live: Value::map([("all", list.clone())]),
            added: vec![secret, list],
            removed: Vec::new(),
            defined_in: None,
        };
        let text = serde_json::to_string(&before).unwrap();
        let after: Difference = serde_json::from_str(&text).unwrap();
        assert_eq!(after, before);
        let null = serde_json::json!({"path": "a", "verdict": "drift", "declared": null, "recorded": 1, "live": "x"});
        let null: Difference = serde_json::from_value(null).unwrap();
        assert_eq!(null.declared, Some(Value::Null), "the code leaves it out");
    }
}
