//! Holds the places that edits change, to find the code that depends on them.

use super::file::File;
use super::instance::{Instance, SetBy};
use super::parse;
use super::references::{EDITED, Names};
use crate::model::Address;
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Places in files that edits change.
#[derive(Debug, Clone, Default)]
pub struct EditedPlaces {
    changed: BTreeMap<String, Vec<Change>>,
    /// The types and names of the resources that get, or lose, instances.
    resized: BTreeSet<[String; 2]>,
}

/// Bytes that are replaced.
#[derive(Debug, Clone)]
struct Change {
    range: Range<usize>,
    /// The names of the arguments that are inserted.
    inserted: BTreeSet<String>,
}

impl EditedPlaces {
    /// Adds the bytes that an edit replaces, with their new text.
    pub fn add(&mut self, file: &str, range: Range<usize>, text: &str) {
        let inserted = match range.is_empty() {
            true => arguments_of(text),
            false => BTreeSet::new(),
        };
        let changes = self.changed.entry(file.to_owned()).or_default();
        changes.push(Change { range, inserted });
    }

    /// Adds a resource that is new, or gone, after the edits.
    pub fn resize(&mut self, address: &Address) {
        let name = [address.tf_type.clone(), address.name.clone()];
        self.resized.insert(name);
    }

    /// Returns whether edits add or remove instances of a resource, in any module.
    pub(super) fn change_instances(&self, tf_type: &str, name: &str) -> bool {
        let mut resized = self.resized.iter();
        resized.any(|resized| *resized == [tf_type, name])
    }

    /// Returns whether edits change files that are no code: functions read them.
    pub(super) fn has_data(&self) -> bool {
        let mut files = self.changed.keys();
        files.any(|file| !super::is_code(file) && !is_variables(file))
    }

    /// Returns whether edits change bytes of a file, whichever.
    pub(super) fn change_file(&self, file: &str) -> bool {
        self.changed.contains_key(file)
    }

    /// Returns whether edits add, remove or rename parts of a span: whether they change bytes between these parts.
    pub(super) fn change_between(
        &self,
        file: &str,
        whole: (usize, usize),
        parts: &[(usize, usize)],
    ) -> bool {
        let is_in = |range: &Range<usize>, (start, end): (usize, usize)| match range.is_empty() {
            true => start < range.start && range.start < end,
            false => start <= range.start && range.end <= end,
        };
        let changes = self.changed.get(file).into_iter().flatten();
        let mut own = changes.filter(|Change { range, .. }| touches(range, whole));
        own.any(|Change { range, .. }| !parts.iter().any(|part| is_in(range, *part)))
    }

    /// Returns whether an argument, or a nested block, of this name is inserted into a block itself; any where the name is
    /// empty.
    pub(super) fn insert_argument(&self, file: &File, block: &Block, name: &str) -> bool {
        let span = block.span().unwrap_or_default();
        let path = file.path_at(span.start);
        let (start, end) = file.span(span);
        let arguments = block.body.attributes();
        let parts = arguments.filter_map(|argument| argument.value.span());
        let parts = parts.chain(block.body.blocks().filter_map(Span::span));
        let parts: Vec<_> = parts.map(|part| file.span(part)).collect();
        let changes = self.changed.get(path).into_iter().flatten();
        let mut own = changes.filter(|Change { range, .. }| {
            let is_inside = |(start, end): (usize, usize)| start < range.start && range.end < end;
            is_inside((start, end)) && !parts.iter().any(|part| is_inside(*part))
        });
        own.any(|change| match name.is_empty() {
            true => !change.inserted.is_empty(),
            false => change.inserted.contains(name),
        })
    }

    /// Returns whether edits change a configuration of Terragrunt's.
    fn change_configuration(&self) -> bool {
        self.changed.keys().any(|file| file.ends_with(".hcl"))
    }

    /// Returns whether a variable is inserted into a file of variables.
    fn insert_variable(&self, name: &str) -> bool {
        let files = self.changed.iter();
        let mut files = files.filter(|(file, _)| is_variables(file));
        files.any(|(_, changes)| changes.iter().any(|change| change.inserted.contains(name)))
    }

    /// Returns whether edits change bytes of a file.
    pub(super) fn change(&self, file: &str, span: (usize, usize)) -> bool {
        let mut changes = self.changed.get(file).into_iter().flatten();
        changes.any(|Change { range, .. }| touches(range, span))
    }

    /// Returns whether edits change bytes of an expression.
    pub(super) fn change_expression(&self, file: &File, expression: &Expression) -> bool {
        let span = expression.span();
        span.is_some_and(|span| self.change(file.path_at(span.start), file.span(span)))
    }

    /// Returns whether edits change an argument, or a nested block, of this name in a body; any where the name is empty.
    pub(super) fn change_part(&self, file: &File, body: &Body, name: &str) -> bool {
        let is_asked = |part: &str| name.is_empty() || part == name;
        let mut arguments = body.attributes();
        let mut blocks = body.blocks();
        arguments.any(|argument| {
            is_asked(argument.key.as_str()) && self.change_expression(file, &argument.value)
        }) || blocks.any(|block| {
            let span = block.span().unwrap_or_default();
            let label = block.labels.first().map(|label| label.as_str());
            (is_asked(block.ident.as_str()) || label.is_some_and(is_asked))
                && self.change(file.path_at(span.start), file.span(span))
        })
    }
}

/// Returns whether replaced bytes, or the place of inserted ones, lie in a span.
fn touches(range: &Range<usize>, (start, end): (usize, usize)) -> bool {
    match range.is_empty() {
        true => start < range.start && range.start < end,
        false => start < range.end && range.start < end,
    }
}

/// Finds the edit of a variable's default, or of its value in a file of variables.
pub(super) fn edited_setting(
    instance: &Instance<'_>,
    set: Option<&SetBy<'_>>,
    name: &str,
    places: &EditedPlaces,
) -> Names {
    let is_inserted = || match &instance.call {
        Some(call) => places.insert_argument(call.scope.file, call.block, name),
        None => places.insert_variable(name),
    };
    let is_edited = match set {
        Some(SetBy::Default(file, default)) => {
            is_inserted() || places.change_expression(file, default)
        }
        // Which of a unit's configurations gives it is not known here.
        Some(SetBy::Inputs(_)) => places.change_configuration(),
        // These are looked into by whoever asks.
        Some(SetBy::Argument(..) | SetBy::FileValue(_)) => false,
        None => is_inserted(),
    };
    is_edited.then(|| EDITED.into()).into_iter().collect()
}

/// Returns whether a file holds values of variables.
fn is_variables(file: &str) -> bool {
    file.contains(".tfvars")
}

/// Returns the names of the top-level arguments and blocks in a text.
fn arguments_of(text: &str) -> BTreeSet<String> {
    match parse::body(text) {
        Ok(body) => {
            let arguments = body.attributes();
            let names = arguments.map(|argument| argument.key.as_str().to_owned());
            let blocks = body.blocks();
            names
                .chain(blocks.map(|block| block.ident.as_str().to_owned()))
                .collect()
        }
        // Entries of a map, or a part of a line.
        Err(_) => text
            .split_once('=')
            .map(|(name, _)| name.trim().to_owned())
            .into_iter()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inserted_is_known_by_its_name() {
        let names = |text| arguments_of(text).into_iter().collect::<Vec<_>>();
        assert_eq!(
            names("\n  tags = {\n    name = \"x\"\n  }\n  disk {\n    size = 1\n  }\n"),
            ["disk", "tags"]
        );
        assert_eq!(names("  policy = <<EOT\nname = 1\nEOT\n"), ["policy"]);
        assert_eq!(names(", name = 1, other = 2"), [", name"]);
    }

    #[test]
    fn what_is_inserted_changes_what_is_around_it() {
        let mut places = EditedPlaces::default();
        places.add("main.tf", 10..10, "tags = {}\n");
        places.add("main.tf", 20..24, "size = 1");
        assert!(places.change("main.tf", (19, 21)) && !places.change("main.tf", (24, 30)));
        assert!(places.change("main.tf", (9, 11)) && !places.change("main.tf", (10, 11)));
        assert!(!places.change("other.tf", (0, 99)));
    }
}
