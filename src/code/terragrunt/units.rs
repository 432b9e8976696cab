//! The units of a repository: folders that Terragrunt applies, not those that are only included.

use super::{CONFIG, JSON_CONFIG, STACK_CONFIG};
use crate::code::overlay::Overlay;
use crate::code::root::backend_in;
use crate::code::root_code::RootCode;
use crate::code::{Options, RootModule, listing};
use crate::model::Tree;
use std::collections::BTreeSet;

/// A unit, as a root module.
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

    /// Returns whether a folder is the code of a unit elsewhere, and so no root module of its own.
    pub fn run(&self, folder: &str) -> bool {
        let is_source = |unit: &UnitFolder| unit.source.as_deref() == Some(folder);
        self.0.iter().any(is_source) && !self.0.iter().any(|unit| unit.module.path == folder)
    }
}

/// Finds the units in or below a folder. Once interrupted, it finds no more.
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

fn unit_folder(folder: &str, root: &RootCode, code: &Overlay<'_>, options: &Options) -> UnitFolder {
    let stated = root.unit.as_ref().map(|unit| unit.backend.clone());
    let backend = match (stated, &root.folder) {
        (Some(Ok(None)), Ok(source)) => backend_in(&root.lay(*code), source, options),
        (Some(stated), _) => stated,
        (None, Ok(_)) => Ok(None),
        (None, Err(problem)) => Err(problem.clone()),
    };
    let (backend, problem) = match (backend, &root.folder) {
        (Ok(None), Err(problem)) => (None, Some(problem.clone())),
        (Ok(backend), _) => (backend, None),
        (Err(problem), _) => (None, Some(problem)),
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
