//! Hashes packages of providers as lock files do, each once while it stays as it is.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How hashes of unpacked packages begin in lock files.
pub(super) const FOLDER_HASH: &str = "h1:";
/// How hashes of archives begin there.
pub(super) const ARCHIVE_HASH: &str = "zh:";
/// How much of a file is hashed at once.
const CHUNK: usize = 1 << 20;

/// The hashes of archives and of packages' folders.
#[derive(Debug, Default)]
pub(super) struct Hashes(Mutex<BTreeMap<PathBuf, Known>>);

/// A hash, and the files that it was computed of.
#[derive(Debug, Clone)]
struct Known {
    stamps: Vec<Stamp>,
    hash: String,
}

/// A file: its name, its inode, its size, and when it was changed.
pub(super) type Stamp = (PathBuf, u64, u64, (i64, i64));

impl Hashes {
    /// Returns the hash of an archive, or of a package's folder.
    pub(super) async fn of(&self, path: &Path) -> io::Result<String> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(path).cloned();
        let owned = path.to_owned();
        let found = tokio::task::spawn_blocking(move || hash(&owned, known)).await;
        let found = found.map_err(io::Error::other).flatten()?;
        let hash = found.hash.clone();
        lock().insert(path.to_owned(), found);
        Ok(hash)
    }
}

/// Computes a hash, unless the files are those of which it is known.
fn hash(path: &Path, known: Option<Known>) -> io::Result<Known> {
    let files = files(path)?;
    let stamps: io::Result<Vec<_>> = files.iter().map(|file| stamp(file)).collect();
    let stamps = stamps?;
    if let Some(known) = known.filter(|known| known.stamps == stamps) {
        return Ok(known);
    }
    let hash = match path.is_dir() {
        true => package_hash(path, &files)?,
        false => format!("{ARCHIVE_HASH}{}", file_hash(path)?),
    };
    Ok(Known { stamps, hash })
}

/// Returns what tells a file from any other, and from what it was before.
pub(super) fn stamp(file: &Path) -> io::Result<Stamp> {
    let metadata = fs::metadata(file)?;
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    Ok((file.to_owned(), metadata.ino(), metadata.size(), changed))
}

/// Returns the files in a folder and below it, or the file itself.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut left) = (Vec::new(), vec![path.to_owned()]);
    while let Some(path) = left.pop() {
        if !path.is_dir() {
            files.push(path);
            continue;
        }
        for entry in fs::read_dir(path)? {
            left.push(entry?.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Computes the `h1:` hash of a folder: over the sorted lines of each file's own hash and name.
fn package_hash(folder: &Path, files: &[PathBuf]) -> io::Result<String> {
    let mut lines = Vec::new();
    for file in files {
        let name = file.strip_prefix(folder).unwrap_or(file);
        let name = name.to_string_lossy().into_owned();
        lines.push((name, file_hash(file)?));
    }
    lines.sort();
    let text: String = lines
        .iter()
        .map(|(name, hash)| format!("{hash}  {name}\n"))
        .collect();
    let mut context = Context::new(&SHA256);
    context.update(text.as_bytes());
    Ok(format!(
        "{FOLDER_HASH}{}",
        STANDARD.encode(context.finish())
    ))
}

fn file_hash(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let mut context = Context::new(&SHA256);
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex::encode(context.finish())),
            read => context.update(&chunk[..read]),
        }
    }
}
