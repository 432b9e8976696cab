//! Terraform's functions: those that code often calls and whose answer is certain. Any other is unknown.
//!
//! A function is a row of the table: what its answer takes, which is asked of the budget first, and how it is made.

mod collection;
mod encoding;
mod number;
mod text;

use super::budget::{Budget, Excess};
use super::size::{self, Size, VALUE};
use crate::model::Value;

/// One function.
struct Function {
    name: &'static str,
    /// What its answer takes at most; none where it has none for these arguments.
    cost: fn(&[Value]) -> Option<Cost>,
    /// Its answer; none where it is not certain.
    call: fn(&[Value]) -> Option<Value>,
}

/// What an answer takes at most.
enum Cost {
    /// A text of this length.
    Text(usize),
    /// So many bytes, of which no text is new.
    Bytes(usize),
}

const fn function(
    name: &'static str,
    cost: fn(&[Value]) -> Option<Cost>,
    call: fn(&[Value]) -> Option<Value>,
) -> Function {
    Function { name, cost, call }
}

/// All functions, by name.
const FUNCTIONS: &[Function] = &[
    function(
        "base64encode",
        encoding::base64_cost,
        encoding::base64encode,
    ),
    function("coalesce", of_arguments, collection::coalesce),
    function("coalescelist", of_arguments, collection::coalescelist),
    function("compact", of_arguments, collection::compact),
    function("concat", of_arguments, collection::concat),
    function("contains", small, collection::contains),
    function("distinct", of_arguments, collection::distinct),
    function("element", of_arguments, collection::element),
    function("endswith", small, text::endswith),
    function("flatten", of_arguments, collection::flatten),
    function("format", text::format_cost, text::format),
    function("join", text::join_cost, text::join),
    function("jsondecode", encoding::json_cost, encoding::jsondecode),
    function("jsonencode", encoding::encoded_cost, encoding::jsonencode),
    function("keys", collection::keys_cost, collection::keys),
    function("length", small, collection::length),
    function("lookup", of_arguments, collection::lookup),
    function("lower", text::lower_cost, text::lower),
    function("max", small, number::max),
    function("merge", of_arguments, collection::merge),
    function("min", small, number::min),
    function("nonsensitive", of_arguments, collection::same),
    function("range", number::range_cost, number::range),
    function("replace", text::replace_cost, text::replace),
    function("split", text::split_cost, text::split),
    function("startswith", small, text::startswith),
    function("tobool", small, number::tobool),
    function("tolist", of_arguments, collection::same),
    function("tomap", of_arguments, collection::same),
    function("tonumber", small, number::tonumber),
    function("toset", of_arguments, collection::distinct),
    function("tostring", of_arguments, text::tostring),
    function("trimprefix", of_arguments, text::trimprefix),
    function("trimspace", of_arguments, text::trimspace),
    function("trimsuffix", of_arguments, text::trimsuffix),
    function("try", of_arguments, collection::first),
    function("upper", text::upper_cost, text::upper),
    function("values", of_arguments, collection::values),
    function("zipmap", collection::zipmap_cost, collection::zipmap),
];

/// What a function answers. An unknown argument makes the answer unknown, unless only a part of one is.
pub(super) fn call(name: &str, arguments: &[Value], budget: &Budget) -> Result<Value, Excess> {
    let unknown = |argument: &Value| matches!(argument, Value::Unknown);
    let row = FUNCTIONS.binary_search_by(|function| function.name.cmp(name));
    let function = row.ok().and_then(|row| FUNCTIONS.get(row));
    let Some(function) = function.filter(|_| !arguments.iter().any(unknown)) else {
        return Ok(Value::Unknown);
    };
    match (function.cost)(arguments) {
        Some(Cost::Text(length)) => budget.take_text(length)?,
        Some(Cost::Bytes(bytes)) => budget.take(bytes)?,
        None => return Ok(Value::Unknown),
    }
    Ok((function.call)(arguments).unwrap_or(Value::Unknown))
}

/// The cost of an answer that is made of parts of the arguments, each once at most.
fn of_arguments(arguments: &[Value]) -> Option<Cost> {
    let bytes = arguments.iter().map(|argument| Size::of(argument).bytes);
    Some(Cost::Bytes(bytes.sum()))
}

/// The cost of a number or a truth value.
fn small(_: &[Value]) -> Option<Cost> {
    Some(Cost::Bytes(size::text(VALUE)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::shared::Shared;
    use crate::model::Interrupt;

    fn budget() -> Budget {
        Budget::new(&Shared::default(), &Interrupt::default())
    }

    #[test]
    fn the_table_is_in_order() {
        assert!(FUNCTIONS.is_sorted_by(|one, other| one.name < other.name));
    }

    #[test]
    fn no_answer_is_larger_than_what_was_asked_for() {
        let list = |items: &[&str]| Value::from(items.to_vec());
        let map = Value::map([("a", Value::from("x")), ("b", list(&["y", "z"]))]);
        let cases: Vec<(&str, Vec<Value>)> = vec![
            ("base64encode", vec!["abcd".into()]),
            ("coalesce", vec![Value::Null, "b".into()]),
            ("concat", vec![list(&["a"]), list(&["b", "c"])]),
            ("distinct", vec![list(&["a", "a", "b"])]),
            (
                "flatten",
                vec![vec![list(&["a"]), list(&["b", "c"])].into()],
            ),
            (
                "format",
                vec!["%s-%04d-%v%%".into(), "a".into(), 7.into(), true.into()],
            ),
            ("join", vec![", ".into(), list(&["a", "b", "c"])]),
            ("jsondecode", vec!["{\"a\": [1, 2, {\"b\": null}]}".into()]),
            ("jsonencode", vec![map.clone()]),
            ("keys", vec![map.clone()]),
            ("lower", vec!["\u{130}\u{130}A".into()]),
            ("merge", vec![map.clone(), map.clone()]),
            ("range", vec![1000.into()]),
            ("replace", vec!["aaaa".into(), "a".into(), "bcd".into()]),
            ("replace", vec!["abc".into(), "".into(), "xyz".into()]),
            ("split", vec!["".into(), "abcdef".into()]),
            ("split", vec![",".into(), "a,b,,c".into()]),
            ("upper", vec!["\u{df}\u{149}a".into()]),
            ("values", vec![map.clone()]),
            ("zipmap", vec![list(&["a", "b"]), list(&["c", "d"])]),
        ];
        for (name, arguments) in cases {
            let row = FUNCTIONS.iter().find(|function| function.name == name);
            let row = row.unwrap();
            let answer = (row.call)(&arguments).unwrap();
            match (row.cost)(&arguments).unwrap() {
                Cost::Text(length) => assert!(answer.as_str().unwrap().len() <= length, "{name}"),
                Cost::Bytes(bytes) => assert!(Size::of(&answer).bytes <= bytes, "{name}"),
            }
        }
    }

    #[test]
    fn what_would_be_too_long_is_refused_before_it_is_made() {
        let long = Value::from("x".repeat(1 << 20));
        let list = Value::List(vec![long.clone(); 2]);
        for (name, arguments) in [
            ("base64encode", vec![long.clone()]),
            ("format", vec!["%s%s".into(), long.clone(), long.clone()]),
            ("join", vec!["".into(), list.clone()]),
            ("jsonencode", vec![list]),
            ("replace", vec![long.clone(), "x".into(), long.clone()]),
        ] {
            let budget = budget();
            assert_eq!(call(name, &arguments, &budget), Err(Excess::Size), "{name}");
        }
    }

    #[test]
    fn what_is_not_known_makes_the_answer_unknown() {
        for (name, arguments) in [
            ("upper", vec![Value::Unknown]),
            ("upper", vec![]),
            ("upper", vec![1.into()]),
            ("sensitive", vec!["a".into()]),
            ("timestamp", vec![]),
        ] {
            assert_eq!(
                call(name, &arguments, &budget()),
                Ok(Value::Unknown),
                "{name}"
            );
        }
    }
}
