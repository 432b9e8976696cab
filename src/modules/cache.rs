//! Caches fetched packages by commit, within a number of bytes that the installations share.

use crate::model::{InstallationId, RepositoryName, Tree};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// How many bytes of packages are kept.
const MAX_BYTES: u64 = 64 << 20;

/// Identifies a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PackageKey {
    /// The only installation that may read it; `None` for public packages.
    pub only: Option<InstallationId>,
    /// The repository.
    pub repository: RepositoryName,
    /// The commit.
    pub commit: String,
}

/// The cached packages of the process.
#[derive(Default)]
pub(super) struct PackageCache(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    packages: BTreeMap<PackageKey, Entry>,
    bytes: u64,
    /// Counts accesses.
    turn: u64,
}

struct Entry {
    tree: Arc<Tree>,
    bytes: u64,
    /// The installation that fetched it.
    by: InstallationId,
    /// The last access.
    used: u64,
}

impl PackageCache {
    /// Returns a cached package.
    pub(super) fn get(&self, key: &PackageKey) -> Option<Arc<Tree>> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.turn += 1;
        let turn = inner.turn;
        let entry = inner.packages.get_mut(key)?;
        entry.used = turn;
        Some(entry.tree.clone())
    }

    /// Caches a package of so many bytes. Where there is no room, the least recently used package of the installation
    /// with the most bytes is evicted.
    pub(super) fn insert(&self, key: PackageKey, by: InstallationId, tree: Arc<Tree>, bytes: u64) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.turn += 1;
        let used = inner.turn;
        let entry = Entry {
            tree,
            bytes,
            by,
            used,
        };
        inner.bytes += bytes;
        if let Some(former) = inner.packages.insert(key, entry) {
            inner.bytes -= former.bytes;
        }
        while inner.bytes > MAX_BYTES && inner.evict() {}
    }
}

impl Inner {
    fn evict(&mut self) -> bool {
        let mut shares: HashMap<InstallationId, u64> = HashMap::new();
        for entry in self.packages.values() {
            *shares.entry(entry.by).or_default() += entry.bytes;
        }
        let largest = shares.iter().max_by_key(|(by, bytes)| (**bytes, by.0));
        let Some(largest) = largest.map(|(by, _)| *by) else {
            return false;
        };
        let own = self
            .packages
            .iter()
            .filter(|(_, entry)| entry.by == largest);
        let oldest = own.min_by_key(|(_, entry)| entry.used);
        let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
            return false;
        };
        if let Some(gone) = self.packages.remove(&oldest) {
            self.bytes -= gone.bytes;
        }
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn key(only: Option<u64>, commit: &str) -> PackageKey {
        PackageKey {
            only: only.map(InstallationId),
            repository: RepositoryName::new("acme/net").unwrap(),
            commit: commit.to_owned(),
        }
    }

    #[test]
    fn an_installation_that_fetches_much_displaces_its_own_packages() {
        let cache = PackageCache::default();
        let keep = |by: u64, commit: &str, bytes| {
            cache.insert(key(None, commit), InstallationId(by), Arc::default(), bytes);
        };
        let has = |commit: &str| cache.get(&key(None, commit)).is_some();
        keep(1, "small", MAX_BYTES / 8);
        for commit in ["a", "b", "c", "d", "e"] {
            keep(2, commit, MAX_BYTES / 4);
            assert!(has("small") && has(commit), "{commit}");
        }
        assert!(!has("a") && !has("b") && has("c"));
        keep(3, "huge", MAX_BYTES + 1);
        assert!(!has("huge") && has("small"));
    }

    #[test]
    fn what_is_private_is_kept_for_its_installation_alone() {
        let cache = PackageCache::default();
        let private = key(Some(1), "a");
        cache.insert(private.clone(), InstallationId(1), Arc::default(), 1);
        assert!(cache.get(&private).is_some());
        for other in [key(None, "a"), key(Some(2), "a")] {
            assert!(cache.get(&other).is_none());
        }
    }
}
