//! `/driftguard explain FINDING`

use super::parsing::any_finding;
use super::{Answer, Command, CommandContext};
use crate::report;

/// `/driftguard explain FINDING`
///
/// Explains a finding, whether open or set aside: what changed, why it matters, the controls it fails, its cost, who
/// made the change, where the code defines it, and the fix or the reason why there is none.
pub(super) const COMMAND: Command = Command {
    name: "explain",
    usage: "explain FINDING",
    help: "Explains a finding: what changed, why it matters, and the fix.",
    run,
};

fn run(arguments: &str, context: &CommandContext<'_>) -> Result<Answer, String> {
    let selected = any_finding(arguments, context, &COMMAND)?;
    Ok(Answer::new(report::explain(selected.finding), Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::parsing::fixtures;

    #[test]
    fn what_is_set_aside_is_explained_too() {
        let stacks = fixtures::stacks();
        let context = fixtures::context(&stacks);
        for (arguments, expected) in [
            ("f-cc", "was added to `aws_iam_role.web` outside Terraform"),
            ("aws_db_instance.old", "Set aside: it goes soon"),
        ] {
            let answer = run(arguments, &context).unwrap();
            assert!(answer.reply[0].contains(expected), "{answer:?}");
            assert!(answer.effects.is_empty());
        }
    }
}
