//! The secret that a repository's notifications are signed with: derived when it is needed, stored nowhere, and another
//! one once the repository is made public, changes hands, or an administrator asks for it.

use crate::github::{GithubError, Permission};
use crate::jobs::context::RepositoryContext;
use crate::model::RepositoryId;
use crate::queue::job::JobError;
use crate::queue::now;
use crate::report;
use crate::scan::roles::derive;
use crate::store::Tenant;

/// Marks the comment that shows it.
const MARKER: &str = "notifications";

/// What somebody is told who may write, and asks for another secret.
const NOT_PERMITTED: &str =
    "Only people with admin permission on this repository can rotate the secret.";

/// The secret in force, in hexadecimal digits.
///
/// # Errors
/// Those of the database.
pub async fn current(
    key: &[u8],
    tenant: &Tenant<'_>,
    repository: RepositoryId,
) -> anyhow::Result<String> {
    let generation = tenant.secret_generation(repository, now()).await?;
    Ok(secret(key, repository, generation))
}

/// The first generation is the one secret that earlier versions knew: whoever checks it need not change anything.
fn secret(key: &[u8], repository: RepositoryId, generation: i64) -> String {
    let purpose = match generation {
        0 => format!("notifications/{repository}"),
        generation => format!("notifications/{repository}/{generation}"),
    };
    hex::encode(derive(key, &purpose))
}

/// Shows the secret in a comment on an issue or pull request of a private repository.
pub(in crate::jobs) async fn show(
    context: &RepositoryContext<'_>,
    issue: u64,
) -> Result<(), JobError> {
    if !context.head.private {
        return Ok(());
    }
    let key = context.services.key();
    let secret = current(key, &context.tenant, context.id).await?;
    context.tenant.note_secret_shown(context.id).await?;
    let text = report::notify_secret(&secret);
    context
        .repository
        .upsert_comment(issue, MARKER, "", &text)
        .await?;
    Ok(())
}

/// Who asked for another secret, when, and where.
pub(in crate::jobs) struct Request<'a> {
    /// The issue or pull request.
    pub issue: u64,
    /// A login.
    pub person: &'a str,
    /// In epoch milliseconds.
    pub at: i64,
}

/// Rotates the secret, as a person asked: what is answered. Asked for again, it is rotated once.
pub(in crate::jobs) async fn rotate(
    context: &RepositoryContext<'_>,
    request: &Request<'_>,
) -> Result<String, JobError> {
    let permission = context.repository.permission(request.person).await?;
    if permission != Permission::Admin {
        return Ok(NOT_PERMITTED.to_owned());
    }
    delete_comments(context).await?;
    context.tenant.rotate_secret(context.id, request.at).await?;
    show(context, request.issue).await?;
    Ok(report::secret_rotated(
        context.head.private,
        &context.head.name.to_string(),
    ))
}

/// Takes the secret back from a repository that everybody sees: anybody may have read the comment meanwhile, so it is
/// rotated as well.
pub(in crate::jobs) async fn withdraw_from_public(
    context: &RepositoryContext<'_>,
) -> Result<(), JobError> {
    if context.head.private || !context.tenant.is_secret_shown(context.id).await? {
        return Ok(());
    }
    delete_comments(context).await?;
    Ok(context.tenant.rotate_secret(context.id, now()).await?)
}

/// Deletes every comment that shows a secret. Deleted, no earlier version of it can be read.
async fn delete_comments(context: &RepositoryContext<'_>) -> Result<(), JobError> {
    let comments = context.repository.own_comments(Some(MARKER)).await;
    for comment in comments? {
        match context.repository.delete_comment(comment).await {
            Ok(()) | Err(GithubError::NotFound(_) | GithubError::Gone { .. }) => {}
            // What it shows is over in a moment.
            Err(error @ (GithubError::Forbidden { .. } | GithubError::Invalid { .. })) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "a secret's comment was not deleted"
                );
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_generation_of_each_repository_has_a_secret_of_its_own() {
        let first = secret(b"key", RepositoryId(1), 5);
        assert_eq!(first, secret(b"key", RepositoryId(1), 5));
        for other in [
            secret(b"key", RepositoryId(1), 0),
            secret(b"key", RepositoryId(1), 6),
            secret(b"key", RepositoryId(2), 5),
            secret(b"other", RepositoryId(1), 5),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn the_secret_of_earlier_versions_stays_in_force_until_it_is_rotated() {
        let before = hex::encode(derive(b"key", "notifications/1"));
        assert_eq!(secret(b"key", RepositoryId(1), 0), before);
    }
}
