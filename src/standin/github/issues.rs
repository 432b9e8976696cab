//! Serves what issues and pull requests share.

use super::call::{Answer, Call, Outcome, Refusal};
use super::json;
use super::pulls::notify_app;
use super::world::{Issue, Pull, Repository, World, node, now};
use serde_json::{Value, json};

/// The most characters of a body.
pub(super) const MAX_BODY: usize = 65_536;
/// The most characters of a title.
const MAX_TITLE: usize = 256;

pub(super) fn get(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    Answer::ok(show_issue(call.world, found, of(call)?))
}

/// Lists issues and pull requests, the newest first.
pub(super) fn list(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let state = call.asked("state").unwrap_or("open");
    let creator = call.asked("creator");
    let is_listed = |issue: &&Issue| {
        (state == "all" || (state == "open") == issue.open)
            && creator.is_none_or(|creator| creator.eq_ignore_ascii_case(&issue.author))
    };
    let issues = found.issues.values().rev().filter(is_listed);
    Answer::list(issues.map(|issue| show_issue(call.world, found, issue)))
}

pub(super) fn create(call: &mut Call) -> Outcome {
    let title = call.text("title").unwrap_or_default().to_owned();
    if title.trim().is_empty() {
        return Err(Refusal::field("Issue", "title", "missing_field"));
    }
    let body = call.text("body").map(str::to_owned);
    title_fits("Issue", Some(&title))?;
    fits("Issue", body.as_deref())?;
    let actor = call.actor();
    let opened = call
        .world
        .open_issue(call.target, &actor, (title, body), None);
    let number = opened.ok_or_else(Refusal::not_found)?;
    let found = call.repository()?;
    let issue = found.issues.get(&number).ok_or_else(Refusal::not_found)?;
    Answer::created(show_issue(call.world, found, issue))
}

impl World {
    /// Opens an issue, which may be a pull request, sends the event, and returns the number.
    pub fn open_issue(
        &mut self,
        target: u64,
        author: &str,
        (title, body): (String, Option<String>),
        pull: Option<Pull>,
    ) -> Option<u64> {
        let id = self.fresh_id();
        let found = self.repositories.get_mut(&target)?;
        let number = 1 + found.issues.keys().next_back().copied().unwrap_or_default();
        let issue = Issue {
            id,
            number,
            author: author.into(),
            title,
            body,
            open: true,
            labels: Vec::new(),
            created: now(),
            updated: now(),
            closed: None,
            closed_by: None,
            assignees: Vec::new(),
            pull,
        };
        found.issues.insert(number, issue);
        notify_app(self, target, number, "opened", author);
        Some(number)
    }
}

/// Answers whether a person can be assigned: 204, or 404.
pub(super) fn assignable(call: &mut Call) -> Outcome {
    let person = call.part("assignee");
    match call.repository()?.people.contains_key(person) {
        true => Answer::nothing(),
        false => Err(Refusal::not_found()),
    }
}

/// Assigns people; those who cannot be assigned are silently skipped.
pub(super) fn assign(call: &mut Call) -> Outcome {
    let number = of(call)?.number;
    let names = call.texts("assignees").unwrap_or_default();
    let found = call.repository_mut()?;
    let known: Vec<_> = names
        .into_iter()
        .filter(|name| found.people.contains_key(name))
        .collect();
    let issue = found.issues.get_mut(&number);
    let issue = issue.ok_or_else(Refusal::not_found)?;
    for name in known {
        if !issue.assignees.contains(&name) {
            issue.assignees.push(name);
        }
    }
    let found = call.repository()?;
    Answer::created(show_issue(call.world, found, of(call)?))
}

/// Returns a person's permission.
pub(super) fn permission(call: &mut Call) -> Outcome {
    let person = call.part("username");
    let found = call.repository()?;
    let login = person.to_ascii_lowercase();
    if call.world.logins.get(&login) == Some(&None) {
        return Err(Refusal::new(404, format!("{person} is not a user")));
    }
    let role = found.people.get(person).map(String::as_str);
    let role = role.unwrap_or(if found.private { "none" } else { "read" });
    let level = match role {
        "maintain" => "write",
        "triage" => "read",
        role => role,
    };
    Answer::ok(
        json!({"permission": level, "role_name": role, "user": call.world.show_user(person)}),
    )
}

pub(super) fn update(call: &mut Call) -> Outcome {
    super::pulls::change(call, "issue_number")?;
    get(call)
}

pub(super) fn add_labels(call: &mut Call) -> Outcome {
    let number = of(call)?.number;
    let names = call.texts("labels").unwrap_or_default();
    for name in names {
        let id = call.world.fresh_id();
        let found = call.repository_mut()?;
        found.labels.entry(name.clone()).or_insert(id);
        let issue = found
            .issues
            .get_mut(&number)
            .ok_or_else(Refusal::not_found)?;
        if !issue.labels.contains(&name) {
            issue.labels.push(name);
        }
    }
    let found = call.repository()?;
    let labels = of(call)?
        .labels
        .iter()
        .map(|name| call.world.show_label(found, name));
    Answer::list(labels)
}

/// Returns the issue that the path names.
pub(super) fn of<'a>(call: &'a Call) -> Result<&'a Issue, Refusal> {
    let number = call.number("issue_number")?;
    call.repository()?
        .issues
        .get(&number)
        .ok_or_else(Refusal::not_found)
}

/// Checks the length of a title.
pub(super) fn title_fits(resource: &str, title: Option<&str>) -> Result<(), Refusal> {
    match title {
        Some(title) if title.chars().count() > MAX_TITLE => Err(Refusal::custom(
            resource,
            format!("title is too long (maximum is {MAX_TITLE} characters)"),
        )),
        _ => Ok(()),
    }
}

/// Checks the length of a body.
pub(super) fn fits(resource: &str, body: Option<&str>) -> Result<(), Refusal> {
    match body {
        Some(body) if body.chars().count() > MAX_BODY => Err(Refusal::custom(
            resource,
            format!("body is too long (maximum is {MAX_BODY} characters)"),
        )),
        _ => Ok(()),
    }
}

/// Converts an issue to the API's JSON.
pub(super) fn show_issue(world: &World, found: &Repository, issue: &Issue) -> Value {
    let url = world.url(found, format!("issues/{}", issue.number));
    let labels = issue
        .labels
        .iter()
        .map(|name| world.show_label(found, name));
    let pull = issue.pull.as_ref().map(|pull| {
        let merged = pull.merged.as_ref().map(|merge| merge.at);
        json!({"url": world.url(found, format!("pulls/{}", issue.number)), "merged_at": json::time_or_null(merged)})
    });
    let mut shown = json!({
        "id": issue.id, "node_id": node("I", issue.id), "url": url, "number": issue.number, "title": issue.title,
        "body": issue.body, "state": if issue.open { "open" } else { "closed" }, "user": world.show_user(&issue.author),
        "labels": labels.collect::<Vec<_>>(), "locked": false, "comments": 0, "pull_request": pull,
        "assignees": issue.assignees.iter().map(|person| world.show_user(person)).collect::<Vec<_>>(),
        "closed_by": issue.closed_by.as_ref().map(|person| world.show_user(person)), "comments_url": format!("{url}/comments"),
        "html_url": world.page(found, format!("issues/{}", issue.number)), "author_association": "NONE",
        "created_at": json::time(issue.created), "updated_at": json::time(issue.updated),
        "closed_at": json::time_or_null(issue.closed),
    });
    if issue.pull.is_none()
        && let Some(shown) = shown.as_object_mut()
    {
        shown.remove("pull_request");
    }
    shown
}
