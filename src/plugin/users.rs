//! Gives each provider a user id of its own, so that it can read nothing of another one.

use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::ops::RangeInclusive;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;

/// How often the processes of a user are looked for to end them: a process may start another one meanwhile.
const PASSES: usize = 16;

/// The user ids that providers may have. Processes of DriftGuard's that share a data folder share them.
#[derive(Debug, Clone)]
pub struct Users {
    /// The ids.
    pub ids: RangeInclusive<u32>,
    /// The folder with a lock for each id that is taken.
    pub locks: PathBuf,
}

/// A user id that no other provider has until this is dropped. Its processes end with it.
#[derive(Debug)]
pub(super) struct User {
    id: u32,
    /// Locked.
    _lock: File,
}

impl Users {
    /// Takes an id that no process runs as.
    pub(super) fn take(&self) -> io::Result<User> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.locks)?;
        for id in self.ids.clone() {
            let file = File::create(self.locks.join(id.to_string()))?;
            match file.try_lock() {
                Ok(()) if processes_of(id)?.is_empty() => return Ok(User { id, _lock: file }),
                Ok(()) | Err(fs::TryLockError::WouldBlock) => {}
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::other(
            "all user ids of DRIFTGUARD_PROVIDER_USERS are taken",
        ))
    }
}

impl User {
    /// Returns the id, which is that of its group as well.
    pub(super) fn id(&self) -> u32 {
        self.id
    }
}

impl Drop for User {
    fn drop(&mut self) {
        for _ in 0..PASSES {
            let left = processes_of(self.id).unwrap_or_default();
            let ended = left
                .into_iter()
                .filter(|process| kill_process(*process, Signal::KILL).is_ok());
            if ended.count() == 0 {
                return;
            }
        }
    }
}

/// Returns the processes that run as a user, apart from those that have ended.
fn processes_of(user: u32) -> io::Result<Vec<Pid>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let id = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let Some(process) = id.and_then(Pid::from_raw) else {
            continue;
        };
        // What ended meanwhile has no folder any more.
        let is_of_user = entry.metadata().is_ok_and(|folder| folder.uid() == user);
        if is_of_user && !has_ended(&fs::read_to_string(entry.path().join("stat"))) {
            found.push(process);
        }
    }
    Ok(found)
}

/// Returns whether a process has ended and only waits for its parent: `PID (NAME) Z ...`.
fn has_ended(stat: &io::Result<String>) -> bool {
    let state = stat.as_ref().ok().and_then(|text| text.rsplit_once(')'));
    state.is_none_or(|(_, rest)| matches!(rest.trim_start().chars().next(), Some('Z' | 'X')))
}
