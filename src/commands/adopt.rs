//! `/driftguard adopt FINDING|all`

use super::parsing::{decide, names, open_findings};
use super::{Answer, Command, CommandContext};
use crate::model::Choice;

/// `/driftguard adopt FINDING|all`
///
/// Makes the code follow AWS: changed values are adopted, added resources imported, deleted ones removed.
pub(super) const COMMAND: Command = Command {
    name: "adopt",
    usage: "adopt FINDING|all",
    help: "Makes the code match AWS, in a pull request: adopts changed values, imports added resources, removes the \
           blocks of deleted ones.",
    run,
};

fn run(arguments: &str, context: &CommandContext<'_>) -> Result<Answer, String> {
    let selected = open_findings(arguments, context, &COMMAND)?;
    let reply = format!(
        "{}: the code will match AWS. The scan that follows updates the pull request.",
        names(&selected)
    );
    Ok(Answer::new(
        reply,
        decide(&selected, context, &Choice::Adopt),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Effect;
    use crate::commands::parsing::fixtures;

    #[test]
    fn one_finding_is_adopted_in_its_stack() {
        let stacks = fixtures::stacks();
        let answer = run("f-aa", &fixtures::context(&stacks)).unwrap();
        let [Effect::Decide(decision)] = answer.effects.as_slice() else {
            panic!("{answer:?}");
        };
        assert_eq!(decision.finding.0, "f-aa1111111111");
        assert_eq!(decision.stack.as_str(), "production");
        assert_eq!(decision.choice, Choice::Adopt);
        assert_eq!(decision.person, "octocat");
        assert_eq!(decision.decided_at, fixtures::NOW);
        assert!(
            answer.reply[0]
                .starts_with("`aws_instance.web[1]` (`f-aa1111111111`, in `production`):"),
            "{answer:?}"
        );
    }

    #[test]
    fn all_are_all_of_every_stack() {
        let stacks = fixtures::stacks();
        let answer = run("ALL", &fixtures::context(&stacks)).unwrap();
        assert_eq!(answer.effects.len(), 6);
        assert!(
            answer.reply[0]
                .starts_with("6 findings in `production`, `staging` (`aws_instance.web[1]`, "),
            "{answer:?}"
        );
        assert!(answer.reply[0].contains(", 1 more)"), "{answer:?}");
    }

    #[test]
    fn what_is_not_understood_decides_nothing() {
        let stacks = fixtures::stacks();
        let context = fixtures::context(&stacks);
        for arguments in ["", "f-99", "f-aa f-bb", "f-ee", "everything"] {
            assert!(run(arguments, &context).is_err(), "{arguments}");
        }
        let why = run("all", &fixtures::context(&stacks[..1])).unwrap_err();
        assert!(
            why.contains("no drift is known. The last scan of `broken` failed"),
            "{why}"
        );
    }
}
