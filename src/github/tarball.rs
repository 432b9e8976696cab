//! Unpacks a commit's archive while it is downloaded, and keeps only what a scan reads. The content comes from anyone
//! who may push.

mod harvest;
mod meter;

use crate::model::Tree;
use harvest::ArchiveFiles;
pub use harvest::{MAX_TOTAL, cost};
use meter::UnpackLimiter;
use std::io::{self, Read};
use tar::{Archive, Entry, EntryType};

/// How many entries an archive may have.
const MAX_ENTRIES: usize = 200_000;
/// The longest path that is kept.
const MAX_PATH: usize = 1024;
/// The longest name in an entry of its own, as the GNU and POSIX formats write long names. An entry with a longer name
/// is skipped.
const MAX_NAME: u64 = 16 * 1024;

/// An archive that cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The archive breaks off, or is none.
    #[error("the archive is damaged: {0}")]
    Damaged(#[source] io::Error),
    /// The archive is larger than a scan accepts. The text names the remedy.
    #[error("{0}")]
    TooLarge(String),
}

/// How the files of an archive are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// In an outermost folder, which is left out: GitHub adds one.
    InFolder,
    /// As they are.
    Plain,
}

/// Unpacks an archive (tar, gzip), without the outermost folder that GitHub adds.
///
/// # Errors
/// When it is not an archive, or a bomb.
pub fn unpack(archive: impl Read) -> Result<Tree, ArchiveError> {
    unpack_as(archive, Layout::InFolder)
}

/// Unpacks an archive (tar, gzip) of this layout.
///
/// # Errors
/// When it is not an archive, or a bomb.
pub fn unpack_as(archive: impl Read, layout: Layout) -> Result<Tree, ArchiveError> {
    let mut archive = Archive::new(UnpackLimiter::new(archive));
    let mut harvest = ArchiveFiles::default();
    let mut name = EntryName::Own;
    let mut count = 0;
    // Raw: otherwise long names are read whole, however long they are.
    for entry in archive.entries().map_err(failed)?.raw(true) {
        let mut entry = entry.map_err(failed)?;
        count += 1;
        if count > MAX_ENTRIES {
            return Err(ArchiveError::TooLarge(format!(
                "the repository holds more than {MAX_ENTRIES} files: split it, or keep the Terraform code in one of its own"
            )));
        }
        match entry.header().entry_type() {
            EntryType::GNULongName => name = long_name(&mut entry)?,
            EntryType::XHeader => name = extended_name(&mut entry)?,
            // They say nothing of the path of the entry that follows.
            EntryType::GNULongLink | EntryType::XGlobalHeader => {}
            _ => {
                let path = std::mem::replace(&mut name, EntryName::Own).path(&entry, layout);
                if let Some(path) = path {
                    harvest.add(path, &mut entry)?;
                }
            }
        }
    }
    Ok(harvest.tree)
}

/// The name of an entry.
enum EntryName {
    /// The name in the entry's own header.
    Own,
    /// The name in the entry before it.
    Given(Vec<u8>),
    /// A name longer than any path that is kept.
    TooLong,
}

impl EntryName {
    /// Returns the path in the archive; `None` where it leads out of it.
    fn path<R: Read>(self, entry: &Entry<'_, R>, layout: Layout) -> Option<String> {
        let bytes = match self {
            Self::Own => entry.path_bytes().into_owned(),
            Self::Given(bytes) => bytes,
            Self::TooLong => return None,
        };
        let path = std::str::from_utf8(&bytes).ok()?;
        match layout {
            Layout::InFolder => inside(path.split_once('/')?.1),
            Layout::Plain => inside(path.strip_prefix("./").unwrap_or(path)),
        }
    }
}

/// Parses the name in a GNU long-name entry.
fn long_name<R: Read>(entry: &mut Entry<'_, R>) -> Result<EntryName, ArchiveError> {
    let Some(mut bytes) = short(entry)? else {
        return Ok(EntryName::TooLong);
    };
    bytes.truncate(
        bytes
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(bytes.len()),
    );
    Ok(EntryName::Given(bytes))
}

/// Parses the path in a POSIX extended header, such as `30 path=folder/file
/// `.
fn extended_name<R: Read>(entry: &mut Entry<'_, R>) -> Result<EntryName, ArchiveError> {
    let Some(bytes) = short(entry)? else {
        return Ok(EntryName::TooLong);
    };
    let records = tar::PaxExtensions::new(&bytes);
    let mut paths = records
        .flatten()
        .filter(|record| record.key_bytes() == b"path");
    Ok(paths.next().map_or(EntryName::Own, |path| {
        EntryName::Given(path.value_bytes().to_owned())
    }))
}

/// Reads an entry's content; `None` where it is too long for a name.
fn short<R: Read>(entry: &mut Entry<'_, R>) -> Result<Option<Vec<u8>>, ArchiveError> {
    if entry.size() > MAX_NAME {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

/// Returns a path that leads nowhere but into the archive.
fn inside(path: &str) -> Option<String> {
    let good = !path.is_empty() && path.len() <= MAX_PATH;
    good.then(|| Tree::join("", path))
        .flatten()
        .filter(|joined| joined == path)
}

/// Converts an error of the reader, which also carries our own limits.
fn failed(error: io::Error) -> ArchiveError {
    match error.downcast::<ArchiveError>() {
        Ok(limit) => limit,
        Err(error) => ArchiveError::Damaged(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
