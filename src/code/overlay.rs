//! The files of a repository with edits laid over them: nothing is copied.

use super::listing::NamedFile;
use crate::model::Tree;
use std::collections::BTreeMap;

static NO_EDITS: BTreeMap<String, Vec<u8>> = BTreeMap::new();

/// The files of a repository, some of them with other contents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Overlay<'t> {
    tree: &'t Tree,
    edited: &'t BTreeMap<String, Vec<u8>>,
}

impl<'t> Overlay<'t> {
    /// A tree as it is.
    pub(super) fn of(tree: &'t Tree) -> Self {
        Self::new(tree, &NO_EDITS)
    }

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

    /// The path of a file itself, behind the symbolic links that lead to it; none where there is no such file.
    pub(super) fn resolve(&self, path: &str) -> Option<String> {
        let path = self.tree.resolve(path)?.into_owned();
        self.has(&path).then_some(path)
    }

    /// The bytes of a file; none where they are not known.
    pub(super) fn bytes(&self, path: &str) -> Option<&'t [u8]> {
        match self.edited.get(path) {
            Some(bytes) => Some(bytes),
            None => self.tree.files.get(path).map(AsRef::as_ref),
        }
    }

    /// Whether it is known that there is no such file.
    pub(super) fn lacks(&self, path: &str) -> bool {
        !self.edited.contains_key(path) && self.tree.missing.contains(path)
    }

    /// The files below a folder, relative to it; none where they are not known.
    pub(super) fn below(&self, folder: &str) -> Option<&'t [String]> {
        self.tree.listed.get(folder).map(Vec::as_slice)
    }

    /// Whether there is such a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.edited.contains_key(path) || self.tree.files.contains_key(path)
    }

    /// The paths of all files of the tree.
    pub(super) fn paths(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.tree.files.keys().map(String::as_str)
    }

    /// The files right in a folder, by name: symbolic links to it and in it are followed.
    pub(super) fn in_folder(&self, folder: &str) -> Vec<NamedFile> {
        let Some(own) = self.tree.resolve(folder) else {
            return Vec::new();
        };
        let new = self.edited.keys();
        let new = new.filter(|path| !self.tree.files.contains_key(*path));
        let new = new
            .filter(|path| Tree::folder(path) == own)
            .map(String::as_str);
        let files = self.tree.in_folder(&own).map(|(path, _)| path).chain(new);
        let links = self.tree.links_in(&own);
        let named = |path: &str, own_path: Option<String>| {
            let name = path.rsplit('/').next().unwrap_or(path);
            NamedFile {
                name: match folder {
                    "" => name.to_owned(),
                    folder => format!("{folder}/{name}"),
                },
                path: own_path,
            }
        };
        let files = files.map(|path| named(path, Some(path.to_owned())));
        let links = links.map(|link| named(link, self.resolve(link)));
        let mut all: Vec<_> = files.chain(links).collect();
        all.sort_by(|left, right| left.name.cmp(&right.name));
        all
    }
}
