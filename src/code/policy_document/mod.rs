//! Evaluates `data.aws_iam_policy_document`, the one data source whose result follows from the code alone.

mod json;
mod merge;
mod set_order;
mod statement;

use super::budget::{Budget, Excess, MAX_TEXT_LENGTH};
use super::json as measure;
use super::policy::document;
use super::resource::{body, is_repeated, keys};
use super::scope::Scope;
use super::size::Size;
use super::typed::Typed;
use crate::model::{Key, Value};
use hcl_edit::expr::TraversalOperator;
use hcl_edit::structure::Block;
use json::{Form, Json};
use merge::Policy;
use statement::Statement;
use std::collections::{BTreeMap, BTreeSet};

pub(super) use statement::LISTS;

/// The data source's type.
pub(super) const TYPE: &str = "aws_iam_policy_document";

/// The provider's default of `version`.
const VERSION: &str = "2012-10-17";
/// The versions that the provider takes.
const VERSIONS: &[&str] = &["2008-10-17", VERSION];
/// Arguments that the provider takes no more.
const FORMER: &[&str] = &["override_json", "source_json"];
/// Arguments that merge other policies.
const OTHERS: &[&str] = &["override_policy_documents", "source_policy_documents"];

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
        let Some(policy) = policy(&body(&inner, &block.body), budget)? else {
            return Ok(None);
        };
        let policy = policy.json();
        let object = Typed::object([
            ("json", Typed::text(text(&policy, Form::Lines, budget)?)),
            (
                "minified_json",
                Typed::text(text(&policy, Form::Minified, budget)?),
            ),
        ]);
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

/// Returns whether a document takes statements over from others.
pub(super) fn is_merged(block: &Block) -> bool {
    let mut others = OTHERS.iter();
    others.any(|name| block.body.get_attribute(name).is_some())
}

/// Returns a `statement` block as a statement of JSON; `None` where the provider does not take it.
pub(super) fn statement(block: &Value) -> Option<Value> {
    let statement = Statement::of_block(block, VERSION)?;
    Some(statement.json().value())
}

/// Returns a document's policy, where all of it is known.
fn policy(document: &Value, budget: &Budget) -> Result<Option<Policy>, Excess> {
    // The policy is made of the document's parts.
    budget.take(Size::of(document).bytes)?;
    let has_former = FORMER.iter().any(|name| !document.get(name).is_empty());
    if document.has_unknown() || has_former {
        return Ok(None);
    }
    let (Some(sources), Some(overrides)) = (
        others(document.get("source_policy_documents"), budget)?,
        others(document.get("override_policy_documents"), budget)?,
    ) else {
        return Ok(None);
    };
    Ok(merged(sources, own(document), overrides))
}

/// Merges a document with those that it builds on, and those that it is overridden by.
fn merged(sources: Vec<Policy>, own: Option<Policy>, overrides: Vec<Policy>) -> Option<Policy> {
    let own = own?;
    let mut names = BTreeSet::new();
    let are_distinct = sources
        .iter()
        .all(|source| source.has_distinct_names(&mut names));
    if !are_distinct || !own.has_distinct_names(&mut BTreeSet::new()) {
        return None;
    }
    let mut policy = Policy::default();
    for other in sources.into_iter().chain([own]).chain(overrides) {
        policy.merge(other);
    }
    Some(policy)
}

/// Reads the policies that a document merges.
fn others(documents: &Value, budget: &Budget) -> Result<Option<Vec<Policy>>, Excess> {
    let mut policies = Vec::new();
    for document in documents.as_list().unwrap_or_default() {
        let Some(text) = document.as_str() else {
            return Ok(None);
        };
        budget.take(measure::bytes(text))?;
        let Some(policy) = Policy::read(text) else {
            return Ok(None);
        };
        policies.push(policy);
    }
    Ok(Some(policies))
}

/// Returns what a document says itself.
fn own(document: &Value) -> Option<Policy> {
    let version = document.get("version").as_str().unwrap_or(VERSION);
    if !VERSIONS.contains(&version) {
        return None;
    }
    let blocks = document.get("statement");
    let blocks = blocks.as_list().unwrap_or_default().iter();
    let statements = blocks.map(|block| Statement::of_block(block, version));
    Some(Policy {
        version: version.to_owned(),
        id: document
            .get("policy_id")
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        statements: statements.collect::<Option<_>>()?,
    })
}

/// Writes a policy, within the budget.
fn text(policy: &Json, form: Form, budget: &Budget) -> Result<String, Excess> {
    let length = measure::length(MAX_TEXT_LENGTH, |counter| policy.write(form, counter));
    let length = length.ok_or(Excess::Size)?;
    budget.take_text(length)?;
    let mut text = String::with_capacity(length);
    // A text takes all that is written.
    let _ = policy.write(form, &mut text);
    Ok(text)
}
