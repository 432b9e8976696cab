//! A fix with the plan that it was made from.

use super::refusal::Refusal;
use super::verify::Plan;
use crate::model::Fix;

/// The fix of a finding, with what its edits make of the code.
pub(super) struct PlannedFix {
    pub fix: Fix,
    pub plan: Plan,
}

impl From<Fix> for PlannedFix {
    fn from(fix: Fix) -> Self {
        let plan = Plan::default();
        Self { fix, plan }
    }
}

/// Returns the fix of a finding for which no time is left.
pub(super) fn untried() -> Fix {
    Fix::untried(&Refusal::NoTime.to_string())
}

/// Returns the note of a fix whose values these outputs of the root module follow.
pub(super) fn output_note(changed: &[String]) -> Option<String> {
    let names: Vec<_> = changed.iter().map(|name| format!("`{name}`")).collect();
    let outputs = match names.len() {
        0 => return None,
        1 => "the output",
        _ => "the outputs",
    };
    Some(format!(
        "the next plan changes {outputs} {} as well",
        names.join(", ")
    ))
}
