//! Finds the stacks of a repository: those that its settings name, else every root module with a backend block and every
//! Terragrunt unit.

use super::load::Stack;
use crate::code::{self, is_code};
use crate::model::{ScanError, StackName, Tree};
use crate::settings::{Settings, StackSettings};
use std::collections::{BTreeMap, BTreeSet};

/// How many stacks of a repository the server scans.
pub const MAX_STACKS: usize = 500;

/// How many folders without a backend are listed.
const FOLDERS: usize = 10;

/// How many stack names are listed.
const NAMED: usize = 50;

/// Where and how to look for stacks.
pub struct Search<'a> {
    /// The files of the repository.
    pub tree: &'a Tree,
    /// The settings of the repository.
    pub settings: &'a Settings,
    /// The folder outside of which no code is parsed: stacks that only that code would reveal are not found.
    pub within: &'a str,
    /// How many stacks are returned, in the order of their paths.
    pub most: usize,
    /// What the evaluations of the stacks share, and the interrupt that ends the search early: its result is then
    /// discarded.
    pub code: &'a code::Options,
}

/// The stacks of a repository.
pub struct FoundStacks {
    /// The stacks that are scanned.
    pub stacks: Vec<Stack>,
    /// The names of the stacks beyond the limit.
    pub left_out: Vec<StackName>,
    /// Folders that configure providers and are not called as modules, but have no known state.
    pub without_backend: Vec<String>,
}

impl Search<'_> {
    /// Finds the stacks.
    ///
    /// # Errors
    /// Two stacks have one name, or the folder of a stack holds no code.
    pub fn stacks(&self) -> Result<FoundStacks, ScanError> {
        let roots = code::root_folders(self.tree, self.within, self.code);
        let units = code::unit_folders(self.tree, self.within, self.code);
        let own_roots = roots
            .iter()
            .filter(|root| !units.is_source_of_a_unit(root.path));
        let roots: BTreeMap<_, _> = own_roots.map(|root| (root.path, root)).collect();
        let unit_modules = units.iter().map(|unit| (unit.module.path.as_str(), unit));
        let unit_modules: BTreeMap<_, _> = unit_modules.collect();
        let paths: BTreeSet<_> = roots.keys().chain(unit_modules.keys()).copied().collect();
        let paths: Vec<_> = paths.into_iter().collect();
        let chosen = self.settings.stacks_of(&paths, self.most);
        let chosen = chosen.map_err(|error| wrong(error.to_string()))?;
        let is_root = |path: &str| roots.contains_key(path) || unit_modules.contains_key(path);
        self.check_folders(is_root)?;
        // Who names stacks means those.
        let without_backend = match self.settings.stacks.as_slice() {
            [] => {
                let is_known = |path: &str| is_root(path) || units.is_source_of_a_unit(path);
                code::roots_without_backend(self.tree, self.within, is_known)
            }
            _ => Vec::new(),
        };
        let stack = |settings: StackSettings| {
            let path = settings.path.as_str();
            let unit = unit_modules.get(path).map(|unit| unit.module.clone());
            let root = || Some(roots.get(path)?.module(self.tree, self.code));
            let module = unit.or_else(root);
            Stack {
                given_variables: self.code.given.clone(),
                shared: self.code.shared.clone(),
                modules: self.code.modules.clone(),
                ..Stack::new(settings, module)
            }
        };
        Ok(FoundStacks {
            stacks: chosen.stacks.into_iter().map(stack).collect(),
            left_out: chosen.left_out,
            without_backend: without_backend.into_iter().map(str::to_owned).collect(),
        })
    }

    /// Checks that each stack of the settings has code.
    fn check_folders(&self, is_root: impl Fn(&str) -> bool) -> Result<(), ScanError> {
        let paths = self.tree.files.keys().chain(self.tree.links.keys());
        let code = paths.filter(|path| is_code(path));
        let with_code: BTreeSet<_> = code.map(|path| Tree::folder(path)).collect();
        let mut named = self.settings.stacks.iter();
        let empty =
            named.find(|stack| !is_root(&stack.path) && !with_code.contains(stack.path.as_str()));
        empty.map_or(Ok(()), |stack| {
            Err(wrong(format!(
                "stack `{}` of .driftguard.yml: there is no Terraform code in `{}`",
                stack.name(),
                stack.path
            )))
        })
    }
}

impl FoundStacks {
    /// Returns a title and a text about the parts of the repository that are not scanned; `None` where all are.
    pub(crate) fn unscanned(&self) -> Option<(&'static str, String)> {
        let title = match self.left_out.is_empty() {
            true => "Some folders are not scanned",
            false => "Some stacks are not scanned",
        };
        let stateless = self.stateless();
        let stateless =
            stateless.map(|why| format!("Some folders are not scanned, because {why}."));
        let parts: Vec<_> = self.excess().into_iter().chain(stateless).collect();
        (!parts.is_empty()).then(|| (title, parts.join(" ")))
    }

    /// Names the folders without a known state; `None` where there are none.
    pub fn stateless(&self) -> Option<String> {
        let names: Vec<_> = self.without_backend.iter().take(FOLDERS).collect();
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        let more = match self.without_backend.len() - names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!names.is_empty()).then(|| {
            format!(
                "they configure providers and have no backend block: {}{more}. Where their state is, \
                 `state: s3://bucket/key` in .driftguard.yml says",
                names.join(", ")
            )
        })
    }

    /// Lists the stacks beyond the limit; `None` where there are none.
    fn excess(&self) -> Option<String> {
        let names = self.left_out.iter().take(NAMED).map(ToString::to_string);
        let names: Vec<_> = names.collect();
        let more = self.left_out.len().checked_sub(names.len());
        let more = more.filter(|more| *more > 0);
        (!names.is_empty()).then(|| {
            format!(
                "This repository has {} stacks, and {} of them are scanned, the first ones by path. Not scanned: {}{}. \
                 While they are left out, nothing is called unmanaged. Name the stacks that matter under `stacks` in \
                 .driftguard.yml.",
                self.stacks.len() + self.left_out.len(),
                self.stacks.len(),
                names.join(", "),
                more.map(|more| format!(" and {more} more")).unwrap_or_default()
            )
        })
    }
}

fn wrong(message: String) -> ScanError {
    ScanError {
        kind: "settings".into(),
        message,
    }
}
