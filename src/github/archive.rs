//! Downloads the files of a commit, within the memory that all repositories share.

use super::app::GitHub;
use super::download;
use super::error::GithubError;
use super::tarball::{self, ArchiveError};
use crate::memory::{MemoryBudget, MemoryError, MemoryShare};
use crate::model::Tree;
use bytes::Bytes;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How much memory the files of all repositories take that are scanned at the moment, in bytes.
const ARCHIVE_MEMORY: u64 = 256 * 1024 * 1024;
/// How long a job waits for its share of the memory, before it is requeued.
const MEMORY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an archive may take to be downloaded and unpacked.
const TIME: Duration = Duration::from_secs(5 * 60);

/// The files of a commit, with the memory that they take.
#[derive(Debug)]
pub struct CommitFiles {
    tree: Tree,
    memory: MemoryShare,
}

impl Deref for CommitFiles {
    type Target = Tree;

    fn deref(&self) -> &Tree {
        &self.tree
    }
}

/// Returns the memory budget for the files of all repositories.
pub(super) fn memory() -> MemoryBudget {
    MemoryBudget::new(ARCHIVE_MEMORY)
}

/// Takes a share for the largest archive, which is reduced once the size is known.
pub(super) async fn reserve(github: &GitHub) -> Result<MemoryShare, GithubError> {
    take(github, tarball::MAX_TOTAL).await
}

/// Takes a share for files that are known.
pub(super) async fn reserve_for(github: &GitHub, tree: &Tree) -> Result<MemoryShare, GithubError> {
    take(github, tarball::cost(tree)).await
}

async fn take(github: &GitHub, bytes: u64) -> Result<MemoryShare, GithubError> {
    let share = github.archives().take(bytes, MEMORY_TIMEOUT).await;
    share.map_err(|error| match error {
        MemoryError::Busy => GithubError::NoMemory,
        error => anyhow::Error::from(error).into(),
    })
}

impl CommitFiles {
    /// Keeps files, and the part of a share that they need.
    pub(super) fn new(tree: Tree, mut memory: MemoryShare) -> Self {
        memory.shrink_to(tarball::cost(&tree));
        Self { tree, memory }
    }

    /// Returns how many bytes of memory are counted for the files.
    pub fn counted(&self) -> u64 {
        self.memory.bytes()
    }
}

/// Unpacks the archive in a response while it is downloaded.
#[derive(Default)]
pub(super) struct Unpacking(Mutex<Option<Result<Tree, ArchiveError>>>);

impl Unpacking {
    /// How long unpacking may take.
    pub(super) const TIME: Duration = TIME;

    /// Unpacks a body.
    ///
    /// # Errors
    /// When it breaks off, or is not an archive: another attempt may succeed.
    pub(super) async fn take<B>(&self, body: B) -> anyhow::Result<()>
    where
        B: hyper::body::Body<Data = Bytes, Error: std::fmt::Display>,
    {
        let unpacked = match download::through(body, TIME, tarball::unpack).await? {
            Err(damaged @ ArchiveError::Damaged(_)) => return Err(damaged.into()),
            unpacked => unpacked,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(unpacked);
        Ok(())
    }

    /// Returns the unpacked files.
    pub(super) fn tree(self) -> Result<Tree, GithubError> {
        let unpacked = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        match unpacked {
            Some(Ok(tree)) => Ok(tree),
            Some(Err(error)) => Err(GithubError::TooLarge(error.to_string())),
            None => Err(anyhow::anyhow!("GitHub answered without an archive").into()),
        }
    }
}
