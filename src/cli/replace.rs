//! Replaces files of a checkout, all or none: each is written whole beside its target, and only then renamed over it.

use crate::model::Tree;
use crate::patch::Changed;
use anyhow::{Context, bail, ensure};
use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The start of temporary files' names: Terraform reads none of them.
const PREFIX: &str = ".driftguard-";
/// The mode of a new file, less the user's umask.
const NEW: u32 = 0o666;

/// Replaces files below a checkout's root, which were read as `before`. Mode and owner of each stay.
///
/// # Errors
/// Names the file that cannot be replaced, and why; then none is.
pub(super) fn replace_files(root: &Path, before: &Tree, after: &Changed) -> anyhow::Result<()> {
    let stage = |(file, bytes): (&String, &Vec<u8>)| {
        let read = before.files.get(file).map(|bytes| &bytes[..]);
        StagedFile::write(&root.join(file), read, bytes)
            .with_context(|| format!("nothing was changed: {file}"))
    };
    let staged: Vec<_> = after.iter().map(stage).collect::<anyhow::Result<_>>()?;
    place(staged)
}

/// A file's new content beside it.
struct StagedFile {
    target: PathBuf,
    content: NamedTempFile,
    /// `None` where the file is new.
    original: Option<Original>,
}

/// A file as it was read.
struct Original {
    copy: NamedTempFile,
    metadata: Metadata,
}

/// A file that was replaced, and its former content; none where there was no file.
struct ReplacedFile {
    target: PathBuf,
    copy: Option<NamedTempFile>,
}

impl StagedFile {
    /// Writes a file's new content, and a copy of its old one: a full disk shows here.
    fn write(target: &Path, read: Option<&[u8]>, bytes: &[u8]) -> anyhow::Result<Self> {
        let folder = target.parent().context("it is no file")?;
        let real = fs::canonicalize(folder).context("its folder cannot be read")?;
        ensure!(
            real == folder,
            "its folder is reached through a symbolic link, which is not followed"
        );
        let (original, content) = match read {
            None => (None, new_file(folder, bytes)?),
            Some(read) => {
                let metadata = unchanged(target, read)?;
                let copy = like(&metadata, folder, read)?;
                let content = like(&metadata, folder, bytes)?;
                (Some(Original { copy, metadata }), content)
            }
        };
        Ok(Self {
            target: target.to_owned(),
            content,
            original,
        })
    }

    /// Renames the new content over the file, unless somebody touched it meanwhile.
    fn place(self) -> anyhow::Result<ReplacedFile> {
        let copy = match self.original {
            None => {
                self.content.persist_noclobber(&self.target)?;
                None
            }
            Some(Original { copy, metadata }) => {
                let now = fs::symlink_metadata(&self.target)?;
                ensure!(
                    same(&metadata, &now),
                    "somebody changed it meanwhile: run it again"
                );
                self.content.persist(&self.target)?;
                Some(copy)
            }
        };
        Ok(ReplacedFile {
            target: self.target,
            copy,
        })
    }
}

impl ReplacedFile {
    /// Brings the former content back.
    fn undo(self) -> Result<(), String> {
        let Some(copy) = self.copy else {
            return fs::remove_file(&self.target).map_err(|error| {
                format!(
                    "; the new {} could not be removed ({error})",
                    self.target.display()
                )
            });
        };
        copy.persist(&self.target).map(drop).map_err(|failed| {
            let kept = failed
                .file
                .keep()
                .map(|(_, path)| path.display().to_string());
            format!(
                "; {} could not be brought back ({}): its former content is {}",
                self.target.display(),
                failed.error,
                kept.unwrap_or_else(|_| "lost".to_owned())
            )
        })
    }
}

/// Renames all, or none.
fn place(staged: Vec<StagedFile>) -> anyhow::Result<()> {
    let mut placed = Vec::new();
    for file in staged {
        let name = file.target.display().to_string();
        match file.place() {
            Ok(done) => placed.push(done),
            Err(error) => {
                let failures = placed.into_iter().rev().map(ReplacedFile::undo);
                let left: String = failures.filter_map(Result::err).collect();
                let nothing = if left.is_empty() {
                    "nothing was changed: "
                } else {
                    ""
                };
                bail!("{nothing}while replacing {name}: {error:#}{left}");
            }
        }
    }
    // The names themselves are on the disk only once their folders are.
    let folders: BTreeSet<_> = placed
        .iter()
        .filter_map(|done| done.target.parent())
        .collect();
    for folder in folders {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.with_context(|| format!("while syncing {}", folder.display()))?;
    }
    Ok(())
}

/// Opens a file that is unchanged since it was read, and that may be replaced.
fn unchanged(path: &Path, read: &[u8]) -> anyhow::Result<Metadata> {
    let named = fs::symlink_metadata(path)?;
    ensure!(
        !named.is_symlink(),
        "it is a symbolic link, which is not followed"
    );
    ensure!(named.is_file(), "it is no ordinary file");
    ensure!(
        named.nlink() == 1,
        "it has {} hard links, and the others would keep what it says now: copy it to a file of its own",
        named.nlink()
    );
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    ensure!(
        same(&named, &metadata),
        "somebody changed it meanwhile: run it again"
    );
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    ensure!(
        bytes == read,
        "somebody changed it since it was read: run it again"
    );
    Ok(metadata)
}

/// Returns whether two looks at a name saw the same file, and nobody touched it between them.
fn same(left: &Metadata, right: &Metadata) -> bool {
    let key = |file: &Metadata| {
        let changed = (file.ctime(), file.ctime_nsec());
        (file.dev(), file.ino(), file.len(), file.nlink(), changed)
    };
    key(left) == key(right)
}

/// Creates a temporary file with the mode and the owner of another.
fn like(metadata: &Metadata, folder: &Path, bytes: &[u8]) -> anyhow::Result<NamedTempFile> {
    let file = tempfile::Builder::new()
        .prefix(PREFIX)
        .tempfile_in(folder)?;
    let own = file.as_file().metadata()?;
    if (own.uid(), own.gid()) != (metadata.uid(), metadata.gid()) {
        fchown(file.as_file(), Some(metadata.uid()), Some(metadata.gid())).with_context(|| {
            format!(
                "it belongs to user {} and group {}, and would not any more",
                metadata.uid(),
                metadata.gid()
            )
        })?;
    }
    file.as_file().set_permissions(metadata.permissions())?;
    filled(file, bytes)
}

fn new_file(folder: &Path, bytes: &[u8]) -> anyhow::Result<NamedTempFile> {
    let file = tempfile::Builder::new()
        .prefix(PREFIX)
        .permissions(Permissions::from_mode(NEW))
        .tempfile_in(folder)?;
    filled(file, bytes)
}

/// Writes a temporary file, down to the disk.
fn filled(mut file: NamedTempFile, bytes: &[u8]) -> anyhow::Result<NamedTempFile> {
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// Returns a checkout with these files, each as it was read.
    fn checkout(files: &[(&str, &str)]) -> (TempDir, Tree) {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        (folder, files.iter().copied().collect())
    }

    fn changes(files: &[(&str, &str)]) -> Changed {
        let change = |(name, text): &(&str, &str)| ((*name).to_owned(), text.as_bytes().to_vec());
        files.iter().map(change).collect()
    }

    /// Returns every file of a folder, temporary ones too.
    fn holds(folder: &TempDir) -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let text = fs::read_to_string(&path).unwrap();
                (path.file_name().unwrap().to_str().unwrap().to_owned(), text)
            })
            .collect();
        files.sort();
        files
    }

    fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
        let pair = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        files.iter().map(pair).collect()
    }

    fn replace(folder: &TempDir, tree: &Tree, after: &Changed) -> anyhow::Result<()> {
        replace_files(&fs::canonicalize(folder.path()).unwrap(), tree, after)
    }

    #[test]
    fn files_are_replaced_with_their_mode_and_nothing_is_left_beside_them() {
        let (folder, tree) = checkout(&[("a.tf", "a"), ("b.tf", "b")]);
        let b = folder.path().join("b.tf");
        fs::set_permissions(&b, Permissions::from_mode(0o751)).unwrap();
        let owner = |path: &Path| {
            let found = fs::metadata(path).unwrap();
            (found.mode(), found.uid(), found.gid())
        };
        let before = owner(&b);
        replace(
            &folder,
            &tree,
            &changes(&[("a.tf", "A"), ("b.tf", "B"), ("c.tf", "C")]),
        )
        .unwrap();
        assert_eq!(
            holds(&folder),
            pairs(&[("a.tf", "A"), ("b.tf", "B"), ("c.tf", "C")])
        );
        assert_eq!(owner(&b), before);
        let mode = |name: &str| owner(&folder.path().join(name)).0 & 0o777;
        assert_eq!(mode("c.tf"), mode("a.tf"), "a new one is as any other");
    }

    /// What somebody does to a file meanwhile.
    type Spoil = fn(&Path);

    #[test]
    fn what_may_not_be_replaced_leaves_all_as_they_are() {
        let after = changes(&[("a.tf", "A"), ("b.tf", "B")]);
        let spoilt: [(&str, Spoil); 4] = [
            ("changed it since", |b| fs::write(b, "somebody's").unwrap()),
            ("hard links", |b| {
                fs::hard_link(b, b.with_extension("link")).unwrap()
            }),
            ("symbolic link", |b| {
                fs::rename(b, b.with_extension("real")).unwrap();
                std::os::unix::fs::symlink("b.real", b).unwrap();
            }),
            ("No such file", |b| fs::remove_file(b).unwrap()),
        ];
        for (reason, spoil) in spoilt {
            let (folder, tree) = checkout(&[("a.tf", "a"), ("b.tf", "b")]);
            spoil(&folder.path().join("b.tf"));
            let before = holds(&folder);
            let error = replace(&folder, &tree, &after).unwrap_err();
            let text = format!("{error:#}");
            assert!(
                text.contains("nothing was changed: b.tf") && text.contains(reason),
                "{text}"
            );
            assert_eq!(holds(&folder), before, "{reason}");
        }
        let (folder, tree) = checkout(&[("a.tf", "a")]);
        let elsewhere = TempDir::new().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("linked")).unwrap();
        let error = replace(
            &folder,
            &tree,
            &changes(&[("a.tf", "A"), ("linked/c.tf", "C")]),
        );
        assert!(format!("{:#}", error.unwrap_err()).contains("through a symbolic link"));
        assert_eq!(holds(&elsewhere), []);
        assert_eq!(fs::read_to_string(folder.path().join("a.tf")).unwrap(), "a");
    }

    #[test]
    fn a_rename_that_fails_brings_back_what_was_renamed_before_it() {
        let (folder, tree) = checkout(&[("a.tf", "a"), ("b.tf", "b")]);
        let root = fs::canonicalize(folder.path()).unwrap();
        let stage = |name: &str, text: &str| {
            let read = tree.files.get(name).map(|bytes| &bytes[..]);
            StagedFile::write(&root.join(name), read, text.as_bytes()).unwrap()
        };
        let staged = vec![
            stage("a.tf", "A"),
            stage("0.tf", "0"),
            stage("c.tf", "C"),
            stage("b.tf", "B"),
        ];
        // Somebody makes the third one meanwhile.
        fs::write(root.join("c.tf"), "somebody's").unwrap();
        let text = format!("{:#}", place(staged).unwrap_err());
        assert!(
            text.starts_with("nothing was changed: while replacing "),
            "{text}"
        );
        assert_eq!(
            holds(&folder),
            pairs(&[("a.tf", "a"), ("b.tf", "b"), ("c.tf", "somebody's")])
        );

        let staged = vec![stage("a.tf", "A"), stage("b.tf", "B")];
        fs::write(root.join("b.tf"), "x").unwrap();
        let text = format!("{:#}", place(staged).unwrap_err());
        assert!(text.contains("somebody changed it meanwhile"), "{text}");
        assert_eq!(
            holds(&folder),
            pairs(&[("a.tf", "a"), ("b.tf", "x"), ("c.tf", "somebody's")])
        );
    }
}
