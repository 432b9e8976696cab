//! Creates decisions about findings, and names the findings in replies.

use super::selector::SelectedFinding;
use crate::commands::{CommandContext, Effect};
use crate::model::{Choice, Decision};
use crate::report::{code, counted, name};
use std::collections::BTreeSet;

/// How many findings are named in a sentence.
const MAX_NAMED: usize = 5;

/// Creates the effects that store a decision about each finding.
pub(in crate::commands) fn decide(
    selected: &[SelectedFinding<'_>],
    context: &CommandContext<'_>,
    choice: &Choice,
) -> Vec<Effect> {
    let decision = |selected: &SelectedFinding<'_>| {
        Effect::Decide(Decision {
            finding: selected.finding.id.clone(),
            stack: selected.stack.report.name.clone(),
            choice: choice.clone(),
            person: context.person.to_owned(),
            decided_at: context.now,
        })
    };
    selected.iter().map(decision).collect()
}

/// Names the findings in a sentence: a single one with its id and stack, several by their number and the first names.
pub(in crate::commands) fn names(selected: &[SelectedFinding<'_>]) -> String {
    let stacks: BTreeSet<_> = selected
        .iter()
        .map(|selected_finding| &selected_finding.stack.report.name)
        .collect();
    let ids: BTreeSet<_> = selected
        .iter()
        .map(|selected_finding| &selected_finding.finding.id)
        .collect();
    let stacks: Vec<_> = stacks
        .into_iter()
        .map(|stack| code(stack.as_str()).to_string())
        .take(MAX_NAMED)
        .collect();
    let stacks = stacks.join(", ");
    if let ([id], Some(selected_finding)) =
        (ids.iter().collect::<Vec<_>>().as_slice(), selected.first())
    {
        return format!(
            "{} ({}, in {stacks})",
            code(&name(selected_finding.finding)),
            code(&id.to_string())
        );
    }
    let mut named: Vec<_> = selected
        .iter()
        .map(|selected_finding| code(&name(selected_finding.finding)).to_string())
        .take(MAX_NAMED)
        .collect();
    let more = selected.len().saturating_sub(MAX_NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    format!(
        "{} in {stacks} ({})",
        counted(ids.len(), "finding"),
        named.join(", ")
    )
}
