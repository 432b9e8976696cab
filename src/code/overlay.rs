//! Overlays edits on the files of a repository without copying them.

use super::listing::NamedFile;
use super::terragrunt::GeneratedFile;
use crate::model::Tree;
use std::collections::BTreeMap;
use std::ops::Bound;

static NO_EDITS: BTreeMap<String, Vec<u8>> = BTreeMap::new();

/// The files of a repository, some of them with other contents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Overlay<'t> {
    tree: &'t Tree,
    edited: &'t BTreeMap<String, Vec<u8>>,
    laid: Option<&'t OverlayFiles>,
}

/// The files that Terragrunt copies to and generates in a folder.
#[derive(Debug)]
pub(super) struct OverlayFiles {
    /// The folder.
    pub folder: String,
    /// The folder whose files are copied there.
    pub copied: Option<String>,
    /// The files that are generated there, by name.
    pub generated: BTreeMap<String, GeneratedFile>,
}

impl OverlayFiles {
    /// Returns the contents of a generated file by its path.
    fn contents(&self, path: &str) -> Option<&[u8]> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let found = self.generated.get(name);
        found
            .filter(|file| file.path == path)
            .map(|file| file.bytes.as_slice())
    }

    /// Returns the path of the file that replaces one in the folder.
    fn path_of(&self, path: &str, code: &Overlay<'_>) -> Option<String> {
        let below = match self.folder.as_str() {
            "" => path,
            folder => path.strip_prefix(folder)?.strip_prefix('/')?,
        };
        if let Some(generated) = self.generated.get(below) {
            return Some(generated.path.clone());
        }
        let copied = Tree::join(self.copied.as_deref()?, below)?;
        let copied = code.tree.resolve(&copied)?.into_owned();
        (is_copied(below) && code.has(&copied)).then_some(copied)
    }
}

/// Returns whether Terragrunt copies a file of a unit to the folder of the code.
fn is_copied(path: &str) -> bool {
    !path.split('/').any(|part| part.starts_with('.')) && !path.starts_with("terragrunt.")
}

impl<'t> Overlay<'t> {
    /// Creates an overlay without edits.
    pub(super) fn of(tree: &'t Tree) -> Self {
        Self::new(tree, &NO_EDITS)
    }

    /// Creates an overlay in which these files have these contents.
    pub(super) fn new(tree: &'t Tree, edited: &'t BTreeMap<String, Vec<u8>>) -> Self {
        Self {
            tree,
            edited,
            laid: None,
        }
    }

    /// Adds the files of a Terragrunt unit.
    pub(super) fn with(self, laid: Option<&'t OverlayFiles>) -> Self {
        Self { laid, ..self }
    }

    /// Returns the text of a file; `None` where there is no such file, or it is not UTF-8.
    pub(super) fn text(&self, path: &str) -> Option<&'t str> {
        std::str::from_utf8(self.bytes(path)?).ok()
    }

    /// Returns the path of a file itself, behind the symbolic links that lead to it; `None` where there is no such
    /// file.
    pub(super) fn resolve(&self, path: &str) -> Option<String> {
        if let Some(laid) = self.laid.and_then(|laid| laid.path_of(path, self)) {
            return Some(laid);
        }
        let path = self.tree.resolve(path)?.into_owned();
        self.has(&path).then_some(path)
    }

    /// Returns the bytes of a file; `None` where they are not known.
    pub(super) fn bytes(&self, path: &str) -> Option<&'t [u8]> {
        match self.edited.get(path) {
            Some(bytes) => Some(bytes),
            None => {
                let laid = self.laid.and_then(|laid| laid.contents(path));
                laid.or_else(|| self.tree.files.get(path).map(AsRef::as_ref))
            }
        }
    }

    /// Returns whether it is known that there is no such file.
    pub(super) fn lacks(&self, path: &str) -> bool {
        !self.edited.contains_key(path) && self.tree.missing.contains(path)
    }

    /// Returns the files below a folder, relative to it; `None` where they are not known.
    pub(super) fn below(&self, folder: &str) -> Option<&'t [String]> {
        self.tree.listed.get(folder).map(Vec::as_slice)
    }

    /// Returns whether there is such a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.edited.contains_key(path)
            || self.tree.files.contains_key(path)
            || self.laid.is_some_and(|laid| laid.contents(path).is_some())
    }

    /// Returns whether there is a file below a path, which is a folder then.
    pub(super) fn has_below(&self, path: &str) -> bool {
        let Some(own) = self.tree.resolve(path) else {
            return false;
        };
        let start = format!("{own}/");
        let from = (Bound::Included(start.as_str()), Bound::Unbounded);
        let in_tree = self.tree.files.range::<str, _>(from).next();
        let edited = self.edited.range::<str, _>(from).next();
        let paths = in_tree.map(|(path, _)| path).into_iter();
        let mut paths = paths.chain(edited.map(|(path, _)| path));
        paths.any(|path| path.starts_with(&start))
    }

    /// Returns the paths of all files of the tree.
    pub(super) fn paths(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.tree.files.keys().map(String::as_str)
    }

    /// Returns the files of a folder without those of its subfolders, by name. Follows symbolic links to the folder and
    /// in it. Overlaid files replace its own.
    pub(super) fn in_folder(&self, folder: &str) -> Vec<NamedFile> {
        let own = self.own_in_folder(folder);
        let Some(laid) = self.laid.filter(|laid| laid.folder == folder) else {
            return own;
        };
        let name_in = |name: &str| match folder {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        let by_name = |file: NamedFile| (file.base_name().to_owned(), file.path);
        let mut all: BTreeMap<_, _> = own.into_iter().map(by_name).collect();
        let copied = laid
            .copied
            .iter()
            .flat_map(|copied| self.own_in_folder(copied));
        all.extend(copied.map(by_name).filter(|(name, _)| is_copied(name)));
        for (name, file) in &laid.generated {
            if !(file.skips && all.contains_key(name)) {
                all.insert(name.clone(), Some(file.path.clone()));
            }
        }
        let named = all.into_iter().map(|(name, path)| NamedFile {
            name: name_in(&name),
            path,
        });
        named.collect()
    }

    /// Returns the files of a folder without overlaid ones.
    fn own_in_folder(&self, folder: &str) -> Vec<NamedFile> {
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
