//! The units of a repository: folders that Terragrunt applies, not those that are only included.

use super::{CONFIG, JSON_CONFIG, STACK_CONFIG};
use crate::code::folder::Problem;
use crate::code::overlay::Overlay;
use crate::code::root::{BackendBlock, backend_in};
use crate::code::root_code::RootCode;
use crate::code::{Options, RootModule, listing};
use crate::model::Tree;
use std::collections::BTreeSet;

/// A Terragrunt unit.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitFolder {
    /// Its root module: the backend, or why that is not known.
    pub module: RootModule,
    /// The folder of its code, if it is in the repository.
    pub source: Option<String>,
    /// The configurations that were read for it.
    pub configs: BTreeSet<String>,
}

/// The units of a repository.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UnitFolders(Vec<UnitFolder>);

impl UnitFolders {
    /// Returns the units, by path.
    pub fn iter(&self) -> impl Iterator<Item = &UnitFolder> {
        self.0.iter()
    }

    /// Returns whether a folder only holds the code of a unit elsewhere, and is no root module of its own.
    pub fn is_source_of_a_unit(&self, folder: &str) -> bool {
        let is_source = |unit: &UnitFolder| unit.source.as_deref() == Some(folder);
        self.0.iter().any(is_source) && !self.0.iter().any(|unit| unit.module.path == folder)
    }
}

/// Finds the units in or below a folder. Stops at an interrupt, and returns those found so far.
pub fn unit_folders(tree: &Tree, within: &str, options: &Options) -> UnitFolders {
    let paths = tree.files.keys().chain(tree.links.keys());
    let named = paths.filter(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        [CONFIG, JSON_CONFIG, STACK_CONFIG].contains(&name) && !Tree::is_installed(path)
    });
    let folders: BTreeSet<_> = named.map(|path| Tree::folder(path)).collect();
    let folders = folders
        .into_iter()
        .filter(|folder| Tree::holds(within, folder));
    let (mut found, mut included) = (Vec::new(), BTreeSet::new());
    let code = Overlay::of(tree);
    for folder in folders {
        if options.interrupt.is_raised() {
            break;
        }
        let root = RootCode::find(&code, folder, options);
        let has_code = !listing::code_files(&code, folder).is_empty();
        let unit = root.unit.as_ref();
        included.extend(
            unit.into_iter()
                .flat_map(|unit| unit.included.iter().cloned()),
        );
        let is_applied = has_code || unit.is_none_or(|unit| unit.has_source);
        let may_be_parent = !has_code && unit.is_none_or(|unit| unit.included.is_empty());
        if is_applied {
            found.push((may_be_parent, unit_folder(folder, &root, &code, options)));
        }
    }
    let is_parent = |unit: &UnitFolder| {
        let config = Tree::join(&unit.module.path, CONFIG);
        config.is_some_and(|config| included.contains(&config))
    };
    let units = found
        .into_iter()
        .filter(|(may_be_parent, unit)| !(*may_be_parent && is_parent(unit)));
    UnitFolders(units.map(|(_, unit)| unit).collect())
}

/// Describes a unit: the backend that Terragrunt generates, else that of its code, or why neither is known.
fn unit_folder(folder: &str, root: &RootCode, code: &Overlay<'_>, options: &Options) -> UnitFolder {
    let (backend, problem) = match backend_of(root, code, options) {
        Ok(backend) => (backend, None),
        Err(problem) => (None, Some(problem)),
    };
    UnitFolder {
        module: RootModule {
            path: folder.to_owned(),
            backend,
            problem,
        },
        source: root.folder.clone().ok(),
        configs: root
            .unit
            .as_ref()
            .map(|unit| unit.files.clone())
            .unwrap_or_default(),
    }
}

/// Returns the backend that Terragrunt generates for a unit, else that of its code.
///
/// # Errors
/// Why the configuration or the code cannot be read.
fn backend_of(
    root: &RootCode,
    code: &Overlay<'_>,
    options: &Options,
) -> Result<Option<BackendBlock>, Problem> {
    let generated = match &root.unit {
        Some(unit) => unit.backend.clone()?,
        None => None,
    };
    let source = root.folder.as_ref().map_err(Problem::clone);
    match generated {
        Some(backend) => Ok(Some(backend)),
        None if root.unit.is_none() => source.map(|_| None),
        None => backend_in(&root.lay(*code), source?, options),
    }
}
