//! `/driftguard explain FINDING`

use super::speech::any;
use super::{Answer, Command, Scene};
use crate::report;

/// `/driftguard explain FINDING`
///
/// Tells all that is known of a finding, one that is set aside too: what changed, why it matters, which controls it
/// fails, what it costs, who did it, where the code defines it, and what the fix is or why there is none.
pub(super) const COMMAND: Command = Command {
    name: "explain",
    usage: "explain FINDING",
    help: "Explains a finding: what changed, why it matters, and the fix.",
    run,
};

fn run(arguments: &str, scene: &Scene<'_>) -> Result<Answer, String> {
    let picked = any(arguments, scene, &COMMAND)?;
    Ok(Answer::new(report::explain(picked.finding), Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::speech::stage;

    #[test]
    fn what_is_set_aside_is_explained_too() {
        let stacks = stage::stacks();
        let scene = stage::scene(&stacks);
        for (arguments, said) in [
            ("f-cc", "was added to `aws_iam_role.web` outside Terraform"),
            ("aws_db_instance.old", "Set aside: it goes soon"),
        ] {
            let answer = run(arguments, &scene).unwrap();
            assert!(answer.says[0].contains(said), "{answer:?}");
            assert!(answer.effects.is_empty());
        }
    }
}
