//! Evaluates `for` expressions: to a tuple, or to an object, whose values may be grouped.

use super::convert::convert;
use super::fault::{Evaluated, Fault, Invalid};
use super::scope::Scope;
use super::size::{ENTRY, MAP};
use super::typed::Typed;
use super::types::Type;
use hcl_edit::expr::ForExpr;
use std::collections::BTreeMap;

pub(super) fn for_each(scope: &Scope<'_>, each: &ForExpr) -> Evaluated {
    let collection = scope.value(&each.intro.collection_expr)?;
    if collection.is_unknown() {
        return Ok(Typed::UNKNOWN);
    }
    let mut pairs = pairs(collection).ok_or(Invalid)?.peekable();
    if pairs.peek().is_none() {
        check_condition(scope, each)?;
    }
    let mut result = ForResult::new(scope, each)?;
    let mut is_certain = true;
    for (key, value) in pairs {
        scope.budget().work(1)?;
        let mut inner = scope.with(each.intro.value_var.as_str(), value);
        if let Some(name) = &each.intro.key_var {
            inner = inner.with(name.as_str(), key);
        }
        match includes(&inner, each)? {
            Some(true) => {}
            Some(false) => continue,
            None => {
                is_certain = false;
                continue;
            }
        }
        is_certain &= result.add(&inner, each)?;
    }
    Ok(if is_certain {
        result.value()
    } else {
        Typed::UNKNOWN
    })
}

/// Checks the type of a condition although there is no element, as Terraform does.
fn check_condition(scope: &Scope<'_>, each: &ForExpr) -> Result<(), Fault> {
    let mut inner = scope.with(each.intro.value_var.as_str(), Typed::UNKNOWN);
    if let Some(name) = &each.intro.key_var {
        inner = inner.with(name.as_str(), Typed::UNKNOWN);
    }
    includes(&inner, each).map(drop)
}

/// Returns whether an element is included; `None` where that is not known.
fn includes(scope: &Scope<'_>, each: &ForExpr) -> Result<Option<bool>, Fault> {
    let Some(condition) = &each.cond else {
        return Ok(Some(true));
    };
    let mark = scope.budget().mark();
    let condition = scope.value(&condition.expr);
    scope.budget().settle(mark, 0);
    match convert(condition?, &Type::Bool, scope.budget())? {
        Typed::Bool(included) => Ok(Some(included)),
        Typed::Unknown(_) => Ok(None),
        _ => Err(Fault::Invalid),
    }
}

/// The elements collected so far.
enum ForResult {
    Tuple(Vec<Typed>),
    Object(BTreeMap<String, Typed>),
    Groups(BTreeMap<String, Vec<Typed>>),
}

impl ForResult {
    fn new(scope: &Scope<'_>, each: &ForExpr) -> Result<Self, Fault> {
        scope.budget().take(MAP)?;
        Ok(match (&each.key_expr, each.grouping) {
            (None, _) => Self::Tuple(Vec::new()),
            (Some(_), false) => Self::Object(BTreeMap::new()),
            (Some(_), true) => Self::Groups(BTreeMap::new()),
        })
    }

    /// Adds the key and value of one element. Returns false where the key is not known.
    fn add(&mut self, scope: &Scope<'_>, each: &ForExpr) -> Result<bool, Fault> {
        let key = match &each.key_expr {
            None => String::new(),
            Some(key) => match convert(scope.value(key)?, &Type::String, scope.budget())? {
                Typed::String(key) => key.into_string(),
                Typed::Unknown(_) => return Ok(false),
                _ => return Err(Fault::Invalid),
            },
        };
        let value = scope.value(&each.value_expr)?;
        match self {
            Self::Tuple(items) => items.push(value),
            Self::Object(entries) => {
                scope.budget().take(ENTRY + key.len())?;
                if entries.insert(key, value).is_some() {
                    return Err(Fault::Invalid);
                }
            }
            Self::Groups(groups) => {
                scope.budget().take(ENTRY + key.len())?;
                groups.entry(key).or_default().push(value);
            }
        }
        Ok(true)
    }

    fn value(self) -> Typed {
        match self {
            Self::Tuple(items) => Typed::Tuple(items),
            Self::Object(entries) => Typed::Object(entries),
            Self::Groups(groups) => {
                let groups = groups.into_iter();
                Typed::Object(
                    groups
                        .map(|(key, items)| (key, Typed::Tuple(items)))
                        .collect(),
                )
            }
        }
    }
}

/// Returns the keys and values of a collection. An element of a set is its own key. Returns `None` where the value is
/// no collection.
pub(super) fn pairs(value: Typed) -> Option<Box<dyn Iterator<Item = (Typed, Typed)>>> {
    match value {
        Typed::Map(_, entries) | Typed::Object(entries) => {
            let pair = |(key, value): (String, Typed)| (Typed::String(key.into()), value);
            Some(Box::new(entries.into_iter().map(pair)))
        }
        Typed::List(_, items) | Typed::Tuple(items) => {
            let pair = |(at, item)| (Typed::count(at), item);
            Some(Box::new(items.into_iter().enumerate().map(pair)))
        }
        Typed::Set(_, items) => {
            let pair = |item: Typed| (item.clone(), item);
            Some(Box::new(items.into_iter().map(pair)))
        }
        _ => None,
    }
}
