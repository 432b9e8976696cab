//! The stacks that a file of settings names, and those that are found.

use super::form::{Aws, Fix, Settings};
use super::schedule::Schedule;
use crate::model::{StackName, Tree};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the file says of one stack.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackSettings {
    /// Its name; where it has none, the slug of its path.
    #[serde(default, deserialize_with = "name")]
    name: Option<StackName>,
    /// Its folder, relative to the repository.
    #[serde(deserialize_with = "path")]
    pub path: String,
    /// In place of the repository's role.
    #[serde(default)]
    pub aws: Aws,
    /// Where its state is, if its code does not say: bucket and key.
    #[serde(default, deserialize_with = "state")]
    pub state: Option<(String, String)>,
    /// Its workspace.
    #[serde(default = "default_workspace")]
    pub workspace: String,
    /// Files of variables, relative to its folder.
    #[serde(default)]
    pub var_files: Vec<String>,
    /// When it is scanned by itself.
    #[serde(default)]
    pub schedule: Schedule,
    /// In which direction its drift is fixed.
    #[serde(default)]
    pub fix: Fix,
}

impl StackSettings {
    /// A stack that only its folder tells of.
    pub fn of_path(path: &str) -> Self {
        Self {
            name: None,
            path: path.to_owned(),
            aws: Aws::default(),
            state: None,
            workspace: default_workspace(),
            var_files: Vec::new(),
            schedule: Schedule::default(),
            fix: Fix::default(),
        }
    }

    /// Its name.
    pub fn name(&self) -> StackName {
        self.name
            .clone()
            .unwrap_or_else(|| StackName::of_path(&self.path))
    }
}

/// Two stacks of one name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the stacks in `{one}` and `{other}` are both called `{name}`: give one another `name` under `stacks`"
)]
pub struct BadStacks {
    name: StackName,
    one: String,
    other: String,
}

impl Settings {
    /// The stacks of a repository: those that the file names, else those in these folders.
    ///
    /// # Errors
    /// Two that have one name.
    pub fn stacks_of(&self, folders: &[&str]) -> Result<Vec<StackSettings>, BadStacks> {
        let all = match self.stacks.as_slice() {
            [] => folders
                .iter()
                .map(|folder| StackSettings::of_path(folder))
                .collect(),
            named => named.to_vec(),
        };
        let mut names: BTreeMap<StackName, &str> = BTreeMap::new();
        for stack in &all {
            if let Some(one) = names.insert(stack.name(), &stack.path) {
                return Err(BadStacks {
                    name: stack.name(),
                    one: one.to_owned(),
                    other: stack.path.clone(),
                });
            }
        }
        Ok(all)
    }
}

fn default_workspace() -> String {
    "default".to_owned()
}

fn name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<StackName>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong =
        || serde::de::Error::custom(format!("`{text}` is no stack name: only a-z, 0-9 and -"));
    StackName::new(&text).ok_or_else(wrong).map(Some)
}

fn path<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = || serde::de::Error::custom(format!("`{text}` leads out of the repository"));
    Tree::join("", &text).ok_or_else(wrong)
}

fn state<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<(String, String)>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let place = text
        .strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'));
    match place {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
            Ok(Some((bucket.to_owned(), key.to_owned())))
        }
        _ => Err(serde::de::Error::custom(format!(
            "`{text}` is no state's place: s3://bucket/key"
        ))),
    }
}
