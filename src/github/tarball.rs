//! A commit's archive, unpacked as it arrives: only what a scan reads is ever held. What it holds comes from anyone who
//! may push.

mod harvest;
mod meter;

use crate::model::Tree;
use harvest::Harvest;
pub use harvest::{LARGEST, cost};
use meter::Meter;
use std::io::{self, Read};
use tar::{Archive, Entry, EntryType};

/// How many entries there may be.
const MOST: usize = 200_000;
/// The longest path that is kept.
const LONGEST_PATH: usize = 1024;
/// The longest name that stands before an entry, as a part of its own: longer ones are passed over with the entry.
const LONGEST_NAME: u64 = 16 * 1024;

/// Why an archive cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It broke off, or is none.
    #[error("the archive is damaged: {0}")]
    Damaged(#[source] io::Error),
    /// It is larger than a scan takes. The text says what to do.
    #[error("{0}")]
    TooLarge(String),
}

/// The files of an archive (tar, gzip), below the one folder that GitHub puts around them.
///
/// # Errors
/// When it is no archive, or a bomb.
pub fn unpack(archive: impl Read) -> Result<Tree, ArchiveError> {
    let mut archive = Archive::new(Meter::new(archive));
    let mut harvest = Harvest::default();
    let mut name = Name::Own;
    let mut count = 0;
    // Raw: otherwise long names are read whole, however long they are.
    for entry in archive.entries().map_err(failed)?.raw(true) {
        let mut entry = entry.map_err(failed)?;
        count += 1;
        if count > MOST {
            return Err(ArchiveError::TooLarge(format!(
                "the repository holds more than {MOST} files: split it, or keep the Terraform code in one of its own"
            )));
        }
        match entry.header().entry_type() {
            EntryType::GNULongName => name = long_name(&mut entry)?,
            EntryType::XHeader => name = extended_name(&mut entry)?,
            // They say nothing of the path of the entry that follows.
            EntryType::GNULongLink | EntryType::XGlobalHeader => {}
            _ => {
                let path = std::mem::replace(&mut name, Name::Own).path(&entry);
                if let Some(path) = path {
                    harvest.add(path, &mut entry)?;
                }
            }
        }
    }
    Ok(harvest.tree)
}

/// How an entry is called.
enum Name {
    /// As its own header says.
    Own,
    /// As the entry before it says.
    Given(Vec<u8>),
    /// In a way that is longer than any path.
    TooLong,
}

impl Name {
    /// The path below the outermost folder: none where it leads anywhere else.
    fn path<R: Read>(self, entry: &Entry<'_, R>) -> Option<String> {
        let bytes = match self {
            Self::Own => entry.path_bytes().into_owned(),
            Self::Given(bytes) => bytes,
            Self::TooLong => return None,
        };
        inside(std::str::from_utf8(&bytes).ok()?)
    }
}

/// The name in an entry of GNU's form.
fn long_name<R: Read>(entry: &mut Entry<'_, R>) -> Result<Name, ArchiveError> {
    let Some(mut bytes) = short(entry)? else {
        return Ok(Name::TooLong);
    };
    bytes.truncate(
        bytes
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(bytes.len()),
    );
    Ok(Name::Given(bytes))
}

/// The path among the records of an entry of the POSIX form, such as `30 path=folder/file\n`.
fn extended_name<R: Read>(entry: &mut Entry<'_, R>) -> Result<Name, ArchiveError> {
    let Some(bytes) = short(entry)? else {
        return Ok(Name::TooLong);
    };
    let records = tar::PaxExtensions::new(&bytes);
    let mut paths = records.flatten().filter(|one| one.key_bytes() == b"path");
    Ok(paths
        .next()
        .map_or(Name::Own, |path| Name::Given(path.value_bytes().to_owned())))
}

/// What an entry holds: none where that is too much for a name.
fn short<R: Read>(entry: &mut Entry<'_, R>) -> Result<Option<Vec<u8>>, ArchiveError> {
    if entry.size() > LONGEST_NAME {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

/// The path below the outermost folder: none where it leads anywhere else.
fn inside(path: &str) -> Option<String> {
    let (_, path) = path.split_once('/')?;
    let good = !path.is_empty() && path.len() <= LONGEST_PATH;
    good.then(|| Tree::join("", path))
        .flatten()
        .filter(|joined| joined == path)
}

/// What reading an archive failed with: a limit of ours comes through the reader as well.
fn failed(error: io::Error) -> ArchiveError {
    match error.downcast::<ArchiveError>() {
        Ok(limit) => limit,
        Err(error) => ArchiveError::Damaged(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
