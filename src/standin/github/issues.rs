//! What an issue and a pull request have in common.

use super::call::{Answer, Call, Outcome, Refusal};
use super::show;
use super::world::{Issue, Repository, World, node};
use serde_json::{Value, json};

/// The most characters of a body.
pub(super) const LONGEST_BODY: usize = 65_536;

pub(super) fn one(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    Answer::ok(show_issue(call.world, found, of(call)?))
}

pub(super) fn update(call: &mut Call) -> Outcome {
    super::pulls::change(call, "issue_number")?;
    one(call)
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

/// The issue that the path names.
pub(super) fn of<'a>(call: &'a Call) -> Result<&'a Issue, Refusal> {
    let number = call.number("issue_number")?;
    call.repository()?
        .issues
        .get(&number)
        .ok_or_else(Refusal::not_found)
}

/// Whether a body is short enough.
pub(super) fn fits(resource: &str, body: Option<&str>) -> Result<(), Refusal> {
    match body {
        Some(body) if body.chars().count() > LONGEST_BODY => Err(Refusal::custom(
            resource,
            format!("body is too long (maximum is {LONGEST_BODY} characters)"),
        )),
        _ => Ok(()),
    }
}

/// An issue as the API shows it.
pub(super) fn show_issue(world: &World, found: &Repository, issue: &Issue) -> Value {
    let url = world.url(found, format!("issues/{}", issue.number));
    let labels = issue
        .labels
        .iter()
        .map(|name| world.show_label(found, name));
    json!({
        "id": issue.id, "node_id": node("I", issue.id), "url": url, "number": issue.number, "title": issue.title,
        "body": issue.body, "state": if issue.open { "open" } else { "closed" }, "user": world.show_user(&issue.author),
        "labels": labels.collect::<Vec<_>>(), "locked": false, "comments": 0, "comments_url": format!("{url}/comments"),
        "html_url": world.page(found, format!("issues/{}", issue.number)), "author_association": "NONE",
        "created_at": show::time(issue.created), "updated_at": show::time(issue.updated),
        "closed_at": show::time_or_null(issue.closed),
    })
}
