//! Serves branches and tags, and the consequences of moving them.

use super::call::{Answer, Call, Outcome, Refusal};
use super::git::Oid;
use super::world::{Repository, World, node, now};
use super::{json, objects, pulls};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most commits that a push event lists.
const MAX_LISTED: usize = 20;

pub(super) fn get(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let name = format!("refs/{}", call.part("ref"));
    let id = found.refs.get(&name).ok_or_else(Refusal::not_found)?;
    Answer::ok(show_ref(call.world, found, &name, id))
}

pub(super) fn matching(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let start = format!("refs/{}", call.part("ref"));
    let all = found
        .refs
        .iter()
        .filter(|(name, _)| name.starts_with(&start));
    Answer::list(all.map(|(name, id)| show_ref(call.world, found, name, id)))
}

pub(super) fn create(call: &mut Call) -> Outcome {
    let name = call.text("ref").unwrap_or_default().to_owned();
    let good = name.starts_with("refs/") && name.matches('/').count() >= 2 && is_ref_name(&name);
    if !good {
        return Err(Refusal::unprocessable("Reference name is not well-formed"));
    }
    let id = target(call)?;
    let found = call.repository()?;
    if found.refs.contains_key(&name) {
        return Err(Refusal::unprocessable("Reference already exists"));
    }
    // A branch is a file for git: `a` and `a/b` cannot both be.
    let below = |known: &String| {
        known.starts_with(&format!("{name}/")) || name.starts_with(&format!("{known}/"))
    };
    if found.refs.keys().any(below) {
        return Err(Refusal::unprocessable("Reference cannot be created"));
    }
    let actor = call.actor();
    call.world
        .set_ref(call.target, &name, Some(id.clone()), &actor);
    Answer::created(show_ref(call.world, call.repository()?, &name, &id))
}

/// Checks git's rules for ref names, as far as they matter here.
fn is_ref_name(name: &str) -> bool {
    let odd = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    !name.contains(odd)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.ends_with('.')
        && name.split('/').all(part)
}

/// Returns the commit that the body names.
fn target(call: &Call) -> Result<Oid, Refusal> {
    let objects = &call.repository()?.objects;
    let id = Oid::parse(call.text("sha").unwrap_or_default());
    let id = id.ok_or_else(|| {
        Refusal::unprocessable(
            "The sha parameter must be exactly 40 characters and contain only [0-9a-f].",
        )
    })?;
    match objects.commit(&id) {
        Some(_) => Ok(id),
        None => Err(Refusal::unprocessable("Object does not exist")),
    }
}

pub(super) fn update(call: &mut Call) -> Outcome {
    let name = format!("refs/{}", call.part("ref"));
    let id = target(call)?;
    let found = call.repository()?;
    let before = found.refs.get(&name);
    let before = before.ok_or_else(|| Refusal::unprocessable("Reference does not exist"))?;
    let forced = call.body.get("force").and_then(Value::as_bool) == Some(true);
    if !forced && !found.objects.history(&id).contains(before) {
        return Err(Refusal::unprocessable("Update is not a fast forward"));
    }
    let actor = call.actor();
    call.world
        .set_ref(call.target, &name, Some(id.clone()), &actor);
    Answer::ok(show_ref(call.world, call.repository()?, &name, &id))
}

pub(super) fn delete(call: &mut Call) -> Outcome {
    let name = format!("refs/{}", call.part("ref"));
    let found = call.repository()?;
    if !found.refs.contains_key(&name) {
        return Err(Refusal::unprocessable("Reference does not exist"));
    }
    if name == format!("refs/heads/{}", found.default_branch) {
        return Err(Refusal::unprocessable("Cannot delete the default branch"));
    }
    let actor = call.actor();
    call.world.set_ref(call.target, &name, None, &actor);
    Answer::nothing()
}

fn show_ref(world: &World, found: &Repository, name: &str, id: &Oid) -> Value {
    json!({
        "ref": name, "node_id": node("REF", name), "url": world.url(found, format!("git/{name}")),
        "object": {"type": "commit", "sha": id, "url": world.url(found, format!("git/commits/{id}"))},
    })
}

impl World {
    /// Moves, creates or deletes a ref; sends the push event, and updates pull requests.
    pub fn set_ref(&mut self, target: u64, name: &str, id: Option<Oid>, actor: &str) {
        let Some(found) = self.repositories.get_mut(&target) else {
            return;
        };
        found.pushed = now();
        let before = match &id {
            Some(id) => found.refs.insert(name.into(), id.clone()),
            None => found.refs.remove(name),
        };
        if before == id {
            return;
        }
        if let Some(found) = self.repositories.get(&target) {
            let payload = push(self, found, name, (before.as_ref(), id.as_ref()), actor);
            self.emit(target, "push", actor, payload);
        }
        if let Some(branch) = name.strip_prefix("refs/heads/") {
            pulls::follow(self, target, branch, id, actor);
        }
    }
}

/// Builds the payload of a push.
fn push(
    world: &World,
    found: &Repository,
    name: &str,
    (before, after): (Option<&Oid>, Option<&Oid>),
    actor: &str,
) -> Value {
    let zero = Oid::zero();
    let start = before.or_else(|| found.branch(&found.default_branch));
    let new = match after {
        None => Vec::new(),
        // A branch's first commits are those that the default branch has not; the default branch's own, all.
        Some(after) if before.is_none() && start == Some(after) => {
            found.objects.ahead(&zero, after)
        }
        Some(after) => found.objects.ahead(start.unwrap_or(&zero), after),
    };
    let new = if before.is_none() && !name.ends_with(&found.default_branch) && start == after {
        Vec::new()
    } else {
        new
    };
    let listed = &new[new.len().saturating_sub(MAX_LISTED)..];
    let forced = before
        .zip(after)
        .is_some_and(|(before, after)| !found.objects.history(after).contains(before));
    let commits: Vec<_> = listed
        .iter()
        .filter_map(|id| show_pushed(world, found, id))
        .collect();
    let head = after.and_then(|id| show_pushed(world, found, id));
    let (before, after) = (before.unwrap_or(&zero), after.unwrap_or(&zero));
    json!({
        "ref": name, "before": before, "after": after, "created": *before == zero, "deleted": *after == zero,
        "forced": forced, "base_ref": null, "compare": world.page(found, format!("compare/{before}...{after}")),
        "commits": commits, "head_commit": head,
        "pusher": {"name": actor, "email": format!("{actor}@users.noreply.github.com")},
    })
}

fn show_pushed(world: &World, found: &Repository, id: &Oid) -> Option<Value> {
    let commit = found.objects.commit(id)?;
    let shown = objects::describe(world, found, id).ok()?;
    let before = commit.parents.first();
    let before = before
        .map(|parent| found.objects.files(parent))
        .unwrap_or_default();
    let after = found.objects.files(id);
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let which = |kind: fn(bool, bool) -> bool| -> Vec<_> {
        let changed = names
            .iter()
            .filter(|name| before.get(**name) != after.get(**name));
        changed
            .filter(|name| kind(before.contains_key(**name), after.contains_key(**name)))
            .collect()
    };
    let person = |who: &str| {
        let mut person = shown["commit"][who].clone();
        person["username"] = shown[who]["login"].clone();
        person
    };
    Some(json!({
        "id": id, "tree_id": commit.tree, "distinct": true, "message": commit.message,
        "timestamp": json::time(jiff::Timestamp::from_second(commit.committer.time).unwrap_or_default()),
        "url": world.page(found, format!("commit/{id}")),
        "author": person("author"), "committer": person("committer"),
        "added": which(|before, after| !before && after),
        "removed": which(|before, after| before && !after),
        "modified": which(|before, after| before && after),
    }))
}
