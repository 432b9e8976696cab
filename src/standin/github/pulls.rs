//! Serves pull requests.

use super::call::{Answer, Call, Outcome, Refusal};
use super::git::Oid;
use super::issues::{fits, show_issue, title_fits};
use super::json;
use super::objects;
use super::world::{Issue, Pull, Repository, World, node, now};
use serde_json::{Value, json};

pub(super) fn list(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let state = call.asked("state").unwrap_or("open");
    let head = call.asked("head");
    let base = call.asked("base");
    let is_listed = |(issue, pull): &(&Issue, &Pull)| {
        let own = format!("{}:{}", found.owner, pull.head.0);
        (state == "all" || (state == "open") == issue.open)
            && head.is_none_or(|head| head.eq_ignore_ascii_case(&own))
            && base.is_none_or(|base| base == pull.base.0)
    };
    let mut pulls: Vec<_> = found.pulls().filter(is_listed).collect();
    if call.asked("direction") != Some("asc") {
        pulls.reverse();
    }
    Answer::list(
        pulls
            .into_iter()
            .map(|(issue, _)| show_pull(call.world, found, issue)),
    )
}

pub(super) fn create(call: &mut Call) -> Outcome {
    let text = |name: &str| call.text(name).unwrap_or_default().to_owned();
    let (title, head, base) = (text("title"), text("head"), text("base"));
    if title.trim().is_empty() {
        return Err(Refusal::custom("PullRequest", "title can't be blank"));
    }
    let body = call.text("body").map(str::to_owned);
    title_fits("PullRequest", Some(&title))?;
    fits("PullRequest", body.as_deref())?;
    let found = call.repository()?;
    let head = head
        .strip_prefix(&format!("{}:", found.owner))
        .unwrap_or(&head)
        .to_owned();
    let invalid = |field: &str| Refusal::field("PullRequest", field, "invalid");
    let tip = found
        .branch(&head)
        .cloned()
        .ok_or_else(|| invalid("head"))?;
    let onto = found
        .branch(&base)
        .cloned()
        .ok_or_else(|| invalid("base"))?;
    if found
        .pulls()
        .any(|(issue, pull)| issue.open && pull.head.0 == head && pull.base.0 == base)
    {
        let message = format!("A pull request already exists for {}:{head}.", found.owner);
        return Err(Refusal::custom("PullRequest", message));
    }
    if found.objects.ahead(&onto, &tip).is_empty() {
        return Err(Refusal::custom(
            "PullRequest",
            format!("No commits between {base} and {head}"),
        ));
    }
    let draft = call
        .body
        .get("draft")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    let pull = Pull {
        head: (head, tip),
        base: (base, onto),
        draft,
        merged: None,
        asked: Default::default(),
    };
    let actor = call.actor();
    let opened = call
        .world
        .open_issue(call.target, &actor, (title, body), Some(pull));
    let number = opened.ok_or_else(Refusal::not_found)?;
    let found = call.repository()?;
    let issue = found.issues.get(&number).ok_or_else(Refusal::not_found)?;
    Answer::created(show_pull(call.world, found, issue))
}

pub(super) fn get(call: &mut Call) -> Outcome {
    let number = call.number("pull_number")?;
    let found = call.repository()?;
    let issue = found
        .issues
        .get(&number)
        .filter(|issue| issue.pull.is_some());
    Answer::ok(show_pull(
        call.world,
        found,
        issue.ok_or_else(Refusal::not_found)?,
    ))
}

pub(super) fn update(call: &mut Call) -> Outcome {
    change(call, "pull_number")?;
    get(call)
}

/// Changes the fields that the body names.
pub(super) fn change(call: &mut Call, part: &str) -> Result<(), Refusal> {
    let number = call.number(part)?;
    let text = |name: &str| call.text(name).map(str::to_owned);
    let (title, mut body, state) = (text("title"), text("body"), text("state"));
    let pull = call.repository()?.issues.get(&number);
    if pull.is_some_and(|issue| issue.pull.is_some()) {
        title_fits("PullRequest", title.as_deref())?;
        fits("PullRequest", body.as_deref())?;
    } else if fits("Issue", body.as_deref()).is_err() {
        // As GitHub was seen to: it says yes, and keeps the old one.
        body = None;
    }
    let actor = call.actor();
    let issue = call.repository_mut()?.issues.get_mut(&number);
    let issue = issue.ok_or_else(Refusal::not_found)?;
    let edited = title.is_some() || body.is_some();
    issue.title = title.unwrap_or(std::mem::take(&mut issue.title));
    issue.body = body.or(issue.body.take());
    issue.updated = now();
    let open = issue.open;
    if edited {
        notify_app(call.world, call.target, number, "edited", &actor);
    }
    match state.as_deref() {
        Some("closed") if open => call.world.close(call.target, number, &actor),
        Some("open") if !open => {
            let merged = call.repository()?.issues.get(&number).is_some_and(|issue| {
                issue
                    .pull
                    .as_ref()
                    .is_some_and(|pull| pull.merged.is_some())
            });
            if merged {
                return Err(Refusal::custom(
                    "PullRequest",
                    "state cannot be changed. The pull request cannot be reopened.",
                ));
            }
            if let Some(issue) = call.repository_mut()?.issues.get_mut(&number) {
                issue.open = true;
                issue.closed = None;
                issue.closed_by = None;
            }
            notify_app(call.world, call.target, number, "reopened", &actor);
        }
        _ => {}
    }
    Ok(())
}

/// Requests reviews from people and teams.
pub(super) fn request_reviewers(call: &mut Call) -> Outcome {
    let number = call.number("pull_number")?;
    let people = call.texts("reviewers").unwrap_or_default();
    let teams = call.texts("team_reviewers").unwrap_or_default();
    let found = call.repository_mut()?;
    let stranger = people
        .iter()
        .any(|person| !found.people.contains_key(person));
    let issue = found.issues.get_mut(&number);
    let issue = issue.ok_or_else(Refusal::not_found)?;
    if stranger {
        return Err(Refusal::unprocessable(
            "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the repository.",
        ));
    }
    if people.contains(&issue.author) {
        return Err(Refusal::unprocessable(
            "Review cannot be requested from pull request author.",
        ));
    }
    let pull = issue.pull.as_mut().ok_or_else(Refusal::not_found)?;
    pull.asked.0.extend(people);
    pull.asked.1.extend(teams);
    get(call).map(|answer| Answer {
        status: 201,
        ..answer
    })
}

/// Lists the files that a pull request changes.
pub(super) fn files(call: &mut Call) -> Outcome {
    let number = call.number("pull_number")?;
    let found = call.repository()?;
    let pull = found
        .issues
        .get(&number)
        .and_then(|issue| issue.pull.as_ref())
        .ok_or_else(Refusal::not_found)?;
    let fork = found.objects.merge_base(&pull.base.1, &pull.head.1);
    let before = fork
        .map(|fork| found.objects.files(&fork))
        .unwrap_or_default();
    let after = found.objects.files(&pull.head.1);
    let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changed = names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name));
    let status = |name: &String| match (before.contains_key(name), after.contains_key(name)) {
        (false, _) => "added",
        (_, false) => "removed",
        _ => "modified",
    };
    Answer::list(
        changed.map(|name| json!({"filename": name, "status": status(name), "changes": 1})),
    )
}

pub(super) fn commits(call: &mut Call) -> Outcome {
    let number = call.number("pull_number")?;
    let found = call.repository()?;
    let pull = found
        .issues
        .get(&number)
        .and_then(|issue| issue.pull.as_ref());
    let pull = pull.ok_or_else(Refusal::not_found)?;
    let ahead = found.commits_of(pull);
    let shown = ahead
        .iter()
        .map(|id| objects::describe(call.world, found, id));
    Answer::list(shown.collect::<Result<Vec<_>, _>>()?)
}

/// Updates the pull requests of a moved branch, and closes those whose branch is gone or empty.
pub(super) fn follow(world: &mut World, target: u64, branch: &str, id: Option<Oid>, actor: &str) {
    let Some(found) = world.repositories.get(&target) else {
        return;
    };
    let open = found
        .pulls()
        .filter(|(issue, pull)| issue.open && pull.head.0 == branch);
    let numbers: Vec<_> = open.map(|(issue, _)| issue.number).collect();
    for number in numbers {
        let Some(id) = &id else {
            world.close(target, number, actor);
            continue;
        };
        let pull = world
            .repositories
            .get_mut(&target)
            .and_then(|found| found.issues.get_mut(&number)?.pull.as_mut());
        if let Some(pull) = pull {
            pull.head.1 = id.clone();
        }
        notify_app(world, target, number, "synchronize", actor);
    }
}

/// Sends an event about an issue or pull request.
pub(super) fn notify_app(world: &mut World, target: u64, number: u64, action: &str, actor: &str) {
    let Some(found) = world.repositories.get(&target) else {
        return;
    };
    let Some(issue) = found.issues.get(&number) else {
        return;
    };
    if issue.pull.is_none() {
        let payload = json!({"action": action, "issue": show_issue(world, found, issue)});
        return world.emit(target, "issues", actor, payload);
    }
    let payload =
        json!({"action": action, "number": number, "pull_request": show_pull(world, found, issue)});
    world.emit(target, "pull_request", actor, payload);
}

impl World {
    /// Closes an issue or a pull request.
    pub fn close(&mut self, target: u64, number: u64, actor: &str) {
        let issue = self
            .repositories
            .get_mut(&target)
            .and_then(|found| found.issues.get_mut(&number));
        let Some(issue) = issue.filter(|issue| issue.open) else {
            return;
        };
        issue.open = false;
        issue.closed = Some(now());
        issue.closed_by = Some(actor.to_owned());
        notify_app(self, target, number, "closed", actor);
    }
}

/// Converts a pull request to the API's JSON.
pub(super) fn show_pull(world: &World, found: &Repository, issue: &Issue) -> Value {
    let Some(pull) = &issue.pull else {
        return Value::Null;
    };
    let url = world.url(found, format!("pulls/{}", issue.number));
    let side = |(branch, id): &(String, Oid)| {
        json!({
            "label": format!("{}:{branch}", found.owner), "ref": branch, "sha": id, "user": world.show_user(&found.owner),
            "repo": world.show_repository(found),
        })
    };
    let labels = issue
        .labels
        .iter()
        .map(|name| world.show_label(found, name));
    json!({
        "id": issue.id, "node_id": node("PR", issue.id), "url": url, "number": issue.number, "title": issue.title,
        "html_url": world.page(found, format!("pull/{}", issue.number)), "body": issue.body, "locked": false,
        "state": if issue.open { "open" } else { "closed" }, "user": world.show_user(&issue.author), "draft": pull.draft,
        "head": side(&pull.head), "base": side(&pull.base), "labels": labels.collect::<Vec<_>>(),
        "requested_reviewers": pull.asked.0.iter().map(|person| world.show_user(person)).collect::<Vec<_>>(),
        "merged": pull.merged.is_some(), "merged_at": json::time_or_null(pull.merged.as_ref().map(|merge| merge.at)),
        "merged_by": pull.merged.as_ref().map(|merge| world.show_user(&merge.by)),
        "merge_commit_sha": pull.merged.as_ref().map(|merge| &merge.commit),
        "commits": found.commits_of(pull).len(),
        "created_at": json::time(issue.created), "updated_at": json::time(issue.updated),
        "closed_at": json::time_or_null(issue.closed),
    })
}
