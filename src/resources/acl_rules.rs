//! Compares the rules of network ACLs, which are read through the provider.

use super::permissions::protocol;
use super::policy;
use crate::model::Value;

/// Brings the rules of a network ACL to one form: code names a protocol, or gives its number.
pub(super) fn normalize(path: &str, value: Value) -> Value {
    match (path, value) {
        ("ingress" | "egress", Value::List(rules)) => {
            Value::List(rules.into_iter().map(rule).collect())
        }
        (path, value) => policy::normalize_any(path, value),
    }
}

/// Brings a rule's protocol to its name, and its action to small letters.
fn rule(rule: Value) -> Value {
    let Value::Map(mut parts) = rule else {
        return rule;
    };
    let text = |value: &Value| match value {
        Value::Number(number) => Some(number.to_string()),
        value => value.as_str().map(str::to_owned),
    };
    for (name, form) in [
        ("protocol", protocol as fn(&str) -> String),
        ("action", str::to_ascii_lowercase),
    ] {
        if let Some(text) = parts.get(name).and_then(text) {
            parts.insert(name.to_owned(), form(&text).into());
        }
    }
    Value::Map(parts)
}

#[cfg(test)]
mod tests {
    use super::normalize;
    use crate::model::Value;

    #[test]
    fn a_protocol_is_the_same_by_name_and_by_number() {
        let rules = |protocol: Value| {
            let rule = Value::map([("protocol", protocol), ("action", "ALLOW".into())]);
            normalize("ingress", Value::List(vec![rule]))
        };
        assert_eq!(rules("TCP".into()), rules("6".into()));
        assert_eq!(rules("all".into()), rules(Value::from(-1)));
        assert_ne!(rules("tcp".into()), rules("17".into()));
    }
}
