//! Indexes the items of `flatten`: each of them is an expression in its own scope, or a value of a file.

use super::element::scopes;
use super::handed_on::is_call;
use super::instance::FileValue;
use super::scope::{Collection, Scope};
use super::size::ENTRY;
use super::trace::{End, renamed, trace};
use super::typed::Typed;
use crate::model::{Site, Uneditable};
use hcl_edit::expr::{Expression, FuncCall};
use std::rc::Rc;

const FLATTEN: &str = "flatten";

/// An item of `flatten`.
#[derive(Debug, Clone)]
pub(super) enum FlatItem<'a> {
    /// The expression that defines it.
    Code(Scope<'a>, &'a Expression),
    /// A value in a file of variables, or in a data file.
    FileValue(Rc<FileValue>),
    /// An item of a list that is no literal.
    Computed,
}

impl<'a> FlatItem<'a> {
    /// Traces the item; `None` where it is computed.
    pub(super) fn end(&self, left: usize) -> Option<Result<End<'a>, Uneditable>> {
        match self {
            Self::Code(scope, expression) => {
                let end = trace(scope, expression, left);
                Some(end.map(|end| renamed(end, Site::MapEntry)))
            }
            Self::FileValue(given) => Some(Ok(End::FileValue(given.clone(), Site::MapEntry))),
            Self::Computed => None,
        }
    }
}

/// Returns whether a call flattens a list.
pub(super) fn is_flatten(call: &FuncCall) -> bool {
    is_call(call, FLATTEN)
}

/// Traces an item of a flattened list; `None` where it is computed.
pub(super) fn item<'a>(
    scope: &Scope<'a>,
    list: &'a Expression,
    index: usize,
    left: usize,
) -> Option<Result<End<'a>, Uneditable>> {
    let left = left.checked_sub(1)?;
    items(scope, list, left)?.get(index)?.end(left)
}

impl<'a> Collection<'a> {
    /// Returns the items of the flattened list that it is; `None` where they are not certain. Looked for once.
    pub(super) fn flattened(&self, left: usize) -> Option<&[FlatItem<'a>]> {
        let items = self.flattened.get_or_init(|| {
            match trace(&self.scope, self.expression, left).ok()? {
                End::Code(scope, list @ Expression::FuncCall(call), _) if is_flatten(call) => {
                    items(&scope, list, left)
                }
                _ => None,
            }
        });
        items.as_deref()
    }
}

/// Returns the items of a list, with those of the lists in it. `None` unless they are as many as the evaluated list has.
fn items<'a>(scope: &Scope<'a>, list: &'a Expression, left: usize) -> Option<Vec<FlatItem<'a>>> {
    let length = count(&scope.known(list))?;
    let mut items = Vec::new();
    add(scope, list, left, &mut items)?;
    (items.len() == length).then_some(items)
}

/// Adds the items that an expression contributes; where they are computed, as many as its value has.
fn add<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    left: usize,
    items: &mut Vec<FlatItem<'a>>,
) -> Option<()> {
    let left = left.checked_sub(1)?;
    let first = items.len();
    if add_parts(scope, expression, left, items).is_some() {
        return Some(());
    }
    items.truncate(first);
    for _ in 0..count(&scope.known(expression))? {
        push(scope, FlatItem::Computed, items)?;
    }
    Some(())
}

/// Adds the items of a list as it is written, or of what it refers to.
fn add_parts<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    left: usize,
    items: &mut Vec<FlatItem<'a>>,
) -> Option<()> {
    match expression {
        Expression::Parenthesis(inner) => add(scope, inner.inner(), left, items),
        Expression::Array(list) => list
            .iter()
            .try_for_each(|item| add(scope, item, left, items)),
        Expression::ForExpr(each) if each.key_expr.is_none() => {
            scopes(scope, each)?.try_for_each(|scope| add(&scope?, &each.value_expr, left, items))
        }
        Expression::FuncCall(call) if is_flatten(call) || is_call(call, "concat") => call
            .args
            .iter()
            .try_for_each(|list| add(scope, list, left, items)),
        Expression::Object(_) => push(scope, FlatItem::Code(scope.clone(), expression), items),
        _ => match scope.known(expression) {
            Typed::List(_, own) | Typed::Tuple(own) if own.is_empty() => Some(()),
            Typed::List(..) | Typed::Tuple(_) => match trace(scope, expression, left).ok()? {
                End::Code(inner, list, _) if !std::ptr::eq(list, expression) => {
                    add(&inner, list, left, items)
                }
                End::FileValue(given, _) => add_given(scope, &given, left, items),
                _ => None,
            },
            Typed::Set(..) | Typed::Unknown(_) => None,
            _ => push(scope, FlatItem::Code(scope.clone(), expression), items),
        },
    }
}

/// Adds the items of a list in a file.
fn add_given<'a>(
    scope: &Scope<'a>,
    given: &Rc<FileValue>,
    left: usize,
    items: &mut Vec<FlatItem<'a>>,
) -> Option<()> {
    let left = left.checked_sub(1)?;
    if given.items.is_empty() {
        return push(scope, FlatItem::FileValue(given.clone()), items);
    }
    let mut own = given.items.iter();
    own.try_for_each(|item| add_given(scope, item, left, items))
}

fn push<'a>(scope: &Scope<'a>, item: FlatItem<'a>, items: &mut Vec<FlatItem<'a>>) -> Option<()> {
    scope.budget().work(1).ok()?;
    let room = ENTRY + size_of::<FlatItem<'_>>();
    scope.budget().take(room).ok()?;
    items.push(item);
    Some(())
}

/// Returns how many items a value contributes to a flattened list; `None` where that is not known.
fn count(value: &Typed) -> Option<usize> {
    match value {
        Typed::Unknown(_) => None,
        Typed::List(_, items) | Typed::Set(_, items) | Typed::Tuple(items) => {
            items.iter().map(count).sum()
        }
        _ => Some(1),
    }
}
