//! The stacks that a file of settings names, and those that are found.

use super::form::{Aws, Fix, Settings};
use super::schedule::Schedule;
use super::workspaces::{Workspace, Workspaces};
use crate::model::{StackName, Tree, s3_place};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a text of a list takes beside its own length, in bytes.
const ENTRY: usize = 64;

/// The settings of one stack.
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
    /// Its workspace; none where the file does not say.
    #[serde(default)]
    pub workspace: Option<Workspace>,
    /// In place of one: several, each a stack of its own.
    #[serde(default)]
    workspaces: Workspaces,
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
    /// Creates a stack that is known by its folder only.
    pub fn of_path(path: &str) -> Self {
        Self {
            name: None,
            path: path.to_owned(),
            aws: Aws::default(),
            state: None,
            workspace: None,
            workspaces: Workspaces::default(),
            var_files: Vec::new(),
            schedule: Schedule::default(),
            fix: Fix::default(),
        }
    }

    /// Returns its name.
    pub fn name(&self) -> StackName {
        self.name
            .clone()
            .unwrap_or_else(|| StackName::of_path(&self.path))
    }

    /// Returns a stack for each of its workspaces, named after it; itself for one workspace, or for all that its
    /// backend lists.
    fn each_workspace(&self) -> impl Iterator<Item = NamedStack<'_>> {
        let names = match &self.workspaces {
            Workspaces::Named(names) => names.as_slice(),
            Workspaces::All => &[],
        };
        let base = self.name();
        let itself = names.is_empty().then(|| NamedStack {
            name: base.clone(),
            settings: self,
            workspace: None,
        });
        let each = names.iter().map(move |workspace| NamedStack {
            name: of_workspace(&base, workspace),
            settings: self,
            workspace: Some(workspace),
        });
        itself.into_iter().chain(each)
    }

    /// Returns the name of the stack of one of its workspaces.
    pub fn name_of(&self, workspace: &Workspace) -> StackName {
        of_workspace(&self.name(), workspace)
    }

    /// Returns the stack of one of its workspaces. The list of all is not copied.
    pub fn of_workspace(&self, workspace: &Workspace) -> Self {
        Self {
            name: Some(self.name_of(workspace)),
            path: self.path.clone(),
            aws: self.aws.clone(),
            state: self.state.clone(),
            workspace: Some(workspace.clone()),
            workspaces: Workspaces::default(),
            var_files: self.var_files.clone(),
            schedule: self.schedule.clone(),
            fix: self.fix,
        }
    }

    /// Returns the length of what each stack of its workspaces copies, in bytes.
    pub(super) fn length(&self) -> usize {
        let state = self
            .state
            .iter()
            .map(|(bucket, key)| bucket.len() + key.len());
        let files = self.var_files.iter().map(|file| file.len() + ENTRY);
        let aws = self.aws.roles.values().chain(&self.aws.role_arn);
        let roles = aws.map(|role| role.0.len() + ENTRY);
        self.path.len()
            + self.schedule.to_string().len()
            + state.chain(files).chain(roles).sum::<usize>()
    }

    /// Returns whether it stands for all workspaces that its backend lists.
    pub fn has_all_workspaces(&self) -> bool {
        self.workspaces == Workspaces::All
    }
}

/// A stack of a file of settings, of one workspace where it has several: its settings are not copied yet.
struct NamedStack<'s> {
    name: StackName,
    settings: &'s StackSettings,
    workspace: Option<&'s Workspace>,
}

impl NamedStack<'_> {
    fn settings(&self) -> StackSettings {
        match self.workspace {
            Some(workspace) => self.settings.of_workspace(workspace),
            None => self.settings.clone(),
        }
    }
}

/// Returns the name of a stack's workspace, given the name of the stack.
fn of_workspace(stack: &StackName, workspace: &Workspace) -> StackName {
    StackName::of_path(&format!("{stack}-{}", workspace.as_str()))
}

/// Two stacks of one name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the stacks in `{first}` and `{second}` are both called `{name}`: give one another `name` under `stacks`"
)]
pub struct BadStacks {
    name: StackName,
    first: String,
    second: String,
}

/// The stacks of a repository that are looked at, and those that are too many.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChosenStacks {
    /// The first ones by path, where there are too many.
    pub stacks: Vec<StackSettings>,
    /// The names of the rest.
    pub left_out: Vec<StackName>,
}

impl Settings {
    /// At most so many stacks of a repository: those that the file names, else those in these folders.
    ///
    /// # Errors
    /// Two that have one name.
    pub fn stacks_of(&self, folders: &[&str], most: usize) -> Result<ChosenStacks, BadStacks> {
        if self.stacks.is_empty() {
            let name = |folder: &&str| StackName::of_path(folder);
            check_names(folders.iter().map(|folder| (name(folder), *folder)))?;
            let (first, rest) = folders.split_at(most.min(folders.len()));
            let settings = |folder: &&str| StackSettings::of_path(folder);
            return Ok(ChosenStacks {
                stacks: first.iter().map(settings).collect(),
                left_out: rest.iter().map(name).collect(),
            });
        }
        let each = self.stacks.iter().flat_map(StackSettings::each_workspace);
        let mut named: Vec<NamedStack<'_>> = each.collect();
        let names = named.iter();
        check_names(names.map(|stack| (stack.name.clone(), stack.settings.path.as_str())))?;
        if named.len() > most {
            named.sort_by(|left, right| left.settings.path.cmp(&right.settings.path));
        }
        let rest = named.split_off(most.min(named.len()));
        Ok(ChosenStacks {
            stacks: named.iter().map(NamedStack::settings).collect(),
            left_out: rest.into_iter().map(|stack| stack.name).collect(),
        })
    }
}

/// Checks that no two stacks have one name.
///
/// # Errors
/// The first two that do.
pub fn check_names<'a>(
    stacks: impl Iterator<Item = (StackName, &'a str)>,
) -> Result<(), BadStacks> {
    let mut names: BTreeMap<StackName, &str> = BTreeMap::new();
    for (name, path) in stacks {
        if let Some(first) = names.insert(name.clone(), path) {
            return Err(BadStacks {
                name,
                first: first.to_owned(),
                second: path.to_owned(),
            });
        }
    }
    Ok(())
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
    let wrong =
        || serde::de::Error::custom(format!("`{text}` is no state's place: s3://bucket/key"));
    let (bucket, key) = s3_place(&text).ok_or_else(wrong)?;
    Ok(Some((bucket.to_owned(), key.to_owned())))
}
