//! Compares values that Terraform, or AWS, takes for the same.

use crate::model::Value;

/// Returns whether two values are the same once Terraform turned numbers and booleans into the text that stands for them.
pub(super) fn is_same_text(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| {
                    right
                        .get(key)
                        .is_some_and(|right| is_same_text(left, right))
                })
        }
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| is_same_text(left, right))
        }
        (Value::String(text), plain @ (Value::Number(_) | Value::Bool(_)))
        | (plain @ (Value::Number(_) | Value::Bool(_)), Value::String(text)) => match plain {
            Value::Number(number) => *number.to_string() == **text,
            Value::Bool(flag) => *flag.to_string() == **text,
            _ => false,
        },
        (left, right) => left == right,
    }
}

/// Returns whether two texts are the same JSON, whatever the order of its keys and the blanks in it.
pub(super) fn is_same_json(left: &Value, right: &Value) -> bool {
    let parsed = |value: &Value| {
        let text = value.as_str().filter(|text| text.starts_with(['{', '[']))?;
        serde_json::from_str::<Value>(text).ok()
    };
    parsed(left).is_some_and(|left| parsed(right).as_ref() == Some(&left))
}
