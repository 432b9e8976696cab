//! Checks the owners of files above the scanned folder: on a shared machine, another user may have put settings there.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The user id of root, who may change everything anyway.
const ROOT: u32 = 0;
/// Whoever is neither the owner nor in the group may write.
const OTHERS_WRITE: u32 = 0o002;
/// In such a folder nobody replaces what is another's, as in `/tmp`.
const STICKY: u32 = 0o1000;

/// The users whose files are trusted.
pub(super) struct TrustedUsers(Vec<u32>);

/// A file or folder that is ignored, since another user controls its content.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UntrustedPath {
    path: PathBuf,
    why: String,
}

impl TrustedUsers {
    /// Trusts the caller, root, and the owner of the folder that the caller named, who could change all of it.
    ///
    /// # Errors
    /// When the folder cannot be looked at.
    pub(super) fn around(folder: &Path) -> io::Result<Self> {
        let mut users = vec![ROOT, fs::metadata(folder)?.uid()];
        // Where there is no /proc, the owner of the folder is the caller as a rule.
        users.extend(fs::metadata("/proc/self").map(|process| process.uid()));
        Ok(Self(users))
    }

    /// Refuses a path that belongs to another user.
    pub(super) fn check_owner(&self, path: &Path) -> Result<(), UntrustedPath> {
        // The link itself: a neighbour may link to what is ours.
        match fs::symlink_metadata(path) {
            Ok(found) => self.check(path, found.uid(), None),
            Err(error) => Err(UntrustedPath::new(path, error.to_string())),
        }
    }

    /// Refuses a path that another user owns, or that everybody may write to.
    pub(super) fn check_owner_and_mode(&self, path: &Path) -> Result<(), UntrustedPath> {
        match fs::symlink_metadata(path) {
            // A link's own mode says nothing.
            Ok(found) if found.is_symlink() => self.check(path, found.uid(), None),
            Ok(found) => self.check(path, found.uid(), Some(found.mode())),
            Err(error) => Err(UntrustedPath::new(path, error.to_string())),
        }
    }

    fn check(&self, path: &Path, owner: u32, mode: Option<u32>) -> Result<(), UntrustedPath> {
        if !self.0.contains(&owner) {
            let why = format!("it belongs to user {owner}, who is neither you nor root");
            return Err(UntrustedPath::new(path, why));
        }
        if mode.is_some_and(|mode| mode & OTHERS_WRITE != 0 && mode & STICKY == 0) {
            let why = format!("it belongs to user {owner}, and everybody may write to it");
            return Err(UntrustedPath::new(path, why));
        }
        Ok(())
    }
}

impl UntrustedPath {
    fn new(path: &Path, why: String) -> Self {
        Self {
            path: path.to_owned(),
            why,
        }
    }
}

impl fmt::Display for UntrustedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ignoring {}: {}, so only the folder itself is scanned: if you trust it, name the repository with --repo DIR, or \
             the settings with --config FILE",
            self.path.display(),
            self.why
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_callers_own_and_roots_files_are_trusted_and_none_that_everybody_writes() {
        let trusted = TrustedUsers(vec![ROOT, 1000]);
        let verdict = |owner, mode| {
            trusted
                .check(Path::new("/x"), owner, mode)
                .map_err(|s| s.why)
        };
        for (owner, mode) in [(1000, 0o40775), (ROOT, 0o41777), (1000, 0o100644)] {
            assert_eq!(verdict(owner, Some(mode)), Ok(()), "{owner} {mode:o}");
        }
        assert!(verdict(1001, Some(0o100644)).unwrap_err().contains("1001"));
        assert!(verdict(1001, None).is_err());
        for mode in [0o100666, 0o40777] {
            let why = verdict(1000, Some(mode)).unwrap_err();
            assert!(why.contains("everybody may write"), "{why}");
        }
    }
}
