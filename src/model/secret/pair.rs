//! Recognizes secrets whose name is a sibling entry, as in an environment: `{ name = "DB_PASS", value = "..." }`, or stands
//! around them: `{ secret = { S = "..." } }`.

use super::name::{is_setting, may_be_named, named};
use super::shared_token::SEALED;
use crate::model::{Value, ValueMap};

/// Returns the entries that hold the secret of a pair such as `{ name = "DB_PASS", value = "..." }`.
pub(super) fn secret_pair(entries: &ValueMap) -> &'static [&'static str] {
    const NAMES: &[&str] = &["name", "Name", "key", "Key"];
    const VALUES: &[&str] = &["value", "Value", "values", "Values"];
    let text = |name: &&str| entries.get(name).and_then(Value::as_str);
    let has_value = || VALUES.iter().any(|name| entries.contains_key(name));
    match has_value() && NAMES.iter().filter_map(text).any(named) {
        true => VALUES,
        false => &[],
    }
}

/// Returns whether a JSON text holds a pair, as the definition of a container does, or a secret below its name, as an item
/// of DynamoDB does.
pub(super) fn holds_secret(text: &str) -> bool {
    parsed(text).is_some_and(|value| is_any_in(&value))
}

/// Parses a JSON text that may hold the name of a secret; `None` for another one.
pub(super) fn parsed(text: &str) -> Option<Value> {
    let may_hold = text.trim_start().starts_with(['[', '{']) && may_be_named(text);
    may_hold.then(|| serde_json::from_str(text).ok())?
}

/// The keywords of a schema, which describes a secret and holds none.
const KEYWORDS: &[&str] = &[
    "$ref",
    "description",
    "enum",
    "format",
    "in",
    "items",
    "maxLength",
    "minLength",
    "name",
    "nullable",
    "pattern",
    "readOnly",
    "required",
    "title",
    "type",
    "writeOnly",
];

/// Returns whether a value that stands below the name of a secret is one: it is no switch, no place, no description.
pub(super) fn is_below_name(value: &Value) -> bool {
    match value {
        Value::String(text) => !is_said_elsewhere(text),
        Value::Number(_) => true,
        Value::List(items) => items.iter().any(is_below_name),
        Value::Map(entries) => {
            let is_schema = entries.get("type").is_some_and(|ty| ty.as_str().is_some())
                && entries.keys().all(|key| KEYWORDS.contains(&key.as_str()));
            !is_schema && entries.values().any(is_below_name)
        }
        _ => false,
    }
}

/// Returns whether a text only switches something, or names the place of a secret.
pub(super) fn is_said_elsewhere(text: &str) -> bool {
    let places = ["arn:", "${", SEALED];
    text.is_empty() || is_setting(text) || places.iter().any(|place| text.starts_with(place))
}

/// Returns whether a value holds a pair, or an object or a list below the name of a secret, at any depth.
fn is_any_in(value: &Value) -> bool {
    let is_nested = |value: &Value| matches!(value, Value::Map(_) | Value::List(_));
    match value {
        Value::List(items) => items.iter().any(is_any_in),
        Value::Map(entries) => {
            let pair = secret_pair(entries);
            entries.iter().any(|(name, value)| {
                let is_paired = pair.contains(&name.as_str()) && is_one(value);
                let is_below = is_nested(value) && named(name) && is_below_name(value);
                is_paired || is_below || is_any_in(value)
            })
        }
        _ => false,
    }
}

/// Returns whether the value beside such a name is the secret, and not a switch.
fn is_one(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty() && !is_setting(text),
        Value::Bool(_) | Value::Null => false,
        Value::List(items) => items.iter().any(is_one),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_found_in_a_json_text_at_any_depth() {
        for text in [
            r#"[{"name":"web","environment":[{"name":"DB_PASS","value":"x1"}]}]"#,
            r#" {"Key": "api-token", "Value": "x1"}"#,
            r#"{"a": [{"name": "token", "values": ["x1"]}]}"#,
            r#"{"id": {"S": "1"}, "secret": {"S": "x1"}}"#,
            r#"{"M": {"auth": {"M": {"apiToken": {"L": [{"S": "x1"}]}}}}}"#,
            r#"{"card_passcode": {"N": 4711}}"#,
        ] {
            assert!(holds_secret(text), "{text}");
        }
        for text in [
            r#"[{"name":"web","environment":[{"name":"DB_HOST","value":"x1"}]}]"#,
            r#"[{"name":"DB_PASS","valueFrom":"arn:aws:ssm:eu-west-1:1:parameter/db"}]"#,
            r#"[{"name":"HAS_TOKEN","value":"true"}]"#,
            r#"{"name":"DB_PASS","value":""}"#,
            r#"{"properties": {"password": {"type": "string", "minLength": 8}}}"#,
            r#"{"secret": {"S": "arn:aws:secretsmanager:eu-west-1:1:secret:db"}}"#,
            r#"{"token": {"BOOL": true}, "key": {"S": "x1"}}"#,
            r#"name = "DB_PASS", "value" = "x1""#,
        ] {
            assert!(!holds_secret(text), "{text}");
        }
    }
}
