//! Parses one repository's `.driftguard.yml`: strictly, so that a slip is an error and never a silent default.
#![deny(clippy::disallowed_methods)]

mod accept;
mod accepted;
mod codeowners;
mod first;
mod form;
mod glob;
mod pattern;
mod providers;
mod schedule;
mod stacks;
mod switch;
mod who;
mod workspaces;
mod yaml;

pub use accept::Accept;
pub use accepted::{CannotAccept, NewAccept, with_accepted};
pub use codeowners::{Codeowners, Owner};
pub use first::first_file;
pub use form::{
    Aws, Checks, Fix, Group, MAX_ROLES, Notify, PullRequests, Reviewers, RoleArn, Settings,
    Unmanaged,
};
pub use pattern::TooCostly;
pub use providers::ProviderScope;
pub use schedule::Schedule;
pub use stacks::{BadStacks, ChosenStacks, StackSettings, check_names};
pub use who::Who;
pub use workspaces::Workspace;

use crate::model::without_values;

/// The file's name, at the root of the default branch.
pub const FILE: &str = ".driftguard.yml";

/// The longest file that is read, in bytes.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// How much may be said of one stack, in bytes: each of its workspaces is a stack of its own that copies it.
const MAX_STACK: usize = 32 * 1024;

/// An error in a settings file, with its line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{FILE}:{line}: {message}")]
pub struct SettingsError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong, with the key.
    pub message: String,
}

impl Settings {
    /// Reads a file of settings. An empty one is all defaults.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let wrong = |line: u64, message: String| SettingsError { line, message };
        if text.len() > MAX_BYTES {
            return Err(wrong(
                1,
                format!("the file is longer than {MAX_BYTES} bytes"),
            ));
        }
        let says_nothing =
            |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
        if text.lines().all(says_nothing) {
            return Ok(Self::default());
        }
        let settings: Self = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(1, |location| location.line());
            let message = error.to_string();
            let first = message
                .lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            wrong(line, key_before(text, line, &without_values(first)))
        })?;
        let mut stacks = settings.stacks.iter();
        match stacks.find(|stack| stack.length() > MAX_STACK) {
            None => Ok(settings),
            Some(stack) => Err(wrong(
                1,
                format!(
                    "`stacks`: what is said of the stack `{}` is longer than {} KiB, without its workspaces: name fewer \
                     `var_files`, or put them into folders with shorter names",
                    stack.name(),
                    MAX_STACK >> 10
                ),
            )),
        }
    }
}

/// Adds the key on a message's line to the message, unless it names one itself.
fn key_before(text: &str, line: u64, message: &str) -> String {
    let at = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let key = text
        .lines()
        .nth(at)
        .and_then(|line| line.split_once(':'))
        .map(|(key, _)| key.trim().trim_start_matches("- "));
    match key {
        Some(key) if !key.is_empty() && !message.contains(&format!("`{key}`")) => {
            format!("`{key}`: {message}")
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_all_defaults() {
        assert_eq!(Settings::parse("# nothing yet\n"), Ok(Settings::default()));
        assert_eq!(Settings::parse("version: 1\n"), Ok(Settings::default()));
    }

    #[test]
    fn a_slip_is_named_with_its_line_and_key() {
        for (text, line, key) in [
            ("version: 1\nbenchmrk: cis-3.0\n", 2, "benchmrk"),
            ("version: 2\n", 1, "version"),
            (
                "version: 1\nstacks:\n  - name: Production\n    path: infra\n",
                3,
                "name",
            ),
            ("version: 1\nunmanaged: everything\n", 2, "unmanaged"),
            ("aws:\n  role_arn: driftguard\n", 2, "role_arn"),
            (
                "accept:\n  - address: a.b\n    reason: x\n    until: soon\n",
                4,
                "until",
            ),
            ("pull_requests:\n  limit: many\n", 2, "limit"),
            (
                "stacks:\n  - path: infra\n    workspaces: blue\n",
                3,
                "workspaces",
            ),
            (
                "stacks:\n  - path: infra\n    workspaces: [blue, a/b]\n",
                3,
                "a/b",
            ),
            (
                "stacks:\n  - path: infra\n    schedule: every day\n",
                3,
                "schedule",
            ),
        ] {
            let error = Settings::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{error}");
            assert!(error.to_string().contains(key), "{error}");
        }
    }
}
