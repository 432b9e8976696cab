//! Decisions about findings, and how the findings are named in answers.

use super::pick::Picked;
use crate::commands::{Effect, Scene};
use crate::model::{Choice, Decision};
use crate::report::{code, counted, name};
use std::collections::BTreeSet;

/// How many findings are named in a sentence.
const NAMED: usize = 5;

/// What keeps that this was decided about these findings.
pub(in crate::commands) fn decide(
    picked: &[Picked<'_>],
    scene: &Scene<'_>,
    choice: &Choice,
) -> Vec<Effect> {
    let decision = |picked: &Picked<'_>| {
        Effect::Decide(Decision {
            finding: picked.finding.id.clone(),
            stack: picked.stack.report.name.clone(),
            choice: choice.clone(),
            person: scene.person.to_owned(),
            decided_at: scene.now,
        })
    };
    picked.iter().map(decision).collect()
}

/// The findings as a sentence names them: one with its id and stack, several by their number and the first names.
pub(in crate::commands) fn names(picked: &[Picked<'_>]) -> String {
    let stacks: BTreeSet<_> = picked.iter().map(|one| &one.stack.report.name).collect();
    let ids: BTreeSet<_> = picked.iter().map(|one| &one.finding.id).collect();
    let stacks: Vec<_> = stacks
        .into_iter()
        .map(|stack| code(stack.as_str()).to_string())
        .take(NAMED)
        .collect();
    let stacks = stacks.join(", ");
    if let ([id], Some(one)) = (ids.iter().collect::<Vec<_>>().as_slice(), picked.first()) {
        return format!(
            "{} ({}, in {stacks})",
            code(&name(one.finding)),
            code(&id.to_string())
        );
    }
    let mut named: Vec<_> = picked
        .iter()
        .map(|one| code(&name(one.finding)).to_string())
        .take(NAMED)
        .collect();
    let more = picked.len().saturating_sub(NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    format!(
        "{} in {stacks} ({})",
        counted(ids.len(), "finding"),
        named.join(", ")
    )
}
