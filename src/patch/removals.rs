//! Removes several entries of one map together: each alone would take along the separator between them.

use super::adopt::Part;
use super::location::{File, Owner};
use super::map::take_out_entries;
use super::{Stack, joined_parts, json_code};
use crate::model::{Edit, Source};
use hcl_edit::Span;

/// Joins the parts whose best edits remove entries of one map.
pub(super) fn joined(parts: Vec<Part>, stack: &Stack<'_>) -> Vec<Part> {
    let removed = |part: &Part| part.attempts.as_ref().ok()?.first()?.removed.clone();
    if parts.iter().filter_map(removed).nth(1).is_none() {
        return parts;
    }
    let map_of = |part: &Part| {
        let source = removed(part)?;
        Some((map_at(&source, stack)?, source.file))
    };
    joined_parts::by_group(parts, map_of, |members| {
        let sources: Vec<_> = members.iter().filter_map(removed).collect();
        let edits = together(&sources, stack)?;
        Some(joined_parts::part_of(members, edits))
    })
}

/// Returns where the map starts whose entry has its value at a place.
fn map_at(source: &Source, stack: &Stack<'_>) -> Option<usize> {
    if source.file.ends_with(".json") {
        return json_code::open(&source.file, stack)
            .ok()?
            .object_around(source.span.0);
    }
    let file = File::open(stack.tree, &source.file).ok()?;
    match file.owner(source.span)? {
        Owner::Entry(object, _) => Some(object.span()?.start),
        Owner::Attribute(_) => None,
    }
}

/// Returns the edits that remove entries of one map, whose values are at these places.
fn together(sources: &[Source], stack: &Stack<'_>) -> Option<Vec<Edit>> {
    let file = &sources.first()?.file;
    if file.ends_with(".json") {
        let starts: Vec<_> = sources.iter().map(|source| source.span.0).collect();
        return json_code::open(file, stack).ok()?.remove_all(&starts);
    }
    let file = File::open(stack.tree, file).ok()?;
    let mut all = Vec::new();
    let mut map = None;
    for source in sources {
        let Owner::Entry(object, at) = file.owner(source.span)? else {
            return None;
        };
        all.push(at);
        map = Some(object);
    }
    all.sort_unstable();
    all.dedup();
    take_out_entries(file.page, map?, &all)
}
