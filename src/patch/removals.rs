//! Removes several entries of one map together: each alone would take along the separator between them.

use super::Stack;
use super::adopt::{Attempt, Part};
use super::json_code;
use super::location::{File, Owner};
use super::map::take_out_entries;
use crate::model::{Edit, Source};
use hcl_edit::Span;
use std::collections::BTreeMap;

/// Joins the parts whose best edits remove entries of one map.
pub(super) fn joined(parts: Vec<Part>, stack: &Stack<'_>) -> Vec<Part> {
    let removed = |part: &Part| part.attempts.as_ref().ok()?.first()?.removed.clone();
    if parts.iter().filter_map(removed).nth(1).is_none() {
        return parts;
    }
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (number, part) in parts.iter().enumerate() {
        let map = removed(part).and_then(|source| Some((map_at(&source, stack)?, source.file)));
        if let Some(map) = map {
            groups.entry(map).or_default().push(number);
        }
    }
    let mut parts: Vec<_> = parts.into_iter().map(Some).collect();
    for numbers in groups.into_values().filter(|numbers| numbers.len() > 1) {
        let own = numbers.iter().filter_map(|number| parts[*number].as_ref());
        let sources: Vec<_> = own.clone().filter_map(removed).collect();
        let Some(edits) = together(&sources, stack) else {
            continue;
        };
        let attempts = own
            .clone()
            .filter_map(|part| part.attempts.as_ref().ok()?.first());
        let joined = Part {
            paths: own
                .clone()
                .flat_map(|part| part.paths.iter().cloned())
                .collect(),
            attempts: Ok(vec![Attempt {
                edits,
                expected: attempts
                    .flat_map(|attempt| attempt.expected.clone())
                    .collect(),
                ..Attempt::default()
            }]),
            members: own.cloned().collect(),
        };
        for number in &numbers {
            parts[*number] = None;
        }
        parts[numbers[0]] = Some(joined);
    }
    parts.into_iter().flatten().collect()
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
