//! Writes several values into one argument, or one map, that lacks them all: each alone would write it anew.

use super::adopt::Part;
use super::path::{self, Step};
use super::target::{Slot, Target};
use super::{Stack, joined_parts};
use crate::model::{Edit, Finding, Location, Site, Source, Value};

/// A value whose place lacks it.
#[derive(Debug, Clone)]
pub(super) struct LeftOutValue {
    location: Location,
    value: Value,
}

/// Returns a value for a slot that lacks it; `None` where the slot has a value, or gets none.
pub(super) fn value(slot: &Slot, value: &Value) -> Option<LeftOutValue> {
    let Slot::Value(location) = slot else {
        return None;
    };
    let is_left_out = matches!(
        location.site,
        Site::LeftOutArgument(_) | Site::LeftOutEntry(_)
    );
    (is_left_out && !value.is_null()).then(|| LeftOutValue {
        location: location.clone(),
        value: value.clone(),
    })
}

/// Joins the parts whose best edits write into one argument that a call leaves out, or into one map.
pub(super) fn joined(parts: Vec<Part>, finding: &Finding, stack: &Stack<'_>) -> Vec<Part> {
    let place_of = |part: &Part| Some(place(&left_out(part)?.location));
    joined_parts::by_group(parts, place_of, |members| together(members, finding, stack))
}

fn left_out(part: &Part) -> Option<&LeftOutValue> {
    part.attempts.as_ref().ok()?.first()?.left_out.as_ref()
}

/// Returns the place of a call and the name of its argument, or the place of a map.
fn place(location: &Location) -> (Source, Option<String>) {
    let name = match &location.site {
        Site::LeftOutArgument(argument) => Some(argument.name.clone()),
        _ => None,
    };
    (location.source.clone(), name)
}

/// Returns the part that writes the values of these parts at once; `None` where that is impossible.
fn together(members: Vec<Part>, finding: &Finding, stack: &Stack<'_>) -> Option<Part> {
    let values: Vec<&LeftOutValue> = members.iter().filter_map(left_out).collect();
    let path = members.first()?.paths.first()?;
    let target = Target::find(finding, path, stack).ok()?;
    let edits = edits(&values, &target, stack)?;
    Some(joined_parts::part_of(members, edits))
}

fn edits(values: &[&LeftOutValue], target: &Target<'_>, stack: &Stack<'_>) -> Option<Vec<Edit>> {
    let location = &values.first()?.location;
    let edits = match &location.site {
        Site::LeftOutArgument(first) => {
            let mut all = first.default.clone();
            for LeftOutValue { location, value } in values {
                let Site::LeftOutArgument(argument) = &location.site else {
                    return None;
                };
                let steps: Vec<_> = argument.steps.iter().cloned().map(Step::Key).collect();
                path::set(&mut all, &steps, value).then_some(())?;
            }
            let all = first.optional.trimmed(&all);
            target.add_argument((&location.source, &first.name), &all, stack)
        }
        _ => {
            let mut all = Value::map::<String>([]);
            for LeftOutValue { location, value } in values {
                let Site::LeftOutEntry(keys) = &location.site else {
                    return None;
                };
                put(&mut all, keys, value).then_some(())?;
            }
            let entries = all.as_map()?.iter();
            let entries: Vec<_> = entries
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            target.put_entries(&location.source, &entries, stack)
        }
    };
    edits.ok()
}

/// Puts a value below these keys, and adds the maps that are missing on the way. Returns whether there is room for it.
fn put(all: &mut Value, keys: &[String], value: &Value) -> bool {
    match (keys.split_first(), all) {
        (None, all) => {
            *all = value.clone();
            true
        }
        (Some((key, rest)), Value::Map(entries)) => {
            let inner = entries.get_or_insert_with(key, || Value::map::<String>([]));
            put(inner, rest, value)
        }
        (Some(_), _) => false,
    }
}
