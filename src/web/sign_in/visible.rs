//! The repositories that a person may look at.

use crate::github::{Listed, UserRepository};
use crate::model::{RepositoryId, RepositoryName};
use std::collections::HashMap;

/// A repository that a person may look at.
#[derive(Debug)]
struct SeenRepository {
    name: RepositoryName,
    may_write: bool,
}

/// The repositories of an installation that a person may look at.
#[derive(Debug, Default)]
pub(in crate::web) struct VisibleRepositories {
    seen: HashMap<RepositoryId, SeenRepository>,
    /// Whether GitHub lists more than were read.
    pub is_cut: bool,
}

impl VisibleRepositories {
    /// Keeps the repositories that a person may look at.
    pub(super) fn of(listed: Listed<UserRepository>) -> Self {
        let visible = listed.items.into_iter().filter(UserRepository::is_visible);
        let seen = visible.map(|found| {
            let seen = SeenRepository {
                name: found.name,
                may_write: found.may_write,
            };
            (found.id, seen)
        });
        Self {
            seen: seen.collect(),
            is_cut: listed.is_cut,
        }
    }

    /// Returns how many there are.
    pub(super) fn count(&self) -> usize {
        self.seen.len()
    }

    /// Returns the name of a repository; `None` where the person may not look at it.
    pub fn name(&self, id: RepositoryId) -> Option<&RepositoryName> {
        Some(&self.seen.get(&id)?.name)
    }

    /// Returns the repositories that the person could write to when GitHub was asked, by name.
    pub fn writable(&self) -> Vec<(RepositoryId, &RepositoryName)> {
        let writable = self.seen.iter().filter(|(_, seen)| seen.may_write);
        let mut all: Vec<_> = writable.map(|(id, seen)| (*id, &seen.name)).collect();
        all.sort_by_key(|(id, name)| (name.to_string(), id.0));
        all
    }

    /// Returns whether the person could write to a repository when GitHub was asked. Whoever acts asks again.
    pub fn may_write(&self, id: RepositoryId) -> bool {
        self.seen.get(&id).is_some_and(|seen| seen.may_write)
    }

    /// Returns the ids of the repositories whose names hold a text, in capitals or not.
    pub fn ids(&self, part: &str) -> Vec<RepositoryId> {
        let part = part.to_lowercase();
        let fitting = self.seen.iter();
        let fitting = fitting.filter(|(_, seen)| seen.name.to_string().contains(&part));
        fitting.map(|(id, _)| *id).collect()
    }

    /// Returns the id of a repository; `None` where the person may not look at it.
    pub fn id(&self, name: &RepositoryName) -> Option<RepositoryId> {
        let mut found = self.seen.iter().filter(|(_, seen)| seen.name == *name);
        found.next().map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(id: u64, private: bool, may_read: bool, may_write: bool) -> UserRepository {
        UserRepository {
            id: RepositoryId(id),
            name: RepositoryName::new(&format!("acme/r{id}")).unwrap(),
            private,
            may_read,
            may_write,
        }
    }

    #[test]
    fn a_private_repository_wants_a_reader_and_a_public_one_a_writer() {
        let visible = VisibleRepositories::of(Listed {
            items: vec![
                repository(1, true, true, false),
                repository(2, true, false, false),
                repository(3, false, true, false),
                repository(4, false, true, true),
            ],
            is_cut: false,
        });
        let seen = [1, 2, 3, 4].map(|id| visible.name(RepositoryId(id)).is_some());
        assert_eq!(seen, [true, false, false, true]);
        let name = |id| RepositoryName::new(&format!("acme/r{id}")).unwrap();
        assert_eq!(visible.id(&name(4)), Some(RepositoryId(4)));
        assert_eq!(visible.id(&name(3)), None);
        let mut ids = visible.ids("E/R");
        ids.sort();
        assert_eq!(ids, [RepositoryId(1), RepositoryId(4)]);
        assert_eq!(visible.ids("r3"), []);
    }
}
