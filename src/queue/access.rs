//! Decides which repositories an installation has. GitHub sends deliveries in any order, and those that were missed up to
//! three days later, so the time at which a delivery was first sent decides, not when it arrives.

use crate::model::{InstallationId, RepositoryAction, RepositoryId, RepositoryInfo, WebhookEvent};
use crate::store::{Store, Tenant};

/// How long after a repository was lost its events are taken for late ones. What GitHub sends after that is about a
/// repository that the installation has again, and the delivery that said so is lost.
const LATE: i64 = 60 * 60 * 1000;

/// Stores the repository of an event that was sent at a moment, or deletes it. Returns false where the installation does
/// not have it: nothing comes of the event then.
pub(super) async fn save_repository(
    tenant: &Tenant<'_>,
    origin: &RepositoryInfo,
    event: &WebhookEvent,
    sent_at: i64,
) -> anyhow::Result<bool> {
    let deleted = RepositoryAction::Deleted;
    if *event == (WebhookEvent::Repository { action: deleted }) {
        lose(tenant, origin.id, sent_at).await?;
        return Ok(false);
    }
    if tenant.save_repository(origin, sent_at).await? {
        return Ok(true);
    }
    let lost_at = tenant.lost_at(origin.id).await?;
    if lost_at.is_some_and(|lost_at| sent_at <= lost_at.saturating_add(LATE)) {
        return Ok(false);
    }
    tenant.change_access(Some(origin.id), true, sent_at).await?;
    tenant.save_repository(origin, sent_at).await
}

/// Records that the installation gained a repository at a moment. Returns false where it lost it since, or another
/// installation gained it.
pub(super) async fn gain(
    store: &Store,
    installation: InstallationId,
    repository: RepositoryId,
    sent_at: i64,
) -> anyhow::Result<bool> {
    let tenant = store.of(installation);
    let elsewhere = store.gained_elsewhere(repository, installation, sent_at);
    if let Some(since) = elsewhere.await? {
        // Its events from here may still be on their way.
        tenant.change_access(Some(repository), false, since).await?;
        return Ok(false);
    }
    tenant.change_access(Some(repository), true, sent_at).await
}

/// Deletes what is stored of a repository that the installation lost at a moment. Returns false where it gained the
/// repository again since.
pub(super) async fn lose(
    tenant: &Tenant<'_>,
    repository: RepositoryId,
    sent_at: i64,
) -> anyhow::Result<bool> {
    let is_lost = tenant
        .change_access(Some(repository), false, sent_at)
        .await?;
    if is_lost {
        tenant.delete_repository(repository).await?;
    }
    Ok(is_lost)
}
