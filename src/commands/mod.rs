//! Pure: what a person may say to the bot, one command a file; text in, effects out.
#![deny(clippy::disallowed_methods)]

mod adopt;
mod assign;
mod explain;
mod help;
mod ignore;
mod import;
mod restore;
mod rotate_secret;
mod scan;
mod snooze;
mod speech;
mod status;

pub use speech::read;

use crate::model::{Decision, StackName, Standing};
use crate::report::{code, excerpt};
use serde::{Deserialize, Serialize};
use speech::{nearest, word};

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

/// The most commands of one comment that are obeyed.
const MOST: usize = 10;

/// The longest answer to one comment, in characters: GitHub takes 65,536.
const LONGEST: usize = 60_000;

/// One command.
pub struct Command {
    /// The word after `/driftguard`.
    pub name: &'static str,
    /// How it is written, that word included.
    pub usage: &'static str,
    /// What it does, in one line of Markdown.
    pub help: &'static str,
    /// Obeys it, given what follows the word; else says why not, in Markdown, and does nothing.
    run: fn(&str, &Scene<'_>) -> Result<Answer, String>,
}

/// What a command is told.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// The login of who says it: somebody with write permission.
    pub person: &'a str,
    /// The repository's stacks, by name.
    pub stacks: &'a [Standing],
    /// Now, in epoch milliseconds.
    pub now: i64,
}

/// What a command leads to, for `jobs` to act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Scan this stack; none: all.
    Scan(Option<StackName>),
    /// Keep what was decided. A scan of the stack follows by itself.
    Decide(Decision),
    /// Assign a person to the issue or pull request that the command stands on.
    Assign(String),
    /// Rotate the secret that notifications are signed with, if the person who asked may.
    RotateSecret {
        /// The login of that person.
        person: String,
        /// When it was asked for, in epoch milliseconds.
        at: i64,
    },
}

/// What is answered to a comment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Answer {
    /// Markdown, a paragraph a command.
    pub says: Vec<String>,
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
}

impl Answer {
    /// An answer that says something and does these things.
    fn new(says: String, effects: Vec<Effect>) -> Self {
        Self {
            says: vec![says],
            effects,
        }
    }
}

/// What is answered to a comment; none where it holds no command.
pub fn answer(comment: &str, scene: &Scene<'_>) -> Option<Answer> {
    let lines = read(comment);
    if lines.is_empty() {
        return None;
    }
    let mut all = Answer::default();
    for line in lines.iter().take(MOST) {
        match obey(line, scene) {
            Ok(answer) => {
                all.says.extend(answer.says);
                all.effects.extend(answer.effects);
            }
            Err(why_not) => all.says.push(why_not),
        }
    }
    let more = lines.len().saturating_sub(MOST);
    if more > 0 {
        all.says.push(format!(
            "That is all for one comment: I did {MOST} commands, and left {more}. Say those in another."
        ));
    }
    all.says = within(all.says);
    Some(all)
}

/// What one line leads to: what follows `/driftguard`.
fn obey(line: &str, scene: &Scene<'_>) -> Result<Answer, String> {
    let (verb, rest) = word(line);
    let lower = verb.to_lowercase();
    let known = match lower.as_str() {
        "" => Some(&&help::COMMAND),
        lower => ALL.iter().find(|command| command.name == lower),
    };
    match known {
        Some(command) => (command.run)(rest, scene),
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
        "I do not know {}.{meant} {} lists what I understand.",
        code(&shown),
        code("/driftguard help")
    )
}

/// As much as fits into one comment: what is too long gives way, and what is short stays.
fn within(says: Vec<String>) -> Vec<String> {
    let mut left = LONGEST;
    let fit = |text: String| {
        let length = text.chars().count() + 2;
        if length <= left {
            left -= length;
            return text;
        }
        "There is too much to say for one comment: ask this in one of its own.".to_owned()
    };
    says.into_iter().map(fit).collect()
}
