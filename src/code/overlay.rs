//! The files of a repository with edits laid over them: nothing is copied.

use crate::model::Tree;
use std::collections::BTreeMap;

/// The files of a repository, some of them with other contents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Overlay<'t> {
    tree: &'t Tree,
    edited: &'t BTreeMap<String, Vec<u8>>,
}

impl<'t> Overlay<'t> {
    /// A tree in which these files have these contents.
    pub(super) fn new(tree: &'t Tree, edited: &'t BTreeMap<String, Vec<u8>>) -> Self {
        Self { tree, edited }
    }

    /// The text of a file; none where there is no such file, or it is not UTF-8.
    pub(super) fn text(&self, path: &str) -> Option<&'t str> {
        match self.edited.get(path) {
            Some(bytes) => std::str::from_utf8(bytes).ok(),
            None => self.tree.text(path),
        }
    }

    /// Whether there is such a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.edited.contains_key(path) || self.tree.files.contains_key(path)
    }

    /// The paths of all files of the tree.
    pub(super) fn paths(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.tree.files.keys().map(String::as_str)
    }

    /// The first file with code in a folder.
    pub(super) fn first_in(&self, folder: &'t str) -> Option<&'t str> {
        let mut files = self.tree.in_folder(folder).map(|(path, _)| path);
        files.find(|path| path.ends_with(".tf"))
    }

    /// The paths of all files, each under its folder, in order.
    pub(super) fn by_folder(&self) -> BTreeMap<&'t str, Vec<&'t str>> {
        let mut folders: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let new = self.edited.keys();
        let new = new.filter(|path| !self.tree.files.contains_key(*path));
        for path in self.tree.files.keys().chain(new) {
            let files = folders.entry(Tree::folder(path)).or_default();
            files.push(path.as_str());
        }
        folders
    }
}
