//! Functions on numbers and truth values.

use super::Cost;
use crate::code::expression::as_text;
use crate::code::size::VALUE;
use crate::model::{Number, Value};

/// The longest `range`: Terraform's own limit.
const LONGEST: i64 = 1024;

/// All arguments as whole numbers.
fn numbers(arguments: &[Value]) -> Option<Vec<i64>> {
    arguments.iter().map(Value::as_i64).collect()
}

pub(super) fn max(arguments: &[Value]) -> Option<Value> {
    numbers(arguments)?.into_iter().max().map(Value::from)
}

pub(super) fn min(arguments: &[Value]) -> Option<Value> {
    numbers(arguments)?.into_iter().min().map(Value::from)
}

pub(super) fn tonumber(arguments: &[Value]) -> Option<Value> {
    let [value] = arguments else { return None };
    Number::parse(&as_text(value)?).map(Value::Number)
}

pub(super) fn tobool(arguments: &[Value]) -> Option<Value> {
    let [value] = arguments else { return None };
    value.as_bool().map(Value::Bool)
}

/// From where to where a `range` goes, and how long it is.
fn bounds(arguments: &[Value]) -> Option<(i64, i64, usize)> {
    let (from, to) = match numbers(arguments)?.as_slice() {
        [to] => (0, *to),
        [from, to] => (*from, *to),
        _ => return None,
    };
    let length = to.checked_sub(from).filter(|length| *length <= LONGEST)?;
    Some((from, to, usize::try_from(length).unwrap_or_default()))
}

pub(super) fn range(arguments: &[Value]) -> Option<Value> {
    let (from, to, _) = bounds(arguments)?;
    Some(Value::List((from..to).map(Value::from).collect()))
}

pub(super) fn range_cost(arguments: &[Value]) -> Option<Cost> {
    let (.., length) = bounds(arguments)?;
    Some(Cost::Bytes((length + 1) * VALUE))
}
