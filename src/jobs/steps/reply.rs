//! Replies to a comment, once: the reply is edited as the work goes on.

use crate::github::Comment;
use crate::jobs::context::RepositoryContext;
use crate::queue::job::JobError;

/// Replies to a comment, or edits the existing reply.
pub(in crate::jobs) async fn reply(
    context: &RepositoryContext<'_>,
    issue: u64,
    comment: &Comment,
    text: &str,
) -> Result<(), JobError> {
    let marker = format!("answer to {}", comment.id);
    let repository = &context.repository;
    let reply = repository.upsert_comment(issue, &marker, &comment.created_at, text);
    reply.await?;
    Ok(())
}
