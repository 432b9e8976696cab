//! Derives the signing secret of a repository's notifications. It is stored nowhere, and changes when the repository is
//! made public or transferred, or an administrator rotates it.

use crate::github::{GithubError, Permission};
use crate::jobs::context::RepositoryContext;
use crate::model::RepositoryId;
use crate::queue::job::JobError;
use crate::queue::now;
use crate::report;
use crate::scan::roles::derive;
use crate::store::Tenant;

/// The marker of the comment that shows the secret.
const MARKER: &str = "notifications";

/// The reply to a person with write permission only, who asks to rotate the secret.
pub(super) const NOT_PERMITTED: &str =
    "Only people with admin permission on this repository can rotate the secret.";

/// Returns the current secret, in hexadecimal digits.
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

/// Derives the secret of a generation. The first one is the single secret of earlier versions, so that receivers need
/// not change.
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
    context.tenant.record_secret_shown(context.id).await?;
    let text = report::notify_secret(&secret);
    context
        .repository
        .upsert_comment(issue, MARKER, "", &text)
        .await?;
    Ok(())
}

/// A request to rotate the secret.
pub(in crate::jobs) struct Request<'a> {
    /// The issue or pull request.
    pub issue: u64,
    /// The login of the person.
    pub person: &'a str,
    /// When the person asked, in epoch milliseconds.
    pub at: i64,
}

/// Rotates the secret for a person, and returns the reply; `None` without the permission. A repeated request rotates it
/// once.
pub(in crate::jobs) async fn rotate(
    context: &RepositoryContext<'_>,
    request: &Request<'_>,
) -> Result<Option<String>, JobError> {
    let permission = context.repository.permission(request.person).await?;
    if permission != Permission::Admin {
        return Ok(None);
    }
    delete_comments(context).await?;
    context.tenant.rotate_secret(context.id, request.at).await?;
    show(context, request.issue).await?;
    let name = context.head.name.to_string();
    Ok(Some(report::secret_rotated(context.head.private, &name)))
}

/// Deletes the secret from a public repository, and rotates it: anybody may have read the comment.
pub(in crate::jobs) async fn withdraw_from_public(
    context: &RepositoryContext<'_>,
) -> Result<(), JobError> {
    if context.head.private || !context.tenant.is_secret_shown(context.id).await? {
        return Ok(());
    }
    delete_comments(context).await?;
    Ok(context.tenant.rotate_secret(context.id, now()).await?)
}

/// Deletes every comment that shows a secret, with its earlier versions.
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
