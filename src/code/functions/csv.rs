//! Parses CSV for `csvdecode`. The first row holds the attributes' names.

use super::Call;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::size::{self, ENTRY, MAP};
use crate::code::typed::Typed;
use crate::code::types::Type;
use std::collections::BTreeMap;

pub(super) fn csvdecode(call: &Call<'_, '_>) -> Evaluated {
    let text = call.text(0)?;
    let cells = text
        .bytes()
        .filter(|byte| matches!(byte, b',' | b'\n'))
        .count()
        + 1;
    call.budget().work(cells)?;
    call.budget()
        .take(text.len() + cells.saturating_mul(size::text(0)))?;
    let mut rows = rows(text)?.into_iter();
    let names = rows.next().ok_or(Invalid)?.into_iter();
    let names: Vec<_> = names.map(Typed::key).collect();
    let of = Type::object(names.iter().map(|name| (name.clone(), Type::String)));
    let mut items = Vec::new();
    for row in rows {
        if row.len() != names.len() {
            return Err(Fault::Invalid);
        }
        let own: usize = names.iter().map(|name| ENTRY + name.len()).sum();
        call.budget().take(MAP + own)?;
        let cells = names.iter().cloned().zip(row.into_iter().map(Typed::text));
        items.push(Typed::Object(cells.collect::<BTreeMap<_, _>>()));
    }
    let distinct = matches!(&of, Type::Object(attributes) if attributes.len() == names.len());
    if !distinct {
        return Err(Fault::Invalid);
    }
    Ok(Typed::List(of, items))
}

/// Returns the rows of a table without empty lines.
fn rows(text: &str) -> Result<Vec<Vec<String>>, Invalid> {
    let mut rows = Vec::new();
    let (mut row, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        if row.is_empty()
            && let Some(after) = ["\r\n", "\n"].iter().find_map(|end| rest.strip_prefix(end))
        {
            rest = after;
            continue;
        }
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted)?,
            None => {
                let end = rest.find([',', '\n']).unwrap_or(rest.len());
                let (cell, after) = rest.split_at(end);
                let cell = if after.starts_with(',') {
                    cell
                } else {
                    cell.strip_suffix('\r').unwrap_or(cell)
                };
                if cell.contains('"') {
                    return Err(Invalid);
                }
                (cell.to_owned(), after)
            }
        };
        row.push(cell);
        if let Some(more) = after.strip_prefix(',') {
            rest = more;
            if rest.is_empty() {
                row.push(String::new());
            }
            // What follows is the next cell, however it starts.
            if let Some(end) = ["\r\n", "\n"].iter().find(|end| rest.starts_with(**end)) {
                row.push(String::new());
                rest = &rest[end.len()..];
                rows.push(std::mem::take(&mut row));
            }
            continue;
        }
        rest = after.strip_prefix('\r').unwrap_or(after);
        rest = rest.strip_prefix('\n').unwrap_or(rest);
        rows.push(std::mem::take(&mut row));
    }
    if !row.is_empty() {
        rows.push(row);
    }
    Ok(rows)
}

/// Returns a cell after its first quote, and what follows it.
fn quoted_cell(text: &str) -> Result<(String, &str), Invalid> {
    let (mut cell, mut rest) = (String::new(), text);
    loop {
        let (part, after) = rest.split_once('"').ok_or(Invalid)?;
        cell.push_str(&part.replace("\r\n", "\n"));
        match after.strip_prefix('"') {
            Some(more) => {
                cell.push('"');
                rest = more;
            }
            None if after.is_empty()
                || after.starts_with([',', '\n'])
                || after.starts_with("\r\n") =>
            {
                return Ok((cell, after));
            }
            None => return Err(Invalid),
        }
    }
}
