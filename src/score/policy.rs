//! IAM policies, taken apart into single grants.

use crate::model::{AccountId, Attributes, Value};
use serde_json::Value as Json;

/// Beyond so many grants the statements of a policy stay in one piece each: nobody writes such a policy, but somebody may
/// try it.
const MOST_GRANTS: usize = 20_000;

/// Condition operators that let through what lacks the key, or that exclude instead of naming.
const WEAK_OPERATORS: &[&str] = &["ifexists", "not", "null"];

/// Condition values that hold for everyone.
const ANYONE: &[&str] = &["*", "0.0.0.0/0", "::/0"];

/// Each statement of a policy, one item for each action, resource and principal:
/// `effect` (`allow`, `deny`); `action` in lower case, or `not_action`; `resource`, or `not_resource`; `principal`
/// (`*`, an ARN, a service) and its `account`; `conditions`, each as one text; `guards`, the condition keys, in lower
/// case, that keep somebody out.
pub fn grants(policy: &str) -> Vec<Attributes> {
    let Ok(policy) = serde_json::from_str::<Json>(policy) else {
        return Vec::new();
    };
    let statements = field(&policy, "statement").map(many).unwrap_or_default();
    let mut grants = Vec::new();
    for statement in statements {
        let left = MOST_GRANTS.saturating_sub(grants.len());
        grants.extend(split(statement, left));
    }
    grants
}

/// The item of an object whatever the case of its key: IAM does not tell them apart.
fn field<'a>(object: &'a Json, name: &str) -> Option<&'a Json> {
    let found = object
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// A list's items; anything else is a list of one.
fn many(value: &Json) -> Vec<&Json> {
    match value {
        Json::Array(items) => items.iter().collect(),
        one => vec![one],
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

/// One choice of a statement: the attribute that it sets, and to what.
type Choice = (&'static str, String);

/// The grants of a statement, so many at most.
fn split(statement: &Json, most: usize) -> Vec<Attributes> {
    let effect = texts(field(statement, "effect"))
        .concat()
        .to_ascii_lowercase();
    let mut whole = Attributes::from([("effect".to_owned(), Value::text(effect))]);
    let (conditions, guards) = conditions(field(statement, "condition"));
    whole.insert("conditions".to_owned(), conditions.into());
    whole.insert("guards".to_owned(), guards.into());

    let axes = [
        choices(statement, ["action", "not_action"], "notaction", |text| {
            text.to_ascii_lowercase()
        }),
        choices(
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
            .flat_map(|item| axis.iter().map(|choice| chosen(item, choice)))
            .collect();
    }
    items
}

fn chosen(item: &Attributes, (name, text): &Choice) -> Attributes {
    let mut item = item.clone();
    if *name == "principal" {
        item.insert("account".to_owned(), account(text).into());
    }
    item.insert((*name).to_owned(), Value::text(text.clone()));
    item
}

fn choices(
    statement: &Json,
    names: [&'static str; 2],
    negated: &str,
    form: fn(&str) -> String,
) -> Vec<Choice> {
    let [name, not_name] = names;
    let plain = texts(field(statement, name))
        .into_iter()
        .map(|text| (name, form(&text)));
    let not = texts(field(statement, negated))
        .into_iter()
        .map(|text| (not_name, form(&text)));
    plain.chain(not).collect()
}

/// Who a statement speaks of. To allow all but somebody is to allow everyone.
fn principals(statement: &Json) -> Vec<Choice> {
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

/// The account of a principal: `*` for everyone, none for services and federations.
fn account(principal: &str) -> Option<String> {
    if principal == "*" {
        return Some("*".to_owned());
    }
    let named = principal.split(':').nth(4).unwrap_or(principal);
    AccountId::new(named).map(|account| account.to_string())
}

/// A condition block's texts, and the keys of those that keep somebody out.
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
        assert!(grants.len() <= MOST_GRANTS + statements.len());
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
