//! Acts as people beside code: comments, ticks boxes, changes permissions, moves and publishes repositories.

use super::GitHub;
use super::pulls::notify_app;
use super::world::{Pull, World, now};
use serde_json::{Value, json};

impl GitHub {
    /// Sets a person's permission in a repository: `admin`, `write`, `read`; `none` removes it.
    pub fn permit(&self, repository: &str, person: &str, level: &str) {
        self.change(repository, |world, target| {
            let found = world.repositories.get_mut(&target)?;
            match level {
                "none" => found.people.remove(person),
                level => found.people.insert(person.into(), level.into()),
            }
        });
    }

    /// Comments on an issue or pull request, and returns the comment's id.
    pub async fn comment(&self, repository: &str, issue: u64, person: &str, body: &str) -> u64 {
        let id = self.change(repository, |world, target| {
            Some(world.comment(target, issue, person, body.to_owned()))
        });
        self.shared.deliver().await;
        id.unwrap_or_default()
    }

    /// Edits a comment.
    pub async fn edit_comment(&self, repository: &str, comment: u64, person: &str, body: &str) {
        self.change(repository, |world, target| {
            world.edit_comment(target, comment, person, body.to_owned())
        });
        self.shared.deliver().await;
    }

    /// Edits the body of an issue or pull request, as ticking a box does.
    pub async fn edit_body(
        &self,
        repository: &str,
        number: u64,
        person: &str,
        edit: impl FnOnce(&str) -> String,
    ) {
        self.change(repository, |world, target| {
            let issue = world
                .repositories
                .get_mut(&target)?
                .issues
                .get_mut(&number)?;
            issue.body = Some(edit(issue.body.as_deref().unwrap_or_default()));
            issue.updated = now();
            notify_app(world, target, number, "edited", person);
            Some(())
        });
        self.shared.deliver().await;
    }

    /// Opens a pull request from a branch to the default one, and returns its number.
    pub async fn open(&self, repository: &str, branch: &str, person: &str, title: &str) -> u64 {
        let number = self.change(repository, |world, target| {
            let found = world.repositories.get(&target)?;
            let head = (branch.to_owned(), found.branch(branch)?.clone());
            let base = found.default_branch.clone();
            let base = (base.clone(), found.branch(&base)?.clone());
            let pull = Pull {
                head,
                base,
                draft: false,
                merged: None,
                asked: Default::default(),
            };
            world.open_issue(target, person, (title.into(), None), Some(pull))
        });
        self.shared.deliver().await;
        number.unwrap_or_default()
    }

    /// Reopens an issue or pull request.
    pub async fn reopen(&self, repository: &str, number: u64, person: &str) {
        self.change(repository, |world, target| {
            let issue = world
                .repositories
                .get_mut(&target)?
                .issues
                .get_mut(&number)?;
            issue.open = true;
            issue.closed = None;
            issue.closed_by = None;
            notify_app(world, target, number, "reopened", person);
            Some(())
        });
        self.shared.deliver().await;
    }

    /// Moves the time at which an issue or pull request was closed into the past.
    pub fn closed_earlier(&self, repository: &str, number: u64, by: std::time::Duration) {
        self.change(repository, |world, target| {
            let found = world.repositories.get_mut(&target)?;
            let issue = found.issues.get_mut(&number)?;
            issue.closed = issue.closed.and_then(|closed| closed.checked_sub(by).ok());
            Some(())
        });
    }

    /// Clicks "Re-run" on the newest check run of this name.
    pub async fn rerun(&self, repository: &str, check: &str, person: &str) {
        self.change(repository, |world, target| {
            let found = world.repositories.get(&target)?;
            let run = found.checks.values().rev().find(|run| run.name == check)?;
            let payload = json!({"action": "rerequested", "check_run": {
                "id": run.id, "name": run.name, "head_sha": run.head, "pull_requests": pulls_of(found, &run.head),
            }});
            world.emit(target, "check_run", person, payload);
            Some(())
        });
        self.shared.deliver().await;
    }

    /// Renames a repository.
    pub async fn rename(&self, repository: &str, name: &str, person: &str) {
        self.change(repository, |world, target| {
            let found = world.repositories.get_mut(&target)?;
            let before = std::mem::replace(&mut found.name, name.into());
            let payload =
                json!({"action": "renamed", "changes": {"repository": {"name": {"from": before}}}});
            world.emit(target, "repository", person, payload);
            Some(())
        });
        self.shared.deliver().await;
    }

    /// Makes a repository public or private.
    pub async fn publish(&self, repository: &str, public: bool, person: &str) {
        self.change(repository, |world, target| {
            world.repositories.get_mut(&target)?.private = !public;
            let action = if public { "publicized" } else { "privatized" };
            world.emit(target, "repository", person, json!({"action": action}));
            Some(())
        });
        self.shared.deliver().await;
    }

    /// Suspends or unsuspends an installation.
    pub async fn suspend(&self, installation: u64, suspended: bool) {
        let action = if suspended { "suspend" } else { "unsuspend" };
        {
            let mut world = self.world();
            if let Some(found) = world.installations.get_mut(&installation) {
                found.suspended = suspended;
            }
            let payload = about_installation(&world, installation, action);
            world.notify_app("installation", installation, None, &payload);
        }
        self.shared.deliver().await;
    }

    /// Uninstalls the App from an account.
    pub async fn uninstall(&self, installation: u64) {
        {
            let mut world = self.world();
            let payload = about_installation(&world, installation, "deleted");
            world.notify_app("installation", installation, None, &payload);
            world.installations.remove(&installation);
        }
        self.shared.deliver().await;
    }

    pub(super) fn change<T>(
        &self,
        repository: &str,
        change: impl FnOnce(&mut World, u64) -> Option<T>,
    ) -> Option<T> {
        let mut world = self.world();
        let (owner, name) = repository.split_once('/')?;
        let target = world.repository(owner, name)?.id;
        change(&mut world, target)
    }
}

/// Returns the pull requests whose head is this commit.
fn pulls_of(found: &super::world::Repository, head: &super::git::Oid) -> Vec<Value> {
    let open = found.pulls().filter(|(issue, _)| issue.open);
    open.filter(|(_, pull)| pull.head.1 == *head)
        .map(|(issue, _)| json!({"id": issue.id, "number": issue.number}))
        .collect()
}

fn about_installation(world: &World, installation: u64, action: &str) -> Value {
    let shown = world.installations.get(&installation);
    let shown = shown.map(|found| world.show_installation(found));
    json!({"action": action, "installation": shown, "sender": world.show_user("alice")})
}
