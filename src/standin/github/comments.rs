//! Comments on issues and pull requests.

use super::call::{Answer, Call, Outcome, Refusal};
use super::issues::{fits, of, show_issue};
use super::show;
use super::world::{Comment, Repository, World, node, now};
use serde_json::{Value, json};

pub(super) fn list(call: &mut Call) -> Outcome {
    let issue = of(call)?.number;
    let found = call.repository()?;
    let comments = found
        .comments
        .values()
        .filter(|comment| comment.issue == issue);
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

pub(super) fn one(call: &mut Call) -> Outcome {
    let id = call.number("comment_id")?;
    let found = call.repository()?;
    let comment = found.comments.get(&id).ok_or_else(Refusal::not_found)?;
    Answer::ok(show_comment(call.world, found, comment))
}

pub(super) fn update(call: &mut Call) -> Outcome {
    let id = call.number("comment_id")?;
    let body = call.text("body").unwrap_or_default().to_owned();
    fits("IssueComment", Some(&body))?;
    let comment = call.repository_mut()?.comments.get_mut(&id);
    let comment = comment.ok_or_else(Refusal::not_found)?;
    comment.body = body;
    comment.updated = now();
    one(call)
}

impl World {
    /// Adds a comment, and tells the App of it.
    pub fn comment(&mut self, target: u64, issue: u64, author: &str, body: String) -> u64 {
        let id = self.fresh_id();
        let comment = Comment {
            id,
            issue,
            author: author.into(),
            body,
            created: now(),
            updated: now(),
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

fn show_comment(world: &World, found: &Repository, comment: &Comment) -> Value {
    let url = world.url(found, format!("issues/comments/{}", comment.id));
    json!({
        "id": comment.id, "node_id": node("IC", comment.id), "url": url, "body": comment.body,
        "html_url": world.page(found, format!("pull/{}#issuecomment-{}", comment.issue, comment.id)),
        "issue_url": world.url(found, format!("issues/{}", comment.issue)), "user": world.show_user(&comment.author),
        "author_association": "NONE", "created_at": show::time(comment.created), "updated_at": show::time(comment.updated),
    })
}
