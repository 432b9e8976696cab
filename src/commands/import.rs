//! `/driftguard import FINDING|all`

use super::parsing::{SelectedFinding, decide, names, open_findings};
use super::{Answer, Command, CommandContext};
use crate::model::{Choice, Kind};
use crate::report::code;

/// `/driftguard import FINDING|all`
///
/// Imports resources that were added below a managed resource. Explains why others cannot be imported: those that the
/// code has already, and those without a managed parent.
pub(super) const COMMAND: Command = Command {
    name: "import",
    usage: "import FINDING|all",
    help: "Imports a resource that was added below a managed one into the code.",
    run,
};

fn run(arguments: &str, context: &CommandContext<'_>) -> Result<Answer, String> {
    let selected = open_findings(arguments, context, &COMMAND)?;
    let found = names(&selected);
    let (selected, other): (Vec<_>, Vec<_>) = selected.into_iter().partition(is_child);
    if selected.is_empty() {
        return Err(match other.first() {
            Some(finding) if other.len() == 1 => format!("{found}: {}", why_not(finding)),
            _ => {
                "There is nothing to import: nothing was added below a managed resource.".to_owned()
            }
        });
    }
    let reply = format!(
        "{}: the code will import what was added. The scan that follows updates the pull request.",
        names(&selected)
    );
    Ok(Answer::new(
        reply,
        decide(&selected, context, &Choice::Import),
    ))
}

/// Returns whether a finding is an unmanaged child of a managed resource.
fn is_child(selected: &SelectedFinding<'_>) -> bool {
    selected.finding.kind == Kind::Unmanaged && selected.finding.under.is_some()
}

fn why_not(selected: &SelectedFinding<'_>) -> String {
    match selected.finding.kind {
        Kind::Unmanaged => {
            "it is not below a managed resource. Write its block yourself, where it belongs."
                .to_owned()
        }
        Kind::Deleted => format!(
            "it is gone from AWS, and there is nothing to import. {} recreates it, {} removes its block.",
            code("restore"),
            code("adopt")
        ),
        _ => format!(
            "it is in the code already. {} makes the code match the change.",
            code("adopt")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Effect;
    use crate::commands::parsing::fixtures;

    #[test]
    fn only_what_was_added_below_something_managed_is_imported() {
        let stacks = fixtures::stacks();
        let context = fixtures::context(&stacks);
        for arguments in ["f-cc", "all"] {
            let answer = run(arguments, &context).unwrap();
            let [Effect::Decide(decision)] = answer.effects.as_slice() else {
                panic!("{answer:?}");
            };
            assert_eq!(decision.finding.0, "f-cc3333333333");
            assert_eq!(decision.choice, Choice::Import);
        }
        let why = run("f-aa", &context).unwrap_err();
        assert!(why.contains("in the code already. `adopt`"), "{why}");
        let why = run("all", &fixtures::context(&stacks[2..])).unwrap_err();
        assert!(
            why.contains("in the code already") || why.contains("nothing to import"),
            "{why}"
        );
    }
}
