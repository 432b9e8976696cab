//! Guards the conditions under which Terraform plans: validations of variables, preconditions and postconditions.

use super::Stack;
use super::reasons::Unproven;
use super::refusal::Refusal;
use crate::code::{Evaluated, Options, Subject, UnmetCondition};
use crate::model::{Edit, Source, Value};
use std::collections::BTreeMap;

/// Checks that the edited code meets each condition, except those that it does not meet before.
///
/// # Errors
/// The first condition that the edits break, or that is no longer known to hold.
pub(super) fn check(
    edits: &[Edit],
    (before, after): (&Evaluated, &Evaluated),
    stack: &Stack<'_>,
) -> Result<(), Refusal> {
    for (key, unmet) in &after.unmet {
        let was_unmet = before.unmet.get(key);
        if was_unmet.is_none_or(|before| unmet.is_certain && !before.is_certain) {
            return Err(broken(unmet, place(&unmet.source, edits, stack)).into());
        }
    }
    Ok(())
}

/// Returns the outputs of the root module that edits change.
pub(super) fn changed_outputs(before: &Evaluated, after: &Evaluated) -> Vec<String> {
    let is_changed = |(name, new): &(&String, &Value)| {
        let before = before.outputs.get(*name);
        before.is_some_and(|old| old != *new && !old.has_unknown() && !new.has_unknown())
    };
    let changed = after.outputs.iter().filter(is_changed);
    changed.map(|(name, _)| name.clone()).collect()
}

/// Returns the options of an evaluation that tells the conditions as well.
pub(super) fn options(options: &Options) -> Options {
    Options {
        conditions: true,
        ..options.clone()
    }
}

fn broken(unmet: &UnmetCondition, place: String) -> Unproven {
    let message = unmet.message.clone();
    match &unmet.subject {
        Subject::Variable(name) if !unmet.is_certain => Unproven::ConditionUnknown {
            name: format!("`var.{name}`"),
            place,
        },
        Subject::Block(name) if !unmet.is_certain => Unproven::ConditionUnknown {
            name: name.clone(),
            place,
        },
        Subject::Variable(name) => Unproven::Validation {
            name: name.clone(),
            place,
            message,
        },
        Subject::Block(name) => Unproven::Condition {
            name: name.clone(),
            place,
            message,
        },
    }
}

/// Returns the file and line of a block of the edited code, as they are before the edits.
pub(super) fn place(source: &Source, edits: &[Edit], stack: &Stack<'_>) -> String {
    let own = edits.iter().filter(|edit| edit.file == source.file);
    let own: BTreeMap<usize, &Edit> = own.map(|edit| (edit.range.start, edit)).collect();
    let (mut added, mut lines) = (0_usize, (0_usize, 0_usize));
    let text = stack.tree.text(&source.file).unwrap_or_default();
    let count = |text: &str| text.matches('\n').count();
    let mut removed = 0_usize;
    for (start, edit) in own {
        if (start + added).saturating_sub(removed) >= source.span.0 {
            break;
        }
        added += edit.text.len();
        removed += edit.range.len();
        lines.0 += count(&edit.text);
        lines.1 += count(text.get(edit.range.clone()).unwrap_or_default());
    }
    let line = (source.line + lines.1).saturating_sub(lines.0);
    format!("{}:{line}", source.file)
}
