//! Joins parts of which one set of edits does the work.

use super::adopt::{Attempt, Part};
use crate::model::Edit;
use std::collections::BTreeMap;

/// Replaces the parts of each group with the part that does the work of all of them. A group without one stays as it is, and
/// so does a part of no group.
pub(super) fn by_group<K: Ord>(
    parts: Vec<Part>,
    group_of: impl Fn(&Part) -> Option<K>,
    join: impl Fn(Vec<Part>) -> Option<Part>,
) -> Vec<Part> {
    let mut groups: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for (number, part) in parts.iter().enumerate() {
        if let Some(group) = group_of(part) {
            groups.entry(group).or_default().push(number);
        }
    }
    let mut parts: Vec<_> = parts.into_iter().map(Some).collect();
    for numbers in groups.into_values().filter(|numbers| numbers.len() > 1) {
        let own = numbers.iter().filter_map(|number| parts[*number].clone());
        let Some(part) = join(own.collect()) else {
            continue;
        };
        for number in &numbers {
            parts[*number] = None;
        }
        parts[numbers[0]] = Some(part);
    }
    parts.into_iter().flatten().collect()
}

/// Creates the part that writes its members by one set of edits.
pub(super) fn part_of(members: Vec<Part>, edits: Vec<Edit>) -> Part {
    let best = members
        .iter()
        .filter_map(|part| part.attempts.as_ref().ok()?.first());
    let expected = best.flat_map(|attempt| attempt.expected.clone());
    let attempt = Attempt {
        edits,
        expected: expected.collect(),
        ..Attempt::default()
    };
    let paths = members.iter().flat_map(|part| part.paths.iter().cloned());
    Part {
        paths: paths.collect(),
        attempts: Ok(vec![attempt]),
        members,
    }
}
