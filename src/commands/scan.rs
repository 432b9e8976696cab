//! `/driftguard scan [STACK]`

use super::parsing::{expect_end, first_word, nearest};
use super::{Answer, Command, CommandContext, Effect};
use crate::report::{code, excerpt};

/// `/driftguard scan [STACK]`
///
/// Scans one stack, or all, at the head of the default branch.
pub(super) const COMMAND: Command = Command {
    name: "scan",
    usage: "scan [STACK]",
    help: "Scans one stack, or all, now.",
    run,
};

/// How many stacks an error lists.
const MAX_NAMED: usize = 30;

fn run(arguments: &str, context: &CommandContext<'_>) -> Result<Answer, String> {
    let (requested, rest) = first_word(arguments);
    expect_end(rest, COMMAND.usage)?;
    let requested = requested.trim_matches('`');
    if requested.is_empty()
        || requested.eq_ignore_ascii_case("all") && named("all", context).is_none()
    {
        let reply = "Scanning all stacks. Their checks and pull requests follow.".to_owned();
        return Ok(Answer::new(reply, vec![Effect::Scan(None)]));
    }
    let Some(name) = named(requested, context) else {
        return Err(unknown(requested, context));
    };
    let reply = format!(
        "Scanning {}. Its check and pull requests follow.",
        code(name.as_str())
    );
    Ok(Answer::new(reply, vec![Effect::Scan(Some(name.clone()))]))
}

fn named<'a>(requested: &str, context: &CommandContext<'a>) -> Option<&'a crate::model::StackName> {
    let mut names = context.stacks.iter().map(|stack| &stack.report.name);
    names.find(|name| name.as_str().eq_ignore_ascii_case(requested))
}

fn unknown(requested: &str, context: &CommandContext<'_>) -> String {
    let names = || {
        context
            .stacks
            .iter()
            .map(|stack| stack.report.name.as_str())
    };
    let shown = excerpt(requested, 100);
    let there = match (nearest(requested, names()), context.stacks.len()) {
        (_, 0) => format!(
            "No stack was scanned yet: {} scans all.",
            code("/driftguard scan")
        ),
        (Some(name), _) => format!("Did you mean {}?", code(name)),
        (None, count) => {
            let mut named: Vec<_> = names()
                .take(MAX_NAMED)
                .map(|name| code(name).to_string())
                .collect();
            if count > MAX_NAMED {
                named.push(format!("{} more", count - MAX_NAMED));
            }
            format!("The stacks are {}.", named.join(", "))
        }
    };
    format!("There is no stack {}. {there}", code(&shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::parsing::fixtures;

    #[test]
    fn a_scan_is_of_one_stack_or_of_all() {
        let stacks = fixtures::stacks();
        let context = fixtures::context(&stacks);
        let scans = |arguments| run(arguments, &context).map(|answer| answer.effects);
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
        let stacks = fixtures::stacks();
        let context = fixtures::context(&stacks);
        for (arguments, expected) in [
            ("prodcution", "Did you mean `production`?"),
            ("mars", "The stacks are `broken`, `production`, `staging`."),
            ("production now", "Unexpected `now`"),
        ] {
            let why = run(arguments, &context).unwrap_err();
            assert!(why.contains(expected), "{why}");
        }
        let why = run("mars", &fixtures::context(&[])).unwrap_err();
        assert!(why.contains("No stack was scanned yet"), "{why}");
    }
}
