//! `/driftguard assign @USER`

use super::parsing::{expect_end, first_word};
use super::{Answer, Command, CommandContext, Effect};
use crate::report::{code, excerpt};

/// `/driftguard assign @USER`
///
/// Assigns a person to the issue or pull request that the comment is on. The `@` is optional.
pub(super) const COMMAND: Command = Command {
    name: "assign",
    usage: "assign @USER",
    help: "Assigns a person to this issue or pull request.",
    run,
};

fn run(arguments: &str, _: &CommandContext<'_>) -> Result<Answer, String> {
    let (user, rest) = first_word(arguments);
    expect_end(rest, COMMAND.usage)?;
    let user = user.trim_matches('`');
    let login = user.strip_prefix('@').unwrap_or(user);
    if !is_login(login) {
        return Err(wrong(login));
    }
    let reply = format!("I assign {}.", code(login));
    Ok(Answer::new(reply, vec![Effect::Assign(login.to_owned())]))
}

fn wrong(login: &str) -> String {
    let shown = excerpt(login, 60);
    match shown.as_str() {
        "" => format!("Whom? Write {}.", code("/driftguard assign @octocat")),
        team if team.contains('/') => {
            format!("{} is a team, and only people can be assigned.", code(team))
        }
        other => format!("{} is no login of GitHub.", code(other)),
    }
}

/// Returns whether a text is a login: letters, digits and single hyphens inside; accounts managed by an enterprise may
/// have an underscore.
fn is_login(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=39).contains(&text.len())
        && text.chars().all(allowed)
        && !text.starts_with(['-', '_'])
        && !text.ends_with('-')
        && !text.contains("--")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::parsing::fixtures;

    #[test]
    fn a_person_is_assigned_with_or_without_the_sign() {
        for user in ["@octo-cat", "octo-cat", "`@octo-cat`"] {
            let answer = run(user, &fixtures::context(&[])).unwrap();
            assert_eq!(answer.effects, [Effect::Assign("octo-cat".to_owned())]);
            assert!(
                !answer.reply[0].contains('@'),
                "nobody is called twice: {answer:?}"
            );
        }
        assert!(run("mona_acme", &fixtures::context(&[])).is_ok());
    }

    #[test]
    fn what_is_no_login_is_refused() {
        let long = "x".repeat(40);
        for (user, expected) in [
            ("", "Whom?"),
            ("@", "Whom?"),
            ("@acme/platform", "only people"),
            ("@-a", "no login"),
            ("@a--b", "no login"),
            ("dependabot[bot]", "no login"),
            ("../../x", "only people"),
            (long.as_str(), "no login"),
            ("@a @b", "Unexpected `@b`"),
        ] {
            let why = run(user, &fixtures::context(&[])).unwrap_err();
            assert!(why.contains(expected), "{user}: {why}");
        }
    }
}
