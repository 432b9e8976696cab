//! A checkout on disk: the files that a scan reads.

use super::installed::{INSTALLED, add_installed};
use super::output::tell;
use super::owner::{TrustedUsers, UntrustedPath};
use crate::code::RequestedFiles;
use crate::model::Tree;
use crate::settings::{self, Settings};
use anyhow::{Context, bail, ensure};
use std::collections::VecDeque;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Git's own folder, which holds no file of the repository.
const GIT: &str = ".git";
/// Folders that hold no code of the repository; what `terraform init` installed is read apart.
const SKIPPED: &[&str] = &[
    GIT,
    INSTALLED,
    ".terragrunt-cache",
    "node_modules",
    "target",
    ".venv",
    "venv",
];
const MIB: u64 = 1024 * 1024;
/// The largest file that is read; a state may be larger.
pub(super) const MAX_FILE_BYTES: u64 = 4 * MIB;
/// The largest state that is read.
pub(super) const MAX_STATE_BYTES: u64 = 512 * MIB;
/// How many files are read at most.
const MAX_FILES: usize = 50_000;
/// How many files of a folder are listed at most, where code asks which there are.
const MAX_LISTED: usize = 10_000;

/// A repository on disk.
pub(super) struct Checkout {
    /// Its root.
    pub root: PathBuf,
    /// The folder that the user named, relative to the root; empty for the root itself.
    pub path: String,
    /// Its files.
    pub tree: Tree,
}

impl Checkout {
    /// Reads the repository around `path`: `repo`, else the nearest parent with a `.git` or `.driftguard.yml`, else
    /// `path` itself. What a stranger left in or above it counts only where `repo` names it.
    ///
    /// # Errors
    /// Names the folder or file that cannot be read.
    pub(super) fn read(path: &Path, repo: Option<&Path>) -> anyhow::Result<Self> {
        let full = |path: &Path| {
            fs::canonicalize(path).with_context(|| format!("while looking for {}", path.display()))
        };
        let folder = full(path)?;
        if !folder.is_dir() {
            bail!(
                "{} is no folder: name a root module or a repository",
                path.display()
            );
        }
        let found = match repo {
            Some(repo) => Ok(full(repo)?),
            None => {
                let trusted = TrustedUsers::around(&folder).with_context(|| {
                    format!("while looking for the owner of {}", folder.display())
                })?;
                enclosing(&folder, &trusted).map(Path::to_owned)
            }
        };
        let root = found.as_ref().unwrap_or(&folder).clone();
        let relative = folder.strip_prefix(&root).with_context(|| {
            format!(
                "{} is not inside the repository {}",
                folder.display(),
                root.display()
            )
        })?;
        let mut tree = walk(&root)?;
        if let Err(stranger) = &found {
            tell(&format!("driftguard: {stranger}"));
            tree.files.remove(settings::FILE);
        }
        Ok(Self {
            path: slashed(relative),
            tree,
            root,
        })
    }

    /// Reads the settings: those of `config`, else the repository's. Says which, where they lie above the folder that the
    /// user named.
    ///
    /// # Errors
    /// When the file cannot be read, or its contents are wrong; the error names the file.
    pub(super) fn settings(&self, config: Option<&Path>) -> anyhow::Result<Settings> {
        let (name, bytes) = match config {
            Some(file) => (
                file.display().to_string(),
                Self::read_limited(file, MAX_FILE_BYTES)?,
            ),
            None => match self.tree.files.get(settings::FILE) {
                Some(bytes) => (settings::FILE.to_owned(), bytes.to_vec()),
                None => return Ok(Settings::default()),
            },
        };
        if config.is_none() && !self.path.is_empty() {
            let file = self.root.join(settings::FILE);
            tell(&format!(
                "driftguard: the settings are those of {}",
                file.display()
            ));
        }
        let text = String::from_utf8(bytes)
            .with_context(|| format!("{name} is not UTF-8: save it as such"))?;
        Settings::parse(&text).with_context(|| format!("while reading {name}"))
    }

    /// Reads the files and folders that `file()`, `fileset()` and the like name. Returns whether the tree gained any.
    pub(super) fn read_requested(&mut self, requested: &RequestedFiles) -> bool {
        let size = |tree: &Tree| (tree.files.len(), tree.missing.len(), tree.listed.len());
        let before = size(&self.tree);
        for path in &requested.files {
            match self.read_named_file(path) {
                Ok(Some(bytes)) => drop(self.tree.files.insert(path.clone(), bytes.into())),
                Ok(None) => drop(self.tree.missing.insert(path.clone())),
                Err(error) => tell(&format!(
                    "driftguard: {path}, which code names, is not read: {error:#}"
                )),
            }
        }
        for folder in &requested.folders {
            if let Some(files) = self.list_below(folder) {
                self.tree.listed.insert(folder.clone(), files);
            }
        }
        before != size(&self.tree)
    }

    /// Returns a file that code reads; `None` where there is no such file.
    fn read_named_file(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let named = self.root.join(path);
        if !named.exists() {
            return Ok(None);
        }
        let full = fs::canonicalize(&named).context("it cannot be found")?;
        let inside = full.strip_prefix(&self.root).ok();
        let inside = inside.context("it lies outside of the repository")?;
        ensure!(!inside.iter().any(|part| part == GIT), "it is Git's own");
        ensure!(full.is_file(), "it is no file");
        Self::read_limited(&full, MAX_FILE_BYTES).map(Some)
    }

    /// Returns the files below a folder, relative to it; `None` where there are too many, or links among them.
    fn list_below(&self, folder: &str) -> Option<Vec<String>> {
        let root = fs::canonicalize(self.root.join(folder)).ok()?;
        let inside = root.strip_prefix(&self.root).ok()?;
        if inside.iter().any(|part| part == GIT) {
            return None;
        }
        let (mut files, mut folders) = (Vec::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).ok()? {
                let entry = entry.ok()?;
                let (path, kind) = (entry.path(), entry.file_type().ok()?);
                if kind.is_symlink() || files.len() >= MAX_LISTED {
                    return None;
                } else if kind.is_dir() {
                    folders.push(path);
                } else {
                    files.push(slashed(path.strip_prefix(&root).ok()?));
                }
            }
        }
        Some(files)
    }

    /// Returns the path of a file relative to the repository's root; `None` where the file was not read.
    pub(super) fn path_in_tree(&self, file: &Path) -> Option<String> {
        let full = fs::canonicalize(file).ok()?;
        let path = slashed(full.strip_prefix(&self.root).ok()?);
        self.tree.files.contains_key(&path).then_some(path)
    }

    /// Reads one more file, such as `--state` or `--config` name. Checks the size before reading, and again while reading:
    /// a pipe has no size.
    ///
    /// # Errors
    /// When it cannot be read, or has more bytes than `largest`.
    pub(super) fn read_limited(path: &Path, largest: u64) -> anyhow::Result<Vec<u8>> {
        let name = path.display();
        let too_large = || {
            let most = largest / MIB;
            anyhow::anyhow!("{name} is larger than {most} MiB, which is the limit")
        };
        let while_reading = || format!("while reading {name}");
        let file = fs::File::open(path).with_context(while_reading)?;
        let size = file.metadata().with_context(while_reading)?.len();
        ensure!(size <= largest, too_large());
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        let read = file.take(largest + 1).read_to_end(&mut bytes);
        let read = read.with_context(while_reading)?;
        ensure!(read as u64 <= largest, too_large());
        Ok(bytes)
    }
}

/// Returns the nearest folder with a mark of a repository, from this one up; this one where there is none.
///
/// # Errors
/// When the first mark, or its folder, belongs to a stranger.
fn enclosing<'a>(folder: &'a Path, trusted: &TrustedUsers) -> Result<&'a Path, UntrustedPath> {
    for above in folder.ancestors() {
        let marks = [GIT, settings::FILE].map(|mark| above.join(mark));
        let marks = marks.iter().filter(|mark| mark.exists());
        let marks: Vec<_> = marks.collect();
        if marks.is_empty() {
            continue;
        }
        if above == folder {
            // The user named it, so it is the root: only what another user put there is refused.
            let mut marks = marks.into_iter();
            marks.try_for_each(|mark| trusted.check_owner(mark))?;
        } else {
            let marks = marks.into_iter().map(PathBuf::as_path);
            let mut paths = std::iter::once(above).chain(marks);
            paths.try_for_each(|path| trusted.check_owner_and_mode(path))?;
        }
        return Ok(above);
    }
    Ok(folder)
}

fn walk(root: &Path) -> anyhow::Result<Tree> {
    let mut tree = Tree::default();
    let (mut folders, mut installed) = (VecDeque::from([root.to_owned()]), Vec::new());
    while let Some(folder) = folders.pop_front() {
        let while_reading = || format!("while reading {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(while_reading)? {
            let entry = entry.with_context(while_reading)?;
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            let kind = entry.file_type().with_context(while_reading)?;
            let relative = slashed(path.strip_prefix(root).unwrap_or(&path));
            if kind.is_symlink() {
                let target = fs::read_link(&path).with_context(while_reading)?;
                tree.add_link(relative, &target.to_string_lossy());
            } else if kind.is_dir() {
                if name == INSTALLED {
                    installed.push(folder.clone());
                }
                if !SKIPPED.contains(&name.as_ref()) {
                    folders.push_back(path);
                }
            } else if kind.is_file() && Tree::is_read(&relative) {
                let size = entry.metadata().with_context(while_reading)?.len();
                add_file(&mut tree, relative, &path, size)?;
                ensure_few(&tree, root)?;
            }
        }
    }
    for module in installed {
        add_installed(&mut tree, root, &module)?;
        ensure_few(&tree, root)?;
    }
    Ok(tree)
}

/// Adds a file to the tree, or records it as too large.
pub(super) fn add_file(
    tree: &mut Tree,
    name: String,
    path: &Path,
    size: u64,
) -> anyhow::Result<()> {
    let largest = if name.ends_with(".tfstate") {
        MAX_STATE_BYTES
    } else {
        MAX_FILE_BYTES
    };
    if size <= largest {
        let bytes = Checkout::read_limited(path, largest)?;
        tree.files.insert(name, bytes.into());
    } else if !Tree::is_only_named(&name) {
        tree.too_large.insert(name, size);
    }
    Ok(())
}

fn ensure_few(tree: &Tree, root: &Path) -> anyhow::Result<()> {
    ensure!(
        tree.files.len() <= MAX_FILES,
        "{} holds more than {MAX_FILES} files: name one stack's folder and --repo",
        root.display()
    );
    Ok(())
}

/// Returns a relative path with `/` between its parts.
pub(super) fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn what_code_names_is_read_within_the_repository_and_nothing_of_gits() {
        let (repository, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let root = fs::canonicalize(repository.path()).unwrap();
        let outside = fs::canonicalize(elsewhere.path()).unwrap().join("key.pem");
        for folder in ["keys", ".git", "vendor/module/.git"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let git = [".git/config", "vendor/module/.git/config"];
        for file in [&git[..], &["keys/web.pub"]].concat() {
            fs::write(root.join(file), file).unwrap();
        }
        fs::write(&outside, "secret").unwrap();
        std::os::unix::fs::symlink(&outside, root.join("keys/linked.pem")).unwrap();
        let named = [
            &git[..],
            &["keys/web.pub", "keys/linked.pem", "keys/none.pub"],
        ]
        .concat();
        let requested = RequestedFiles {
            files: named.into_iter().map(str::to_owned).collect(),
            ..RequestedFiles::default()
        };
        let mut checkout = Checkout {
            root,
            path: String::new(),
            tree: Tree::default(),
        };
        assert!(checkout.read_requested(&requested));
        let read: Vec<_> = checkout.tree.files.keys().collect();
        assert_eq!(read, ["keys/web.pub"]);
        let missing: Vec<_> = checkout.tree.missing.iter().collect();
        assert_eq!(missing, ["keys/none.pub"]);
        assert!(!checkout.read_requested(&requested), "nothing of it is new");
        assert_eq!(checkout.list_below(".git"), None);
        assert_eq!(checkout.list_below("vendor/module/.git"), None);
    }
}
