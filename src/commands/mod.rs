//! Pure: parses slash commands, one file each; text in, effects out.
#![deny(clippy::disallowed_methods)]

mod adopt;
mod assign;
mod explain;
mod help;
mod ignore;
mod import;
mod parsing;
mod restore;
mod rotate_secret;
mod scan;
mod snooze;
mod status;

pub use parsing::read;

use crate::model::{Decision, StackName, StackStatus};
use crate::report::{MAX_TEXT, code, excerpt};
use parsing::{first_word, nearest};
use serde::{Deserialize, Serialize};

/// All commands, as `help` lists them.
pub const ALL: &[&Command] = &[
    &help::COMMAND,
    &status::COMMAND,
    &scan::COMMAND,
    &explain::COMMAND,
    &adopt::COMMAND,
    &restore::COMMAND,
    &import::COMMAND,
    &ignore::COMMAND,
    &snooze::COMMAND,
    &assign::COMMAND,
    &rotate_secret::COMMAND,
];

/// How many commands of one comment are run.
const MAX_COMMANDS: usize = 10;

/// A slash command.
pub struct Command {
    /// The word after `/driftguard`.
    pub name: &'static str,
    /// The usage, including that word.
    pub usage: &'static str,
    /// The description, in one line of Markdown.
    pub help: &'static str,
    /// Runs the command with what follows the word; an error explains in Markdown why it does nothing.
    run: fn(&str, &CommandContext<'_>) -> Result<Answer, String>,
}

/// What a command can read.
#[derive(Debug, Clone)]
pub struct CommandContext<'a> {
    /// The login of the commenter, who has write permission.
    pub person: &'a str,
    /// The repository's stacks, by name.
    pub stacks: &'a [StackStatus],
    /// The current time, in epoch milliseconds.
    pub now: i64,
}

/// An effect of a command, which `jobs` applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Scan this stack; all where it is `None`.
    Scan(Option<StackName>),
    /// Store a decision. A scan of the stack follows by itself.
    Decide(Decision),
    /// Assign a person to the issue or pull request that the comment is on.
    Assign(String),
    /// Rotate the notification secret, if the person has the permission.
    RotateSecret {
        /// The login of that person.
        person: String,
        /// When the rotation was requested, in epoch milliseconds.
        at: i64,
    },
}

/// The answer to a comment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// The reply in Markdown, one paragraph per command.
    #[serde(rename = "says")]
    pub reply: Vec<String>,
    /// The effects, in order.
    pub effects: Vec<Effect>,
}

impl Answer {
    /// Creates an answer with this reply and these effects.
    fn new(reply: String, effects: Vec<Effect>) -> Self {
        Self {
            reply: vec![reply],
            effects,
        }
    }
}

/// Answers a comment; `None` where it has no command.
pub fn answer(comment: &str, context: &CommandContext<'_>) -> Option<Answer> {
    let lines = read(comment);
    if lines.is_empty() {
        return None;
    }
    let mut all = Answer::default();
    for line in lines.iter().take(MAX_COMMANDS) {
        match run_line(line, context) {
            Ok(answer) => {
                all.reply.extend(answer.reply);
                all.effects.extend(answer.effects);
            }
            Err(why_not) => all.reply.push(why_not),
        }
    }
    let more = lines.len().saturating_sub(MAX_COMMANDS);
    if more > 0 {
        all.reply.push(format!(
            "A comment may have {MAX_COMMANDS} commands: {more} more were not run. Write those in another comment."
        ));
    }
    all.reply = fit_comment(all.reply);
    Some(all)
}

/// Runs the command on a line, given what follows `/driftguard`.
fn run_line(line: &str, context: &CommandContext<'_>) -> Result<Answer, String> {
    let (verb, rest) = first_word(line);
    let lower = verb.to_lowercase();
    let known = match lower.as_str() {
        "" => Some(&&help::COMMAND),
        lower => ALL.iter().find(|command| command.name == lower),
    };
    match known {
        Some(command) => (command.run)(rest, context),
        // As it was written: a credential in small letters is not known for one.
        None => Err(unknown(verb)),
    }
}

fn unknown(verb: &str) -> String {
    let shown = excerpt(verb, 40);
    let meant = nearest(&verb.to_lowercase(), ALL.iter().map(|command| command.name))
        .map(|name| format!(" Did you mean {}?", code(name)))
        .unwrap_or_default();
    format!(
        "Unknown command {}.{meant} {} lists all commands.",
        code(&shown),
        code("/driftguard help")
    )
}

/// Replaces paragraphs that do not fit into one comment, and keeps the short ones.
fn fit_comment(reply: Vec<String>) -> Vec<String> {
    let mut left = MAX_TEXT;
    let fit = |text: String| {
        let length = text.chars().count() + 2;
        if length <= left {
            left -= length;
            return text;
        }
        "The reply to this command is too long beside the others: ask this in one of its own."
            .to_owned()
    };
    reply.into_iter().map(fit).collect()
}
