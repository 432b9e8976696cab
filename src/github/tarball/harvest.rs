//! Collects the files of an archive that a scan reads.

use super::{ArchiveError, failed};
use crate::model::Tree;
use std::collections::BTreeSet;
use std::io::Read;
use tar::{Entry, EntryType};

/// The largest file that is kept, in bytes; of a larger one only the name is.
const MAX_FILE: u64 = 4 * 1024 * 1024;
/// How many bytes are kept of files that a scan needs: states of this size may be in the repository.
const MAX_CODE: u64 = 32 * 1024 * 1024;
/// How many bytes are kept of other files that code may refer to: beyond, the largest of these are left out.
const MAX_NAMED: u64 = 16 * 1024 * 1024;
/// The most memory that all files take, in bytes.
pub const MAX_TOTAL: u64 = MAX_CODE + MAX_NAMED;
/// How many bytes of an archive's header hold the target of a symbolic link.
const LINK_FIELD: usize = 100;
/// How many bytes a file takes beside its path and its content.
const FILE_OVERHEAD: u64 = 128;

/// The files that are kept so far.
#[derive(Default)]
pub(super) struct ArchiveFiles {
    pub tree: Tree,
    /// How many bytes are taken by files that are never left out.
    code: u64,
    /// How many bytes the other files take.
    named: u64,
    /// The other files, by their size.
    by_cost: BTreeSet<(u64, String)>,
}

impl ArchiveFiles {
    /// Keeps an entry's content, if a scan reads it.
    pub(super) fn add(
        &mut self,
        path: String,
        entry: &mut Entry<'_, impl Read>,
    ) -> Result<(), ArchiveError> {
        match entry.header().entry_type() {
            EntryType::Symlink | EntryType::Link => {
                self.replace(&path);
                match link_target(entry) {
                    Some(target) => self.tree.add_link(path.clone(), &target),
                    None => drop(self.tree.links.insert(path.clone(), None)),
                }
                self.take_code(cost_of_link(&path, self.tree.links.get(&path)))
            }
            EntryType::Regular if Tree::is_read(&path) => self.add_file(path, entry),
            _ => Ok(()),
        }
    }

    fn add_file(
        &mut self,
        path: String,
        entry: &mut Entry<'_, impl Read>,
    ) -> Result<(), ArchiveError> {
        self.replace(&path);
        let size = entry.size();
        if Tree::is_only_named(&path) {
            if size > MAX_FILE || !self.take_named(&path, cost_of(&path, size)) {
                return Ok(());
            }
        } else if size > MAX_FILE && !path.ends_with(".tfstate") {
            self.take_code(cost_of(&path, 0))?;
            self.tree.too_large.insert(path, size);
            return Ok(());
        } else {
            self.take_code(cost_of(&path, size))?;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        entry.read_to_end(&mut bytes).map_err(failed)?;
        self.tree.files.insert(path, bytes.into());
        Ok(())
    }

    /// Counts a file that is never left out.
    fn take_code(&mut self, cost: u64) -> Result<(), ArchiveError> {
        self.code = self.code.saturating_add(cost);
        if self.code > MAX_CODE {
            return Err(ArchiveError::TooLarge(format!(
                "the repository holds more than {} MiB of Terraform code, values and states: split it, or take out what \
                 is generated",
                MAX_CODE >> 20
            )));
        }
        Ok(())
    }

    /// Counts a file that may be left out. Returns false where it is the one to leave out.
    fn take_named(&mut self, path: &str, cost: u64) -> bool {
        self.named += cost;
        self.by_cost.insert((cost, path.to_owned()));
        let mut kept = true;
        while self.named > MAX_NAMED
            && let Some((cost, largest)) = self.by_cost.pop_last()
        {
            self.named -= cost;
            self.tree.files.remove(&largest);
            kept &= largest != path;
        }
        kept
    }

    /// Removes an earlier entry of this path: the last one counts.
    fn replace(&mut self, path: &str) {
        if let Some(bytes) = self.tree.files.remove(path) {
            let cost = cost_of(path, bytes.len() as u64);
            if self.by_cost.remove(&(cost, path.to_owned())) {
                self.named -= cost;
            } else {
                self.code -= cost;
            }
        }
        if let Some(target) = self.tree.links.remove(path) {
            self.code -= cost_of_link(path, Some(&target));
        }
        if self.tree.too_large.remove(path).is_some() {
            self.code -= cost_of(path, 0);
        }
    }
}

/// Returns the memory that the files of a tree take.
pub fn cost(tree: &Tree) -> u64 {
    let files = tree.files.iter();
    let files = files.map(|(path, bytes)| cost_of(path, bytes.len() as u64));
    let large = tree.too_large.keys().map(|path| cost_of(path, 0));
    let links = tree.links.iter();
    let links = links.map(|(path, target)| cost_of_link(path, Some(target)));
    files.chain(large).chain(links).sum()
}

/// Returns the target of a symbolic link as it is written; `None` for a hard link, and where the archive may have cut the
/// target off.
fn link_target(entry: &Entry<'_, impl Read>) -> Option<String> {
    let header = entry.header();
    let name = header.link_name_bytes()?;
    let is_complete = name.len() < LINK_FIELD && header.entry_type() == EntryType::Symlink;
    is_complete.then(|| String::from_utf8(name.into_owned()).ok())?
}

/// Returns the memory that a symbolic link takes.
fn cost_of_link(path: &str, target: Option<&Option<String>>) -> u64 {
    let target = target.and_then(Option::as_ref);
    cost_of(path, target.map_or(0, |target| target.len() as u64))
}

/// Returns the memory that a file takes.
fn cost_of(path: &str, size: u64) -> u64 {
    size.saturating_add(path.len() as u64)
        .saturating_add(FILE_OVERHEAD)
}
