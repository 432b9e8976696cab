//! Evaluates `data.aws_iam_policy_document`, the one data source whose result follows from the code alone.

use super::budget::{Budget, Excess, MAX_TEXT_LENGTH};
use super::json;
use super::policy::document;
use super::resource::{body, is_repeated, keys};
use super::scope::Scope;
use super::size::Size;
use super::typed::Typed;
use crate::model::{Key, Value, ValueMap};
use hcl_edit::expr::TraversalOperator;
use std::collections::BTreeMap;

/// The data source's type.
pub(super) const TYPE: &str = "aws_iam_policy_document";

/// The provider's default of `version`.
const VERSION: &str = "2012-10-17";
/// Arguments that merge other policies. A document with one of them is not evaluated.
const OTHERS: &[&str] = &[
    "override_json",
    "override_policy_documents",
    "source_json",
    "source_policy_documents",
];
/// The names of a statement's lists in HCL and in JSON.
pub(super) const LISTS: &[(&str, &str)] = &[
    ("actions", "Action"),
    ("not_actions", "NotAction"),
    ("not_resources", "NotResource"),
    ("resources", "Resource"),
];

/// Evaluates a document for an expression that continues with these operators; `None` where the code does not determine
/// the result.
pub(super) fn value(
    scope: &Scope<'_>,
    name: &str,
    operators: &[&TraversalOperator],
) -> Result<Option<Typed>, Excess> {
    let asks_json = operators.iter().any(|operator| {
        matches!(operator, TraversalOperator::GetAttr(name) if ["json", "minified_json"].contains(&name.as_str()))
    });
    let Some((file, block)) = document(scope, name).filter(|_| asks_json) else {
        return Ok(None);
    };
    let budget = scope.budget();
    let (mut list, mut map) = (Vec::new(), BTreeMap::new());
    for (key, inner) in keys(&scope.instance.scope(file), &block.body) {
        let mark = budget.mark();
        let inner = inner.deeper(scope.depth() + 1);
        let Some(text) = json(&body(&inner, &block.body), budget)? else {
            return Ok(None);
        };
        let text = Typed::text(text);
        let object = Typed::object([("json", text.clone()), ("minified_json", text)]);
        budget.settle(mark, Size::of_typed(&object).bytes);
        match key {
            None if is_repeated(&block.body) => return Ok(None),
            None => return Ok(Some(object)),
            Some(Key::Index(_)) => list.push(object),
            Some(Key::Name(name)) => drop(map.insert(name, object)),
        }
    }
    Ok(Some(match map.is_empty() {
        true => Typed::Tuple(list),
        false => Typed::Object(map),
    }))
}

/// Returns a document's policy as JSON, where all of it is known.
fn json(document: &Value, budget: &Budget) -> Result<Option<String>, Excess> {
    // The policy is made of the document's parts.
    budget.take(Size::of(document).bytes)?;
    let Some(policy) = policy(document) else {
        return Ok(None);
    };
    let length = json::length(&policy, MAX_TEXT_LENGTH).ok_or(Excess::Size)?;
    budget.take_text(length)?;
    budget.take_text(length)?;
    Ok(serde_json::to_string(&policy).ok())
}

fn policy(document: &Value) -> Option<Value> {
    let taken_over = OTHERS.iter().any(|name| !document.get(name).is_empty());
    if document.has_unknown() || taken_over {
        return None;
    }
    let statements: Option<Vec<Value>> = document
        .get("statement")
        .as_list()
        .unwrap_or_default()
        .iter()
        .map(statement)
        .collect();
    let version = document.get("version").as_str().unwrap_or(VERSION);
    let mut policy = ValueMap::from([
        ("Statement".to_owned(), Value::List(statements?)),
        ("Version".to_owned(), version.into()),
    ]);
    if let Some(id) = document.get("policy_id").as_str() {
        policy.insert("Id".to_owned(), id.into());
    }
    Some(Value::Map(policy))
}

/// Converts a `statement` block to a policy's statement.
pub(super) fn statement(block: &Value) -> Option<Value> {
    let mut all = ValueMap::new();
    let effect = block.get("effect").as_str().unwrap_or("Allow");
    all.insert("Effect".to_owned(), effect.into());
    if let Some(sid) = block.get("sid").as_str().filter(|sid| !sid.is_empty()) {
        all.insert("Sid".to_owned(), sid.into());
    }
    for (name, written) in LISTS {
        let items = block.get(name);
        if !items.is_empty() {
            all.insert((*written).to_owned(), variables(items)?);
        }
    }
    for (name, written) in [
        ("principals", "Principal"),
        ("not_principals", "NotPrincipal"),
    ] {
        if !block.get(name).is_empty() {
            all.insert(written.to_owned(), principals(block.get(name).as_list()?)?);
        }
    }
    if !block.get("condition").is_empty() {
        let conditions = conditions(block.get("condition").as_list()?)?;
        all.insert("Condition".to_owned(), conditions);
    }
    Some(Value::Map(all))
}

/// Converts IAM policy variables, which code writes as `&{aws:username}`.
fn variables(items: &Value) -> Option<Value> {
    let text = |item: &Value| Some(Value::from(item.as_str()?.replace("&{", "${")));
    let items: Option<Vec<_>> = items.as_list()?.iter().map(text).collect();
    Some(Value::List(items?))
}

fn principals(blocks: &[Value]) -> Option<Value> {
    let mut kinds: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for block in blocks {
        let identifiers = block.get("identifiers").as_list()?;
        let kind = block.get("type").as_str()?;
        if kind == "*" {
            return Some("*".into());
        }
        let all = kinds.entry(kind.to_owned()).or_default();
        all.extend(identifiers.iter().cloned());
    }
    let kind = |(kind, identifiers)| (kind, Value::List(identifiers));
    Some(Value::Map(kinds.into_iter().map(kind).collect()))
}

fn conditions(blocks: &[Value]) -> Option<Value> {
    let mut tests: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for block in blocks {
        let (test, variable) = (block.get("test").as_str()?, block.get("variable").as_str()?);
        let values = variables(block.get("values"))?;
        let keys = tests.entry(test.to_owned()).or_default();
        match keys
            .entry(variable.to_owned())
            .or_insert(Value::List(Vec::new()))
        {
            Value::List(all) => all.extend(values.as_list()?.iter().cloned()),
            _ => return None,
        }
    }
    let test = |(test, keys)| (test, Value::map(keys));
    Some(Value::Map(tests.into_iter().map(test).collect()))
}
