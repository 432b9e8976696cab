//! Calls that put lists together: the items of literal lists among their arguments have places of their own.

use super::for_expression::pairs;
use super::handed_on::is_call;
use super::scope::Scope;
use super::trace::{End, trace};
use super::{element, typed::Typed};
use crate::model::Uneditable;
use hcl_edit::expr::{Expression, FuncCall};

const CONCAT: &str = "concat";
const DISTINCT: &str = "distinct";

/// The most items of an evaluated list among which one is found.
const MAX_ITEMS: usize = 500;

/// Returns whether a call puts lists together.
pub(super) fn is_joined(call: &FuncCall) -> bool {
    is_call(call, CONCAT) || is_call(call, DISTINCT)
}

/// Returns whether a call puts lists together of which one is a literal.
pub(super) fn holds_literal(call: &FuncCall) -> bool {
    is_joined(call)
        && call.args.iter().any(|argument| match argument {
            Expression::Array(_) => true,
            Expression::FuncCall(inner) => holds_literal(inner),
            _ => false,
        })
}

/// Traces an item of the lists that a call puts together; `None` where it is not certain in which of them it is.
pub(super) fn item<'a>(
    scope: &Scope<'a>,
    (expression, call): (&'a Expression, &'a FuncCall),
    index: usize,
    left: usize,
) -> Option<Result<End<'a>, Uneditable>> {
    let left = left.checked_sub(1)?;
    let (list, index) = match is_call(call, DISTINCT) {
        true => {
            let list = call.args.iter().next()?;
            let value = items(scope, expression)?.into_iter().nth(index)?;
            (list, position(scope, list, &value)?)
        }
        false => holding(scope, call, index)?,
    };
    let index = i64::try_from(index).ok()?;
    match trace(scope, list, left) {
        Ok(end) => element::item(&end, index, left),
        Err(why) => Some(Err(why)),
    }
}

/// Traces the item with a text, as an element of a set is known by its text alone.
pub(super) fn item_like<'a>(
    scope: &Scope<'a>,
    call: (&'a Expression, &'a FuncCall),
    text: &str,
    left: usize,
) -> Option<Result<End<'a>, Uneditable>> {
    let mut values = items(scope, call.0)?.into_iter();
    let index = values.position(|value| value.as_text().as_deref() == Some(text))?;
    item(scope, call, index, left)
}

/// Returns the argument of `concat` that holds an item, and the item's position in it.
fn holding<'a>(
    scope: &Scope<'a>,
    call: &'a FuncCall,
    index: usize,
) -> Option<(&'a Expression, usize)> {
    let mut index = index;
    for list in call.args.iter() {
        let length = match list {
            Expression::Array(items) => items.len(),
            list => items(scope, list)?.len(),
        };
        match index.checked_sub(length) {
            Some(rest) => index = rest,
            None => return Some((list, index)),
        }
    }
    None
}

/// Returns the position of the only item of a list with this value.
fn position(scope: &Scope<'_>, list: &Expression, value: &Typed) -> Option<usize> {
    let items = items(scope, list)?.into_iter().enumerate();
    let mut same = items.filter(|(_, item)| item == value);
    let (index, _) = same.next()?;
    same.next().is_none().then_some(index)
}

/// Returns the items of a list, unless there are too many: each of them is looked for by itself.
fn items(scope: &Scope<'_>, list: &Expression) -> Option<Vec<Typed>> {
    let items = pairs(scope.known(list))?.map(|(_, item)| item);
    let items: Vec<_> = items.collect();
    (items.len() <= MAX_ITEMS).then_some(items)
}
