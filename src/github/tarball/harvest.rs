//! What is kept of an archive.

use super::{ArchiveError, failed};
use crate::model::Tree;
use std::collections::BTreeSet;
use std::io::Read;
use tar::{Entry, EntryType};

/// The largest file that is kept; a larger one is only named.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;
/// How much is kept of what a scan cannot do without: states as large as that may lie in the repository.
const CODE: u64 = 32 * 1024 * 1024;
/// How much is kept of what code may name besides: where it is more, the largest of these files are left out.
const NAMED: u64 = 16 * 1024 * 1024;
/// The most memory that all of it takes.
pub const LARGEST: u64 = CODE + NAMED;
/// How many bytes of an archive's header say where a symbolic link leads.
const LONGEST_LINK: usize = 100;
/// What a file takes beside its path and its bytes.
const OVERHEAD: u64 = 128;

/// The files that are kept so far.
#[derive(Default)]
pub(super) struct Harvest {
    pub tree: Tree,
    /// How much the code takes, and what else is never left out.
    code: u64,
    /// How much the other files take.
    named: u64,
    /// The other files, by what they take.
    by_cost: BTreeSet<(u64, String)>,
}

impl Harvest {
    /// Keeps what an entry holds, if a scan reads it.
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
            if size > LARGEST_FILE || !self.take_named(&path, cost_of(&path, size)) {
                return Ok(());
            }
        } else if size > LARGEST_FILE && !path.ends_with(".tfstate") {
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

    /// Counts what is never left out.
    fn take_code(&mut self, cost: u64) -> Result<(), ArchiveError> {
        self.code = self.code.saturating_add(cost);
        if self.code > CODE {
            return Err(ArchiveError::TooLarge(format!(
                "the repository holds more than {} MiB of Terraform code, values and states: split it, or take out what \
                 is generated",
                CODE >> 20
            )));
        }
        Ok(())
    }

    /// Counts what may be left out. False where it is itself what is left out.
    fn take_named(&mut self, path: &str, cost: u64) -> bool {
        self.named += cost;
        self.by_cost.insert((cost, path.to_owned()));
        let mut kept = true;
        while self.named > NAMED
            && let Some((cost, largest)) = self.by_cost.pop_last()
        {
            self.named -= cost;
            self.tree.files.remove(&largest);
            kept &= largest != path;
        }
        kept
    }

    /// Takes out what an earlier entry of this path brought: the last one counts.
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

/// What the files of a tree take in memory.
pub fn cost(tree: &Tree) -> u64 {
    let files = tree.files.iter();
    let files = files.map(|(path, bytes)| cost_of(path, bytes.len() as u64));
    let large = tree.too_large.keys().map(|path| cost_of(path, 0));
    let links = tree.links.iter();
    let links = links.map(|(path, target)| cost_of_link(path, Some(target)));
    files.chain(large).chain(links).sum()
}

/// Where a symbolic link leads, as it says; none for a hard link, and where the archive may have cut it off.
fn link_target(entry: &Entry<'_, impl Read>) -> Option<String> {
    let header = entry.header();
    let name = header.link_name_bytes()?;
    let is_whole = name.len() < LONGEST_LINK && header.entry_type() == EntryType::Symlink;
    is_whole.then(|| String::from_utf8(name.into_owned()).ok())?
}

/// What a symbolic link takes in memory.
fn cost_of_link(path: &str, target: Option<&Option<String>>) -> u64 {
    let target = target.and_then(Option::as_ref);
    cost_of(path, target.map_or(0, |target| target.len() as u64))
}

/// What a file takes in memory.
fn cost_of(path: &str, size: u64) -> u64 {
    size.saturating_add(path.len() as u64)
        .saturating_add(OVERHEAD)
}
