//! `/driftguard adopt FINDING|all`

use super::speech::{decide, many, names};
use super::{Answer, Command, Scene};
use crate::model::Choice;

/// `/driftguard adopt FINDING|all`
///
/// The code shall follow AWS: values are taken over, what was added is imported, what is gone is dropped.
pub(super) const COMMAND: Command = Command {
    name: "adopt",
    usage: "adopt FINDING|all",
    help: "Makes the code match AWS, in a pull request.",
    run,
};

fn run(arguments: &str, scene: &Scene<'_>) -> Result<Answer, String> {
    let picked = many(arguments, scene, &COMMAND)?;
    let says = format!(
        "{}: the code is to follow AWS. The scan that follows updates the pull request.",
        names(&picked)
    );
    Ok(Answer::new(says, decide(&picked, scene, &Choice::Adopt)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Effect;
    use crate::commands::speech::stage;

    #[test]
    fn one_finding_is_adopted_in_its_stack() {
        let stacks = stage::stacks();
        let answer = run("f-aa", &stage::scene(&stacks)).unwrap();
        let [Effect::Decide(decision)] = answer.effects.as_slice() else {
            panic!("{answer:?}");
        };
        assert_eq!(decision.finding.0, "f-aa1111111111");
        assert_eq!(decision.stack.as_str(), "production");
        assert_eq!(decision.choice, Choice::Adopt);
        assert_eq!(decision.person, "octocat");
        assert_eq!(decision.decided_at, stage::NOW);
        assert!(
            answer.says[0]
                .starts_with("`aws_instance.web[1]` (`f-aa1111111111`, in `production`):"),
            "{answer:?}"
        );
    }

    #[test]
    fn all_are_all_of_every_stack() {
        let stacks = stage::stacks();
        let answer = run("ALL", &stage::scene(&stacks)).unwrap();
        assert_eq!(answer.effects.len(), 6);
        assert!(
            answer.says[0]
                .starts_with("6 findings in `production`, `staging` (`aws_instance.web[1]`, "),
            "{answer:?}"
        );
        assert!(answer.says[0].contains(", 1 more)"), "{answer:?}");
    }

    #[test]
    fn what_is_not_understood_decides_nothing() {
        let stacks = stage::stacks();
        let scene = stage::scene(&stacks);
        for arguments in ["", "f-99", "f-aa f-bb", "f-ee", "everything"] {
            assert!(run(arguments, &scene).is_err(), "{arguments}");
        }
        let why = run("all", &stage::scene(&stacks[..1])).unwrap_err();
        assert!(
            why.contains("no drift. The last scan failed of `broken`"),
            "{why}"
        );
    }
}
