//! The folder of a provider, which goes with everything that the provider left in it.

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, openat, renameat, unlinkat};
use rustix::io::Errno;
use std::ffi::CStr;
use std::fs::Permissions;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The mode of a provider's own folder, with its socket.
const OWN: u32 = 0o700;
/// How long a folder may take to be emptied: a process that escaped may fill it meanwhile.
const LIMIT: Duration = Duration::from_secs(60);

/// A folder of its own for a provider. It is removed when this is dropped.
pub(super) struct OwnFolder(PathBuf);

impl OwnFolder {
    /// Creates a folder that nobody else may enter.
    pub(super) fn create() -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("driftguard-provider-")
            .permissions(Permissions::from_mode(OWN))
            .tempdir()?;
        Ok(Self(folder.keep()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for OwnFolder {
    fn drop(&mut self) {
        let _ = remove(&self.0);
    }
}

/// Removes a folder with everything in it. However deep its folders are nested, a few descriptors and no recursion do: what
/// lies in a folder's folder is moved up first. Links are removed, never followed.
fn remove(folder: &Path) -> io::Result<()> {
    let start = Instant::now();
    let top = open(CWD, folder)?;
    let mut moved = 0;
    let mut is_empty = false;
    while !is_empty {
        is_empty = true;
        for entry in Dir::read_from(&top)? {
            let entry = entry?;
            if is_own_name(entry.file_name()) {
                continue;
            }
            is_empty = false;
            take_out(top.as_fd(), entry.file_name(), &mut moved)?;
            if start.elapsed() > LIMIT {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
    std::fs::remove_dir(folder)
}

/// Removes a file, or a folder whose own folders are moved up beside it.
fn take_out(top: BorrowedFd<'_>, name: &CStr, moved: &mut u64) -> io::Result<()> {
    if is_unlinked(top, name)? {
        return Ok(());
    }
    let folder = open(top, name)?;
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if is_own_name(name) || is_unlinked(folder.as_fd(), name)? {
            continue;
        }
        // A name that the provider took leads to the next one.
        let mut tries = 0;
        while let Err(error) = renameat(&folder, name, top, format!(".moved-{moved}")) {
            tries += 1;
            if tries > 1000 {
                return Err(error.into());
            }
            *moved += 1;
        }
        *moved += 1;
    }
    match unlinkat(top, name, AtFlags::REMOVEDIR) {
        // What was not listed is met in the next round.
        Ok(()) | Err(Errno::NOTEMPTY) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Removes what is no folder; false for a folder.
fn is_unlinked(folder: BorrowedFd<'_>, name: &CStr) -> io::Result<bool> {
    match unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::ISDIR | Errno::PERM) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn open<P: rustix::path::Arg>(folder: impl AsFd, name: P) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?)
}

fn is_own_name(name: &CStr) -> bool {
    [c".", c".."].contains(&name)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_folder_goes_however_deep_it_is_and_no_link_in_it_is_followed() {
        let elsewhere = tempfile::tempdir().unwrap();
        let kept = elsewhere.path().join("kept");
        fs::write(&kept, "text").unwrap();
        let own = OwnFolder::create().unwrap();
        let path = own.path().to_path_buf();
        symlink(elsewhere.path(), path.join("link")).unwrap();
        fs::write(path.join(".moved-0"), "a name that is taken").unwrap();
        // Deeper than a small stack takes, if each level had a place on it.
        let mut folder = open(CWD, &path).unwrap();
        for _ in 0..3_000 {
            rustix::fs::mkdirat(&folder, "d", Mode::RWXU).unwrap();
            rustix::fs::symlinkat(elsewhere.path(), &folder, "up").unwrap();
            folder = open(&folder, "d").unwrap();
        }
        drop(folder);
        let small = std::thread::Builder::new().stack_size(128 << 10);
        small.spawn(move || drop(own)).unwrap().join().unwrap();
        assert!(!path.exists());
        assert!(kept.exists());
    }
}
