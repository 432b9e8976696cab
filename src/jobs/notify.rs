//! Telling others: code scanning, and the address that a repository names.

use super::bot::{Bot, Visit, judged};
use super::notification_secret;
use super::scan::{Scan, leave};
use crate::github::GithubError;
use crate::model::{FindingId, StackReport};
use crate::outbound::signed;
use crate::queue::RunContext;
use crate::queue::job::{Errand, ErrandOrder, JobError};
use crate::queue::now;
use crate::report::{self, Occasion};
use crate::store::Notification;
use anyhow::Context;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The check that tells why code scanning shows nothing.
const CODE_SCANNING: &str = "DriftGuard / code scanning";

impl Bot {
    /// Uploads what a scan says of a stack to code scanning, where the settings want it. That GitHub does not take it is
    /// no reason to have no scan.
    pub(super) async fn upload(
        &self,
        scan: &Scan<'_>,
        stack: &StackReport,
    ) -> Result<(), JobError> {
        if !scan.settings.code_scanning {
            return Ok(());
        }
        let before = self.before(scan, stack).await?;
        let sarif = report::code_scanning(before.as_ref().map(|(before, _)| before), stack)
            .context("while writing SARIF")?;
        let Some(sarif) = sarif else {
            return Ok(());
        };
        let head = &scan.visit.head;
        let reference = format!("refs/heads/{}", head.default_branch);
        let uploaded = scan
            .visit
            .repository
            .upload_sarif(&head.commit, &reference, &sarif)
            .await;
        match uploaded {
            Ok(()) => Ok(()),
            Err(
                error @ (GithubError::NoCodeScanning(_)
                | GithubError::NotFound(_)
                | GithubError::Invalid { .. }),
            ) => {
                tracing::warn!(error = format!("{error:#}"), "code scanning took nothing");
                let problem = format!("{error:#}");
                let text = report::failed("Code scanning takes no results", &problem);
                leave(scan.visit, CODE_SCANNING, &text).await
            }
            Err(error) => Err(judged(error)),
        }
    }

    /// Enqueues the notification of what is new and what is resolved since the last scan, where somebody wants it.
    pub(super) async fn announce(
        &self,
        scan: &Scan<'_>,
        stack: &StackReport,
    ) -> Result<(), JobError> {
        let Some(notify) = &scan.settings.notify else {
            return Ok(());
        };
        let visit = scan.visit;
        let before = self.before(scan, stack).await?;
        // The same for each try of this scan: it follows the same one, and finds the same.
        let since = before.as_ref().map_or(0, |(_, finished_at)| *finished_at);
        let ids = stack.outcome.iter().flat_map(|one| &one.findings);
        let ids: Vec<_> = ids.map(|finding| finding.id.0.as_str()).collect();
        let seed = format!("{}/{}@{since}/{}", visit.id, stack.name, ids.join(" "));
        let id = hex::encode(&Sha256::digest(seed)[..16]);
        let pages = self.pages(visit).await?;
        let occasion = Occasion {
            id: &id,
            repository: visit.repository.name(),
            commit: &visit.head.commit,
            scanned_at: &moment(now()),
            pages: &pages,
        };
        let before = before.as_ref().map(|(before, _)| before);
        let Some(body) = report::notification(before, stack, occasion) else {
            return Ok(());
        };
        self.tell_secret(visit).await?;
        let notification = Notification {
            url: notify.url.clone(),
            id: id.clone(),
            body,
        };
        let kept = visit
            .tenant
            .keep_notification(visit.id, &notification, now());
        kept.await?;
        let key = format!("notify/{id}");
        let errand = Errand::Post { notification: id };
        Ok(self.send(visit, errand, key).await?)
    }

    /// Says on the dashboard what notifications are signed with, for whoever set the address without an onboarding.
    async fn tell_secret(&self, visit: &Visit<'_>) -> Result<(), JobError> {
        let dashboard = visit.tenant.dashboard(visit.id).await?;
        let Some(dashboard) = dashboard.filter(|_| visit.head.private) else {
            return Ok(());
        };
        notification_secret::show(self.key(), visit, dashboard).await
    }

    /// Posts a notification that is kept, and deletes it. One that is given up may be tried again by the operator.
    pub(super) async fn post(
        &self,
        order: &ErrandOrder,
        id: &str,
        run: &RunContext,
    ) -> Result<(), JobError> {
        let tenant = run.store().of(order.installation);
        let Some(notification) = tenant.notification(order.repository, id).await? else {
            return Ok(());
        };
        self.notify(order, &notification, run).await?;
        Ok(tenant.drop_notification(order.repository, id).await?)
    }

    /// Posts a notification, signed.
    pub(super) async fn notify(
        &self,
        order: &ErrandOrder,
        notification: &Notification,
        run: &RunContext,
    ) -> Result<(), JobError> {
        let tenant = run.store().of(order.installation);
        let secret = notification_secret::current(self.key(), &tenant, order.repository).await?;
        let headers = signed(secret.as_bytes(), &notification.id, &notification.body);
        if !run.may_write().await {
            return Err(GithubError::NotHeld(format!("notification {}", notification.id)).into());
        }
        let sent = self
            .outbound
            .post(&notification.url, headers, notification.body.clone())
            .await;
        sent.map_err(|error| match error.may_pass() {
            true => JobError::Retry(error.into()),
            false => JobError::Fatal(error.into()),
        })
    }

    /// What the last scan of a stack said that came through, and when.
    async fn before(
        &self,
        scan: &Scan<'_>,
        stack: &StackReport,
    ) -> anyhow::Result<Option<(StackReport, i64)>> {
        let mut reports = scan.visit.reports(&stack.name).await?.into_iter();
        Ok(reports.find(|(report, _)| report.outcome.is_ok()))
    }

    /// Where findings are dealt with: the page of the pull request that carries each.
    async fn pages(&self, visit: &Visit<'_>) -> anyhow::Result<BTreeMap<FindingId, String>> {
        let open = visit.tenant.proposals(visit.id).await?.into_iter();
        let open = open.filter(|one| one.state.is_open() && !one.stack.is_empty());
        let pages = open.flat_map(|one| {
            let page = format!("{}/{}/pull/{}", self.pages_url, visit.head.name, one.number);
            let ids = one.findings.into_iter();
            ids.map(move |id| (FindingId(id), page.clone()))
        });
        Ok(pages.collect())
    }
}

/// A moment in RFC 3339, to the second.
fn moment(now: i64) -> String {
    let moment = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
    moment.strftime("%FT%TZ").to_string()
}
