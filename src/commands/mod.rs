//! Pure: what a person may say to the bot, one command a file; text in, effects out.
#![deny(clippy::disallowed_methods)]

use crate::model::{Decision, StackName, Standing};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Scan this stack; none: all.
    Scan(Option<StackName>),
    /// Keep what was decided. A scan of the stack follows by itself.
    Decide(Decision),
    /// Assign a person to the issue or pull request that the command stands on.
    Assign(String),
}

/// What is answered to a comment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// Markdown, a paragraph a command.
    pub says: Vec<String>,
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
}
