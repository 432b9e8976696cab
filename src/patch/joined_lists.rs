//! Edits the literal lists that `concat` and `distinct` put together: each item in the list that holds it.

use super::list::{items_of, literal, rewrite_list};
use crate::code::parse;
use crate::model::{Definition, Parts, Value};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, FuncCall};
use std::ops::Range;

/// A literal list among the arguments of a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ListPlace {
    /// Its bytes in the text of the call.
    pub span: Range<usize>,
    /// The positions of its items in the call's value.
    pub items: Range<usize>,
}

/// A literal list, with the values of its items.
pub(super) struct LiteralList {
    span: Range<usize>,
    values: Vec<Value>,
}

/// The values that a list loses and gains.
pub(super) struct Exchange<'v> {
    /// What it loses, and whether a literal holds that.
    removed: Vec<(&'v Value, bool)>,
    added: Vec<&'v Value>,
}

impl<'v> Exchange<'v> {
    /// Compares the values of a list before and after.
    pub(super) fn between(known: &'v [Value], new: &'v [Value]) -> Self {
        let removed = known.iter().filter(|item| !new.contains(item));
        Self {
            removed: removed.map(|item| (item, false)).collect(),
            added: new.iter().filter(|item| !known.contains(item)).collect(),
        }
    }

    fn takes_from(&self, values: &[Value]) -> bool {
        values
            .iter()
            .any(|value| self.removed.iter().any(|(gone, _)| *gone == value))
    }

    /// Returns the values of a literal list afterwards, with all that is new if it `gains`; `None` where they stay.
    pub(super) fn applied(&mut self, values: &[Value], gains: bool) -> Option<Vec<Value>> {
        let mut items: Vec<Value> = values.to_vec();
        items.retain(|item| {
            let mut gone = self.removed.iter_mut().filter(|(gone, _)| *gone == item);
            let is_gone = gone.next().map(|(_, is_found)| *is_found = true).is_some();
            gone.for_each(|(_, is_found)| *is_found = true);
            !is_gone
        });
        if gains {
            items.extend(std::mem::take(&mut self.added).into_iter().cloned());
        }
        (items != values).then_some(items)
    }

    /// Returns whether literals hold all that goes, and one takes what is new.
    pub(super) fn is_done(&self) -> bool {
        self.added.is_empty() && self.removed.iter().all(|(_, is_found)| *is_found)
    }
}

/// Returns the literal lists among the arguments of a call, whose value has this length. Those of `concat` between two lists
/// of unknown length are left out; those of `distinct` are found where it leaves nothing out. `None` for any other call.
pub(super) fn places(call: &FuncCall, length: usize) -> Option<Vec<ListPlace>> {
    if call.name.is_namespaced() || call.args.expand_final() {
        return None;
    }
    match call.name.name.as_str() {
        "concat" => concatenated(call, length),
        "distinct" => {
            let places = match call.args.iter().next()? {
                Expression::Array(items) => vec![ListPlace {
                    span: items.span()?,
                    items: 0..items.len(),
                }],
                Expression::FuncCall(inner) if holds_literals_alone(inner) => {
                    places(inner, length)?
                }
                _ => return None,
            };
            let found: usize = places.iter().map(|place| place.items.len()).sum();
            (found == length).then_some(places)
        }
        _ => None,
    }
}

fn holds_literals_alone(call: &FuncCall) -> bool {
    let mut arguments = call.args.iter();
    arguments.all(|argument| matches!(argument, Expression::Array(_)))
}

fn concatenated(call: &FuncCall, length: usize) -> Option<Vec<ListPlace>> {
    let arguments: Vec<_> = call.args.iter().collect();
    let mut found = Vec::new();
    let (mut start, mut end) = (0, length);
    let mut left = arguments.as_slice();
    while let [Expression::Array(items), rest @ ..] = left {
        let next = Some(start + items.len()).filter(|next| *next <= length)?;
        found.push(ListPlace {
            span: items.span()?,
            items: start..next,
        });
        (start, left) = (next, rest);
    }
    let mut last = Vec::new();
    while let [rest @ .., Expression::Array(items)] = left {
        let from = end.checked_sub(items.len()).filter(|from| *from >= start)?;
        last.push(ListPlace {
            span: items.span()?,
            items: from..end,
        });
        (end, left) = (from, rest);
    }
    found.extend(last.into_iter().rev());
    Some(found)
}

/// Returns the literal lists among the arguments of a call with this value. Where `distinct` may have left items out, only
/// lists of nothing but literals are known.
pub(super) fn literal_lists(call: &FuncCall, known: &[Value]) -> Option<Vec<LiteralList>> {
    if let Some(places) = places(call, known.len()) {
        let list = |place: ListPlace| {
            let values = known.get(place.items)?.to_vec();
            Some(LiteralList {
                span: place.span,
                values,
            })
        };
        return places.into_iter().map(list).collect();
    }
    let is_distinct = call.name.name.as_str() == "distinct" && !call.name.is_namespaced();
    let inner = call.args.iter().next().filter(|_| is_distinct)?;
    let arguments: Vec<&Expression> = match inner {
        Expression::FuncCall(inner) if inner.name.name.as_str() == "concat" => {
            inner.args.iter().collect()
        }
        inner => vec![inner],
    };
    let lists = arguments.into_iter().filter_map(|argument| match argument {
        Expression::Array(items) => Some(items),
        _ => None,
    });
    let list = |items: &hcl_edit::expr::Array| {
        Some(LiteralList {
            span: items.span()?,
            values: items.iter().map(literal).collect::<Option<_>>()?,
        })
    };
    lists.map(list).collect()
}

/// Returns the new texts of literal lists, by their bytes in the text of the call. What is new goes to the last list that
/// loses something, else to the last one. `None` where the text of a list does not take it.
pub(super) fn edited(
    call: &str,
    lists: &[LiteralList],
    exchange: &mut Exchange<'_>,
    reference: &dyn Fn(&str, &Value) -> Option<String>,
) -> Option<Vec<(Range<usize>, String)>> {
    let losing = lists
        .iter()
        .rposition(|list| exchange.takes_from(&list.values));
    let gaining = losing.or(lists.len().checked_sub(1));
    let mut edits = Vec::new();
    for (at, LiteralList { span, values }) in lists.iter().enumerate() {
        let Some(items) = exchange.applied(values, gaining == Some(at)) else {
            continue;
        };
        let list = call.get(span.clone())?;
        let known = items_of(&Value::List(values.clone()))?;
        let text = rewrite_list(list, &items, Some(&known), &|value| reference(list, value))?;
        edits.push((span.clone(), text));
    }
    Some(edits)
}

/// Returns the text of a list with other items: of one literal, or of several that a call puts together. `item` writes a
/// reference in place of a value in a list.
pub(super) fn rewrite(
    (old, own): (&str, Option<&Definition>),
    items: &[Value],
    item: &dyn Fn(&str, &Value) -> Option<String>,
) -> Option<String> {
    let Some(own) = own else {
        return rewrite_list(old, items, None, &|_| None);
    };
    match &own.parts {
        Parts::Items(known) => rewrite_list(old, items, Some(known), &|value| item(old, value)),
        Parts::Joined => rewrite_call(old, own.value.as_list()?, items, item),
        _ => rewrite_list(old, items, None, &|_| None),
    }
}

/// Returns the text of a call after which it has another value; `None` where what goes, or the place of what is new, is in no
/// literal list.
fn rewrite_call(
    call: &str,
    known: &[Value],
    new: &[Value],
    reference: &dyn Fn(&str, &Value) -> Option<String>,
) -> Option<String> {
    let Expression::FuncCall(parsed) = parse::expression(call).ok()? else {
        return None;
    };
    let lists = literal_lists(&parsed, known)?;
    let mut exchange = Exchange::between(known, new);
    let edits = edited(call, &lists, &mut exchange, reference)?;
    let mut text = call.to_owned();
    for (span, list) in edits.into_iter().rev() {
        text.replace_range(span, &list);
    }
    exchange.is_done().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(call: &str, known: &[&str], new: &[&str]) -> Option<String> {
        let values = |texts: &[&str]| -> Vec<Value> {
            texts.iter().map(|text| Value::from(*text)).collect()
        };
        rewrite_call(call, &values(known), &values(new), &|_, _| None)
    }

    #[test]
    fn an_item_is_edited_in_the_list_that_holds_it() {
        let call = r#"concat(["a", "b"], var.more, ["c"])"#;
        let known = ["a", "b", "x", "c"];
        for (new, text) in [
            (
                &["a", "d", "x", "c"][..],
                r#"concat(["a", "d"], var.more, ["c"])"#,
            ),
            (&["a", "x", "c"], r#"concat(["a"], var.more, ["c"])"#),
            (&["a", "b", "x"], r#"concat(["a", "b"], var.more, [])"#),
            (
                &["a", "b", "x", "c", "d"],
                r#"concat(["a", "b"], var.more, ["c", "d"])"#,
            ),
        ] {
            assert_eq!(rewritten(call, &known, new).as_deref(), Some(text));
        }
        assert_eq!(
            rewritten(call, &known, &["a", "b", "c"]),
            None,
            "in no literal"
        );
    }

    #[test]
    fn what_distinct_leaves_out_goes_with_what_it_keeps() {
        let call = r#"distinct(concat(["a", "b"], ["b", "c"]))"#;
        assert_eq!(
            rewritten(call, &["a", "b", "c"], &["a", "c"]).as_deref(),
            Some(r#"distinct(concat(["a"], ["c"]))"#)
        );
        assert_eq!(
            rewritten(r#"distinct(["a", "b", "a"])"#, &["a", "b"], &["b", "d"]).as_deref(),
            Some(r#"distinct(["b", "d"])"#)
        );
        let computed = r#"distinct(concat([local.a], ["b", "b"]))"#;
        assert_eq!(rewritten(computed, &["a", "b"], &["a"]), None);
        assert_eq!(rewritten(r#"sort(["a"])"#, &["a"], &["b"]), None);
    }
}
