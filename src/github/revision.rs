//! A repository whose code another one calls: the commit that is meant, and its files, to be read and never edited.

use super::app::{Caller, GitHub};
use super::archive::{self, CommitFiles, Unpacking};
use super::error::GithubError;
use super::repository::{Repository, escaped};
use crate::model::{InstallationId, RepositoryId, RepositoryName, Tree};
use serde::Deserialize;

/// A commit of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The repository's name now.
    pub name: RepositoryName,
    /// Whether only members see it.
    pub private: bool,
    /// The commit's id.
    pub commit: String,
}

impl GitHub {
    /// A repository of an installation, with a token that reads the files of this one alone.
    pub fn read_only(
        &self,
        installation: InstallationId,
        id: RepositoryId,
        name: RepositoryName,
    ) -> Repository {
        Repository::new(self.clone(), Caller::Contents(installation, id), name)
    }

    /// Holds files that were read earlier, once there is memory for them.
    ///
    /// # Errors
    /// `NoMemory` while other repositories take it.
    pub async fn hold(&self, tree: Tree) -> Result<CommitFiles, GithubError> {
        let memory = archive::reserve_for(self, &tree).await?;
        Ok(CommitFiles::new(tree, memory))
    }
}

impl Repository {
    /// Another repository, with the token of this one: it sees what is public, and nothing else beside this one.
    #[must_use]
    pub fn seeing(&self, name: RepositoryName) -> Self {
        Self {
            name,
            ..self.clone()
        }
    }

    /// The commit that a branch, a tag or an id means; without one the newest of the default branch.
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
        let about: About = self
            .github
            .get(self.caller, &format!("/repos/{}", self.name))
            .await?;
        let reference = escaped(reference.unwrap_or("HEAD"));
        // Of its files none are wanted.
        let commit: Commit = self.get(&format!("commits/{reference}?per_page=1")).await?;
        Ok(Revision {
            name: about.full_name,
            private: about.private,
            commit: commit.sha,
        })
    }

    /// The files of a commit as its archive has them, which may change line ends: they are read and never edited.
    ///
    /// # Errors
    /// `TooLarge` when it is larger than a scan takes, `NoMemory` while other repositories are.
    pub async fn archive(&self, commit: &str) -> Result<CommitFiles, GithubError> {
        let memory = archive::reserve(&self.github).await?;
        let unpacking = Unpacking::default();
        let path = self.path(&format!("tarball/{commit}"));
        self.github.unpack(self.caller, &path, &unpacking).await?;
        Ok(CommitFiles::new(unpacking.tree()?, memory))
    }
}
