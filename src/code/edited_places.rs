//! Holds the places that edits change, to find the code that depends on them.

use super::file::File;
use super::instance::{Instance, SetBy};
use super::references::{EDITED, Names, STALE};
use crate::model::Source;
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Places in files that edits change.
#[derive(Debug, Clone, Default)]
pub struct EditedPlaces {
    changed: BTreeMap<String, Vec<Change>>,
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
        let names = text.lines().filter_map(argument_name);
        let inserted = names.filter(|_| range.is_empty()).map(str::to_owned);
        let inserted = inserted.collect();
        let changes = self.changed.entry(file.to_owned()).or_default();
        changes.push(Change { range, inserted });
    }

    /// Returns whether edits change files that are no code: functions read them.
    pub(super) fn has_data(&self) -> bool {
        let mut files = self.changed.keys();
        files.any(|file| !super::is_code(file) && !is_variables(file))
    }

    /// Returns whether an argument of this name is inserted into a block.
    fn insert_argument(&self, block: &Source, name: &str) -> bool {
        let changes = self.changed.get(&block.file).into_iter().flatten();
        let (start, end) = block.span;
        let mut inside =
            changes.filter(|change| start < change.range.start && change.range.end < end);
        inside.any(|change| change.inserted.contains(name))
    }

    /// Returns whether a variable is inserted into a file of variables.
    fn insert_variable(&self, name: &str) -> bool {
        let files = self.changed.iter();
        let mut files = files.filter(|(file, _)| is_variables(file));
        files.any(|(_, changes)| changes.iter().any(|change| change.inserted.contains(name)))
    }

    /// Returns whether edits change bytes of a file.
    pub(super) fn change(&self, file: &str, (start, end): (usize, usize)) -> bool {
        let mut changes = self.changed.get(file).into_iter().flatten();
        changes.any(|Change { range, .. }| match range.is_empty() {
            true => start < range.start && range.start < end,
            false => start < range.end && range.start < end,
        })
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

/// Finds the edit of a resource's argument that an expression reads.
pub(super) fn edited_argument(
    instance: &Instance<'_>,
    [tf_type, name, argument]: [&str; 3],
    places: &EditedPlaces,
) -> Names {
    let mut blocks = instance.folder.blocks("resource");
    let block = blocks.find(|(_, block)| {
        let labels = block.labels.iter().map(|label| label.as_str());
        labels.eq([tf_type, name])
    });
    // What the provider computes from the tags changes with them.
    let argument = argument.strip_suffix("_all").unwrap_or(argument);
    let is_edited = block.is_some_and(|(file, block)| {
        let source = file.source(block.span().unwrap_or_default());
        places.insert_argument(&source, argument) || places.change_part(file, &block.body, argument)
    });
    is_edited.then(|| STALE.into()).into_iter().collect()
}

/// Finds the edit of a variable's default, or of its value in a file of variables.
pub(super) fn edited_setting(
    instance: &Instance<'_>,
    set: Option<&SetBy<'_>>,
    name: &str,
    places: &EditedPlaces,
) -> Names {
    let is_inserted = || match &instance.call {
        Some(call) => places.insert_argument(&call.source(), name),
        None => places.insert_variable(name),
    };
    let is_edited = match set {
        Some(SetBy::Default(file, default)) => {
            is_inserted() || places.change_expression(file, default)
        }
        Some(SetBy::FileValue(value)) => places.change(&value.source.file, value.source.span),
        // Which of a unit's configurations gives it is not known here.
        Some(SetBy::Inputs(_)) => true,
        Some(SetBy::Argument(..)) => false,
        None => is_inserted(),
    };
    is_edited.then(|| EDITED.into()).into_iter().collect()
}

/// Returns whether a file holds values of variables.
fn is_variables(file: &str) -> bool {
    file.contains(".tfvars")
}

/// Returns the name of the argument, or of the block, that a line begins.
fn argument_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let end = line.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))?;
    let (name, rest) = line.split_at(end);
    let is_argument = !name.is_empty() && rest.trim_start().starts_with(['=', '{']);
    is_argument.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inserted_is_known_by_its_name() {
        let mut places = EditedPlaces::default();
        places.add("main.tf", 10..10, "\n  tags = {\n    Team = \"x\"\n  }\n");
        places.add("main.tf", 20..24, "size = 1");
        let block = |start, end| Source {
            file: "main.tf".to_owned(),
            line: 1,
            span: (start, end),
        };
        assert!(places.insert_argument(&block(5, 30), "tags"));
        assert!(!places.insert_argument(&block(10, 30), "tags"));
        assert!(!places.insert_argument(&block(5, 30), "size"));
        assert!(places.change("main.tf", (19, 21)) && !places.change("main.tf", (24, 30)));
        assert!(places.change("main.tf", (9, 11)) && !places.change("main.tf", (10, 11)));
        assert!(!places.change("other.tf", (0, 99)));
    }
}
