//! Stores git objects under git's own ids.

use bytes::Bytes;
use serde::Serialize;
use sha1::{Digest, Sha1};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// The mode of a file.
pub(super) const FILE: &str = "100644";

/// The mode of an executable file.
pub(super) const EXECUTABLE: &str = "100755";

/// The mode of a symbolic link: its blob is the target's path.
pub(super) const LINK: &str = "120000";

/// The mode of a folder.
pub(super) const FOLDER: &str = "040000";

/// An object id: 40 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Oid(String);

impl Oid {
    /// Parses a full id.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let good = text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
        good.then(|| Self(text.to_ascii_lowercase()))
    }

    /// Returns the id that represents "nothing" where a ref is created or deleted.
    pub(super) fn zero() -> Self {
        Self("0".repeat(40))
    }

    /// Returns the digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An entry of a tree: mode, name, id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub mode: String,
    pub name: String,
    pub id: Oid,
}

/// The author or committer of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    pub name: String,
    pub email: String,
    /// The time, in seconds since 1970.
    pub time: i64,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commit {
    pub tree: Oid,
    pub parents: Vec<Oid>,
    pub author: Signature,
    pub committer: Signature,
    pub message: String,
    /// Whether GitHub signed the commit: created through the API by an App that named no author.
    pub verified: bool,
}

/// The files below a tree: path, mode, blob.
pub(super) type Files = BTreeMap<String, (String, Oid)>;

/// The objects of a repository.
#[derive(Debug, Default)]
pub(super) struct Objects {
    blobs: BTreeMap<Oid, Bytes>,
    trees: BTreeMap<Oid, Vec<Entry>>,
    commits: BTreeMap<Oid, Commit>,
}

impl Objects {
    /// Stores a blob.
    pub fn put_blob(&mut self, content: impl Into<Bytes>) -> Oid {
        let content = content.into();
        let id = id("blob", &content);
        self.blobs.insert(id.clone(), content);
        id
    }

    /// Stores a tree.
    pub fn put_tree(&mut self, mut entries: Vec<Entry>) -> Oid {
        // Git sorts a folder as if its name ended with a slash.
        entries.sort_by_key(|entry| match entry.mode.as_str() {
            FOLDER => format!("{}/", entry.name),
            _ => entry.name.clone(),
        });
        let mut text = Vec::new();
        for entry in &entries {
            let mode = entry.mode.trim_start_matches('0');
            text.extend(format!("{mode} {}\0", entry.name).into_bytes());
            text.extend(hex::decode(entry.id.as_str()).unwrap_or_default());
        }
        let id = id("tree", &text);
        self.trees.insert(id.clone(), entries);
        id
    }

    /// Stores a commit.
    pub fn put_commit(&mut self, commit: Commit) -> Oid {
        let line = |role: &str, who: &Signature| {
            format!("{role} {} <{}> {} +0000\n", who.name, who.email, who.time)
        };
        let mut text = format!("tree {}\n", commit.tree);
        for parent in &commit.parents {
            text += &format!("parent {parent}\n");
        }
        text += &line("author", &commit.author);
        text += &line("committer", &commit.committer);
        text += &format!("\n{}", commit.message);
        let id = id("commit", text.as_bytes());
        self.commits.insert(id.clone(), commit);
        id
    }

    /// Returns the content of a blob.
    pub fn blob(&self, id: &Oid) -> Option<&Bytes> {
        self.blobs.get(id)
    }

    /// Returns a tree's entries, in git's order.
    pub fn tree(&self, id: &Oid) -> Option<&[Entry]> {
        self.trees.get(id).map(Vec::as_slice)
    }

    /// Returns a commit.
    pub fn commit(&self, id: &Oid) -> Option<&Commit> {
        self.commits.get(id)
    }

    /// Returns the commit with this id prefix.
    pub fn commit_by_prefix(&self, prefix: &str) -> Option<Oid> {
        let mut found = self.commits.keys().filter(|id| id.0.starts_with(prefix));
        let first = found.next()?;
        (prefix.len() >= 7 && found.next().is_none()).then(|| first.clone())
    }

    /// Returns all objects below a tree with their paths, folders before their content.
    pub fn walk(&self, tree: &Oid) -> Vec<Entry> {
        let mut found = Vec::new();
        for entry in self.tree(tree).unwrap_or_default() {
            found.push(entry.clone());
            if entry.mode == FOLDER {
                found.extend(self.walk(&entry.id).into_iter().map(|below| Entry {
                    name: format!("{}/{}", entry.name, below.name),
                    ..below
                }));
            }
        }
        found
    }

    /// Returns the files of a tree or of a commit.
    pub fn files(&self, id: &Oid) -> Files {
        let tree = self.commit(id).map_or(id, |commit| &commit.tree);
        let files = self.walk(tree).into_iter();
        let files = files.filter(|entry| entry.mode != FOLDER);
        files
            .map(|entry| (entry.name, (entry.mode, entry.id)))
            .collect()
    }

    /// Stores the trees of these files.
    pub fn put_files(&mut self, files: &Files) -> Oid {
        let mut folders: BTreeMap<&str, Files> = BTreeMap::new();
        let mut entries = Vec::new();
        for (path, (mode, id)) in files {
            match path.split_once('/') {
                Some((folder, rest)) => {
                    let folder = folders.entry(folder).or_default();
                    folder.insert(rest.to_owned(), (mode.clone(), id.clone()));
                }
                None => entries.push(Entry {
                    mode: mode.clone(),
                    name: path.clone(),
                    id: id.clone(),
                }),
            }
        }
        for (name, files) in folders {
            let id = self.put_files(&files);
            entries.push(Entry {
                mode: FOLDER.into(),
                name: name.into(),
                id,
            });
        }
        self.put_tree(entries)
    }

    /// Returns a commit and its ancestors, the newest first.
    pub fn history(&self, from: &Oid) -> Vec<Oid> {
        let mut seen = BTreeSet::new();
        let mut queue = VecDeque::from([from.clone()]);
        let mut found = Vec::new();
        while let Some(id) = queue.pop_front() {
            let Some(commit) = self.commit(&id) else {
                continue;
            };
            if seen.insert(id.clone()) {
                queue.extend(commit.parents.iter().cloned());
                found.push(id);
            }
        }
        found
    }

    /// Returns the commits of `head` that are not in `base`, the oldest first.
    pub fn ahead(&self, base: &Oid, head: &Oid) -> Vec<Oid> {
        let known: BTreeSet<_> = self.history(base).into_iter().collect();
        let mut new = self.history(head);
        new.retain(|id| !known.contains(id));
        new.reverse();
        new
    }

    /// Returns the newest common ancestor.
    pub fn merge_base(&self, left: &Oid, right: &Oid) -> Option<Oid> {
        let known: BTreeSet<_> = self.history(left).into_iter().collect();
        self.history(right)
            .into_iter()
            .find(|id| known.contains(id))
    }
}

fn id(kind: &str, content: &[u8]) -> Oid {
    let head = format!("{kind} {}\0", content.len());
    let digest = Sha1::new().chain_update(head).chain_update(content);
    Oid(hex::encode(digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_git() {
        // Made with git: hash-object, write-tree, commit-tree.
        let mut objects = Objects::default();
        let blob = objects.put_blob("hello\n");
        assert_eq!(blob.as_str(), "ce013625030ba8dba906f756967f9e9ca394464a");
        let file = |path: &str| (path.to_owned(), (FILE.to_owned(), blob.clone()));
        let tree = objects.put_files(&Files::from([file("a.tf"), file("a/b.tf")]));
        assert_eq!(tree.as_str(), "d493701c62aefd5c065d8a7b8cdf13d8a02d5c22");
        let who = Signature {
            name: "Alice".into(),
            email: "alice@example.com".into(),
            time: 1_700_000_000,
        };
        let commit = objects.put_commit(Commit {
            tree,
            parents: vec![],
            author: who.clone(),
            committer: who,
            message: "first\n".into(),
            verified: false,
        });
        assert_eq!(commit.as_str(), "c7e9d446efde458e87d2767682002bcc4e3795a3");
    }
}
