//! Serves comments on issues and pull requests.

use super::call::{Answer, Call, Outcome, Refusal};
use super::issues::{fits, of, show_issue};
use super::json;
use super::world::{Comment, Repository, World, node, now};
use serde_json::{Value, json};

pub(super) fn list(call: &mut Call) -> Outcome {
    let issue = of(call)?.number;
    let found = call.repository()?;
    let since = call.asked("since").map(str::parse::<jiff::Timestamp>);
    let since = match since {
        Some(Err(_)) => return Err(Refusal::unprocessable("since is no time")),
        since => since.and_then(Result::ok),
    };
    let comments = found
        .comments
        .values()
        .filter(|comment| comment.issue == issue)
        .filter(|comment| since.is_none_or(|since| comment.updated >= since));
    Answer::list(comments.map(|comment| show_comment(call.world, found, comment)))
}

pub(super) fn of_repository(call: &mut Call) -> Outcome {
    let found = call.repository()?;
    let comments = found.comments.values();
    Answer::list(comments.map(|comment| show_comment(call.world, found, comment)))
}

pub(super) fn create(call: &mut Call) -> Outcome {
    let issue = of(call)?.number;
    let body = call.text("body").unwrap_or_default().to_owned();
    if body.trim().is_empty() {
        return Err(Refusal::field("IssueComment", "body", "missing_field"));
    }
    fits("IssueComment", Some(&body))?;
    let actor = call.actor();
    let id = call.world.comment(call.target, issue, &actor, body);
    let found = call.repository()?;
    let comment = found.comments.get(&id).ok_or_else(Refusal::not_found)?;
    Answer::created(show_comment(call.world, found, comment))
}

pub(super) fn delete(call: &mut Call) -> Outcome {
    let id = call.number("comment_id")?;
    let gone = call.repository_mut()?.comments.remove(&id);
    gone.ok_or_else(Refusal::not_found)?;
    Answer::nothing()
}

/// Adds a reaction; the same one again changes nothing.
pub(super) fn react(call: &mut Call) -> Outcome {
    let id = call.number("comment_id")?;
    let content = call.text("content").unwrap_or_default().to_owned();
    let actor = call.actor();
    let comment = call.repository_mut()?.comments.get_mut(&id);
    let comment = comment.ok_or_else(Refusal::not_found)?;
    let reaction = (actor.clone(), content.clone());
    let status = match comment.reactions.contains(&reaction) {
        true => 200,
        false => 201,
    };
    if status == 201 {
        comment.reactions.push(reaction);
    }
    Ok(Answer::json(
        status,
        json!({"id": id, "content": content, "user": call.world.show_user(&actor)}),
    ))
}

pub(super) fn get(call: &mut Call) -> Outcome {
    let id = call.number("comment_id")?;
    let found = call.repository()?;
    let comment = found.comments.get(&id).ok_or_else(Refusal::not_found)?;
    Answer::ok(show_comment(call.world, found, comment))
}

pub(super) fn update(call: &mut Call) -> Outcome {
    let id = call.number("comment_id")?;
    let body = call.text("body").unwrap_or_default().to_owned();
    fits("IssueComment", Some(&body))?;
    let (target, actor) = (call.target, call.actor());
    let edited = call.world.edit_comment(target, id, &actor, body);
    edited.ok_or_else(Refusal::not_found)?;
    get(call)
}

impl World {
    /// Adds a comment, and sends the event.
    pub fn comment(&mut self, target: u64, issue: u64, author: &str, body: String) -> u64 {
        let id = self.fresh_id();
        let comment = Comment {
            id,
            issue,
            author: author.into(),
            body,
            created: now(),
            updated: now(),
            reactions: Vec::new(),
        };
        let Some(found) = self.repositories.get_mut(&target) else {
            return id;
        };
        found.comments.insert(id, comment.clone());
        let Some(found) = self.repositories.get(&target) else {
            return id;
        };
        let issue = found
            .issues
            .get(&issue)
            .map(|issue| show_issue(self, found, issue));
        let payload = json!({"action": "created", "issue": issue, "comment": show_comment(self, found, &comment)});
        self.emit(target, "issue_comment", author, payload);
        id
    }
}

impl World {
    /// Edits a comment, and sends the event.
    pub fn edit_comment(&mut self, target: u64, id: u64, person: &str, body: String) -> Option<()> {
        let comment = self.repositories.get_mut(&target)?.comments.get_mut(&id)?;
        comment.body = body;
        comment.updated = now();
        let found = self.repositories.get(&target)?;
        let comment = found.comments.get(&id)?;
        let issue = found.issues.get(&comment.issue);
        let issue = issue.map(|issue| show_issue(self, found, issue));
        let payload = json!({"action": "edited", "issue": issue, "comment": show_comment(self, found, comment)});
        self.emit(target, "issue_comment", person, payload);
        Some(())
    }
}

fn show_comment(world: &World, found: &Repository, comment: &Comment) -> Value {
    let url = world.url(found, format!("issues/comments/{}", comment.id));
    json!({
        "id": comment.id, "node_id": node("IC", comment.id), "url": url, "body": comment.body,
        "html_url": world.page(found, format!("pull/{}#issuecomment-{}", comment.issue, comment.id)),
        "issue_url": world.url(found, format!("issues/{}", comment.issue)), "user": world.show_user(&comment.author),
        "author_association": "NONE", "created_at": json::time(comment.created), "updated_at": json::time(comment.updated),
    })
}
