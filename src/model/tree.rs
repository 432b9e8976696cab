//! The files of a repository, in memory.

use bytes::Bytes;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// The folder in which `terraform init` installs.
const INSTALLED: &str = ".terraform";

/// The folder into which Terragrunt copies a module, and generates files beside it.
const TERRAGRUNT_CACHE: &str = ".terragrunt-cache";

/// The folder of the modules that were fetched for a scan.
const FETCHED: &str = ".terraform/fetched";

/// How many symbolic links are followed to a file: as many as Linux follows.
const MAX_LINKS: usize = 40;

/// The files of a repository at one commit, or of a checkout: those that the product reads. Paths are relative to the
/// repository's root, with `/` between their parts; the root itself is `""`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// The bytes of each file, as they are. Copies share them.
    pub files: BTreeMap<String, Bytes>,
    /// Symbolic links, and the path that each leads to; none where that is not in the repository. Code is read through
    /// them, and never edited.
    pub links: BTreeMap<String, Option<String>>,
    /// Code and states that are too large to be read, and how many bytes they have.
    pub too_large: BTreeMap<String, u64>,
    /// Files of which it is not known that they are here as they were committed: read, and never edited.
    pub unverified: BTreeSet<String>,
    /// Files that code names, and that are not there.
    pub missing: BTreeSet<String>,
    /// Folders that code lists: the files below each, relative to it.
    pub listed: BTreeMap<String, Vec<String>>,
}

/// The endings of files that a scan cannot do without: code, its values, and states in the repository.
const CODE: &[&str] = &[
    ".tf",
    ".tofu",
    ".tfvars",
    ".tfstate",
    ".hcl",
    ".tf.json",
    ".tofu.json",
    ".tfvars.json",
];

/// The endings of files that a called module does not read.
const VALUES: &[&str] = &[".tfvars", ".tfvars.json", ".tfstate"];

/// The endings of files that code may read itself.
const NAMED: &[&str] = &[
    ".json", ".yaml", ".yml", ".tpl", ".tftpl", ".tmpl", ".sh", ".txt",
];

/// The settings, and who owns the files, wherever GitHub looks for that.
const BY_PATH: &[&str] = &[
    ".driftguard.yml",
    ".github/CODEOWNERS",
    "CODEOWNERS",
    "docs/CODEOWNERS",
];

impl Tree {
    /// Returns whether a scan reads the file at this path.
    pub fn is_read(path: &str) -> bool {
        Self::is_essential(path) || NAMED.iter().any(|ending| path.ends_with(ending))
    }

    /// Returns whether a file is read only where code names it: then a scan does without, and reports what is unknown.
    pub fn is_only_named(path: &str) -> bool {
        Self::is_read(path) && !Self::is_essential(path)
    }

    fn is_essential(path: &str) -> bool {
        BY_PATH.contains(&path) || CODE.iter().any(|ending| path.ends_with(ending))
    }

    /// Returns the text of a file; `None` where there is no such file, or it is not UTF-8.
    pub fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.files.get(path)?).ok()
    }

    /// Returns the files of a folder without those of its subfolders, by path.
    pub fn in_folder<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        Self::right_in(&self.files, folder).map(|(path, bytes)| (path, bytes.as_ref()))
    }

    /// Returns the entries of a folder without those of its subfolders, by path.
    fn right_in<'a, V>(
        all: &'a BTreeMap<String, V>,
        folder: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a V)> {
        // What lies in a folder stands together, with what lies below it.
        let from = (Bound::Included(folder), Bound::Unbounded);
        all.range::<str, _>(from)
            .map(|(path, value)| (path.as_str(), value))
            .take_while(move |(path, _)| path.starts_with(folder))
            .filter(move |(path, _)| Self::folder(path) == folder)
    }

    /// Adds a symbolic link that leads to a path relative to its folder.
    pub fn add_link(&mut self, path: String, target: &str) {
        let target = Self::join(Self::folder(&path), target);
        self.links.insert(path, target);
    }

    /// Returns the path of a file or folder behind symbolic links; `None` where they lead out of the repository, or in
    /// a circle.
    pub fn resolve<'p>(&self, path: &'p str) -> Option<Cow<'p, str>> {
        let mut path = Cow::Borrowed(path);
        for _ in 0..MAX_LINKS {
            let Some((link, target)) = self.first_link(&path) else {
                return Some(path);
            };
            let rest = path[link.len()..].to_owned();
            path = match target.as_deref()? {
                "" => Cow::Owned(rest.trim_start_matches('/').to_owned()),
                target => Cow::Owned(target.to_owned() + &rest),
            };
        }
        None
    }

    /// Returns the first symbolic link on the way to a path.
    fn first_link(&self, path: &str) -> Option<(&String, &Option<String>)> {
        if self.links.is_empty() {
            return None;
        }
        let ends = path.match_indices('/').map(|(at, _)| at);
        let mut parts = ends.chain([path.len()]).map(|end| &path[..end]);
        parts.find_map(|part| self.links.get_key_value(part))
    }

    /// Returns the symbolic links of a folder without those of its subfolders, by path.
    pub fn links_in<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        Self::right_in(&self.links, folder).map(|(path, _)| path)
    }

    /// Returns the same files without those in `.terraform`, which is no code of the repository.
    #[must_use]
    pub fn without_installed(&self) -> Self {
        let mut tree = self.clone();
        tree.files.retain(|path, _| !Self::is_installed(path));
        tree.links.retain(|path, _| !Self::is_installed(path));
        tree
    }

    /// Adds the files of another repository below a folder, but for what only its own root modules read. Its links stay
    /// within them.
    pub fn graft(&mut self, folder: &str, other: &Self) {
        let own = |path: &String| format!("{folder}/{path}");
        let is_values = |path: &str| VALUES.iter().any(|ending| path.ends_with(ending));
        for (path, bytes) in &other.files {
            if !is_values(path) {
                self.files.insert(own(path), bytes.clone());
            }
        }
        for (path, target) in &other.links {
            self.links.insert(own(path), target.as_ref().map(own));
        }
    }

    /// Returns whether a path lies in what `terraform init` or Terragrunt put there: read, and never edited.
    pub fn is_installed(path: &str) -> bool {
        let mut parts = path.split('/');
        parts.any(|part| [INSTALLED, TERRAGRUNT_CACHE].contains(&part))
    }

    /// Returns whether a path is that of a file which Terragrunt generates.
    pub fn is_generated(path: &str) -> bool {
        path.split('/').any(|part| part == TERRAGRUNT_CACHE)
    }

    /// Returns the path of a file that Terragrunt generates for the unit in a folder.
    pub fn generated(folder: &str, name: &str) -> String {
        match folder {
            "" => format!("{TERRAGRUNT_CACHE}/{name}"),
            folder => format!("{folder}/{TERRAGRUNT_CACHE}/{name}"),
        }
    }

    /// Returns whether a path lies in a module that was fetched for a scan.
    pub fn is_fetched(path: &str) -> bool {
        Self::holds(FETCHED, path)
    }

    /// Returns the folder of a module that is fetched under this name.
    pub fn fetched(name: &str) -> String {
        format!("{FETCHED}/{name}")
    }

    /// Returns the folder in which a root module expects the module that a call of these names leads to.
    pub fn installed_folder(root: &str, key: &str) -> String {
        let folder = format!("{INSTALLED}/modules/{key}");
        match root {
            "" => folder,
            root => format!("{root}/{folder}"),
        }
    }

    /// Returns the folder of a path: `""` for a file of the root.
    pub fn folder(path: &str) -> &str {
        path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Returns whether a path is a folder itself, or lies below it; `""` holds all.
    pub fn holds(folder: &str, path: &str) -> bool {
        folder.is_empty()
            || path
                .strip_prefix(folder)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Joins a path to a folder and resolves `.` and `..`; `None` where it leads out of the repository.
    pub fn join(folder: &str, relative: &str) -> Option<String> {
        if relative.starts_with('/') {
            return None;
        }
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        Some(parts.join("/"))
    }
}

impl<P: Into<String>, B: Into<Vec<u8>>> FromIterator<(P, B)> for Tree {
    fn from_iter<I: IntoIterator<Item = (P, B)>>(files: I) -> Self {
        let file = |(path, bytes): (P, B)| (path.into(), Bytes::from(bytes.into()));
        Self {
            files: files.into_iter().map(file).collect(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_holds_itself_and_what_lies_below() {
        for (folder, path, held) in [
            ("", "infra", true),
            ("infra", "infra", true),
            ("infra", "infra/main.tf", true),
            ("infra", "infrastructure/main.tf", false),
            ("infra/a", "infra", false),
        ] {
            assert_eq!(Tree::holds(folder, path), held, "{folder} {path}");
        }
    }

    #[test]
    fn only_the_files_right_in_a_folder_are_in_it() {
        let paths = ["a.tf", "a/b.tf", "a/b/c.tf", "a/d.tf", "a-b/e.tf", "b/f.tf"];
        let tree: Tree = paths.into_iter().map(|path| (path, "")).collect();
        let found = |folder| {
            tree.in_folder(folder)
                .map(|(path, _)| path)
                .collect::<Vec<_>>()
        };
        assert_eq!(found("a"), ["a/b.tf", "a/d.tf"]);
        assert_eq!(found(""), ["a.tf"]);
        assert_eq!(found("a/b"), ["a/b/c.tf"]);
        assert_eq!(found("c"), [""; 0]);
    }

    #[test]
    fn a_link_leads_to_what_it_names_within_the_repository() {
        let mut tree = Tree::default();
        for (path, target) in [
            ("live/common.tf", "../shared/common.tf"),
            ("live/modules", "../shared/./modules"),
            ("shared/modules", "deep"),
            ("out", "../elsewhere"),
            ("absolute", "/etc"),
            ("live/all", ".."),
            ("one", "other"),
            ("other", "one/more"),
        ] {
            tree.add_link(path.to_owned(), target);
        }
        for (path, file) in [
            ("live/main.tf", Some("live/main.tf")),
            ("live/common.tf", Some("shared/common.tf")),
            ("live/modules/a/main.tf", Some("shared/deep/a/main.tf")),
            ("live/modulesx", Some("live/modulesx")),
            ("live/all/shared/a.tf", Some("shared/a.tf")),
            ("live/all/live/all", Some("")),
            ("out/a.tf", None),
            ("absolute", None),
            ("one", None),
        ] {
            assert_eq!(tree.resolve(path).as_deref(), file, "{path}");
        }
        let links: Vec<_> = tree.links_in("live").collect();
        assert_eq!(links, ["live/all", "live/common.tf", "live/modules"]);
    }

    #[test]
    fn what_is_grafted_stays_in_its_folder() {
        let mut other: Tree = ["main.tf", "sub/a.tf", "prod.tfvars", "terraform.tfstate"]
            .into_iter()
            .map(|path| (path, path))
            .collect();
        for (path, target) in [
            ("linked", "sub"),
            ("out.tf", "../main.tf"),
            ("top.tf", "/main.tf"),
        ] {
            other.add_link(path.to_owned(), target);
        }
        let mut tree: Tree = [
            ("main.tf", "own"),
            (".terraform/modules/modules.json", "{}"),
        ]
        .into_iter()
        .collect();
        tree = tree.without_installed();
        tree.graft("x", &other);
        let paths: Vec<_> = tree.files.keys().collect();
        assert_eq!(paths, ["main.tf", "x/main.tf", "x/sub/a.tf"]);
        assert_eq!(tree.resolve("x/linked/a.tf").as_deref(), Some("x/sub/a.tf"));
        for path in ["x/out.tf", "x/top.tf"] {
            assert_eq!(tree.resolve(path), None);
        }
    }

    #[test]
    fn a_path_never_leads_out_of_the_repository() {
        for (folder, relative, joined) in [
            (
                "infra/production",
                "./modules/a",
                Some("infra/production/modules/a"),
            ),
            ("infra/production", "../shared", Some("infra/shared")),
            ("infra", "../", Some("")),
            ("infra", "../../etc", None),
            ("", "/etc", None),
        ] {
            assert_eq!(Tree::join(folder, relative).as_deref(), joined);
        }
    }
}
