//! Inserts and removes entries of literal maps and lists, on one line or several.

use super::hcl_writer;
use super::layout::SourceFile;
use super::literal::{key, render};
use super::location::{File, entry_span};
use super::write::Entry;
use crate::code::parse;
use crate::model::{Edit, Source};
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
    keys: Vec<String>,
    /// Whether the code refers to a map, into which the entries are merged.
    refers: bool,
}

impl<'a> Literal<'a> {
    /// Opens the map at a place; `None` where it is neither a literal nor a reference. `null` is an empty map.
    pub(super) fn open(page: SourceFile<'a>, map: &Source) -> Option<Self> {
        let span = map.span.0..map.span.1;
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
                    refers: true,
                });
            }
            _ => return None,
        };
        let Some(last) = object.len().checked_sub(1) else {
            let inner = text.trim_start_matches('{').trim_end_matches('}').trim();
            let is_empty = inner.is_empty() || inner == "null";
            return is_empty.then_some(Self {
                page,
                span,
                last: None,
                keys: Vec::new(),
                refers: false,
            });
        };
        let whole = entry_span(&object, last)?;
        let value = object.iter().nth(last)?.1.expr().span()?;
        let key = text.get(whole.start..value.start)?;
        let sign = if key.trim_end().ends_with(':') {
            ":"
        } else {
            " ="
        };
        let whole = span.start + whole.start..span.start + whole.end;
        Some(Self {
            page,
            span,
            last: Some((whole, sign)),
            keys: object.iter().filter_map(|(key, _)| word(key)).collect(),
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
        let needs_comma = sign == ":" && !has_comma;
        let mut edits = Vec::new();
        if needs_comma {
            edits.push(page.edit(last.end..last.end, ",".to_owned()));
        }
        let comma = if has_comma || needs_comma { "," } else { "" };
        let line = |(name, value): &Entry| {
            let value = hcl_writer::value(value, indent, end)?;
            Some(format!("{indent}{}{sign} {value}{comma}{end}", key(name)))
        };
        let lines: Option<String> = entries.iter().map(line).collect();
        let at = page.line_of(last.end.saturating_sub(1)).end;
        edits.push(page.edit(at..at, lines?));
        Some(edits)
    }
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
pub(super) fn take_out_entry(file: &File<'_>, object: &Object, at: usize) -> Option<Edit> {
    let all: Option<Vec<_>> = (0..object.len()).map(|at| entry_span(object, at)).collect();
    take_out_part(file, &all?, at)
}

/// Removes one part of a list or map: its lines, or its bytes and a separator.
pub(super) fn take_out_part(file: &File<'_>, all: &[Range<usize>], at: usize) -> Option<Edit> {
    let page = file.page;
    let own = all.get(at)?;
    if let Some(edit) = page.take_out(own.clone()) {
        return Some(edit);
    }
    let previous = at.checked_sub(1).and_then(|at| all.get(at));
    let range = match (previous, all.get(at + 1)) {
        (_, Some(next)) => own.start..next.start,
        (Some(previous), None) => previous.end..own.end,
        // The only one leaves an empty map or list behind.
        (None, None) => {
            let before = page.text[..own.start].trim_end().len();
            let after = page.text[own.end..].trim_start_matches([' ', ',']);
            before..page.text.len() - after.len()
        }
    };
    let rest = [
        page.text.get(range.start..own.start),
        page.text.get(own.end..range.end),
    ];
    let has_comment = rest.iter().flatten().any(|text| text.contains(['#', '/']));
    (!has_comment).then(|| page.edit(range, String::new()))
}
