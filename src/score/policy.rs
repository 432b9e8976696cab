//! Splits IAM policies into single grants.

use crate::model::{AccountId, Attributes, Value};
use serde_json::Value as Json;

/// How many grants a policy is split into. The statements of a larger one stay whole: nobody writes such a policy, but
/// somebody may try it.
const MAX_GRANTS: usize = 20_000;

/// The condition operators that pass requests without the key, or that exclude instead of name.
const WEAK_OPERATORS: &[&str] = &["ifexists", "not", "null"];

/// The condition values that hold for everyone.
const ANYONE: &[&str] = &["*", "0.0.0.0/0", "::/0"];

/// Splits each statement of a policy into items, one per action, resource and principal.
///
/// An item has `effect` (`allow`, `deny`); `action` in lower case, or `not_action`; `resource`, or `not_resource`;
/// `principal` (`*`, an ARN, a service) and its `account`; `conditions`, each as one text; `guards`, the condition keys
/// in lower case that restrict access.
pub fn grants(policy: &str) -> Vec<Attributes> {
    let Ok(policy) = serde_json::from_str::<Json>(policy) else {
        return Vec::new();
    };
    let statements = field(&policy, "statement").map(many).unwrap_or_default();
    let mut grants = Vec::new();
    for statement in statements {
        let left = MAX_GRANTS.saturating_sub(grants.len());
        grants.extend(split(statement, left));
    }
    grants
}

/// Returns an entry of an object whatever the case of its key: IAM ignores the case.
fn field<'a>(object: &'a Json, name: &str) -> Option<&'a Json> {
    let found = object
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// Returns a list's items, or any other value as a list of one.
fn many(value: &Json) -> Vec<&Json> {
    match value {
        Json::Array(items) => items.iter().collect(),
        single => vec![single],
    }
}

fn texts(value: Option<&Json>) -> Vec<String> {
    let items = value.map(many).unwrap_or_default();
    let text = |item: &Json| {
        item.as_str()
            .map_or_else(|| item.to_string(), str::to_owned)
    };
    items.into_iter().map(text).collect()
}

/// An alternative of a statement: an attribute and its value.
type Alternative = (&'static str, String);

/// Splits a statement into grants, up to a limit.
fn split(statement: &Json, most: usize) -> Vec<Attributes> {
    let effect = texts(field(statement, "effect"))
        .concat()
        .to_ascii_lowercase();
    let mut whole = Attributes::from([("effect".to_owned(), Value::text(effect))]);
    let (conditions, guards) = conditions(field(statement, "condition"));
    whole.insert("conditions".to_owned(), conditions.into());
    whole.insert("guards".to_owned(), guards.into());

    let axes = [
        alternatives(statement, ["action", "not_action"], "notaction", |text| {
            text.to_ascii_lowercase()
        }),
        alternatives(
            statement,
            ["resource", "not_resource"],
            "notresource",
            str::to_owned,
        ),
        principals(statement),
    ];
    let mut items = vec![whole];
    for axis in axes.iter().filter(|axis| !axis.is_empty()) {
        if items.len() * axis.len() > most {
            return items;
        }
        items = items
            .iter()
            .flat_map(|item| axis.iter().map(|choice| with_alternative(item, choice)))
            .collect();
    }
    items
}

fn with_alternative(item: &Attributes, (name, text): &Alternative) -> Attributes {
    let mut item = item.clone();
    if *name == "principal" {
        item.insert("account".to_owned(), account(text).into());
    }
    item.insert((*name).to_owned(), Value::text(text.clone()));
    item
}

fn alternatives(
    statement: &Json,
    names: [&'static str; 2],
    negated: &str,
    form: fn(&str) -> String,
) -> Vec<Alternative> {
    let [name, not_name] = names;
    let plain = texts(field(statement, name))
        .into_iter()
        .map(|text| (name, form(&text)));
    let not = texts(field(statement, negated))
        .into_iter()
        .map(|text| (not_name, form(&text)));
    plain.chain(not).collect()
}

/// Returns the principals of a statement. Allowing all but some principals allows everyone.
fn principals(statement: &Json) -> Vec<Alternative> {
    if field(statement, "notprincipal").is_some() {
        return vec![("principal", "*".to_owned())];
    }
    let named = match field(statement, "principal") {
        Some(Json::Object(kinds)) => kinds
            .values()
            .flat_map(|value| texts(Some(value)))
            .collect(),
        other => texts(other),
    };
    named.into_iter().map(|text| ("principal", text)).collect()
}

/// Returns the account of a principal: `*` for everyone, `None` for services and federations.
fn account(principal: &str) -> Option<String> {
    if principal == "*" {
        return Some("*".to_owned());
    }
    let named = principal.split(':').nth(4).unwrap_or(principal);
    AccountId::new(named).map(|account| account.to_string())
}

/// Returns a condition block's texts, and the keys that restrict access.
fn conditions(block: Option<&Json>) -> (Vec<String>, Vec<String>) {
    let (mut conditions, mut guards) = (Vec::new(), Vec::new());
    let operators = block.and_then(Json::as_object).into_iter().flatten();
    for (operator, keys) in operators {
        let operator = operator.to_ascii_lowercase();
        let weak = WEAK_OPERATORS.iter().any(|weak| operator.contains(weak));
        for (key, values) in keys.as_object().into_iter().flatten() {
            let key = key.to_ascii_lowercase();
            let mut values = texts(Some(values));
            values.sort();
            let open = values.iter().any(|value| ANYONE.contains(&value.as_str()));
            conditions.push(format!("{operator} {key} {}", values.join(",")));
            if !weak && !open {
                guards.push(key);
            }
        }
    }
    (conditions, guards)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_one_grant_for_each_action_resource_and_principal() {
        let policy = r#"{"statement": {"Effect": "Allow", "Action": ["S3:Get*", "s3:Put*"], "Resource": "r",
            "Principal": {"AWS": ["arn:aws:iam::123456789012:root", "210987654321"], "Service": "ec2.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}, "IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}}"#;
        let grants = grants(policy);
        assert_eq!(grants.len(), 6);
        let first = &grants[0];
        assert_eq!(first["action"], "s3:get*".into());
        assert_eq!(first["account"], "123456789012".into());
        assert_eq!(first["guards"], vec!["aws:principalorgid"].into());
        assert_eq!(grants[1]["account"], "210987654321".into());
        assert!(grants[2]["account"].is_null());
    }

    #[test]
    fn ten_thousand_statements_make_no_more_grants_than_one() {
        let statement = |at: usize| {
            let names: Vec<_> = (0..20).map(|of| format!("s3:Get{at}x{of}")).collect();
            serde_json::json!({"Effect": "Allow", "Action": &names, "Resource": &names})
        };
        let statements: Vec<_> = (0..10_000).map(statement).collect();
        let grants = grants(&serde_json::json!({ "Statement": statements }).to_string());
        assert!(grants.len() <= MAX_GRANTS + statements.len());
        assert!(grants.iter().all(|grant| grant.get("effect").is_some()));
    }

    #[test]
    fn what_is_no_policy_grants_nothing() {
        for text in [
            "",
            "[",
            "7",
            "{}",
            r#"{"Statement": 7}"#,
            r#"{"Statement": [null]}"#,
        ] {
            assert!(
                grants(text)
                    .iter()
                    .all(|grant| grant.get("action").is_none()),
                "{text}"
            );
        }
    }
}
