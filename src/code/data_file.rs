//! Finds where the values of a data file stand: JSON, YAML or CSV that code reads and decodes.

use super::file::line_ends;
use super::functions::file::policy_text;
use super::handed_on::is_call;
use super::instance::FileValue;
use super::scope::Scope;
use super::size::LOOKED_AT;
use super::variables_json;
use crate::model::Source;
use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput};
use hcl_edit::expr::{Expression, FuncCall};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The functions that decode a file.
const DECODE: &[&str] = &["jsondecode", "yamldecode", "csvdecode"];
/// The largest file whose values are edited.
const MAX_BYTES: usize = 256 * 1024;
/// The most memory that the values take for each byte of their file.
const NODE: usize = 48;
/// The deepest nesting of values.
const MAX_DEPTH: usize = 64;

/// Returns the values of the file that `jsondecode(file(...))` and its like read; `None` for any other call, and where
/// the file was not read.
pub(super) fn of_call(scope: &Scope<'_>, call: &FuncCall) -> Option<Rc<FileValue>> {
    let Expression::FuncCall(read) = call.args.iter().next()? else {
        return None;
    };
    let function = call.name.name.as_str();
    if !is_call(read, "file") || !DECODE.contains(&function) {
        return None;
    }
    policy_text(
        scope,
        read.args.iter().next()?,
        None,
        |scope, path, text| {
            let context = &scope.instance.context;
            let key = (function.to_owned(), path.to_owned());
            if let Some(known) = context.data_files.borrow().get(&key) {
                return known.clone();
            }
            let values = values(scope, function, (path, text));
            context.data_files.borrow_mut().insert(key, values.clone());
            values
        },
    )
}

fn values(scope: &Scope<'_>, function: &str, (path, text): (&str, &str)) -> Option<Rc<FileValue>> {
    let budget = scope.budget();
    budget.work(text.len() / LOOKED_AT).ok()?;
    if text.len() > MAX_BYTES {
        return None;
    }
    budget.keep(text.len() * NODE).ok()?;
    let lines = line_ends(text);
    let file = DataFile { path, text, lines };
    match function {
        "jsondecode" => variables_json::root(path, text, &scope.instance.context),
        "yamldecode" => file.yaml(),
        _ => file.csv(),
    }
}

struct DataFile<'t> {
    path: &'t str,
    text: &'t str,
    /// Where its lines end.
    lines: Vec<usize>,
}

impl<'t> DataFile<'t> {
    fn value(
        &self,
        span: (usize, usize),
        entries: BTreeMap<String, Rc<FileValue>>,
        items: Vec<Rc<FileValue>>,
    ) -> Rc<FileValue> {
        Rc::new(FileValue {
            source: Source {
                file: self.path.to_owned(),
                line: 1 + self.lines.partition_point(|end| *end < span.0),
                span,
            },
            entries,
            items,
        })
    }

    fn yaml(&self) -> Option<Rc<FileValue>> {
        let mut events = Parser::new_from_str(self.text);
        loop {
            match next(&mut events)? {
                (Event::StreamStart | Event::DocumentStart(..), _) => {}
                (event, span) => return self.node(&mut events, (event, span), 0),
            }
        }
    }

    /// Reads a node. What refers to an anchor has no place of its own.
    fn node(
        &self,
        events: &mut Parser<'t, StrInput<'t>>,
        (event, span): (Event<'t>, Span),
        depth: usize,
    ) -> Option<Rc<FileValue>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let start = span.start.byte_offset()?;
        let (mut entries, mut items) = (BTreeMap::new(), Vec::new());
        let end = match event {
            Event::Scalar(..) => span.end.byte_offset()?,
            Event::SequenceStart(..) => loop {
                match next(events)? {
                    (Event::SequenceEnd, span) => break span.end.byte_offset()?,
                    event => items.push(self.node(events, event, depth + 1)?),
                }
            },
            Event::MappingStart(..) => loop {
                let key = match next(events)? {
                    (Event::MappingEnd, span) => break span.end.byte_offset()?,
                    (Event::Scalar(text, style, ..), _) => {
                        let is_merge = matches!(style, ScalarStyle::Plain) && text == "<<";
                        (!is_merge).then(|| text.into_owned())?
                    }
                    _ => return None,
                };
                match next(events)? {
                    // What an anchor gives is edited at the anchor.
                    (Event::Alias(..), _) => {}
                    value => drop(entries.insert(key, self.node(events, value, depth + 1)?)),
                }
            },
            _ => return None,
        };
        Some(self.value((start, end), entries, items))
    }

    /// Reads a table whose first row names the columns. Cells in quotes may not hold line ends.
    fn csv(&self) -> Option<Rc<FileValue>> {
        let mut at = 0;
        let mut rows = self.text.split_inclusive('\n').map(|line| {
            let start = at;
            at += line.len();
            (start, line.trim_end_matches(['\r', '\n']))
        });
        let (_, head) = rows.next()?;
        let names: Vec<String> = cells(head)?
            .into_iter()
            .map(|(start, end)| head[start..end].trim_matches('"').to_owned())
            .collect();
        let mut items = Vec::new();
        for (start, line) in rows.filter(|(_, line)| !line.is_empty()) {
            let cells = cells(line)?;
            if cells.len() != names.len() {
                return None;
            }
            let cell = |(name, (from, to)): (&String, (usize, usize))| {
                let span = (start + from, start + to);
                (name.clone(), self.value(span, BTreeMap::new(), Vec::new()))
            };
            let entries = names.iter().zip(cells).map(cell).collect();
            items.push(self.value((start, start + line.len()), entries, Vec::new()));
        }
        Some(self.value((0, self.text.len()), BTreeMap::new(), items))
    }
}

/// Returns the next event that is no comment.
fn next<'t>(events: &mut Parser<'t, StrInput<'t>>) -> Option<(Event<'t>, Span)> {
    loop {
        match events.next_event()?.ok()? {
            (Event::Comment(..), _) => {}
            event => return Some(event),
        }
    }
}

/// Returns the bytes of each cell of a line; `None` where quotes do not match.
fn cells(line: &str) -> Option<Vec<(usize, usize)>> {
    let (mut found, mut start, mut is_quoted) = (Vec::new(), 0, false);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => {
                found.push((start, at));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push((start, line.len()));
    (!is_quoted).then_some(found)
}
