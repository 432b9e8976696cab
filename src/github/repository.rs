//! Reads a repository: branches, commits, files.

use super::app::GitHub;
use super::archive::{self, CommitFiles, Unpacking};
use super::caller::Caller;
use super::error::GithubError;
use super::json::{Commit, GitObject, Ref};
use crate::model::{RepositoryName, Tree};
use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha1::{Digest, Sha1};

/// How many files are fetched one by one, where the archive does not have them as they were committed.
const MAX_FETCHED_FILES: usize = 100;
/// How many bytes of such files are fetched.
const MAX_FETCHED_BYTES: u64 = 8 * 1024 * 1024;

/// A repository of an installation.
#[derive(Debug, Clone)]
pub struct Repository {
    pub(super) github: GitHub,
    pub(super) caller: Caller,
    pub(super) name: RepositoryName,
}

/// The current state of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The current name: an owner may be renamed without an event.
    pub name: RepositoryName,
    /// The default branch.
    pub default_branch: String,
    /// The head commit of the default branch.
    pub commit: String,
    /// Whether the repository is private.
    pub private: bool,
    /// The owner's id.
    pub owner: u64,
}

impl Repository {
    pub(super) fn new(github: GitHub, caller: Caller, name: RepositoryName) -> Self {
        Self {
            github,
            caller,
            name,
        }
    }

    /// Returns the name.
    pub fn name(&self) -> &RepositoryName {
        &self.name
    }

    /// Returns the user or organization that owns the repository.
    pub fn owner(&self) -> &str {
        self.name.owner()
    }

    /// Returns an API path below the repository.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.name)
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, rest: &str) -> Result<T, GithubError> {
        self.github.get(self.caller, &self.path(rest)).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        rest: &str,
        body: Value,
        repeatable: bool,
    ) -> Result<T, GithubError> {
        self.github
            .post(self.caller, &self.path(rest), body, repeatable)
            .await
    }

    pub(super) async fn patch(&self, rest: &str, body: Value) -> Result<Value, GithubError> {
        self.github.patch(self.caller, &self.path(rest), body).await
    }

    /// Returns the default branch and its head commit; `None` where nothing was pushed yet.
    ///
    /// # Errors
    /// `NotFound` where the App may not see the repository, or another one has its name.
    pub async fn head(&self) -> Result<Option<Head>, GithubError> {
        #[derive(Deserialize)]
        struct About {
            id: u64,
            full_name: RepositoryName,
            default_branch: String,
            private: bool,
            owner: Owner,
        }
        #[derive(Deserialize)]
        struct Owner {
            id: u64,
        }
        let about: About = self
            .github
            .get(self.caller, &format!("/repos/{}", self.name))
            .await?;
        // A name that was given up may be somebody else's by now, and what is public is shown to everybody.
        if let Some((_, id, _)) = self
            .caller
            .token_scope()
            .filter(|(_, id, _)| id.0 != about.id)
        {
            let what = format!("repository {id} under the name {}", self.name);
            return Err(GithubError::NotFound(what));
        }
        let tip = self.branch_head(&about.default_branch).await?;
        Ok(tip.map(|commit| Head {
            name: about.full_name,
            commit,
            default_branch: about.default_branch,
            private: about.private,
            owner: about.owner.id,
        }))
    }

    /// Returns the head commit of a branch; `None` where there is no such branch.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn branch_head(&self, branch: &str) -> Result<Option<String>, GithubError> {
        let found: Result<Ref, _> = self
            .get(&format!("git/ref/heads/{}", escaped(branch)))
            .await;
        match found {
            Ok(found) => Ok(Some(found.object.sha)),
            Err(GithubError::NotFound(_)) => Ok(None),
            Err(GithubError::Invalid { message, .. }) if message.contains("is empty") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the branches with this prefix, each with its head commit.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn branches(&self, start: &str) -> Result<Vec<(String, String)>, GithubError> {
        let path = format!("git/matching-refs/heads/{}", escaped(start));
        let refs: Vec<Ref> = self.get(&path).await?;
        let branch = |found: Ref| {
            let branch = found.name.strip_prefix("refs/heads/")?;
            Some((branch.to_owned(), found.object.sha))
        };
        Ok(refs.into_iter().filter_map(branch).collect())
    }

    /// Returns the login of a commit's author; empty where GitHub knows no such account.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn author(&self, commit: &str) -> Result<String, GithubError> {
        let found: Commit = self.get(&format!("commits/{commit}")).await?;
        Ok(found.author())
    }

    /// Returns a file at a commit; `None` where there is no such file.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn file(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>, GithubError> {
        let found = format!("contents/{}?ref={commit}", escaped(path));
        let found: Value = match self.get(&found).await {
            Ok(found) => found,
            Err(GithubError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        // A folder is a list of its entries.
        match serde_json::from_value::<GitObject>(found) {
            Ok(file) => self.blob(&file.sha).await.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Downloads the files of a commit that a scan reads.
    ///
    /// # Errors
    /// `TooLarge` when the repository is larger than a scan accepts, `NoMemory` while other repositories take the
    /// memory.
    pub async fn tree(&self, commit: &str) -> Result<CommitFiles, GithubError> {
        let memory = archive::reserve(&self.github).await?;
        let unpacking = Unpacking::default();
        let path = self.path(&format!("tarball/{commit}"));
        self.github.unpack(self.caller, &path, &unpacking).await?;
        let mut tree = unpacking.tree()?;
        self.restore_blobs(&mut tree, commit).await?;
        Ok(CommitFiles::new(tree, memory))
    }

    /// Replaces files that `git archive` changed by the commit's own blobs: it may convert line ends and expand
    /// keywords. Other line ends are converted back, the rest is fetched. Files that GitHub does not list, in a very
    /// large repository, stay unverified.
    async fn restore_blobs(&self, tree: &mut Tree, commit: &str) -> Result<(), GithubError> {
        let listed: TreeListing = self.get(&format!("git/trees/{commit}?recursive=1")).await?;
        if listed.truncated {
            tree.unverified = tree.files.keys().cloned().collect();
        }
        let (mut fetched, mut bytes) = (0, 0);
        for entry in listed.tree {
            tree.unverified.remove(&entry.path);
            let Some(found) = tree.files.get(&entry.path) else {
                continue;
            };
            if blob_id(found) == entry.sha {
                continue;
            }
            let plain = unix_lines(found);
            let blob = if blob_id(&plain) == entry.sha {
                plain
            } else {
                fetched += 1;
                bytes += entry.size;
                if fetched > MAX_FETCHED_FILES || bytes > MAX_FETCHED_BYTES {
                    return Err(GithubError::TooLarge(format!(
                        "in the repository's archive more than {MAX_FETCHED_FILES} files, or {} MiB, are not as they were \
                         committed: take `export-subst`, `ident` and `filter` of Terraform code out of .gitattributes",
                        MAX_FETCHED_BYTES >> 20
                    )));
                }
                self.blob(&entry.sha).await?
            };
            tree.files.insert(entry.path, blob.into());
        }
        Ok(())
    }

    async fn blob(&self, sha: &str) -> Result<Vec<u8>, GithubError> {
        #[derive(Deserialize)]
        struct Blob {
            #[serde(default)]
            content: String,
        }
        let blob: Blob = self.get(&format!("git/blobs/{sha}")).await?;
        let text: String = blob.content.split_whitespace().collect();
        Ok(STANDARD
            .decode(text)
            .with_context(|| format!("while reading blob {sha}"))?)
    }
}

/// A commit's files, as GitHub lists them.
#[derive(Deserialize)]
struct TreeListing {
    tree: Vec<Entry>,
    /// Whether GitHub truncated the list.
    #[serde(default)]
    truncated: bool,
}

#[derive(Deserialize)]
struct Entry {
    path: String,
    sha: String,
    #[serde(default)]
    size: u64,
}

/// Returns a text with the line ends that git stores.
fn unix_lines(text: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\r' || rest.peek() != Some(&b'\n') {
            lines.push(byte);
        }
    }
    lines
}

/// Returns the id that git gives to a blob.
fn blob_id(bytes: &[u8]) -> String {
    let digest = Sha1::new()
        .chain_update(format!("blob {}\0", bytes.len()))
        .chain_update(bytes);
    hex::encode(digest.finalize())
}

/// Escapes a name for use in a path.
pub(super) fn escaped(name: &str) -> String {
    let part =
        |part: &str| url::form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
    name.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Returns whether a path has a part that whoever reads it may resolve to another path. Names in it come from outside;
/// nothing that GitHub has is called so.
pub(super) fn leads_elsewhere(path: &str) -> bool {
    let mut names = path.split('?').next().unwrap_or(path).split('/');
    names.any(|name| matches!(name, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::{escaped, leads_elsewhere, unix_lines};

    #[test]
    fn a_name_from_outside_leads_to_no_other_path() {
        for (login, elsewhere) in [
            ("..", true),
            (".", true),
            ("../../user", true),
            ("%2e%2e", false),
            ("a..b", false),
            ("?/../x", true),
            ("alice?x=/../", true),
        ] {
            let path = format!(
                "/repos/acme/shop/collaborators/{}/permission",
                escaped(login)
            );
            assert_eq!(leads_elsewhere(&path), elsewhere, "{path}");
        }
        assert!(!leads_elsewhere("/repos/a/b/compare?base=../x"));
    }

    #[test]
    fn line_ends_are_those_that_git_keeps() {
        assert_eq!(unix_lines(b"a\r\nb\rc\n\r\n\r"), b"a\nb\rc\n\n\r");
    }
}
