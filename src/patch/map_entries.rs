//! Edits a literal map as a whole, entry by entry: a map in a nested block, whose entries have no place of their own.

use super::comments::has_comment;
use super::hcl_writer;
use super::layout::SourceFile;
use super::list::{items_of, rewrite_list};
use super::literal::{key, render};
use super::location::{File, entry_span};
use super::map::{Literal, take_out_parts, word};
use super::refusal::Refusal;
use super::splice;
use super::target::Target;
use super::write::Entry;
use crate::code::parse;
use crate::model::{Edit, Source, Value, entry_path};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object};
use std::collections::BTreeSet;
use std::ops::Range;

/// Why a map is not edited.
#[derive(Debug, Clone, PartialEq, Eq)]
enum NotEdited {
    /// It is no literal map, or one whose keys are computed.
    NoLiteral,
    /// The entry with this key, at this byte, is computed.
    Entry(String, usize),
}

/// A literal map in a file.
struct Map<'a> {
    page: SourceFile<'a>,
    object: Object,
    /// The bytes of each entry.
    spans: Vec<Range<usize>>,
    span: (usize, usize),
}

impl Target<'_> {
    /// Edits the entries of the literal map at a place that differ from those of a value.
    ///
    /// # Errors
    /// The map, or the entry, that is no literal.
    pub(super) fn rewrite_map(
        &self,
        file: Option<&File<'_>>,
        source: &Source,
        value: &Value,
    ) -> Result<Vec<Edit>, Refusal> {
        let own = self.definition().filter(|own| own.source == *source);
        let known = own.map_or(&Value::Null, |own| &own.value);
        let not_plain = |path: String, place: String| Refusal::NotPlain { path, place };
        let whole = || not_plain(self.path.to_owned(), source.place());
        let page = file.ok_or_else(whole)?.page;
        rewrite(page, source.span, (known, value)).map_err(|why| match why {
            NotEdited::NoLiteral => whole(),
            NotEdited::Entry(key, at) => not_plain(entry_path(self.path, &key), page.place(at)),
        })
    }
}

/// Returns the edits after which the literal at a place has another value: of maps and lists, in whatever depth, the
/// parts that stay keep their text. A single text may become a list that holds it, and the other way round. `None` where
/// something else is written there.
pub(super) fn rewrite_value(
    page: SourceFile<'_>,
    span: (usize, usize),
    (known, new): (&Value, &Value),
) -> Option<Vec<Edit>> {
    let old = page.text.get(span.0..span.1)?.trim_end();
    let text = match (parse::expression(old).ok()?, new) {
        (Expression::Object(_), Value::Map(_)) => return rewrite(page, span, (known, new)).ok(),
        (Expression::Array(_), Value::List(items)) => {
            rewrite_list(old, items, items_of(known).as_deref(), &|_| None)?
        }
        (Expression::Array(_), Value::String(_)) => {
            let items = std::slice::from_ref(new);
            rewrite_list(old, items, items_of(known).as_deref(), &|_| None)?
        }
        (_, Value::List(items)) if known.as_list().is_none() && items.contains(known) => {
            let more = items.iter().filter(|item| *item != known);
            let more = more
                .map(|item| render(item, ""))
                .collect::<Option<Vec<_>>>()?;
            format!("[{old}, {}]", more.join(", "))
        }
        (
            Expression::String(_)
            | Expression::Number(_)
            | Expression::Bool(_)
            | Expression::Null(_),
            new,
        ) => render(new, old)?,
        _ => return None,
    };
    Some(vec![page.edit(span.0..span.0 + old.len(), text)])
}

/// Returns the edits after which the map at a place has the entries of another one. `known` is its value: an entry that
/// has the right value stays, whatever computes it.
///
/// # Errors
/// Why the map is not edited.
fn rewrite(
    page: SourceFile<'_>,
    span: (usize, usize),
    (known, live): (&Value, &Value),
) -> Result<Vec<Edit>, NotEdited> {
    let map = Map::open(page, span).ok_or(NotEdited::NoLiteral)?;
    let (mut edits, mut gone) = (Vec::new(), Vec::new());
    let mut keys = BTreeSet::new();
    for (at, (name, value)) in map.object.iter().enumerate() {
        let name = word(name).ok_or(NotEdited::NoLiteral)?;
        if !keys.insert(name.clone()) {
            return Err(NotEdited::NoLiteral);
        }
        let new = live.get(&name);
        if new.is_null() {
            gone.push(at);
        } else if !is_same(known.get(&name), new) {
            let more = map.replace(value.expr(), (known.get(&name), new));
            edits.extend(more.ok_or(NotEdited::Entry(name, map.spans[at].start))?);
        }
    }
    let entries = live.as_map().into_iter().flatten();
    let missing = entries.filter(|(name, value)| !keys.contains(*name) && !value.is_null());
    let missing: Vec<Entry> = missing
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let apart = map.exchange(&gone, &missing).and_then(|more| {
        splice::join(&mut edits, &more).ok()?;
        Some(edits)
    });
    apart
        .or_else(|| map.whole(live))
        .ok_or(NotEdited::NoLiteral)
}

impl<'a> Map<'a> {
    fn open(page: SourceFile<'a>, place: (usize, usize)) -> Option<Self> {
        let text = page.text.get(place.0..place.1)?;
        let Expression::Object(object) = parse::expression(text).ok()? else {
            return None;
        };
        let start = place.0;
        let span = |at| entry_span(&object, at).map(|own| start + own.start..start + own.end);
        let spans = (0..object.len()).map(span).collect::<Option<_>>()?;
        Some(Self {
            page,
            object,
            spans,
            span: place,
        })
    }

    /// Writes another value in place of one of the map; `None` where it is computed.
    fn replace(&self, value: &Expression, values: (&Value, &Value)) -> Option<Vec<Edit>> {
        let span = value.span()?;
        let span = (self.span.0 + span.start, self.span.0 + span.end);
        rewrite_value(self.page, span, values)
    }

    /// Removes entries and adds others: each that is new takes the place of one that goes, as far as there are any.
    fn exchange(&self, gone: &[usize], missing: &[Entry]) -> Option<Vec<Edit>> {
        // A comment speaks of its own entry, and leaves with it.
        let has_comment = |at: &&usize| {
            let lines = self.page.lines_of(self.spans[**at].clone());
            let text = lines.and_then(|lines| self.page.text.get(lines));
            text.is_some_and(has_comment)
        };
        let (left, free): (Vec<usize>, Vec<usize>) = gone.iter().partition(has_comment);
        let both = free.len().min(missing.len());
        let mut edits = Vec::new();
        for (at, (name, value)) in free.iter().zip(missing) {
            let entry = self.object.iter().nth(*at)?.1.expr().span()?;
            let old = self.spans.get(*at)?;
            let start = self.span.0 + entry.start;
            let sign = match self.page.text.get(old.start..start)?.trim_end() {
                before if before.ends_with(':') => ":",
                _ => " =",
            };
            let text = format!("{}{sign} {}", key(name), render(value, "")?);
            edits.push(self.page.edit(old.clone(), text));
        }
        let mut removed = [&left, &free[both..]].concat();
        removed.sort_unstable();
        edits.extend(take_out_parts(self.page, &self.spans, &removed)?);
        if missing.len() > both {
            edits.extend(Literal::open(self.page, self.span)?.add(&missing[both..])?);
        }
        let mut apart = Vec::new();
        splice::join(&mut apart, &edits).ok()?;
        Some(apart)
    }

    /// Rewrites the whole map; returns `None` where a comment or a computed value would be lost.
    fn whole(&self, live: &Value) -> Option<Vec<Edit>> {
        let span = self.span.0..self.span.1;
        let text = self.page.text.get(span.clone())?;
        let is_plain = |value: &Expression| {
            matches!(
                value,
                Expression::String(_) | Expression::Number(_) | Expression::Bool(_)
            )
        };
        if has_comment(text) || !self.object.iter().all(|(_, value)| is_plain(value.expr())) {
            return None;
        }
        let new = match text.contains('\n') {
            _ if live.is_empty() => Some("{}".to_owned()),
            true => hcl_writer::value(live, self.page.indent_of(span.start), self.page.line_end()),
            false => render(live, ""),
        };
        Some(vec![self.page.edit(span, new?)])
    }
}

/// Returns whether two values are the same to a map, all of whose values have one type, or to a policy, whose lists
/// have no order.
fn is_same(known: &Value, new: &Value) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let is_only = |items: &[Value], single: &Value| matches!(items, [only] if only == single);
    match (known, new) {
        (Value::List(own), Value::List(new)) => {
            own.len() == new.len() && new.iter().all(|item| own.contains(item))
        }
        (Value::List(items), single) | (single, Value::List(items)) => is_only(items, single),
        _ => known == new || (text(known).is_some() && text(known) == text(new)),
    }
}
