//! Lists the code files of a folder in the order in which Terraform and OpenTofu read them.

use super::overlay::Overlay;
use crate::model::Tree;
use std::collections::BTreeSet;

/// The extensions of code files. An OpenTofu file replaces the Terraform file of the same name.
const ENDINGS: [(&str, &str); 2] = [(".tofu", ".tf"), (".tofu.json", ".tf.json")];

/// A file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedFile {
    /// The path that names it: it may be a symbolic link.
    pub name: String,
    /// Its own path; none where a link leads to no file of the repository.
    pub path: Option<String>,
}

impl NamedFile {
    /// Returns its name within its folder.
    pub(super) fn base_name(&self) -> &str {
        base_name(&self.name)
    }

    /// Returns whether it is an override file.
    pub(super) fn is_override(&self) -> bool {
        is_override(&self.name)
    }
}

/// Returns whether a file holds Terraform code.
pub fn is_code(path: &str) -> bool {
    // Editors hide their copies so.
    !base_name(path).starts_with('.') && stem(path).is_some()
}

/// Returns whether a file is an override file.
pub fn is_override(path: &str) -> bool {
    let stem = stem(base_name(path));
    stem.is_some_and(|stem| stem == "override" || stem.ends_with("_override"))
}

/// Returns whether a file of code is written in JSON.
pub(super) fn is_json(path: &str) -> bool {
    path.ends_with(".json")
}

/// Returns the files with code of a folder in the order in which they are read: those that override others last.
pub(super) fn code_files(code: &Overlay<'_>, folder: &str) -> Vec<NamedFile> {
    let mut files = code.in_folder(folder);
    files.retain(|file| is_code(&file.name));
    let names: BTreeSet<_> = files.iter().map(|file| file.name.clone()).collect();
    files.retain(|file| !is_replaced(&file.name, |name| names.contains(name)));
    files.sort_by_key(NamedFile::is_override);
    files
}

/// Returns whether an OpenTofu file replaces a Terraform file.
pub(super) fn is_replaced(path: &str, exists: impl Fn(&str) -> bool) -> bool {
    ENDINGS.iter().any(|(tofu, terraform)| {
        let stem = path.strip_suffix(terraform);
        stem.is_some_and(|stem| exists(&format!("{stem}{tofu}")))
    })
}

/// Returns the paths of the files with code of a folder, behind symbolic links.
pub fn code_paths(tree: &Tree, folder: &str) -> Vec<String> {
    let files = code_files(&Overlay::of(tree), folder);
    files.into_iter().filter_map(|file| file.path).collect()
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns a name without the ending that says that it holds code.
fn stem(name: &str) -> Option<&str> {
    let mut endings = ENDINGS
        .iter()
        .flat_map(|(tofu, terraform)| [tofu, terraform]);
    endings.find_map(|ending| name.strip_suffix(ending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn files_are_read_in_terraforms_order_and_tofus_take_their_place() {
        let mut tree: Tree = [
            "a/a_override.tf",
            "a/b.tf",
            "a/c.tf",
            "a/c.tofu",
            "a/d.tf.json",
            "a/d.tofu.json",
            "a/.e.tf",
            "a/f.txt",
            "a/override.tf.json",
            "b/g.tf",
            "a/b/h.tf",
        ]
        .into_iter()
        .map(|path| (path, ""))
        .collect();
        tree.add_link("a/g.tf".to_owned(), "../b/g.tf");
        tree.add_link("a/h.tf".to_owned(), "../../h.tf");
        tree.add_link("linked".to_owned(), "a");
        let edited = BTreeMap::from([("a/new.tf".to_owned(), Vec::new())]);
        let read = |folder| {
            let files = code_files(&Overlay::new(&tree, &edited), folder);
            let pair = |file: NamedFile| (file.name, file.path.unwrap_or_default());
            files.into_iter().map(pair).collect::<Vec<_>>()
        };
        let pair = |name: &str, path: &str| (name.to_owned(), path.to_owned());
        assert_eq!(
            read("a"),
            [
                pair("a/b.tf", "a/b.tf"),
                pair("a/c.tofu", "a/c.tofu"),
                pair("a/d.tofu.json", "a/d.tofu.json"),
                pair("a/g.tf", "b/g.tf"),
                pair("a/h.tf", ""),
                pair("a/new.tf", "a/new.tf"),
                pair("a/a_override.tf", "a/a_override.tf"),
                pair("a/override.tf.json", "a/override.tf.json"),
            ]
        );
        assert_eq!(read("linked")[0], pair("linked/b.tf", "a/b.tf"));
    }
}
