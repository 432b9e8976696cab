//! Acts as people who work on code: changes the same state as requests do, and sends the same events.

use super::GitHub;
use super::git::{Commit, EXECUTABLE, FILE, Files, LINK, Objects, Oid, Signature};
use super::world::{Installation, Merge, Repository, now};
use std::collections::BTreeMap;

/// A file as a person commits it.
#[derive(Debug, Clone)]
pub enum Content {
    /// A file.
    File(Vec<u8>),
    /// An executable file.
    Executable(Vec<u8>),
    /// A symbolic link to this path.
    Link(String),
    /// A deleted file.
    Gone,
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::File(text.as_bytes().to_vec())
    }
}

impl GitHub {
    /// Creates an account's repository with an empty history, administered by alice, and returns its id.
    pub fn create_repository(&self, name: &str, private: bool) -> u64 {
        let mut world = self.world();
        let id = world.fresh_id();
        let (owner, name) = name.split_once('/').unwrap_or(("acme", name));
        let repository = Repository {
            id,
            owner: owner.into(),
            name: name.into(),
            private,
            default_branch: "main".into(),
            created: now(),
            pushed: now(),
            objects: Objects::default(),
            refs: BTreeMap::new(),
            issues: BTreeMap::new(),
            comments: BTreeMap::new(),
            labels: BTreeMap::new(),
            checks: BTreeMap::new(),
            people: BTreeMap::from([("alice".to_owned(), "admin".to_owned())]),
            code_scanning: true,
            analyses: Vec::new(),
        };
        world.repositories.insert(id, repository);
        id
    }

    /// Installs the App on all repositories of an account, and returns the installation's id.
    pub async fn install(&self, account: &str) -> u64 {
        let id = {
            let mut world = self.world();
            let id = world.fresh_id();
            let installation = Installation {
                id,
                account: account.into(),
                permissions: world.app.permissions.clone(),
                selected: None,
                suspended: false,
                refused: false,
                created: now(),
                used: (0, now()),
                created_content: Vec::new(),
            };
            world.installations.insert(id, installation);
            let repositories = world
                .repositories
                .values()
                .filter(|found| found.owner == account);
            let repositories: Vec<_> = repositories
                .map(super::world::World::name_repository)
                .collect();
            let shown = world
                .installations
                .get(&id)
                .map(|found| world.show_installation(found));
            let sender = world.show_user("alice");
            let payload = serde_json::json!({
                "action": "created", "installation": shown, "repositories": repositories, "sender": sender,
            });
            world.notify_app("installation", id, None, &payload);
            id
        };
        self.shared.deliver().await;
        id
    }

    /// Disables code scanning, as where nobody pays for it.
    pub fn disable_code_scanning(&self, repository: &str) {
        let mut world = self.world();
        let (owner, name) = repository.split_once('/').unwrap_or_default();
        let target = world.repository(owner, name).map(|found| found.id);
        if let Some(found) = target.and_then(|id| world.repositories.get_mut(&id)) {
            found.code_scanning = false;
        }
    }

    /// Removes a permission from an installation, as if its account had not accepted it.
    pub fn withhold(&self, installation: u64, permission: &str) {
        if let Some(found) = self.world().installations.get_mut(&installation) {
            found.permissions.remove(permission);
        }
    }

    /// Refuses tokens to an installation from now on, without a reason.
    pub fn refuse_tokens(&self, installation: u64) {
        if let Some(found) = self.world().installations.get_mut(&installation) {
            found.refused = true;
        }
    }

    /// Commits files to a branch and pushes it; a new branch starts at the default branch. Returns the commit's id.
    pub async fn push(
        &self,
        repository: &str,
        branch: &str,
        author: &str,
        files: &[(&str, Content)],
    ) -> Oid {
        let id = {
            let mut world = self.world();
            let (owner, name) = repository.split_once('/').unwrap_or_default();
            let target = world
                .repository(owner, name)
                .map(|found| found.id)
                .unwrap_or_default();
            let Some(found) = world.repositories.get_mut(&target) else {
                return Oid::zero();
            };
            let tip = found
                .branch(branch)
                .or_else(|| found.branch(&found.default_branch))
                .cloned();
            let mut all = tip
                .as_ref()
                .map(|tip| found.objects.files(tip))
                .unwrap_or_default();
            write(&mut found.objects, &mut all, files);
            let tree = found.objects.put_files(&all);
            let who = Signature::of(author);
            let commit = Commit {
                tree,
                parents: tip.into_iter().collect(),
                author: who.clone(),
                committer: who,
                message: format!(
                    "Change {}",
                    files.first().map_or("nothing", |(path, _)| path)
                ),
                verified: false,
            };
            let id = found.objects.put_commit(commit);
            world.set_ref(
                target,
                &format!("refs/heads/{branch}"),
                Some(id.clone()),
                author,
            );
            id
        };
        self.shared.deliver().await;
        id
    }

    /// Closes a pull request without merging it.
    pub async fn close(&self, repository: &str, number: u64, person: &str) {
        {
            let mut world = self.world();
            let (owner, name) = repository.split_once('/').unwrap_or_default();
            if let Some(target) = world.repository(owner, name).map(|found| found.id) {
                world.close(target, number, person);
            }
        }
        self.shared.deliver().await;
    }

    /// Merges a pull request.
    pub async fn merge(&self, repository: &str, number: u64, person: &str) {
        {
            let mut world = self.world();
            let (owner, name) = repository.split_once('/').unwrap_or_default();
            let Some(target) = world.repository(owner, name).map(|found| found.id) else {
                return;
            };
            let Some(found) = world.repositories.get_mut(&target) else {
                return;
            };
            let Some(mut pull) = found
                .issues
                .get(&number)
                .and_then(|issue| issue.pull.clone())
            else {
                return;
            };
            let (base, tip) = (found.branch(&pull.base.0).cloned(), pull.head.1.clone());
            let Some(base) = base else {
                return;
            };
            let tree = merged_tree(&mut found.objects, &base, &tip);
            let who = Signature::of(person);
            let commit = found.objects.put_commit(Commit {
                tree,
                parents: vec![base, tip],
                author: who.clone(),
                committer: who,
                message: format!("Merge pull request #{number}"),
                verified: true,
            });
            pull.merged = Some(Merge {
                by: person.into(),
                at: now(),
                commit: commit.clone(),
            });
            let branch = pull.base.0.clone();
            if let Some(issue) = found.issues.get_mut(&number) {
                issue.pull = Some(pull);
            }
            world.close(target, number, person);
            world.set_ref(
                target,
                &format!("refs/heads/{branch}"),
                Some(commit),
                person,
            );
        }
        self.shared.deliver().await;
    }
}

fn write(objects: &mut Objects, all: &mut Files, files: &[(&str, Content)]) {
    for (path, content) in files {
        let file = match content {
            Content::File(bytes) => (FILE.to_owned(), objects.put_blob(bytes.clone())),
            Content::Executable(bytes) => (EXECUTABLE.to_owned(), objects.put_blob(bytes.clone())),
            Content::Link(to) => (LINK.to_owned(), objects.put_blob(to.clone())),
            Content::Gone => {
                all.remove(*path);
                continue;
            }
        };
        all.insert((*path).to_owned(), file);
    }
}

/// Merges two trees without conflicts: where both changed a file, the merged branch wins.
fn merged_tree(objects: &mut Objects, base: &Oid, tip: &Oid) -> Oid {
    let fork = objects.merge_base(base, tip);
    let before = fork.map(|fork| objects.files(&fork)).unwrap_or_default();
    let mut all = objects.files(base);
    let theirs = objects.files(tip);
    for (path, file) in &theirs {
        if before.get(path) != Some(file) {
            all.insert(path.clone(), file.clone());
        }
    }
    all.retain(|path, _| theirs.contains_key(path) || !before.contains_key(path));
    objects.put_files(&all)
}
