//! `/driftguard import FINDING|all`

use super::speech::{Picked, decide, many, names};
use super::{Answer, Command, Scene};
use crate::model::{Choice, Kind};
use crate::report::code;

/// `/driftguard import FINDING|all`
///
/// The code shall take over what was added by hand below something that it manages. Of what is in the code already, and
/// of what hangs below nothing managed, it says why not.
pub(super) const COMMAND: Command = Command {
    name: "import",
    usage: "import FINDING|all",
    help: "Brings a resource that was created by hand below a managed one into the code.",
    run,
};

fn run(arguments: &str, scene: &Scene<'_>) -> Result<Answer, String> {
    let picked = many(arguments, scene, &COMMAND)?;
    let found = names(&picked);
    let (picked, other): (Vec<_>, Vec<_>) = picked.into_iter().partition(is_child);
    if picked.is_empty() {
        return Err(match other.first() {
            Some(one) if other.len() == 1 => format!("{found}: {}", why_not(one)),
            _ => "There is nothing to import: nothing was added below what the code manages."
                .to_owned(),
        });
    }
    let says = format!(
        "{}: the code is to take over what was added. The scan that follows updates the pull request.",
        names(&picked)
    );
    Ok(Answer::new(says, decide(&picked, scene, &Choice::Import)))
}

/// Whether no state claims it, and it hangs below something that one does.
fn is_child(picked: &Picked<'_>) -> bool {
    picked.finding.kind == Kind::Unmanaged && picked.finding.under.is_some()
}

fn why_not(picked: &Picked<'_>) -> String {
    match picked.finding.kind {
        Kind::Unmanaged => {
            "it hangs below nothing that the code manages. Write its block yourself, where it belongs.".to_owned()
        }
        Kind::Deleted => format!(
            "it is gone from AWS, and there is nothing to import. {} makes it anew, {} drops its block.",
            code("restore"),
            code("adopt")
        ),
        _ => format!(
            "it is in the code already. {} takes the change over.",
            code("adopt")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Effect;
    use crate::commands::speech::stage;

    #[test]
    fn only_what_was_added_below_something_managed_is_imported() {
        let stacks = stage::stacks();
        let scene = stage::scene(&stacks);
        for arguments in ["f-cc", "all"] {
            let answer = run(arguments, &scene).unwrap();
            let [Effect::Decide(decision)] = answer.effects.as_slice() else {
                panic!("{answer:?}");
            };
            assert_eq!(decision.finding.0, "f-cc3333333333");
            assert_eq!(decision.choice, Choice::Import);
        }
        let why = run("f-aa", &scene).unwrap_err();
        assert!(why.contains("in the code already. `adopt`"), "{why}");
        let why = run("all", &stage::scene(&stacks[2..])).unwrap_err();
        assert!(
            why.contains("in the code already") || why.contains("nothing to import"),
            "{why}"
        );
    }
}
