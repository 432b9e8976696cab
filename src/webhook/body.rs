//! Bodies of senders of whom nobody knows yet who they are: all of them together are held in little memory.

use crate::memory::{MemoryBudget, MemoryShare};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::SeekFrom;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// How much of one body is held in memory: most deliveries are smaller.
const HEAD: usize = 64 * 1024;
/// How much of all bodies is held in memory.
const MEMORY: u64 = 32 * 1024 * 1024;
/// How many bodies lie in files: each needs a descriptor, and the space of the largest body.
const FILES: usize = 40;
/// How much a file's writer holds back.
const WRITER: usize = 64 * 1024;
/// How many large bodies are read back at once: those of which the signature was right.
const READ_BACK: usize = 2;

/// Where bodies are kept until it is known who sent them: a small one in memory, others in files that have no name and are
/// gone when they are closed. Where too many lie there, the oldest gives way: GitHub's own are there for a moment,
/// those of somebody who sends slowly for longer.
#[derive(Debug, Clone)]
pub struct Bodies(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    memory: MemoryBudget,
    folder: PathBuf,
    files: Mutex<Files>,
    read_back: Semaphore,
}

/// The bodies that lie in files, and how each is told to give way.
#[derive(Debug, Default)]
struct Files {
    next: u64,
    open: BTreeMap<u64, Arc<Notify>>,
}

/// A body that arrives.
pub(super) struct Arriving {
    bodies: Bodies,
    head: Vec<u8>,
    memory: Option<MemoryShare>,
    spool: Option<Spool>,
    length: usize,
}

/// A body's file.
struct Spool {
    bodies: Bodies,
    id: u64,
    file: File,
    end: Arc<Notify>,
}

/// A whole body.
pub(super) struct Whole<'a> {
    pub bytes: Bytes,
    _turn: Option<SemaphorePermit<'a>>,
}

impl Bodies {
    /// Bodies whose files lie in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self(Arc::new(Inner {
            memory: MemoryBudget::new(MEMORY),
            folder,
            files: Mutex::default(),
            read_back: Semaphore::new(READ_BACK),
        }))
    }

    /// Begins a body.
    pub(super) fn begin(&self) -> Arriving {
        Arriving {
            bodies: self.clone(),
            head: Vec::new(),
            memory: None,
            spool: None,
            length: 0,
        }
    }

    /// Opens a file for a body.
    async fn spool(&self) -> std::io::Result<Spool> {
        let (id, end) = self.register();
        let folder = self.0.folder.clone();
        let opened = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder)).await;
        let mut file = File::from_std(opened.map_err(std::io::Error::other)??);
        file.set_max_buf_size(WRITER);
        Ok(Spool {
            bodies: self.clone(),
            id,
            file,
            end,
        })
    }

    /// Enters a file; where there are too many, the oldest gives way.
    fn register(&self) -> (u64, Arc<Notify>) {
        let mut files = self.0.files.lock().unwrap_or_else(PoisonError::into_inner);
        while files.open.len() >= FILES
            && let Some((_, oldest)) = files.open.pop_first()
        {
            oldest.notify_one();
        }
        let (id, end) = (files.next, Arc::new(Notify::new()));
        files.next += 1;
        files.open.insert(id, end.clone());
        (id, end)
    }
}

impl Arriving {
    /// How much has arrived.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Keeps a further part.
    ///
    /// # Errors
    /// When the file system fails.
    pub(super) async fn push(&mut self, part: &[u8]) -> std::io::Result<()> {
        self.length += part.len();
        if let Some(spool) = &mut self.spool {
            return spool.file.write_all(part).await;
        }
        if self.fits_in_memory() {
            self.head.extend_from_slice(part);
            return Ok(());
        }
        let mut spool = self.bodies.spool().await?;
        spool.file.write_all(&self.head).await?;
        spool.file.write_all(part).await?;
        self.spool = Some(spool);
        (self.head, self.memory) = (Vec::new(), None);
        Ok(())
    }

    fn fits_in_memory(&mut self) -> bool {
        let length = self.length as u64;
        let taken = match &mut self.memory {
            Some(share) => share.grow_to(length),
            none => {
                let share = self.bodies.0.memory.try_take(length);
                share.map(|share| *none = Some(share))
            }
        };
        self.length <= HEAD && taken.is_ok()
    }

    /// Ends when the body has to give way to others.
    pub(super) async fn given_away(&self) {
        match &self.spool {
            Some(spool) => spool.end.notified().await,
            None => std::future::pending().await,
        }
    }

    /// The whole body, for a sender who is known by now.
    ///
    /// # Errors
    /// When the file system fails.
    pub(super) async fn whole(&mut self) -> std::io::Result<Whole<'_>> {
        let Some(spool) = &mut self.spool else {
            return Ok(Whole {
                bytes: std::mem::take(&mut self.head).into(),
                _turn: None,
            });
        };
        let turn = self.bodies.0.read_back.acquire().await;
        let turn = turn.map_err(std::io::Error::other)?;
        let mut bytes = Vec::with_capacity(self.length);
        spool.file.flush().await?;
        spool.file.seek(SeekFrom::Start(0)).await?;
        spool.file.read_to_end(&mut bytes).await?;
        Ok(Whole {
            bytes: bytes.into(),
            _turn: Some(turn),
        })
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let files = self.bodies.0.files.lock();
        let mut files = files.unwrap_or_else(PoisonError::into_inner);
        files.open.remove(&self.id);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn bodies() -> Bodies {
        Bodies::new(std::env::temp_dir())
    }

    async fn arrive(bodies: &Bodies, length: usize) -> Arriving {
        let mut body = bodies.begin();
        for part in vec![b'x'; length].chunks(10_000) {
            body.push(part).await.unwrap();
        }
        body
    }

    #[tokio::test]
    async fn a_body_is_whole_wherever_it_was_kept() {
        let bodies = bodies();
        for (length, in_a_file) in [(0, false), (HEAD, false), (HEAD + 1, true), (1 << 20, true)] {
            let mut body = arrive(&bodies, length).await;
            assert_eq!(body.spool.is_some(), in_a_file, "{length}");
            assert_eq!(body.whole().await.unwrap().bytes, vec![b'x'; length]);
        }
    }

    #[tokio::test]
    async fn what_is_held_in_memory_is_bounded_for_all_together() {
        let bodies = bodies();
        let most = MEMORY as usize / HEAD;
        let mut held = Vec::new();
        for _ in 0..most {
            held.push(arrive(&bodies, HEAD).await);
        }
        assert!(held.iter().all(|body| body.spool.is_none()));
        let next = arrive(&bodies, 1).await;
        assert!(next.spool.is_some());
        held.clear();
        assert!(arrive(&bodies, 1).await.spool.is_none());
    }

    #[tokio::test]
    async fn the_oldest_body_gives_way() {
        let bodies = bodies();
        let mut held = Vec::new();
        for _ in 0..=FILES {
            held.push(arrive(&bodies, HEAD + 1).await);
        }
        let gave_way = |body: &Arriving| body.given_away().now_or_never().is_some();
        assert!(gave_way(&held[0]));
        assert!(!held[1..].iter().any(gave_way));
        // What has ended makes room.
        held.truncate(2);
        held.push(arrive(&bodies, HEAD + 1).await);
        assert!(!gave_way(&held[1]));
    }
}
