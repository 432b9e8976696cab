//! Selects findings by id, by the start of an id, or by address.

use super::{expect_end, first_word, nearest};
use crate::commands::{Command, CommandContext};
use crate::model::{Address, Finding, StackStatus};
use crate::report::{code, excerpt, name, sentence};
use std::collections::BTreeSet;

/// How many findings are listed where several match.
const MAX_NAMED: usize = 10;

/// A selected finding, with its stack.
#[derive(Clone, Copy)]
pub(in crate::commands) struct SelectedFinding<'a> {
    pub(in crate::commands) stack: &'a StackStatus,
    pub(in crate::commands) finding: &'a Finding,
}

/// Selects the open finding that an argument starts with, in each stack that has it, and returns what follows.
pub(in crate::commands) fn open_finding<'a, 'b>(
    argument: &'b str,
    context: &CommandContext<'a>,
    command: &Command,
) -> Result<(Vec<SelectedFinding<'a>>, &'b str), String> {
    let (subject, rest) = subject(argument, command)?;
    if subject.eq_ignore_ascii_case("all") {
        return Err(format!(
            "{} takes one finding at a time.",
            code(&format!("/driftguard {}", command.name))
        ));
    }
    Ok((open(&subject, context)?, rest))
}

/// Selects the open findings that an argument names: one, or `all`.
pub(in crate::commands) fn open_findings<'a>(
    argument: &str,
    context: &CommandContext<'a>,
    command: &Command,
) -> Result<Vec<SelectedFinding<'a>>, String> {
    let (subject, rest) = subject(argument, command)?;
    expect_end(rest, command.usage)?;
    if !subject.eq_ignore_ascii_case("all") {
        return open(&subject, context);
    }
    let all: Vec<_> = findings(context).collect();
    match all.is_empty() {
        true => Err(format!(
            "There is nothing to do: no drift is known.{}",
            unscanned_stacks(context)
        )),
        false => Ok(all),
    }
}

/// Selects the finding that an argument names, whether open or set aside.
pub(in crate::commands) fn any_finding<'a>(
    argument: &str,
    context: &CommandContext<'a>,
    command: &Command,
) -> Result<SelectedFinding<'a>, String> {
    let (subject, rest) = subject(argument, command)?;
    expect_end(rest, command.usage)?;
    let found = match matching(&subject, findings(context))? {
        found if found.is_empty() => matching(&subject, aside(context))?,
        found => found,
    };
    found
        .first()
        .copied()
        .ok_or_else(|| unknown(&subject, context))
}

fn findings<'a>(context: &CommandContext<'a>) -> impl Iterator<Item = SelectedFinding<'a>> + Clone {
    context.stacks.iter().flat_map(|stack| {
        let scanned = stack.report.outcome.iter();
        let findings = scanned.flat_map(|scanned| &scanned.findings);
        findings.map(move |finding| SelectedFinding { stack, finding })
    })
}

fn aside<'a>(context: &CommandContext<'a>) -> impl Iterator<Item = SelectedFinding<'a>> + Clone {
    context.stacks.iter().flat_map(|stack| {
        let scanned = stack.report.outcome.iter();
        let findings = scanned.flat_map(|scanned| &scanned.set_aside);
        findings.map(move |finding| SelectedFinding { stack, finding })
    })
}

fn open<'a>(
    subject: &str,
    context: &CommandContext<'a>,
) -> Result<Vec<SelectedFinding<'a>>, String> {
    let found = matching(subject, findings(context))?;
    if !found.is_empty() {
        return Ok(found);
    }
    match matching(subject, aside(context))?.first() {
        Some(SelectedFinding { finding, .. }) => Err(format!(
            "{} is set aside, so no action is needed: {}.",
            code(&name(finding)),
            sentence(finding.reason.as_deref().unwrap_or("it is no drift"))
        )),
        None => Err(unknown(subject, context)),
    }
}

/// Splits an argument's first selector, without backticks, from what follows. Within the brackets of an address, blanks
/// belong to it.
fn subject<'b>(argument: &'b str, command: &Command) -> Result<(String, &'b str), String> {
    let argument = argument.trim();
    let ticks = argument.len() - argument.trim_start_matches('`').len();
    let (fence, inner) = argument.split_at(ticks);
    let found = match inner.split_once(fence) {
        Some((subject, rest)) if ticks > 0 => (subject.trim(), rest.trim_start()),
        _ => first_unbracketed_word(argument.trim_start_matches('`')),
    };
    match found {
        ("", _) => Err(format!(
            "Which finding? Write {} with its id, such as {}, or its address.",
            code(&format!("/driftguard {}", command.usage)),
            code("f-1c9e")
        )),
        (subject, rest) => Ok((subject.to_owned(), rest)),
    }
}

/// Splits off the first word; a blank inside brackets does not end it.
fn first_unbracketed_word(argument: &str) -> (&str, &str) {
    let (mut in_brackets, mut in_quotes, mut escaped) = (false, false, false);
    for (at, c) in argument.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' if in_brackets => in_quotes = !in_quotes,
            '[' if !in_quotes => in_brackets = true,
            ']' if !in_quotes => in_brackets = false,
            c if c.is_whitespace() && !in_brackets => {
                return (trimmed(&argument[..at]), argument[at..].trim_start());
            }
            _ => {}
        }
    }
    if in_brackets {
        let (first, rest) = first_word(argument);
        return (trimmed(first), rest);
    }
    (trimmed(argument), "")
}

/// Removes punctuation at the end of a word.
fn trimmed(first_word: &str) -> &str {
    first_word.trim_end_matches(['.', ',', ';', ':', '!', '?'])
}

/// Returns the findings that a text names: of one id each, in one stack or several; none is no error yet.
fn matching<'a>(
    subject: &str,
    findings: impl Iterator<Item = SelectedFinding<'a>>,
) -> Result<Vec<SelectedFinding<'a>>, String> {
    let found: Vec<_> = match digits(subject) {
        Some(digits) if digits.len() < 2 => {
            return Err(format!(
                "{} is too short for an id: write at least two of the digits after {}.",
                code(subject),
                code("f-")
            ));
        }
        Some(digits) => {
            let start = format!("f-{digits}");
            findings
                .filter(|selected| selected.finding.id.0.starts_with(&start))
                .collect()
        }
        None => {
            let subject = subject.to_owned();
            let address = subject.parse::<Address>().ok();
            findings
                .filter(|SelectedFinding { finding, .. }| {
                    let written = finding.address.as_ref().map(ToString::to_string);
                    finding.address.is_some() && finding.address == address
                        || written.as_deref() == Some(&subject)
                        || finding.import_id.as_deref() == Some(&subject)
                })
                .collect()
        }
    };
    let ids: BTreeSet<_> = found.iter().map(|selected| &selected.finding.id).collect();
    if ids.len() <= 1 {
        return Ok(found);
    }
    let mut seen = BTreeSet::new();
    let first = found
        .iter()
        .filter(|selected| seen.insert(&selected.finding.id));
    let lines: Vec<_> = first
        .take(MAX_NAMED)
        .map(|SelectedFinding { stack, finding }| {
            format!(
                "- {} {} in {}",
                code(&finding.id.to_string()),
                code(&name(finding)),
                code(stack.report.name.as_str())
            )
        })
        .collect();
    let more = match ids.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!("\n- and {more} more"),
    };
    Err(format!(
        "{} matches several findings. Use the id of one of them:\n\n{}{more}",
        code(subject),
        lines.join("\n")
    ))
}

/// Returns the digits of an id, or of the start of one; `None` where the text is not an id.
fn digits(subject: &str) -> Option<String> {
    let lower = subject.to_ascii_lowercase();
    let digits = lower.strip_prefix("f-")?;
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal.then(|| digits.to_owned())
}

fn unknown(subject: &str, context: &CommandContext<'_>) -> String {
    let shown = excerpt(subject, 200);
    let names: Vec<String> = findings(context)
        .flat_map(|SelectedFinding { finding, .. }| {
            let address = finding.address.as_ref().map(ToString::to_string);
            [Some(finding.id.to_string()), address]
                .into_iter()
                .flatten()
        })
        .collect();
    let meant = match nearest(subject, names.iter().map(String::as_str)) {
        Some(name) => format!("Did you mean {}?", code(name)),
        None => "The check and the pull requests of each stack list its findings.".to_owned(),
    };
    format!(
        "There is no finding {}. {meant}{}",
        code(&shown),
        unscanned_stacks(context)
    )
}

/// Names the stacks that could not be scanned, whose findings are unknown.
fn unscanned_stacks(context: &CommandContext<'_>) -> String {
    let failed = context
        .stacks
        .iter()
        .filter(|stack| stack.report.outcome.is_err());
    let names: Vec<_> = failed
        .map(|stack| code(stack.report.name.as_str()).to_string())
        .take(MAX_NAMED)
        .collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(" The last scan of {} failed.", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::explain::COMMAND;
    use crate::commands::parsing::fixtures;
    use proptest::prelude::*;

    fn selected(argument: &str) -> Result<(String, String), String> {
        let stacks = fixtures::stacks();
        let context = fixtures::context(&stacks);
        open_finding(argument, &context, &COMMAND)
            .map(|(found, rest)| (found[0].finding.id.0.clone(), rest.to_owned()))
    }

    #[test]
    fn a_finding_is_named_by_id_prefix_or_address() {
        for (argument, id, rest) in [
            ("f-aa1111111111", "f-aa1111111111", ""),
            ("F-AA11", "f-aa1111111111", ""),
            ("`f-bb`, please", "f-bb2222222222", ", please"),
            ("f-bb. Thanks", "f-bb2222222222", "Thanks"),
            ("aws_instance.web[1] until", "f-aa1111111111", "until"),
            (
                r#"aws_instance.web["a b"] it is"#,
                "f-bb2222222222",
                "it is",
            ),
            (
                r#"`aws_instance.web["a b"]` it is"#,
                "f-bb2222222222",
                "it is",
            ),
            (r#"`` aws_instance.web["a b"] `` x"#, "f-bb2222222222", "x"),
            (
                r#"module.a["x"].aws_s3_bucket.logs["q\"] ["]"#,
                "f-dd4444444444",
                "",
            ),
            ("shop-web:backdoor", "f-cc3333333333", ""),
        ] {
            assert_eq!(
                selected(argument),
                Ok((id.to_owned(), rest.to_owned())),
                "{argument}"
            );
        }
    }

    #[test]
    fn what_names_none_or_several_says_so() {
        for (argument, expected) in [
            ("", "Which finding?"),
            ("`", "Which finding?"),
            ("f-", "too short"),
            ("f-a", "too short"),
            ("f-99", "There is no finding `f-99`"),
            ("f-ee", "f-ee5555555555"),
            ("aws_vpc.main", "matches several findings"),
            ("aws_instance.wbe[1]", "Did you mean `aws_instance.web[1]`?"),
            ("aws_db_instance.old", "set aside"),
            ("all", "one finding at a time"),
            ("aws_instance.web[", "There is no finding"),
            ("f-123456789012", "The last scan of `broken` failed"),
        ] {
            let why = selected(argument).unwrap_err();
            assert!(why.contains(expected), "{argument}: {why}");
        }
    }

    proptest! {
        #[test]
        fn any_argument_is_taken_without_a_panic(argument in "(\\PC|`|\\[|\\]|\"|\\\\| |f-[0-9a-f]{0,3}){0,30}") {
            let _ = selected(&argument);
        }
    }
}
