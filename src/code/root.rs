//! Root modules: the folders that say where their state is.

use super::folder::Folders;
use super::{Options, variable};
use crate::model::{Tree, Value};
use hcl_edit::Span;
use std::collections::{BTreeMap, BTreeSet};

/// A folder with a backend.
#[derive(Debug, Clone, PartialEq)]
pub struct RootModule {
    /// Its path, relative to the repository; empty for the root.
    pub path: String,
    /// Its backend block.
    pub backend: Option<BackendBlock>,
}

/// A backend block.
#[derive(Debug, Clone, PartialEq)]
pub struct BackendBlock {
    /// `s3`, `local`, ...; `cloud` for HCP Terraform.
    pub kind: String,
    /// Its settings; a partial configuration has few.
    pub attributes: BTreeMap<String, Value>,
    /// The file, relative to the repository.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// Every folder with a `backend` or `cloud` block, by path.
pub fn root_modules(tree: &Tree) -> Vec<RootModule> {
    let code = tree
        .files
        .iter()
        .filter(|(path, bytes)| path.ends_with(".tf") && names_backend(bytes));
    let folders: BTreeSet<&str> = code.map(|(path, _)| Tree::folder(path)).collect();
    folders
        .into_iter()
        .filter_map(|folder| root_module(tree, folder))
        .collect()
}

/// Whether a file may hold a backend block: cheaper than parsing each.
fn names_backend(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains("backend") || text.contains("cloud")
}

fn root_module(tree: &Tree, folder: &str) -> Option<RootModule> {
    let folders = Folders::parse(tree, folder);
    let module = folders.get(folder)?;
    let instance = variable::empty(module, &Options::default());
    let backend = module.blocks("terraform").find_map(|(file, block)| {
        let named = block.body.get_blocks("backend").next();
        let (kind, found) = match named {
            Some(found) => (found.labels.first()?.as_str(), found),
            None => ("cloud", block.body.get_blocks("cloud").next()?),
        };
        let scope = instance.scope(file);
        let settings = found
            .body
            .attributes()
            .map(|one| (one.key.as_str().to_owned(), scope.value(&one.value)));
        Some(BackendBlock {
            kind: kind.to_owned(),
            attributes: settings.collect(),
            file: file.path.to_owned(),
            line: file.line(found.span().map_or(0, |span| span.start)),
        })
    })?;
    Some(RootModule {
        path: folder.to_owned(),
        backend: Some(backend),
    })
}
