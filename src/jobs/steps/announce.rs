//! Announces the findings of a scan: to code scanning, and to the address that a repository names.

use super::checks::create_check;
use super::notification_secret;
use super::repository_scan::RepositoryScan;
use super::tasks::enqueue;
use crate::github::GithubError;
use crate::jobs::context::RepositoryContext;
use crate::model::{FindingId, StackReport};
use crate::queue::job::{JobError, RepositoryTask};
use crate::queue::now;
use crate::report::{self, NotificationContext};
use crate::store::Notification;
use anyhow::Context;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The check that reports why code scanning shows nothing.
const CODE_SCANNING: &str = "DriftGuard / code scanning";

/// Uploads the findings of a stack to code scanning, if the settings ask for it. A refusal by GitHub does not fail the
/// scan.
pub(in crate::jobs) async fn upload(
    scan: &RepositoryScan<'_>,
    stack: &StackReport,
) -> Result<(), JobError> {
    if !scan.settings.code_scanning {
        return Ok(());
    }
    let context = scan.context;
    let before = last_completed(context, stack).await?;
    let before = before.as_ref().map(|(before, _)| before);
    let sarif = report::code_scanning(before, stack).context("while writing SARIF")?;
    let Some(sarif) = sarif else {
        return Ok(());
    };
    let head = &context.head;
    let reference = format!("refs/heads/{}", head.default_branch);
    let repository = &context.repository;
    let uploaded = repository.upload_sarif(&head.commit, &reference, &sarif);
    match uploaded.await {
        Ok(()) => Ok(()),
        Err(
            error @ (GithubError::NoCodeScanning(_)
            | GithubError::NotFound(_)
            | GithubError::Invalid { .. }),
        ) => {
            let problem = format!("{error:#}");
            tracing::warn!(error = problem, "code scanning took nothing");
            let text = report::failed("Code scanning takes no results", &problem);
            create_check(context, CODE_SCANNING, &text).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Enqueues the notification of new and resolved findings, if the settings name an address.
pub(in crate::jobs) async fn announce(
    scan: &RepositoryScan<'_>,
    stack: &StackReport,
) -> Result<(), JobError> {
    let Some(notify) = &scan.settings.notify else {
        return Ok(());
    };
    let context = scan.context;
    let before = last_completed(context, stack).await?;
    // The same for each try of this scan: it follows the same one, and finds the same.
    let since = before.as_ref().map_or(0, |(_, finished_at)| *finished_at);
    let findings = stack.outcome.iter().flat_map(|scanned| &scanned.findings);
    let ids: Vec<_> = findings.map(|finding| finding.id.0.as_str()).collect();
    let seed = format!("{}/{}@{since}/{}", context.id, stack.name, ids.join(" "));
    let id = hex::encode(&Sha256::digest(seed)[..16]);
    let pages = pages(context).await?;
    let occasion = NotificationContext {
        id: &id,
        repository: context.repository.name(),
        commit: &context.head.commit,
        scanned_at: &moment(now()),
        pages: &pages,
    };
    let before = before.as_ref().map(|(before, _)| before);
    let Some(body) = report::notification(before, stack, occasion) else {
        return Ok(());
    };
    show_secret(context).await?;
    let notification = Notification {
        url: notify.url.clone(),
        id: id.clone(),
        body,
    };
    let tenant = &context.tenant;
    tenant
        .save_notification(context.id, &notification, now())
        .await?;
    let key = format!("notify/{id}");
    let task = RepositoryTask::Post { notification: id };
    Ok(enqueue(context, task, key).await?)
}

/// Shows the signing secret of notifications on the dashboard, for whoever set the address without an onboarding pull
/// request.
async fn show_secret(context: &RepositoryContext<'_>) -> Result<(), JobError> {
    let dashboard = context.tenant.dashboard(context.id).await?;
    let Some(dashboard) = dashboard.filter(|_| context.head.private) else {
        return Ok(());
    };
    notification_secret::show(context, dashboard).await
}

/// Returns the report and the time of a stack's last completed scan.
async fn last_completed(
    context: &RepositoryContext<'_>,
    stack: &StackReport,
) -> anyhow::Result<Option<(StackReport, i64)>> {
    let mut reports = context.reports(&stack.name);
    while let Some((report, scan)) = reports.next().await? {
        if report.outcome.is_ok() {
            return Ok(Some((report, scan.finished_at)));
        }
    }
    Ok(None)
}

/// Returns the page where each finding is handled: the pull request that lists it.
async fn pages(context: &RepositoryContext<'_>) -> anyhow::Result<BTreeMap<FindingId, String>> {
    let open = context.tenant.proposals(context.id).await?.into_iter();
    let open = open.filter(|proposal| proposal.state.is_open() && !proposal.stack.is_empty());
    let pages = open.flat_map(|proposal| {
        let (url, name) = (&context.services.pages_url, &context.head.name);
        let page = format!("{url}/{name}/pull/{}", proposal.number);
        let ids = proposal.findings.into_iter();
        ids.map(move |id| (FindingId(id), page.clone()))
    });
    Ok(pages.collect())
}

/// Formats a time in RFC 3339, to the second.
fn moment(now: i64) -> String {
    let moment = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
    moment.strftime("%FT%TZ").to_string()
}
