//! The files of a commit, fetched within the memory that all repositories share.

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

/// How much memory the files of all repositories take that are scanned at the moment.
const MEMORY: u64 = 256 * 1024 * 1024;
/// How long a job waits for its share; then it comes back later, and others get their turn.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an archive may take to arrive and to be unpacked.
const TIME: Duration = Duration::from_secs(5 * 60);

/// The files of a commit, and the memory that they take.
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

/// What the files of all repositories take.
pub(super) fn memory() -> MemoryBudget {
    MemoryBudget::new(MEMORY)
}

/// A share for the largest archive, to be made smaller when it is known how large it is.
pub(super) async fn reserve(github: &GitHub) -> Result<MemoryShare, GithubError> {
    let share = github.archives().take(tarball::LARGEST, PATIENCE).await;
    share.map_err(|error| match error {
        MemoryError::Busy => GithubError::NoMemory,
        error => anyhow::Error::from(error).into(),
    })
}

impl CommitFiles {
    /// Holds files, and what of a share they need.
    pub(super) fn new(tree: Tree, mut memory: MemoryShare) -> Self {
        memory.shrink_to(tarball::cost(&tree));
        Self { tree, memory }
    }

    /// How many bytes of memory are counted for them.
    pub fn counted(&self) -> u64 {
        self.memory.bytes()
    }
}

/// Unpacks the archive of an answer while it arrives.
#[derive(Default)]
pub(super) struct Unpacking(Mutex<Option<Result<Tree, ArchiveError>>>);

impl Unpacking {
    /// How long that may take.
    pub(super) const TIME: Duration = TIME;

    /// Unpacks a body.
    ///
    /// # Errors
    /// When it breaks off, or is no archive: another try may go better.
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

    /// What came of it.
    pub(super) fn tree(self) -> Result<Tree, GithubError> {
        let unpacked = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        match unpacked {
            Some(Ok(tree)) => Ok(tree),
            Some(Err(error)) => Err(GithubError::TooLarge(error.to_string())),
            None => Err(anyhow::anyhow!("GitHub answered without an archive").into()),
        }
    }
}
