//! Inserts and removes entries of literal maps and lists, on one line or several.

use super::comments::has_comment;
use super::hcl_writer;
use super::layout::SourceFile;
use super::literal::{key, render};
use super::location::entry_span;
use super::write::Entry;
use crate::code::parse;
use crate::model::Edit;
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object, ObjectKey};
use std::ops::Range;

/// A literal map that gets entries.
pub(super) struct Literal<'a> {
    page: SourceFile<'a>,
    span: Range<usize>,
    /// The last entry, and the text between its key and its value.
    last: Option<(Range<usize>, &'static str)>,
    /// The keys that it has: what stands there already is not added once more.
    pub keys: Vec<String>,
    /// Whether it has further keys that the code computes.
    pub has_computed_keys: bool,
    /// Whether the code refers to a map, into which the entries are merged.
    refers: bool,
}

impl<'a> Literal<'a> {
    /// Opens the map at a place; `None` where it is neither a literal nor a reference. `null` is an empty map.
    pub(super) fn open(page: SourceFile<'a>, (start, end): (usize, usize)) -> Option<Self> {
        let span = start..end;
        let text = page.text.get(span.clone())?;
        let object = match parse::expression(text).ok()? {
            Expression::Object(object) => object,
            Expression::Null(_) => Object::new(),
            Expression::Traversal(_) => {
                return Some(Self {
                    page,
                    span,
                    last: None,
                    keys: Vec::new(),
                    has_computed_keys: false,
                    refers: true,
                });
            }
            _ => return None,
        };
        let Some(last) = object.len().checked_sub(1) else {
            let inner = text.trim_start_matches('{').trim_end_matches('}').trim();
            let is_empty = inner.is_empty() || inner == "null" || closing_line(text).is_some();
            return is_empty.then_some(Self {
                page,
                span,
                last: None,
                keys: Vec::new(),
                has_computed_keys: false,
                refers: false,
            });
        };
        let whole = entry_span(&object, last)?;
        let value = object.iter().nth(last)?.1.expr().span()?;
        let key = text.get(whole.start..value.start)?;
        let sign = match key.trim_end().strip_suffix(':') {
            Some(name) if name.ends_with([' ', '\t']) => " :",
            Some(_) => ":",
            None => " =",
        };
        let whole = span.start + whole.start..span.start + whole.end;
        Some(Self {
            page,
            span,
            last: Some((whole, sign)),
            keys: object.iter().filter_map(|(key, _)| word(key)).collect(),
            has_computed_keys: object.iter().any(|(key, _)| word(key).is_none()),
            refers: false,
        })
    }

    /// Returns the edits that add entries behind the last one; `None` where an entry has no literal, or is there already.
    pub(super) fn add(&self, entries: &[Entry]) -> Option<Vec<Edit>> {
        if entries.iter().any(|(key, _)| self.keys.contains(key)) {
            return None;
        }
        let page = self.page;
        let sign = self.last.as_ref().map_or(" =", |(_, sign)| sign);
        let flat =
            |(name, value): &Entry| Some(format!("{}{sign} {}", key(name), render(value, "")?));
        let flat = || entries.iter().map(flat).collect::<Option<Vec<_>>>();
        let Some((last, _)) = &self.last else {
            if let Some(edit) = self.add_below_comment(entries) {
                return Some(vec![edit]);
            }
            let added = format!("{{ {} }}", flat()?.join(", "));
            let text = match page.text.get(self.span.clone()) {
                Some(map) if self.refers => format!("merge({map}, {added})"),
                _ => added,
            };
            return Some(vec![page.edit(self.span.clone(), text)]);
        };
        let rest = page.text.get(last.end..self.span.end)?;
        if !rest.contains('\n') {
            let text = format!(", {}", flat()?.join(", "));
            return Some(vec![page.edit(last.end..last.end, text)]);
        }
        let (indent, end) = (page.indent_of(last.start), page.line_end());
        let has_comma = rest.trim_start().starts_with(',');
        let comma = if has_comma { "," } else { "" };
        let line = |(name, value): &Entry| {
            let value = hcl_writer::value(value, indent, end)?;
            Some(format!("{indent}{}{sign} {value}{comma}{end}", key(name)))
        };
        let lines: Option<String> = entries.iter().map(line).collect();
        let at = page.line_of(last.end.saturating_sub(1)).end;
        Some(vec![page.edit(at..at, lines?)])
    }
}

impl Literal<'_> {
    /// Returns the edit that adds entries to a map that holds nothing but comments.
    fn add_below_comment(&self, entries: &[Entry]) -> Option<Edit> {
        let page = self.page;
        let text = page.text.get(self.span.clone())?;
        let at = self.span.start + closing_line(text).filter(|_| has_comment(text))?;
        let (indent, end) = (format!("{}  ", page.indent_of(at)), page.line_end());
        let line = |(name, value): &Entry| {
            let value = hcl_writer::value(value, &indent, end)?;
            Some(format!("{indent}{} = {value}{end}", key(name)))
        };
        let lines: Option<String> = entries.iter().map(line).collect();
        Some(page.edit(at..at, lines?))
    }
}

/// Returns where the last line of a map starts, if it holds nothing but the closing brace.
fn closing_line(text: &str) -> Option<usize> {
    let start = text.rfind('\n')? + 1;
    (text.get(start..)?.trim() == "}").then_some(start)
}

/// Returns the key of an entry where it is written out.
pub(super) fn word(key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
        ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str().to_owned()),
        ObjectKey::Expression(Expression::String(text)) => Some(text.value().as_str().to_owned()),
        ObjectKey::Expression(_) => None,
    }
}

/// Removes an entry of a map, with the comma behind it.
pub(super) fn take_out_entry(page: SourceFile<'_>, object: &Object, at: usize) -> Option<Edit> {
    take_out_entries(page, object, &[at])?.pop()
}

/// Removes entries of a map, in order of their positions.
pub(super) fn take_out_entries(
    page: SourceFile<'_>,
    object: &Object,
    gone: &[usize],
) -> Option<Vec<Edit>> {
    let all: Option<Vec<_>> = (0..object.len()).map(|at| entry_span(object, at)).collect();
    take_out_parts(page, &all?, gone)
}

/// Removes parts of a list or map, in order of their positions: their lines, or their bytes and the separators that have
/// nothing to separate any more. `None` where a comment would go that does not speak of them.
pub(super) fn take_out_parts(
    page: SourceFile<'_>,
    all: &[Range<usize>],
    gone: &[usize],
) -> Option<Vec<Edit>> {
    let runs = gone.chunk_by(|left, right| left + 1 == *right);
    runs.map(|run| take_out_run(page, all, run)).collect()
}

/// Removes parts that follow one another.
fn take_out_run(page: SourceFile<'_>, all: &[Range<usize>], run: &[usize]) -> Option<Edit> {
    let (first, last) = (*run.first()?, *run.last()?);
    let own = all.get(first..=last)?;
    let whole = own.first()?.start..own.last()?.end;
    let previous = first.checked_sub(1).and_then(|at| all.get(at));
    let rest = &page.text[whole.end..];
    let rest_of_line = rest.lines().next().unwrap_or_default();
    let ends_list = all.get(last + 1).is_none() && !rest.trim_start().starts_with(',');
    let separator = previous.and_then(|previous| page.text.get(previous.end..whole.start));
    // The separator before it has nothing to separate any more.
    let is_comma = ends_list && separator.is_some_and(|text| text.trim() == ",");
    if (!is_comma || has_comment(rest_of_line))
        && own.iter().all(|part| page.lines_of(part.clone()).is_some())
    {
        return page.take_out(whole);
    }
    let range = match (previous, all.get(last + 1)) {
        (_, Some(next)) => whole.start..next.start,
        (Some(previous), None) => previous.end..whole.end,
        // Without any, an empty map or list is left behind.
        (None, None) => {
            let before = page.text[..whole.start].trim_end().len();
            let after = page.text[whole.end..].trim_start_matches([' ', ',']);
            before..page.text.len() - after.len()
        }
    };
    let starts = std::iter::once(range.start).chain(own.iter().map(|part| part.end));
    let ends = own.iter().map(|part| part.start).chain([range.end]);
    let mut between = starts
        .zip(ends)
        .filter_map(|(start, end)| page.text.get(start..end));
    let is_free = between.all(|text| !text.contains(['#', '/']));
    is_free.then(|| page.edit(range, String::new()))
}
