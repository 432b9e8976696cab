//! Recognizes secrets whose name is a sibling entry, as in an environment: `{ name = "DB_PASS", value = "..." }`.

use super::name::{is_setting, named};
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

/// Returns whether a JSON text holds such a pair, as the definition of a container does.
pub(super) fn holds_pair(text: &str) -> bool {
    let may_hold = text.trim_start().starts_with(['[', '{'])
        && ["alue\"", "alues\""]
            .iter()
            .any(|value| text.contains(value));
    may_hold && serde_json::from_str(text).is_ok_and(|value| has_pair(&value))
}

fn has_pair(value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().any(has_pair),
        Value::Map(entries) => {
            let mut values = secret_pair(entries)
                .iter()
                .filter_map(|name| entries.get(name));
            values.any(is_one) || entries.values().any(has_pair)
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
        ] {
            assert!(holds_pair(text), "{text}");
        }
        for text in [
            r#"[{"name":"web","environment":[{"name":"DB_HOST","value":"x1"}]}]"#,
            r#"[{"name":"DB_PASS","valueFrom":"arn:aws:ssm:eu-west-1:1:parameter/db"}]"#,
            r#"[{"name":"HAS_TOKEN","value":"true"}]"#,
            r#"{"name":"DB_PASS","value":""}"#,
            r#"name = "DB_PASS", "value" = "x1""#,
        ] {
            assert!(!holds_pair(text), "{text}");
        }
    }
}
