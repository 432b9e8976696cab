//! A checkout on disk: the files that a scan reads.

use crate::model::Tree;
use anyhow::{Context, bail, ensure};
use std::collections::VecDeque;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Folders that hold no code of the repository.
const SKIPPED: &[&str] = &[
    ".git",
    ".terraform",
    "node_modules",
    "target",
    ".venv",
    "venv",
];
const MIB: u64 = 1024 * 1024;
/// The largest file that is read; a state may be larger.
pub(super) const LARGEST: u64 = 4 * MIB;
/// The largest state that is read.
pub(super) const LARGEST_STATE: u64 = 512 * MIB;
/// How many files are read at most.
const MOST: usize = 50_000;

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
    /// `path` itself.
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
        let root = match repo {
            Some(repo) => full(repo)?,
            None => enclosing(&folder).unwrap_or(&folder).to_owned(),
        };
        let relative = folder.strip_prefix(&root).with_context(|| {
            format!(
                "{} is not inside the repository {}",
                folder.display(),
                root.display()
            )
        })?;
        Ok(Self {
            path: slashed(relative),
            tree: walk(&root)?,
            root,
        })
    }

    /// The path of a file in the repository, relative to its root: none where it is not one that was read.
    pub(super) fn inside(&self, file: &Path) -> Option<String> {
        let full = fs::canonicalize(file).ok()?;
        let path = slashed(full.strip_prefix(&self.root).ok()?);
        self.tree.files.contains_key(&path).then_some(path)
    }

    /// Reads one more file, such as `--state` or `--config` name. What it takes is known before it is read, or while it
    /// is where it has no size, as a pipe.
    ///
    /// # Errors
    /// When it cannot be read, or has more bytes than `largest`.
    pub(super) fn file(path: &Path, largest: u64) -> anyhow::Result<Vec<u8>> {
        let name = path.display();
        let too_large = || {
            let most = largest / MIB;
            anyhow::anyhow!("{name} has more than {most} MiB, and no more is read: split it")
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

fn enclosing(folder: &Path) -> Option<&Path> {
    let marked =
        |folder: &&Path| folder.join(".git").exists() || folder.join(".driftguard.yml").exists();
    folder.ancestors().find(marked)
}

fn walk(root: &Path) -> anyhow::Result<Tree> {
    let mut tree = Tree::default();
    let mut folders = VecDeque::from([root.to_owned()]);
    while let Some(folder) = folders.pop_front() {
        let while_reading = || format!("while reading {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(while_reading)? {
            let entry = entry.with_context(while_reading)?;
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            let kind = entry.file_type().with_context(while_reading)?;
            let relative = slashed(path.strip_prefix(root).unwrap_or(&path));
            if kind.is_symlink() {
                tree.links.insert(relative);
            } else if kind.is_dir() {
                if !SKIPPED.contains(&name.as_ref()) {
                    folders.push_back(path);
                }
            } else if kind.is_file() && Tree::is_read(&relative) {
                let size = entry.metadata().with_context(while_reading)?.len();
                let largest = if name.ends_with(".tfstate") {
                    LARGEST_STATE
                } else {
                    LARGEST
                };
                if size <= largest {
                    let bytes = Checkout::file(&path, largest)?;
                    tree.files.insert(relative, bytes.into());
                } else if !Tree::is_only_named(&relative) {
                    tree.too_large.insert(relative, size);
                }
                if tree.files.len() > MOST {
                    bail!(
                        "{} holds more than {MOST} files: name one stack's folder and --repo",
                        root.display()
                    );
                }
            }
        }
    }
    Ok(tree)
}

/// A relative path with `/` between its parts.
fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
