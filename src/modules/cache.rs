//! Packages that were fetched, by commit: as many as a number of bytes, shared by the installations.

use crate::model::{InstallationId, RepositoryName, Tree};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// How many bytes of packages are kept.
const MOST: u64 = 64 << 20;

/// Which package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PackageKey {
    /// The installation that alone may read it; none for what is public.
    pub only: Option<InstallationId>,
    /// The repository.
    pub repository: RepositoryName,
    /// The commit.
    pub commit: String,
}

/// The packages of a process.
#[derive(Default)]
pub(super) struct PackageCache(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    packages: BTreeMap<PackageKey, Entry>,
    bytes: u64,
    /// Counts what was asked for.
    turn: u64,
}

struct Entry {
    tree: Arc<Tree>,
    bytes: u64,
    /// Who brought it.
    by: InstallationId,
    /// When it was last asked for.
    used: u64,
}

impl PackageCache {
    /// A package that is kept.
    pub(super) fn get(&self, key: &PackageKey) -> Option<Arc<Tree>> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.turn += 1;
        let turn = inner.turn;
        let entry = inner.packages.get_mut(key)?;
        entry.used = turn;
        Some(entry.tree.clone())
    }

    /// Keeps a package that takes so many bytes, and lets go of others where there is no room: of the installation whose
    /// packages take most, the one that was not asked for longest.
    pub(super) fn keep(&self, key: PackageKey, by: InstallationId, tree: Arc<Tree>, bytes: u64) {
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
        while inner.bytes > MOST && inner.drop_one() {}
    }
}

impl Inner {
    fn drop_one(&mut self) -> bool {
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
            cache.keep(key(None, commit), InstallationId(by), Arc::default(), bytes);
        };
        let has = |commit: &str| cache.get(&key(None, commit)).is_some();
        keep(1, "small", MOST / 8);
        for commit in ["a", "b", "c", "d", "e"] {
            keep(2, commit, MOST / 4);
            assert!(has("small") && has(commit), "{commit}");
        }
        assert!(!has("a") && !has("b") && has("c"));
        keep(3, "huge", MOST + 1);
        assert!(!has("huge") && has("small"));
    }

    #[test]
    fn what_is_private_is_kept_for_its_installation_alone() {
        let cache = PackageCache::default();
        let private = key(Some(1), "a");
        cache.keep(private.clone(), InstallationId(1), Arc::default(), 1);
        assert!(cache.get(&private).is_some());
        for other in [key(None, "a"), key(Some(2), "a")] {
            assert!(cache.get(&other).is_none());
        }
    }
}
