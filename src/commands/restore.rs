//! `/driftguard restore FINDING|all`

use super::parsing::{decide, names, open_findings};
use super::{Answer, Command, CommandContext};
use crate::model::Choice;

/// `/driftguard restore FINDING|all`
///
/// Makes the code enforce what it declares, so that an apply reverts AWS.
pub(super) const COMMAND: Command = Command {
    name: "restore",
    usage: "restore FINDING|all",
    help: "Makes AWS match the code again: a pull request to merge and apply.",
    run,
};

fn run(arguments: &str, context: &CommandContext<'_>) -> Result<Answer, String> {
    let selected = open_findings(arguments, context, &COMMAND)?;
    let reply = format!(
        "{}: a pull request restores what the code declares. Apply it after the merge. The scan that follows updates the \
         pull request.",
        names(&selected)
    );
    Ok(Answer::new(
        reply,
        decide(&selected, context, &Choice::Restore),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Effect;
    use crate::commands::parsing::fixtures;

    #[test]
    fn a_restore_is_decided_by_address_too() {
        let stacks = fixtures::stacks();
        let answer = run(r#"aws_instance.web["a b"]"#, &fixtures::context(&stacks)).unwrap();
        let [Effect::Decide(decision)] = answer.effects.as_slice() else {
            panic!("{answer:?}");
        };
        assert_eq!(decision.finding.0, "f-bb2222222222");
        assert_eq!(decision.choice, Choice::Restore);
    }
}
