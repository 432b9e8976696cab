//! `/driftguard restore FINDING|all`

use super::speech::{decide, many, names};
use super::{Answer, Command, Scene};
use crate::model::Choice;

/// `/driftguard restore FINDING|all`
///
/// The code shall enforce what it declares, so that an apply brings AWS back to it.
pub(super) const COMMAND: Command = Command {
    name: "restore",
    usage: "restore FINDING|all",
    help: "Makes AWS match the code again: a pull request to merge and apply.",
    run,
};

fn run(arguments: &str, scene: &Scene<'_>) -> Result<Answer, String> {
    let picked = many(arguments, scene, &COMMAND)?;
    let says = format!(
        "{}: a pull request restores what the code declares; apply it after the merge. The scan that follows updates the \
         pull request.",
        names(&picked)
    );
    Ok(Answer::new(says, decide(&picked, scene, &Choice::Restore)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Effect;
    use crate::commands::speech::stage;

    #[test]
    fn a_restore_is_decided_by_address_too() {
        let stacks = stage::stacks();
        let answer = run(r#"aws_instance.web["a b"]"#, &stage::scene(&stacks)).unwrap();
        let [Effect::Decide(decision)] = answer.effects.as_slice() else {
            panic!("{answer:?}");
        };
        assert_eq!(decision.finding.0, "f-bb2222222222");
        assert_eq!(decision.choice, Choice::Restore);
    }
}
