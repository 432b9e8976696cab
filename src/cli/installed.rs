//! Reads the modules that `terraform init` installed beside a root module of a checkout. Fetches nothing.

use super::checkout::{Checkout, MAX_FILE_BYTES, add_file, slashed};
use crate::model::Tree;
use anyhow::Context;
use serde::Deserialize;
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

/// The folder in which `terraform init` installs.
pub(super) const INSTALLED: &str = ".terraform";
/// The file in it that lists the installed modules.
const MANIFEST: &str = "modules/modules.json";
/// Folders of modules that no call leads to.
const SKIPPED: &[&str] = &[".git", INSTALLED, "examples", "test", "tests"];
/// How many files of installed modules are read.
const MAX_FILES: usize = 20_000;

/// The installed modules.
#[derive(Deserialize)]
struct Manifest {
    #[serde(rename = "Modules", default)]
    modules: Vec<Module>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(rename = "Dir", default)]
    folder: String,
}

/// Adds the modules that were installed for the root module in a folder, as far as their folders, by their real paths, lie
/// in the repository. A manifest that is none says nothing.
///
/// # Errors
/// Names the file that cannot be read.
pub(super) fn add_installed(tree: &mut Tree, root: &Path, module: &Path) -> anyhow::Result<()> {
    let manifest = module.join(INSTALLED).join(MANIFEST);
    if !is_inside(root, &manifest) || !manifest.is_file() {
        return Ok(());
    }
    let bytes = Checkout::read_limited(&manifest, MAX_FILE_BYTES)?;
    let Ok(read) = serde_json::from_slice::<Manifest>(&bytes) else {
        return Ok(());
    };
    let name = |path: &Path| slashed(path.strip_prefix(root).unwrap_or(path));
    tree.files.insert(name(&manifest), bytes.into());
    let own = name(module);
    let folders = read.modules.iter();
    let folders = folders.filter_map(|module| Tree::join(&own, &module.folder));
    // What lies elsewhere in the repository was read already.
    let folders: BTreeSet<_> = folders.filter(|path| Tree::is_installed(path)).collect();
    let mut last: Option<String> = None;
    for folder in folders {
        let is_read = last.as_ref().is_some_and(|last| Tree::holds(last, &folder));
        if !is_read && is_inside(root, &root.join(&folder)) {
            add_folder(tree, root, &folder)?;
            last = Some(folder);
        }
    }
    Ok(())
}

/// Returns whether a path leads to something of the repository, wherever links lead on the way.
fn is_inside(root: &Path, path: &Path) -> bool {
    fs::canonicalize(path).is_ok_and(|real| real.starts_with(root))
}

/// Adds what can be read in a folder and below it. Links in it are not followed.
fn add_folder(tree: &mut Tree, root: &Path, folder: &str) -> anyhow::Result<()> {
    let mut folders = VecDeque::from([folder.to_owned()]);
    let most = tree.files.len() + MAX_FILES;
    while let Some(folder) = folders.pop_front() {
        let path = root.join(&folder);
        let while_reading = || format!("while reading {}", path.display());
        for entry in fs::read_dir(&path).with_context(while_reading)? {
            let entry = entry.with_context(while_reading)?;
            let kind = entry.file_type().with_context(while_reading)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let own = format!("{folder}/{name}");
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                folders.push_back(own);
            } else if kind.is_file() && Tree::is_read(&own) && tree.files.len() < most {
                let size = entry.metadata().with_context(while_reading)?.len();
                add_file(tree, own, &entry.path(), size)?;
            }
        }
    }
    Ok(())
}
