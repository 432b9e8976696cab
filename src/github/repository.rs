//! One repository.

use super::app::{Caller, GitHub};
use super::archive::{self, CommitFiles, Unpacking};
use super::error::GithubError;
use crate::model::{RepositoryName, Tree};
use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use sha1::{Digest, Sha1};

/// How many files are fetched by themselves, where the archive has them otherwise than they were committed.
const MOST_FETCHED: usize = 100;
/// How many bytes of such files.
const LARGEST_FETCHED: u64 = 8 * 1024 * 1024;

/// One repository of an installation.
#[derive(Debug, Clone)]
pub struct Repository {
    pub(super) github: GitHub,
    pub(super) caller: Caller,
    pub(super) name: RepositoryName,
}

/// Where a repository stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its name now: that of an owner changes without a word.
    pub name: RepositoryName,
    /// The branch that everything is held to.
    pub default_branch: String,
    /// Its newest commit.
    pub commit: String,
    /// Whether only members see it.
    pub private: bool,
    /// The number of its owner.
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

    /// Its name.
    pub fn name(&self) -> &RepositoryName {
        &self.name
    }

    /// The user or organisation that it belongs to.
    pub fn owner(&self) -> &str {
        self.name.owner()
    }

    /// A path of the API below this repository.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{rest}", self.name)
    }

    pub(super) async fn get<T: serde::de::DeserializeOwned>(
        &self,
        rest: &str,
    ) -> Result<T, GithubError> {
        self.github.get(self.caller, &self.path(rest)).await
    }

    pub(super) async fn post(
        &self,
        rest: &str,
        body: Value,
        repeatable: bool,
    ) -> Result<Value, GithubError> {
        self.github
            .post(self.caller, &self.path(rest), body, repeatable)
            .await
    }

    pub(super) async fn patch(&self, rest: &str, body: Value) -> Result<Value, GithubError> {
        self.github.patch(self.caller, &self.path(rest), body).await
    }

    /// Its default branch and that branch's newest commit: none where nothing was pushed yet.
    ///
    /// # Errors
    /// `NotFound` where the App may not see it.
    pub async fn head(&self) -> Result<Option<Head>, GithubError> {
        #[derive(Deserialize)]
        struct About {
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
        let tip = self.tip(&about.default_branch).await?;
        Ok(tip.map(|commit| Head {
            name: about.full_name,
            commit,
            default_branch: about.default_branch,
            private: about.private,
            owner: about.owner.id,
        }))
    }

    /// The newest commit of a branch: none where there is no such branch.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn tip(&self, branch: &str) -> Result<Option<String>, GithubError> {
        let found: Result<Value, _> = self
            .get(&format!("git/ref/heads/{}", escaped(branch)))
            .await;
        match found {
            Ok(found) => Ok(found["object"]["sha"].as_str().map(str::to_owned)),
            Err(GithubError::NotFound(_)) => Ok(None),
            Err(GithubError::Invalid { message, .. }) if message.contains("is empty") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The branches whose names begin like this, each with its newest commit.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn branches(&self, start: &str) -> Result<Vec<(String, String)>, GithubError> {
        let path = format!("git/matching-refs/heads/{}", escaped(start));
        let found: Vec<Value> = self.get(&path).await?;
        let read = |found: &Value| {
            let branch = found["ref"].as_str()?.strip_prefix("refs/heads/")?;
            Some((
                branch.to_owned(),
                found["object"]["sha"].as_str()?.to_owned(),
            ))
        };
        Ok(found.iter().filter_map(read).collect())
    }

    /// The login of who made a commit: empty where GitHub knows no such account.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn author(&self, commit: &str) -> Result<String, GithubError> {
        let found: Value = self.get(&format!("commits/{commit}")).await?;
        Ok(found["author"]["login"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }

    /// A file at a commit: none where it has no such file.
    ///
    /// # Errors
    /// Those of any request.
    pub async fn file(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>, GithubError> {
        let found = format!("contents/{}?ref={commit}", escaped(path));
        let found: Value = match self.get(&found).await {
            Ok(found) => found,
            Err(GithubError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        match found["sha"].as_str() {
            Some(sha) => self.blob(sha).await.map(Some),
            None => Ok(None),
        }
    }

    /// The files of a commit that a scan reads.
    ///
    /// # Errors
    /// `TooLarge` when it is larger than a scan takes, `NoMemory` while other repositories are.
    pub async fn tree(&self, commit: &str) -> Result<CommitFiles, GithubError> {
        let memory = archive::reserve(&self.github).await?;
        let unpacking = Unpacking::default();
        let path = self.path(&format!("tarball/{commit}"));
        self.github.unpack(self.caller, &path, &unpacking).await?;
        let mut tree = unpacking.tree()?;
        self.mend(&mut tree, commit).await?;
        Ok(CommitFiles::new(tree, memory))
    }

    /// An archive is `git archive`'s: it may change line ends and expand keywords. What is not the commit's own blob is
    /// fetched as it is, unless other line ends make it that. What GitHub does not list, of a very large repository, stays
    /// unverified.
    async fn mend(&self, tree: &mut Tree, commit: &str) -> Result<(), GithubError> {
        let listed: Listed = self.get(&format!("git/trees/{commit}?recursive=1")).await?;
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
                if fetched > MOST_FETCHED || bytes > LARGEST_FETCHED {
                    return Err(GithubError::TooLarge(format!(
                        "in the repository's archive more than {MOST_FETCHED} files, or {} MiB, are not as they were \
                         committed: take `export-subst`, `ident` and `filter` of Terraform code out of .gitattributes",
                        LARGEST_FETCHED >> 20
                    )));
                }
                self.blob(&entry.sha).await?
            };
            tree.files.insert(entry.path, blob.into());
        }
        Ok(())
    }

    async fn blob(&self, sha: &str) -> Result<Vec<u8>, GithubError> {
        let blob: Value = self.get(&format!("git/blobs/{sha}")).await?;
        let text: String = blob["content"]
            .as_str()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        Ok(STANDARD
            .decode(text)
            .with_context(|| format!("while reading blob {sha}"))?)
    }
}

/// A commit's files, as GitHub lists them.
#[derive(Deserialize)]
struct Listed {
    tree: Vec<Entry>,
    /// Whether there is more than GitHub lists.
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

/// A text with the line ends that git keeps.
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

/// The id that git gives a file's content.
fn blob_id(bytes: &[u8]) -> String {
    let digest = Sha1::new()
        .chain_update(format!("blob {}\0", bytes.len()))
        .chain_update(bytes);
    hex::encode(digest.finalize())
}

/// A name as a part of a path.
pub(super) fn escaped(name: &str) -> String {
    let part =
        |part: &str| url::form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
    name.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::unix_lines;

    #[test]
    fn line_ends_are_those_that_git_keeps() {
        assert_eq!(unix_lines(b"a\r\nb\rc\n\r\n\r"), b"a\nb\rc\n\n\r");
    }
}
