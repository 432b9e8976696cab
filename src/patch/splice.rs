//! Merges the edits of several findings.

use super::Changed;
use super::format::realigned;
use super::location::is_hcl;
use super::refusal::Refusal;
use crate::model::{Edit, Tree};
use std::collections::BTreeMap;
use std::ops::Range;

/// Adds edits to existing ones: all of them, or none. Equal edits are merged.
///
/// # Errors
/// An edit changes bytes that another changes as well.
pub(super) fn join(all: &mut Vec<Edit>, more: &[Edit]) -> Result<(), Refusal> {
    add(all, more, |_, _| false)
}

/// Adds edits as `join` does. Of blocks that stand one below the other each may take along the blank line between them.
///
/// # Errors
/// An edit changes bytes that another changes as well.
pub(super) fn join_in(tree: &Tree, all: &mut Vec<Edit>, more: &[Edit]) -> Result<(), Refusal> {
    let share_blank = |left: &Edit, right: &Edit| {
        let bytes = tree.files.get(&left.file);
        let start = left.range.start.max(right.range.start);
        let end = left.range.end.min(right.range.end);
        let both = bytes.and_then(|bytes| bytes.get(start..end));
        let (left, right) = (&left.text, &right.text);
        left.is_empty() && right.is_empty() && both.is_some_and(|both| both.trim_ascii().is_empty())
    };
    add(all, more, share_blank)
}

/// Adds edits to existing ones, all of them or none, unless two change the same bytes and are not allowed to.
fn add(
    all: &mut Vec<Edit>,
    more: &[Edit],
    may_overlap: impl Fn(&Edit, &Edit) -> bool,
) -> Result<(), Refusal> {
    let before = all.len();
    for edit in more {
        if all.contains(edit) {
            continue;
        }
        let overlaps = |other: &&Edit| {
            let (left, right) = (&edit.range, &other.range);
            (left.start < right.end && right.start < left.end || left == right && !left.is_empty())
                && other.file == edit.file
                && !may_overlap(edit, other)
        };
        if let Some(other) = all.iter().find(overlaps) {
            let clash = Refusal::Clash {
                file: other.file.clone(),
                line: other.line,
            };
            all.truncate(before);
            return Err(clash);
        }
        all.push(edit.clone());
    }
    Ok(())
}

/// Returns the edited files.
pub(super) fn files(tree: &Tree, edits: &[Edit]) -> Changed {
    let mut by_file: BTreeMap<&str, Vec<&Edit>> = BTreeMap::new();
    for edit in edits {
        by_file.entry(&edit.file).or_default().push(edit);
    }
    let changed = by_file.into_iter().filter_map(|(file, edits)| {
        let before = tree.files.get(file)?;
        let (after, moved) = splice(before, edits);
        Some((file.to_owned(), aligned(file, before, after, &moved)))
    });
    changed.collect()
}

/// The bytes of an edit, before and after.
type SplicedRange = (Range<usize>, Range<usize>);

/// Applies edits to bytes. What edits overlap in, all of them take out.
fn splice(before: &[u8], mut edits: Vec<&Edit>) -> (Vec<u8>, Vec<SplicedRange>) {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut after = Vec::with_capacity(before.len());
    let (mut at, mut moved) = (0, Vec::new());
    for edit in edits {
        let range = edit.range.start.max(at)..edit.range.end.max(at);
        after.extend_from_slice(before.get(at..range.start).unwrap_or_default());
        let start = after.len();
        after.extend_from_slice(edit.text.as_bytes());
        at = range.end;
        moved.push((range, start..after.len()));
    }
    after.extend_from_slice(before.get(at..).unwrap_or_default());
    (after, moved)
}

/// Keeps the alignment of HCL.
fn aligned(file: &str, before: &[u8], after: Vec<u8>, moved: &[SplicedRange]) -> Vec<u8> {
    if !is_hcl(file) {
        return after;
    }
    match (std::str::from_utf8(before), std::str::from_utf8(&after)) {
        (Ok(before), Ok(text)) => realigned(before, text, moved).into_bytes(),
        _ => after,
    }
}
