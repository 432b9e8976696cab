//! Reads a repository whose modules another repository calls: its files at a commit, which are never edited.

use super::app::GitHub;
use super::archive::{self, CommitFiles, Unpacking};
use super::caller::Caller;
use super::download;
use super::error::GithubError;
use super::repository::{Repository, escaped};
use super::tarball::{self, ArchiveError, Layout};
use crate::model::{InstallationId, RepositoryId, RepositoryName, Tree};
use bytes::Bytes;
use serde::Deserialize;

/// A commit of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The current name of the repository.
    pub name: RepositoryName,
    /// Whether the repository is private.
    pub private: bool,
    /// The commit's id.
    pub commit: String,
}

impl GitHub {
    /// Returns a repository of an installation, with a token that reads the files of this repository alone.
    pub fn read_only(
        &self,
        installation: InstallationId,
        id: RepositoryId,
        name: RepositoryName,
    ) -> ReadOnlyRepository {
        let caller = Caller::Contents(installation, id);
        ReadOnlyRepository(Repository::new(self.clone(), caller, name))
    }

    /// Holds files that were downloaded earlier, once there is memory for them.
    ///
    /// # Errors
    /// `NoMemory` while other repositories take it.
    pub async fn hold(&self, tree: Tree) -> Result<CommitFiles, GithubError> {
        let memory = archive::reserve_for(self, &tree).await?;
        Ok(CommitFiles::new(tree, memory))
    }

    /// Unpacks an archive of somebody else's within the same bounds.
    ///
    /// # Errors
    /// `TooLarge` when it is larger than a scan accepts, `NoMemory` while repositories take the memory.
    pub async fn unpack_other<B>(&self, body: B, layout: Layout) -> Result<CommitFiles, GithubError>
    where
        B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display>,
    {
        let memory = archive::reserve(self).await?;
        let unpack = move |download| tarball::unpack_as(download, layout);
        match download::through(body, Unpacking::TIME, unpack).await? {
            Ok(tree) => Ok(CommitFiles::new(tree, memory)),
            Err(ArchiveError::TooLarge(limit)) => Err(GithubError::TooLarge(limit)),
            Err(damaged) => Err(anyhow::Error::from(damaged).into()),
        }
    }
}

/// A repository of which only files are read.
#[derive(Debug, Clone)]
pub struct ReadOnlyRepository(Repository);

impl ReadOnlyRepository {
    /// Returns a repository as the token of another one sees it: only if it is public, or that repository itself.
    #[must_use]
    pub fn seen_by(other: &Repository, name: RepositoryName) -> Self {
        Self(Repository {
            name,
            ..other.clone()
        })
    }

    /// Resolves a branch, a tag or a commit id; without a reference the head of the default branch.
    ///
    /// # Errors
    /// `NotFound` where there is no such repository for this token, `Invalid` where it has no such commit.
    pub async fn revision(&self, reference: Option<&str>) -> Result<Revision, GithubError> {
        #[derive(Deserialize)]
        struct About {
            full_name: RepositoryName,
            private: bool,
        }
        #[derive(Deserialize)]
        struct Commit {
            sha: String,
        }
        let repository = &self.0;
        let path = format!("/repos/{}", repository.name);
        let about: About = repository.github.get(repository.caller, &path).await?;
        let reference = escaped(reference.unwrap_or("HEAD"));
        // Its files are not read, and GitHub lists them by page.
        let commit: Commit = repository
            .get(&format!("commits/{reference}?per_page=1"))
            .await?;
        Ok(Revision {
            name: about.full_name,
            private: about.private,
            commit: commit.sha,
        })
    }

    /// Downloads the files of a commit as its archive has them, which may change line ends: they must not be edited.
    ///
    /// # Errors
    /// `TooLarge` when the repository is larger than a scan accepts, `NoMemory` while others take the memory.
    pub async fn archive(&self, commit: &str) -> Result<CommitFiles, GithubError> {
        let Repository { github, caller, .. } = &self.0;
        let memory = archive::reserve(github).await?;
        let unpacking = Unpacking::default();
        let path = self.0.path(&format!("tarball/{commit}"));
        github.unpack(*caller, &path, &unpacking).await?;
        Ok(CommitFiles::new(unpacking.tree()?, memory))
    }
}
