//! Unpacks the archives of a mirror, each once.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// The most that an archive may hold, in bytes: hashicorp/aws has 700 MB.
const MAX_BYTES: u64 = 4 << 30;

/// Unpacks an archive into a folder of this name below another one, unless it lies there already.
///
/// # Errors
/// When the archive cannot be read, holds too much or a name that leads out of it, or the folder cannot be written.
pub fn unpack(archive: &Path, below: &Path, name: &str) -> io::Result<PathBuf> {
    let folder = below.join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(below)?;
    // Renamed when it is whole: another process may unpack the same archive, and this one may end before.
    let fresh = tempfile::Builder::new().prefix(".new-").tempdir_in(below)?;
    extract(archive, fresh.path())?;
    match fs::rename(fresh.path(), &folder) {
        Ok(()) => {
            // Nothing is left for it to remove.
            let _ = fresh.keep();
            Ok(folder)
        }
        Err(_) if folder.is_dir() => Ok(folder),
        Err(error) => Err(error),
    }
}

fn extract(archive: &Path, folder: &Path) -> io::Result<()> {
    let mut archive = ZipArchive::new(File::open(archive)?).map_err(io::Error::other)?;
    let mut left = MAX_BYTES;
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(io::Error::other)?;
        let name = entry.enclosed_name();
        let name = name.ok_or_else(|| io::Error::other("it holds a name that leads out of it"))?;
        if !entry.is_file() {
            continue;
        }
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = File::create_new(&path)?;
        // The archive's own word on its sizes is not taken.
        let written = io::copy(&mut (&mut entry).take(left + 1), &mut file)?;
        left = left
            .checked_sub(written)
            .ok_or_else(|| io::Error::other("it holds more than 4 GiB"))?;
        // A sandbox may run it as another user.
        let mode = entry.unix_mode().map_or(0o644, |mode| mode & 0o755);
        file.set_permissions(Permissions::from_mode(mode | 0o444))?;
    }
    Ok(())
}
