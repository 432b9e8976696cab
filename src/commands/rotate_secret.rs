//! `/driftguard rotate-secret`

use super::speech::nothing_more;
use super::{Answer, Command, Effect, Scene};

/// `/driftguard rotate-secret`
///
/// Signs notifications with another secret from now on. Only people with admin permission may: whoever reads the secret can
/// forge what a receiver acts on.
pub(super) const COMMAND: Command = Command {
    name: "rotate-secret",
    usage: "rotate-secret",
    help: "Replaces the secret that signs notifications; needs admin permission.",
    run,
};

fn run(arguments: &str, scene: &Scene<'_>) -> Result<Answer, String> {
    nothing_more(arguments, COMMAND.usage)?;
    let effect = Effect::RotateSecret {
        person: scene.person.to_owned(),
        at: scene.now,
    };
    let says = "The secret of notifications is to be rotated.".to_owned();
    Ok(Answer::new(says, vec![effect]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::speech::stage;

    #[test]
    fn it_is_asked_for_by_a_person_at_a_moment() {
        let answer = run("", &stage::scene(&[])).unwrap();
        let effect = Effect::RotateSecret {
            person: "octocat".to_owned(),
            at: stage::NOW,
        };
        assert_eq!(answer.effects, [effect]);
        assert!(run("now", &stage::scene(&[])).is_err());
    }
}
