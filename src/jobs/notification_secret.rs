//! The secret that a repository's notifications are signed with: derived when it is needed, stored nowhere, and another
//! one once the repository is made public, changes hands, or an administrator asks for it.

use super::bot::{Visit, judged};
use crate::github::{GithubError, Permission};
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
pub(super) async fn show(key: &[u8], visit: &Visit<'_>, issue: u64) -> Result<(), JobError> {
    if !visit.head.private {
        return Ok(());
    }
    let secret = current(key, &visit.tenant, visit.id).await?;
    visit.tenant.note_secret_shown(visit.id).await?;
    let text = report::notify_secret(&secret);
    let shown = visit.repository.say(issue, MARKER, "", &text);
    shown.await.map(drop).map_err(judged)
}

/// Rotates the secret, as a person asked at a moment: what is answered. Asked for again, it is rotated once.
pub(super) async fn rotate(
    key: &[u8],
    visit: &Visit<'_>,
    issue: u64,
    (person, at): (&str, i64),
) -> Result<String, JobError> {
    let permission = visit.repository.permission(person).await.map_err(judged)?;
    if permission != Permission::Admin {
        return Ok(NOT_PERMITTED.to_owned());
    }
    delete_comments(visit).await?;
    visit.tenant.rotate_secret(visit.id, at).await?;
    show(key, visit, issue).await?;
    Ok(report::secret_rotated(
        visit.head.private,
        &visit.head.name.to_string(),
    ))
}

/// Takes the secret back from a repository that everybody sees: anybody may have read the comment meanwhile, so it is
/// rotated as well.
pub(super) async fn withdraw_from_public(visit: &Visit<'_>) -> Result<(), JobError> {
    if visit.head.private || !visit.tenant.is_secret_shown(visit.id).await? {
        return Ok(());
    }
    delete_comments(visit).await?;
    Ok(visit.tenant.rotate_secret(visit.id, now()).await?)
}

/// Deletes every comment that shows a secret. Deleted, no earlier version of it can be read.
async fn delete_comments(visit: &Visit<'_>) -> Result<(), JobError> {
    let comments = visit.repository.own_comments(Some(MARKER)).await;
    for comment in comments.map_err(judged)? {
        match visit.repository.delete_comment(comment).await {
            Ok(()) | Err(GithubError::NotFound(_) | GithubError::Gone { .. }) => {}
            // What it shows is over in a moment.
            Err(error @ (GithubError::Forbidden { .. } | GithubError::Invalid { .. })) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "a secret's comment was not deleted"
                );
            }
            Err(error) => return Err(judged(error)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_generation_of_each_repository_has_a_secret_of_its_own() {
        let one = secret(b"key", RepositoryId(1), 5);
        assert_eq!(one, secret(b"key", RepositoryId(1), 5));
        for other in [
            secret(b"key", RepositoryId(1), 0),
            secret(b"key", RepositoryId(1), 6),
            secret(b"key", RepositoryId(2), 5),
            secret(b"other", RepositoryId(1), 5),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn the_secret_of_earlier_versions_stays_in_force_until_it_is_rotated() {
        let before = hex::encode(derive(b"key", "notifications/1"));
        assert_eq!(secret(b"key", RepositoryId(1), 0), before);
    }
}
