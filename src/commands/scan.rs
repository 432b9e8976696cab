//! `/driftguard scan [STACK]`

use super::speech::{nearest, nothing_more, word};
use super::{Answer, Command, Effect, Scene};
use crate::report::{code, excerpt};

/// `/driftguard scan [STACK]`
///
/// Scans one stack now, or all of them, on the newest commit of the default branch.
pub(super) const COMMAND: Command = Command {
    name: "scan",
    usage: "scan [STACK]",
    help: "Scans one stack, or all, now.",
    run,
};

/// How many stacks are named.
const NAMED: usize = 30;

fn run(arguments: &str, scene: &Scene<'_>) -> Result<Answer, String> {
    let (wanted, rest) = word(arguments);
    nothing_more(rest, COMMAND.usage)?;
    let wanted = wanted.trim_matches('`');
    if wanted.is_empty() || wanted.eq_ignore_ascii_case("all") && named("all", scene).is_none() {
        let says = "I scan all stacks now. Each one's check and pull requests follow.".to_owned();
        return Ok(Answer::new(says, vec![Effect::Scan(None)]));
    }
    let Some(name) = named(wanted, scene) else {
        return Err(unknown(wanted, scene));
    };
    let says = format!(
        "I scan {} now. Its check and pull requests follow.",
        code(name.as_str())
    );
    Ok(Answer::new(says, vec![Effect::Scan(Some(name.clone()))]))
}

fn named<'a>(wanted: &str, scene: &Scene<'a>) -> Option<&'a crate::model::StackName> {
    let mut names = scene.stacks.iter().map(|stack| &stack.report.name);
    names.find(|name| name.as_str().eq_ignore_ascii_case(wanted))
}

fn unknown(wanted: &str, scene: &Scene<'_>) -> String {
    let names = || scene.stacks.iter().map(|stack| stack.report.name.as_str());
    let shown = excerpt(wanted, 100);
    let there = match (nearest(wanted, names()), scene.stacks.len()) {
        (_, 0) => format!(
            "None was scanned yet: {} scans all.",
            code("/driftguard scan")
        ),
        (Some(name), _) => format!("Did you mean {}?", code(name)),
        (None, count) => {
            let mut named: Vec<_> = names()
                .take(NAMED)
                .map(|name| code(name).to_string())
                .collect();
            if count > NAMED {
                named.push(format!("{} more", count - NAMED));
            }
            format!("There are {}.", named.join(", "))
        }
    };
    format!("I know of no stack {}. {there}", code(&shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::speech::stage;

    #[test]
    fn a_scan_is_of_one_stack_or_of_all() {
        let stacks = stage::stacks();
        let scene = stage::scene(&stacks);
        let scans = |arguments| run(arguments, &scene).map(|answer| answer.effects);
        assert_eq!(scans(""), Ok(vec![Effect::Scan(None)]));
        assert_eq!(scans("all"), Ok(vec![Effect::Scan(None)]));
        let production = stacks[1].report.name.clone();
        assert_eq!(
            scans("`Production`"),
            Ok(vec![Effect::Scan(Some(production))])
        );
    }

    #[test]
    fn an_unknown_stack_is_answered_with_those_that_are_there() {
        let stacks = stage::stacks();
        let scene = stage::scene(&stacks);
        for (arguments, said) in [
            ("prodcution", "Did you mean `production`?"),
            ("mars", "There are `broken`, `production`, `staging`."),
            ("production now", "I do not know what to do with `now`"),
        ] {
            let why = run(arguments, &scene).unwrap_err();
            assert!(why.contains(said), "{why}");
        }
        let why = run("mars", &stage::scene(&[])).unwrap_err();
        assert!(why.contains("None was scanned yet"), "{why}");
    }
}
