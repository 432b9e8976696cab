//! Posts a notification to the address that a repository names, without GitHub.

use super::services::Services;
use super::steps::notification_secret;
use crate::github::GithubError;
use crate::outbound::signed;
use crate::queue::RunContext;
use crate::queue::job::{JobError, TaskJob};
use crate::store::Notification;

/// Posts a stored notification, and deletes it. The operator may retry one that was given up.
pub(super) async fn post_kept(
    services: &Services,
    job: &TaskJob,
    id: &str,
    run: &RunContext,
) -> Result<(), JobError> {
    let tenant = run.store().of(job.installation);
    let Some(notification) = tenant.notification(job.repository, id).await? else {
        return Ok(());
    };
    post(services, job, &notification, run).await?;
    Ok(tenant.delete_notification(job.repository, id).await?)
}

/// Signs a notification and posts it.
pub(super) async fn post(
    services: &Services,
    job: &TaskJob,
    notification: &Notification,
    run: &RunContext,
) -> Result<(), JobError> {
    let Notification { url, id, body } = notification;
    let tenant = run.store().of(job.installation);
    let secret = notification_secret::current(services.key(), &tenant, job.repository).await?;
    let headers = signed(secret.as_bytes(), id, body);
    if !run.may_write().await {
        return Err(GithubError::NotHeld(format!("notification {id}")).into());
    }
    let sent = services.outbound.post(url, headers, body.clone()).await;
    sent.map_err(|error| {
        if error.may_pass() {
            JobError::Retry(error.into())
        } else {
            JobError::Fatal(error.into())
        }
    })
}
