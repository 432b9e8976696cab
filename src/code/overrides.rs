//! Merges the blocks of override files into those of the other files, as Terraform does.
//!
//! A file with overridden blocks gets a merged text, so that all later steps see one block, and each value still maps
//! to the place where it was written.

use super::Options;
use super::budget::Budget;
use super::file::{File, Part};
use super::folder::Problem;
use super::parse::Unparsed;
use hcl_edit::Span;
use hcl_edit::structure::{Attribute, Block, Structure};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// The bytes of a file's tree that count as one step of work.
const DECLARATION: usize = 1 << 10;
/// The most blocks of one override file that may override one another.
const MAX_ROUNDS: usize = 16;
/// Blocks that Terraform refuses in an override file.
const NOT_MERGED: &[&str] = &["moved", "import", "removed", "check"];
/// The block whose arguments are merged one by one.
const LIFECYCLE: &str = "lifecycle";

/// The target of an override: a block's kind and labels, or a local value's name.
type Key<'a> = Vec<&'a str>;

/// Merges override files into the others, in order. Records a problem for a block that overrides nothing.
pub(super) fn merged(
    mut files: Vec<Arc<File>>,
    overrides: &[Arc<File>],
    options: &Options,
    budget: &Budget,
) -> (Vec<Arc<File>>, Vec<Problem>) {
    let mut problems = Vec::new();
    for file in overrides {
        let mut left: Vec<_> = overriding(file, &mut problems);
        for _ in 0..MAX_ROUNDS {
            // Each round looks at all that the other files set.
            let known: usize = files.iter().map(|file| file.memory / DECLARATION).sum();
            if left.is_empty() || budget.work(known).is_err() {
                break;
            }
            left = round(&mut files, file, left, &mut problems, (options, budget));
        }
    }
    (files, problems)
}

/// One block or local value of an override file.
#[derive(Clone, Copy)]
enum Setting<'o> {
    Block(&'o Block),
    Local(&'o Attribute),
}

/// Returns the blocks and local values of an override file, in order.
fn overriding<'o>(file: &'o File, problems: &mut Vec<Problem>) -> Vec<(Key<'o>, Setting<'o>)> {
    let mut all = Vec::new();
    for block in file.body.blocks() {
        match block.ident.as_str() {
            "locals" => all.extend(locals(block).map(|(key, local)| (key, Setting::Local(local)))),
            // Which backend counts is found without the rest of the code.
            "terraform" => {}
            kind if NOT_MERGED.contains(&kind) => {
                let message = format!("a `{kind}` block may not stand in an override file");
                problems.push(file.problem(block.span(), message));
            }
            _ => all.push((key(block), Setting::Block(block))),
        }
    }
    all
}

fn locals<'o>(block: &'o Block) -> impl Iterator<Item = (Key<'o>, &'o Attribute)> {
    let attributes = block.body.attributes();
    attributes.map(|local| (vec!["locals", local.key.as_str()], local))
}

/// Returns a block's kind and labels, and the alias of a provider.
fn key(block: &Block) -> Key<'_> {
    let labels = block.labels.iter().map(|label| label.as_str());
    let alias = match block.ident.as_str() {
        "provider" => block.body.get_attribute("alias"),
        _ => None,
    };
    let alias = alias.and_then(|alias| alias.value.as_str());
    std::iter::once(block.ident.as_str())
        .chain(labels)
        .chain(alias)
        .collect()
}

/// Merges one setting of each target, and returns the others for the next round.
fn round<'o>(
    files: &mut Vec<Arc<File>>,
    file: &'o Arc<File>,
    settings: Vec<(Key<'o>, Setting<'o>)>,
    problems: &mut Vec<Problem>,
    (options, budget): (&Options, &Budget),
) -> Vec<(Key<'o>, Setting<'o>)> {
    let (mut left, mut taken) = (Vec::new(), BTreeSet::new());
    let mut edits: BTreeMap<usize, Vec<Edit>> = BTreeMap::new();
    let known = known(files);
    for (key, setting) in settings {
        if !taken.insert(key.clone()) {
            left.push((key, setting));
            continue;
        }
        match (known.get(&key), setting) {
            (Some((at, Overridable::Block(base))), Setting::Block(block)) => {
                merge(&files[*at].text, base, block, edits.entry(*at).or_default());
            }
            (Some((at, Overridable::Local(base))), Setting::Local(local)) => {
                edits.entry(*at).or_default().extend(replace(base, local));
            }
            // A default configuration need not be written to be overridden.
            (None, Setting::Block(block)) if key.len() == 2 && key[0] == "provider" => {
                let end = files.first().map_or(0, |first| first.text.len());
                edits
                    .entry(0)
                    .or_default()
                    .extend(insert(end, block.span()));
            }
            (_, setting) => {
                let span = match setting {
                    Setting::Block(block) => block.span(),
                    Setting::Local(local) => local.key.span(),
                };
                let key = key.join(" ");
                let message = format!("no other file has the {key} that this overrides");
                problems.push(file.problem(span, message));
            }
        }
    }
    drop(known);
    let mut unmerged = Vec::new();
    for (at, edits) in edits {
        if let Err(unparsed) = apply(files, at, (file, edits), (options, budget)) {
            // What it says is not known any more.
            unmerged.push(at);
            let message = format!(
                "what this file overrides could not be put together with it, so neither was evaluated: {unparsed}"
            );
            problems.push(Problem {
                file: file.path.clone(),
                line: 1,
                message,
            });
        }
    }
    for at in unmerged.into_iter().rev() {
        files.remove(at);
    }
    left
}

/// Replaces a file by its merge with an override file.
///
/// # Errors
/// The merged text cannot be parsed.
fn apply(
    files: &mut [Arc<File>],
    at: usize,
    (file, edits): (&Arc<File>, Vec<Edit>),
    (options, budget): (&Options, &Budget),
) -> Result<(), Unparsed> {
    let Some(base) = files.get_mut(at) else {
        return Ok(());
    };
    let (text, parts) = spliced(base, file, edits);
    let paths = (base.path.as_str(), file.path.as_str());
    let room = budget.room_for_code();
    let merged = options.shared.merged(paths, &text, parts, room)?;
    budget.hold_code(merged.memory);
    *base = merged;
    Ok(())
}

/// A block or local value that can be overridden.
enum Overridable<'b> {
    Block(&'b Block),
    Local(&'b Attribute),
}

/// Returns the blocks and local values of the other files, each with the index of its file.
fn known(files: &[Arc<File>]) -> BTreeMap<Key<'_>, (usize, Overridable<'_>)> {
    let mut known = BTreeMap::new();
    for (at, file) in files.iter().enumerate() {
        for block in file.body.blocks() {
            if block.has_ident("locals") {
                for (key, local) in locals(block) {
                    known.entry(key).or_insert((at, Overridable::Local(local)));
                }
            } else {
                known
                    .entry(key(block))
                    .or_insert((at, Overridable::Block(block)));
            }
        }
    }
    known
}

/// Replaces bytes of a file with bytes of the override file, on a new line where they are inserted.
struct Edit {
    range: Range<usize>,
    text: Option<Range<usize>>,
    is_new: bool,
}

fn insert(at: usize, text: Option<Range<usize>>) -> Option<Edit> {
    Some(Edit {
        range: at..at,
        text: Some(text?),
        is_new: true,
    })
}

/// Returns the edit that replaces the value of an argument with another's.
fn replace(base: &Attribute, other: &Attribute) -> Option<Edit> {
    Some(Edit {
        range: base.value.span()?,
        text: Some(other.value.span()?),
        is_new: false,
    })
}

fn take_out(range: Option<Range<usize>>) -> Option<Edit> {
    Some(Edit {
        range: range?,
        text: None,
        is_new: false,
    })
}

/// Returns the bytes of an argument, name and value.
fn whole(attribute: &Attribute) -> Option<Range<usize>> {
    Some(attribute.key.span()?.start..attribute.value.span()?.end)
}

/// Returns the name of a nested block, which for `dynamic` is its label.
pub(super) fn block_name(block: &Block) -> &str {
    let label = block.labels.first().filter(|_| block.has_ident("dynamic"));
    label.map_or(block.ident.as_str(), |label| label.as_str())
}

/// Merges a block into another: each argument replaces the one of its name, its blocks of a name replace all of that
/// name, and `lifecycle` is merged in turn.
fn merge(text: &str, base: &Block, other: &Block, edits: &mut Vec<Edit>) {
    let Some((start, end)) = inside(text, base) else {
        return;
    };
    // What is new stands on lines of its own, and so does what was there.
    edits.push(Edit {
        range: start..start,
        text: None,
        is_new: true,
    });
    let blocks: BTreeSet<_> = other.body.blocks().map(block_name).collect();
    for attribute in other.body.attributes() {
        match base.body.get_attribute(attribute.key.as_str()) {
            Some(old) => edits.extend(replace(old, attribute)),
            None => edits.extend(insert(end, whole(attribute))),
        }
    }
    let mut lifecycle = base.body.get_blocks(LIFECYCLE);
    let lifecycle = lifecycle.next();
    for block in other.body.blocks() {
        match lifecycle.filter(|_| block.has_ident(LIFECYCLE)) {
            Some(base) => merge(text, base, block, edits),
            None => edits.extend(insert(end, block.span())),
        }
    }
    // HCL takes a block of several lines only with its brace on a line of its own.
    edits.push(Edit {
        range: end..end,
        text: None,
        is_new: true,
    });
    let is_replaced = |name: &str| blocks.contains(name) && name != LIFECYCLE;
    for part in base.body.iter() {
        match part {
            Structure::Attribute(old) if is_replaced(old.key.as_str()) => {
                edits.extend(take_out(whole(old)));
            }
            Structure::Block(old) => {
                let name = block_name(old);
                if is_replaced(name) || other.body.has_attribute(name) {
                    edits.extend(take_out(old.span()));
                }
            }
            Structure::Attribute(_) => {}
        }
    }
}

/// Returns the bytes between the braces of a block.
fn inside(text: &str, block: &Block) -> Option<(usize, usize)> {
    let labels = block.labels.last().and_then(Span::span);
    let head = labels.or_else(|| block.ident.span())?.end;
    let start = head + text.get(head..)?.find('{')? + 1;
    Some((start, block.span()?.end.checked_sub(1)?))
}

/// Returns the merged text of a file and an override file, with the origins of its parts.
fn spliced(base: &Arc<File>, other: &Arc<File>, mut edits: Vec<Edit>) -> (String, Vec<Part>) {
    edits.sort_by_key(|edit| edit.range.start);
    let (mut text, mut parts, mut at) = (String::new(), Vec::new(), 0);
    let mut copy = |text: &mut String, file: &Arc<File>, range: Range<usize>| {
        parts.push(Part {
            start: text.len(),
            file: file.clone(),
            at: range.start,
        });
        text.push_str(file.text.get(range).unwrap_or_default());
    };
    for edit in edits {
        copy(&mut text, base, at..edit.range.start.max(at));
        at = edit.range.end.max(at);
        let line_end = if edit.is_new { "\n" } else { "" };
        text.push_str(line_end);
        if let Some(range) = edit.text {
            copy(&mut text, other, range);
            text.push_str(line_end);
        }
    }
    copy(&mut text, base, at..base.text.len());
    (text, parts)
}
