//! Normalizes IAM policies, so that policies that grant the same compare as equal.

use crate::model::Value;
use serde_json::{Map, Value as Json};

/// Returns the canonical text of a policy: equal for policies that grant the same in the same statements, whatever the
/// order of keys, statements and lists, and however accounts and single values are written. What is no JSON object
/// stays as it is.
pub(super) fn canonical(text: &str) -> String {
    let plain = decoded(text);
    match serde_json::from_str::<Json>(&plain) {
        Ok(Json::Object(policy)) => document(policy).to_string(),
        _ => text.to_owned(),
    }
}

/// Normalizes the attribute `policy`: for `TypeRules::normalize`.
pub(super) fn normalize(path: &str, value: Value) -> Value {
    match (path, &value) {
        ("policy", Value::String(text)) => canonical(text).into(),
        _ => value,
    }
}

/// Normalizes a policy, whatever the attribute: for `TypeRules::normalize` of types that no native reader knows.
pub(super) fn normalize_any(_: &str, value: Value) -> Value {
    match &value {
        Value::String(text) if is_policy(text) => canonical(text).into(),
        _ => value,
    }
}

fn is_policy(text: &str) -> bool {
    text.trim_start().starts_with('{') && text.contains("\"Statement\"")
}

/// Decodes a policy from the percent-encoding in which IAM returns it.
pub(super) fn decoded(text: &str) -> String {
    if !text.trim_start().starts_with('%') {
        return text.to_owned();
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|pair| hex::decode(pair).ok());
        match code.as_deref() {
            Some([decoded]) if *byte == b'%' => {
                bytes.push(*decoded);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn document(policy: Map<String, Json>) -> Json {
    let part = |(name, value): (String, Json)| {
        let value = match name.as_str() {
            "Statement" => {
                let mut statements: Vec<_> = list(value).into_iter().map(statement).collect();
                sort(&mut statements);
                Json::Array(statements)
            }
            _ => value,
        };
        (name, value)
    };
    Json::Object(policy.into_iter().map(part).collect())
}

fn statement(value: Json) -> Json {
    let Json::Object(parts) = value else {
        return value;
    };
    let part = |(name, value): (String, Json)| {
        let value = match name.as_str() {
            "Action" | "NotAction" => texts(value, |text| text.to_ascii_lowercase()),
            "Resource" | "NotResource" => texts(value, |text| text),
            "Principal" | "NotPrincipal" => principals(value),
            "Condition" => conditions(value),
            _ => value,
        };
        (name, value)
    };
    let is_set = |(name, value): &(String, Json)| !(name == "Sid" && value == "");
    Json::Object(parts.into_iter().filter(is_set).map(part).collect())
}

/// Normalizes principals: `*` is every AWS principal, an account id its root.
fn principals(value: Json) -> Json {
    match value {
        Json::Object(kinds) => {
            let kind = |(kind, value): (String, Json)| {
                let value = texts(value, |text| if kind == "AWS" { root(text) } else { text });
                (kind, value)
            };
            Json::Object(kinds.into_iter().map(kind).collect())
        }
        everybody => Json::Object(Map::from_iter([("AWS".to_owned(), texts(everybody, root))])),
    }
}

fn root(text: String) -> String {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_account {
        format!("arn:aws:iam::{text}:root")
    } else {
        text
    }
}

fn conditions(value: Json) -> Json {
    let Json::Object(operators) = value else {
        return value;
    };
    let keys = |keys: Json| match keys {
        Json::Object(keys) => {
            let key = |(key, value): (String, Json)| {
                (key.to_ascii_lowercase(), texts(value, |text| text))
            };
            Json::Object(keys.into_iter().map(key).collect())
        }
        other => other,
    };
    Json::Object(
        operators
            .into_iter()
            .map(|(operator, value)| (operator, keys(value)))
            .collect(),
    )
}

/// Returns the sorted texts of a value that may be a list or a single item.
fn texts(value: Json, normalize: impl Fn(String) -> String) -> Json {
    let text = |value: Json| match value {
        Json::String(text) => Json::String(normalize(text)),
        Json::Bool(_) | Json::Number(_) => Json::String(value.to_string()),
        other => other,
    };
    let mut items: Vec<_> = list(value).into_iter().map(text).collect();
    sort(&mut items);
    Json::Array(items)
}

fn list(value: Json) -> Vec<Json> {
    match value {
        Json::Array(items) => items,
        single => vec![single],
    }
}

fn sort(items: &mut Vec<Json>) {
    items.sort_by_cached_key(ToString::to_string);
    items.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_that_grant_the_same_are_one() {
        let written = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:getobject",
            "Principal": {"AWS": "123456789012"}, "Resource": ["b", "a"], "Condition": {"Bool": {"aws:SecureTransport": true}}}}"#;
        let answered = r#"{"Statement": [{"Resource": ["a", "b"], "Principal": {"AWS": ["arn:aws:iam::123456789012:root"]},
            "Action": ["s3:GetObject"], "Effect": "Allow", "Sid": "", "Condition": {"Bool": {"aws:securetransport": ["true"]}}}],
            "Version": "2012-10-17"}"#;
        assert_eq!(canonical(written), canonical(answered));
        let everybody = r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Principal": "*"}]}"#;
        assert_eq!(
            canonical(everybody),
            canonical(&everybody.replace(r#""*"}]"#, r#"{"AWS": "*"}}]"#))
        );
        assert_ne!(
            canonical(written),
            canonical(&answered.replace("Allow", "Deny"))
        );
    }

    #[test]
    fn an_encoded_policy_is_decoded() {
        assert_eq!(decoded("%7B%22a%22%3A%20%22%C3%A9%22%7D"), r#"{"a": "é"}"#);
        assert_eq!(decoded("%7"), "%7");
        assert_eq!(decoded("100%"), "100%");
    }
}
