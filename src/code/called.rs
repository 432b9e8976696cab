//! Traces calls of functions that return one of their arguments, or a part of it, unchanged.

use super::data_file;
use super::element;
use super::flattened::is_flatten;
use super::from_file::function_reason;
use super::handed_on::is_call;
use super::scope::Scope;
use super::trace::{End, below, trace};
use super::typed::Typed;
use crate::model::{Site, Uneditable};
use hcl_edit::expr::{Expression, FuncCall};

/// The function whose result has the entries of its arguments.
pub(super) const MERGE: &str = "merge";
/// Functions whose result is never one of their arguments, and long.
const ENCODE: &[&str] = &["jsonencode", "yamlencode", "templatefile", "file"];

/// Traces a call of a function that returns one of its arguments unchanged.
pub(super) fn called<'a>(
    scope: &Scope<'a>,
    (expression, call): (&'a Expression, &'a FuncCall),
    left: usize,
) -> Option<Result<End<'a>, Uneditable>> {
    let is = |names: &[&str]| names.iter().any(|name| is_call(call, name));
    let mut arguments = call.args.iter();
    if is(&["tostring", "tonumber", "tobool", "tolist", "toset", "tomap"]) {
        return Some(trace(scope, arguments.next()?, left));
    }
    if is(&["lookup"]) {
        let (map, key) = (arguments.next()?, arguments.next()?);
        let key = scope.known(key);
        return match trace(scope, map, left) {
            Ok(map) => below(map, key.as_str()?, left).ok().map(Ok),
            Err(why @ Uneditable::SetOutside { .. }) => Some(Err(why)),
            Err(_) => None,
        };
    }
    if let Some(values) = data_file::of_call(scope, call) {
        return Some(Ok(End::FileValue(values, Site::FileValue)));
    }
    if is_flatten(call) {
        return Some(flattened(scope, (expression, arguments.next()?), left));
    }
    if is(&["element"]) {
        return element::wrapped(scope, arguments.next()?, arguments.next()?, left);
    }
    if is(&["try", "coalesce"]) {
        let result = call.args.iter().map(|argument| scope.known(argument));
        let result = result
            .into_iter()
            .find(|value| !value.has_unknown() && !value.is_null())?;
        return arguments.find_map(|argument| {
            let end = trace(scope, argument, left).ok()?;
            let hands_on = matches!(end, End::LeftOut(_)) || scope.known(argument) == result;
            hands_on.then_some(Ok(end))
        });
    }
    None
}

/// Traces an entry of `merge` into the last argument that has it; one that no argument has may be added to the last
/// literal.
pub(super) fn entry_of_merge<'a>(
    scope: &Scope<'a>,
    call: &'a FuncCall,
    key: &str,
    left: usize,
) -> Result<End<'a>, Uneditable> {
    let uncertain = || function_reason(scope, call, left);
    let left = left.checked_sub(1).ok_or_else(uncertain)?;
    let arguments: Vec<&'a Expression> = call.args.iter().collect();
    for argument in arguments.iter().copied().rev() {
        let has_key = match scope.known(argument) {
            Typed::Object(entries) | Typed::Map(_, entries) => entries.contains_key(key),
            Typed::Null(_) => false,
            _ => return Err(uncertain()),
        };
        if has_key {
            return below(trace(scope, argument, left)?, key, left);
        }
    }
    let mut literals = arguments.into_iter().rev();
    let last = literals.find(|argument| matches!(argument, Expression::Object(_)));
    let last = last.ok_or_else(uncertain)?;
    below(trace(scope, last, left)?, key, left)
}

/// Traces a call to the one argument whose text it returns unchanged, as `lower` may do.
pub(super) fn passed_on<'a>(
    scope: &Scope<'a>,
    expression: &'a Expression,
    call: &'a FuncCall,
    left: usize,
) -> Option<End<'a>> {
    if call.args.expand_final() || ENCODE.contains(&call.name.name.as_str()) {
        return None;
    }
    let result = scope.known(expression);
    let text = result.as_text()?;
    let mut found = Vec::new();
    arguments_like(scope, call, (&*text, left), &mut found);
    let [only] = found.as_slice() else {
        return None;
    };
    match trace(scope, only, left).ok()? {
        End::LeftOut(_) => None,
        end => Some(end),
    }
}

/// Collects the arguments of a call with this text, and those of the calls in it.
fn arguments_like<'a>(
    scope: &Scope<'a>,
    call: &'a FuncCall,
    (text, left): (&str, usize),
    found: &mut Vec<&'a Expression>,
) {
    let Some(left) = left.checked_sub(1) else {
        return;
    };
    for argument in call.args.iter() {
        match argument {
            Expression::FuncCall(inner) => arguments_like(scope, inner, (text, left), found),
            argument if scope.known(argument).as_text().as_deref() == Some(text) => {
                found.push(argument);
            }
            _ => {}
        }
    }
}

/// Traces `flatten` to the literal list that holds no list, or to the only list in it; else its items have literals of their
/// own.
fn flattened<'a>(
    scope: &Scope<'a>,
    (expression, list): (&'a Expression, &'a Expression),
    left: usize,
) -> Result<End<'a>, Uneditable> {
    let is_list = |item: &Expression| {
        let value = scope.known(item);
        let is_single =
            matches!(value, Typed::Object(_) | Typed::Map(..)) || value.as_text().is_some();
        !is_single
    };
    let by_items = || Ok(End::Code(scope.clone(), expression, Site::Literal));
    let Expression::Array(items) = list else {
        return by_items();
    };
    let mut all = items.iter();
    match (all.next(), all.next()) {
        (Some(only), None) if is_list(only) => match trace(scope, only, left)? {
            End::Code(_, Expression::ForExpr(_), _) => by_items(),
            end => Ok(end),
        },
        _ if items.iter().any(is_list) => by_items(),
        _ => trace(scope, list, left),
    }
}
