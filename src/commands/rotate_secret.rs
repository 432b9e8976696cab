//! `/driftguard rotate-secret`

use super::parsing::expect_end;
use super::{Answer, Command, CommandContext, Effect};

/// `/driftguard rotate-secret`
///
/// Signs notifications with a new secret from now on. Requires admin permission: whoever reads the secret can forge
/// notifications.
pub(super) const COMMAND: Command = Command {
    name: "rotate-secret",
    usage: "rotate-secret",
    help: "Replaces the secret that signs notifications; needs admin permission.",
    run,
};

fn run(arguments: &str, context: &CommandContext<'_>) -> Result<Answer, String> {
    expect_end(arguments, COMMAND.usage)?;
    let effect = Effect::RotateSecret {
        person: context.person.to_owned(),
        at: context.now,
    };
    let reply = "The secret of notifications is to be rotated.".to_owned();
    Ok(Answer::new(reply, vec![effect]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::parsing::fixtures;

    #[test]
    fn it_is_asked_for_by_a_person_at_a_moment() {
        let answer = run("", &fixtures::context(&[])).unwrap();
        let effect = Effect::RotateSecret {
            person: "octocat".to_owned(),
            at: fixtures::NOW,
        };
        assert_eq!(answer.effects, [effect]);
        assert!(run("now", &fixtures::context(&[])).is_err());
    }
}
