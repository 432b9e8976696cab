//! The folder of a provider, which goes with everything that the provider left in it.

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, chmod, openat, renameat, unlinkat};
use rustix::io::Errno;
use std::ffi::CStr;
use std::fs::Permissions;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The mode of a provider's own folder, with its socket.
const OWN: u32 = 0o700;
/// How long a folder is emptied by whoever ends a provider: there is a socket in it, and little more.
const AT_ONCE: Duration = Duration::from_millis(200);
/// How long a full one is emptied after that: a process that escaped may fill it meanwhile.
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
        match remove(&self.0, AT_ONCE) {
            Ok(()) => return,
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
            Err(error) => return tell(&self.0, &error),
        }
        // Whoever drops this has other work.
        let folder = self.0.clone();
        let remaining = move || {
            if let Err(error) = remove(&folder, LIMIT) {
                tell(&folder, &error);
            }
        };
        let builder = std::thread::Builder::new().name("provider-folder".to_owned());
        if let Err(error) = builder.spawn(remaining) {
            tell(&self.0, &error);
        }
    }
}

fn tell(folder: &Path, error: &io::Error) {
    tracing::warn!(
        folder = %folder.display(),
        %error,
        "what a provider left in its folder could not be removed: remove it by hand"
    );
}

/// Removes a folder with everything in it. However deep its folders are nested, a few descriptors and no recursion do: what
/// lies in a folder's folder is moved up first. Links are removed, never followed. What cannot be removed keeps nothing
/// else.
fn remove(folder: &Path, limit: Duration) -> io::Result<()> {
    let mut emptying = Emptying {
        top: open(CWD, folder)?,
        end: Instant::now() + limit,
        moved: 0,
        problem: None,
    };
    while emptying.round()? {}
    match emptying.problem {
        Some(problem) => Err(problem),
        None => std::fs::remove_dir(folder),
    }
}

/// A folder that is being emptied.
struct Emptying {
    top: OwnedFd,
    end: Instant,
    /// How many folders were moved up.
    moved: u64,
    /// Why something of the last round stays.
    problem: Option<io::Error>,
}

impl Emptying {
    /// Takes out what the folder holds. Returns whether another round may find more to take out.
    fn round(&mut self) -> io::Result<bool> {
        self.problem = None;
        let mut is_changed = false;
        for entry in Dir::read_from(&self.top)? {
            let entry = entry?;
            if is_own_name(entry.file_name()) {
                continue;
            }
            match self.take_out(entry.file_name()) {
                Ok(()) => is_changed = true,
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(error),
                Err(error) => self.problem = Some(error),
            }
        }
        Ok(is_changed)
    }

    /// Removes a file, or a folder whose own folders are moved up beside it.
    fn take_out(&mut self, name: &CStr) -> io::Result<()> {
        self.in_time()?;
        if is_unlinked(self.top.as_fd(), name)? {
            return Ok(());
        }
        let folder = open(&self.top, name)?;
        for entry in Dir::read_from(&folder)? {
            self.in_time()?;
            let entry = entry?;
            let name = entry.file_name();
            if !is_own_name(name) && !is_unlinked(folder.as_fd(), name)? {
                self.move_up(folder.as_fd(), name)?;
            }
        }
        match unlinkat(&self.top, name, AtFlags::REMOVEDIR) {
            // What was not listed is met in the next round.
            Ok(()) | Err(Errno::NOTEMPTY) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn move_up(&mut self, folder: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        // Only a folder that may be written to can be moved.
        drop(open(folder, name)?);
        // A name that the provider took leads to the next one.
        for _ in 0..1000 {
            self.moved += 1;
            let place = format!(".moved-{}", self.moved);
            if renameat(folder, name, &self.top, place).is_ok() {
                return Ok(());
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn in_time(&self) -> io::Result<()> {
        match Instant::now() < self.end {
            true => Ok(()),
            false => Err(io::ErrorKind::TimedOut.into()),
        }
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

/// Opens a folder, whatever its mode was: the provider may have taken its own rights to it away.
fn open<P: rustix::path::Arg>(folder: impl AsFd, name: P) -> io::Result<OwnedFd> {
    let is_folder = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let found = openat(folder, name, OFlags::PATH | is_folder, Mode::empty())?;
    // A descriptor without rights has none to change the mode either; its place in /proc has, and is no link elsewhere.
    let place = format!("/proc/self/fd/{}", found.as_raw_fd());
    let _ = chmod(place, Mode::RWXU);
    Ok(openat(
        found,
        c".",
        OFlags::RDONLY | is_folder,
        Mode::empty(),
    )?)
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
        let removal = small.spawn(move || remove(own.path(), LIMIT)).unwrap();
        removal.join().unwrap().unwrap();
        assert!(!path.exists());
        assert!(kept.exists());
    }

    #[test]
    fn a_folder_goes_whatever_rights_to_it_were_taken_away() {
        let own = OwnFolder::create().unwrap();
        let path = own.path().to_path_buf();
        fs::create_dir_all(path.join("a/in")).unwrap();
        fs::create_dir(path.join("b")).unwrap();
        for file in ["a/file", "a/in/file", "b/file"] {
            fs::write(path.join(file), "text").unwrap();
        }
        for (folder, mode) in [("a/in", 0), ("a", 0o500), ("b", 0)] {
            fs::set_permissions(path.join(folder), Permissions::from_mode(mode)).unwrap();
        }
        drop(own);
        let end = Instant::now() + LIMIT;
        while path.exists() {
            assert!(Instant::now() < end, "it stays");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
