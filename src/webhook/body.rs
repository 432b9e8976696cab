//! Buffers request bodies whose sender is not verified yet: all of them together take little memory.

use crate::memory::{MemoryBudget, MemoryShare};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::SeekFrom;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// How many bytes of one body are buffered in memory: most deliveries are smaller.
const MAX_IN_MEMORY: usize = 64 * 1024;
/// How many bytes of all bodies are buffered in memory.
const MEMORY_BUDGET: u64 = 32 * 1024 * 1024;
/// How many bodies are spooled to files: each takes a file descriptor, and the disk space of the largest body.
const MAX_FILES: usize = 40;
/// How many bytes a file's writer buffers.
const WRITE_BUFFER: usize = 64 * 1024;
/// How many large bodies are read back at once, once their signature is verified.
const MAX_READERS: usize = 2;

/// Buffers bodies until their signature is verified: small bodies in memory, others in unnamed files that the system
/// deletes when they are closed.
///
/// Where too many files are open, the oldest body is evicted: GitHub sends a body within a moment, an attacker slowly.
#[derive(Debug, Clone)]
pub struct BodyStore(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    memory: MemoryBudget,
    folder: PathBuf,
    files: Mutex<SpoolFiles>,
    readers: Semaphore,
}

/// The bodies in files, each with the signal that evicts it.
#[derive(Debug, Default)]
struct SpoolFiles {
    next: u64,
    open: BTreeMap<u64, Arc<Notify>>,
}

/// A body whose chunks are still arriving.
pub(super) struct IncomingBody {
    bodies: BodyStore,
    buffer: Vec<u8>,
    memory: Option<MemoryShare>,
    spool: Option<Spool>,
    length: usize,
}

/// The file of one body.
struct Spool {
    bodies: BodyStore,
    id: u64,
    file: File,
    evicted: Arc<Notify>,
}

/// A complete body, and the permit to hold it in memory.
pub(super) struct CompleteBody<'a> {
    pub bytes: Bytes,
    _permit: Option<SemaphorePermit<'a>>,
}

impl BodyStore {
    /// Creates a store whose files are in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self(Arc::new(Shared {
            memory: MemoryBudget::new(MEMORY_BUDGET),
            folder,
            files: Mutex::default(),
            readers: Semaphore::new(MAX_READERS),
        }))
    }

    /// Starts a new body.
    pub(super) fn start_body(&self) -> IncomingBody {
        IncomingBody {
            bodies: self.clone(),
            buffer: Vec::new(),
            memory: None,
            spool: None,
            length: 0,
        }
    }

    /// Opens a file for a body.
    async fn spool(&self) -> std::io::Result<Spool> {
        let (id, evicted) = self.register_file();
        let folder = self.0.folder.clone();
        let opened = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder)).await;
        let mut file = File::from_std(opened.map_err(std::io::Error::other)??);
        file.set_max_buf_size(WRITE_BUFFER);
        Ok(Spool {
            bodies: self.clone(),
            id,
            file,
            evicted,
        })
    }

    /// Registers a file; where there are too many, evicts the oldest body.
    fn register_file(&self) -> (u64, Arc<Notify>) {
        let mut files = self.0.files.lock().unwrap_or_else(PoisonError::into_inner);
        while files.open.len() >= MAX_FILES
            && let Some((_, oldest)) = files.open.pop_first()
        {
            oldest.notify_one();
        }
        let (id, evicted) = (files.next, Arc::new(Notify::new()));
        files.next += 1;
        files.open.insert(id, evicted.clone());
        (id, evicted)
    }
}

impl IncomingBody {
    /// Returns the number of bytes that have arrived.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Appends a chunk.
    ///
    /// # Errors
    /// When the file system fails.
    pub(super) async fn push(&mut self, chunk: &[u8]) -> std::io::Result<()> {
        self.length += chunk.len();
        if let Some(spool) = &mut self.spool {
            return spool.file.write_all(chunk).await;
        }
        if self.fits_in_memory() {
            self.buffer.extend_from_slice(chunk);
            return Ok(());
        }
        let mut spool = self.bodies.spool().await?;
        spool.file.write_all(&self.buffer).await?;
        spool.file.write_all(chunk).await?;
        self.spool = Some(spool);
        (self.buffer, self.memory) = (Vec::new(), None);
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
        self.length <= MAX_IN_MEMORY && taken.is_ok()
    }

    /// Completes when the body is evicted.
    pub(super) async fn evicted(&self) {
        match &self.spool {
            Some(spool) => spool.evicted.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Returns the complete body of a verified sender.
    ///
    /// # Errors
    /// When the file system fails.
    pub(super) async fn complete(&mut self) -> std::io::Result<CompleteBody<'_>> {
        let Some(spool) = &mut self.spool else {
            return Ok(CompleteBody {
                bytes: std::mem::take(&mut self.buffer).into(),
                _permit: None,
            });
        };
        let permit = self.bodies.0.readers.acquire().await;
        let permit = permit.map_err(std::io::Error::other)?;
        let mut bytes = Vec::with_capacity(self.length);
        spool.file.flush().await?;
        spool.file.seek(SeekFrom::Start(0)).await?;
        spool.file.read_to_end(&mut bytes).await?;
        Ok(CompleteBody {
            bytes: bytes.into(),
            _permit: Some(permit),
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

    fn bodies() -> BodyStore {
        BodyStore::new(std::env::temp_dir())
    }

    async fn arrive(bodies: &BodyStore, length: usize) -> IncomingBody {
        let mut body = bodies.start_body();
        for chunk in vec![b'x'; length].chunks(10_000) {
            body.push(chunk).await.unwrap();
        }
        body
    }

    #[tokio::test]
    async fn a_body_is_whole_wherever_it_was_kept() {
        let bodies = bodies();
        for (length, in_a_file) in [
            (0, false),
            (MAX_IN_MEMORY, false),
            (MAX_IN_MEMORY + 1, true),
            (1 << 20, true),
        ] {
            let mut body = arrive(&bodies, length).await;
            assert_eq!(body.spool.is_some(), in_a_file, "{length}");
            assert_eq!(body.complete().await.unwrap().bytes, vec![b'x'; length]);
        }
    }

    #[tokio::test]
    async fn what_is_held_in_memory_is_bounded_for_all_together() {
        let bodies = bodies();
        let most = MEMORY_BUDGET as usize / MAX_IN_MEMORY;
        let mut held = Vec::new();
        for _ in 0..most {
            held.push(arrive(&bodies, MAX_IN_MEMORY).await);
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
        for _ in 0..=MAX_FILES {
            held.push(arrive(&bodies, MAX_IN_MEMORY + 1).await);
        }
        let gave_way = |body: &IncomingBody| body.evicted().now_or_never().is_some();
        assert!(gave_way(&held[0]));
        assert!(!held[1..].iter().any(gave_way));
        // What has ended makes room.
        held.truncate(2);
        held.push(arrive(&bodies, MAX_IN_MEMORY + 1).await);
        assert!(!gave_way(&held[1]));
    }
}
