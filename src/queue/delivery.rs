//! Turns a delivery into jobs.

use super::job::{Job, QueuedJob, RepositoryTask, Trigger};
use super::{access, pushes};
use crate::model::{
    CheckAction, CommentAction, DeliveryId, InstallationAction, InstallationId, IssueAction,
    PullRequestAction, RepositoryAction, RepositoryId, RepositoryInfo, WebhookEvent,
    WebhookPayload,
};
use crate::store::{Delivery, ScanRequest, Store, Tenant};
use std::collections::HashMap;

/// What a transaction has written already: most deliveries repeat what earlier ones wrote.
#[derive(Debug, Default)]
pub(super) struct WrittenRows {
    accounts: HashMap<InstallationId, String>,
    origins: HashMap<RepositoryId, (InstallationId, RepositoryInfo)>,
    active: HashMap<InstallationId, bool>,
    /// When GitHub first sent those of the deliveries that were missed then.
    first_sent: HashMap<DeliveryId, i64>,
}

impl WrittenRows {
    /// Starts to work on deliveries: looks up which of them are late.
    pub(super) async fn of(
        store: &Store,
        deliveries: impl Iterator<Item = &Delivery>,
    ) -> anyhow::Result<Self> {
        let ids: Vec<_> = deliveries.map(|delivery| &delivery.id).collect();
        Ok(Self {
            first_sent: store.first_sent(&ids).await?,
            ..Self::default()
        })
    }

    /// Returns when GitHub first sent a delivery, in epoch milliseconds: what it tells of was so then.
    pub(super) fn sent_at(&self, delivery: &Delivery) -> i64 {
        let first = self.first_sent.get(&delivery.id).copied();
        first.map_or(delivery.received_at, |first| {
            first.min(delivery.received_at)
        })
    }

    fn has_account(&self, installation: InstallationId, account: &str) -> bool {
        self.accounts
            .get(&installation)
            .is_some_and(|known| known == account)
    }

    fn has_origin(&self, installation: InstallationId, origin: &RepositoryInfo) -> bool {
        let known = self.origins.get(&origin.id);
        known.is_some_and(|(of, known)| *of == installation && known == origin)
    }
}

/// Updates the store. The returned jobs must be enqueued before the delivery is closed.
pub(super) async fn act(
    tenant: &Tenant<'_>,
    known: &mut WrittenRows,
    delivery: &Delivery,
    now: i64,
) -> anyhow::Result<Vec<QueuedJob>> {
    let WebhookPayload {
        installation,
        account,
        repository,
        event,
        ..
    } = &delivery.payload;
    if let WebhookEvent::Installation { action, .. } = event
        && *action == InstallationAction::Deleted
    {
        tenant.delete_installation(delivery.received_at).await?;
        return Ok(Vec::new());
    }
    if !known.has_account(*installation, account) {
        tenant.record_installation(account, now).await?;
        // What is delivered late must not bring back what was removed.
        if !tenant.exists().await? {
            return Ok(Vec::new());
        }
        known.accounts.insert(*installation, account.clone());
    }
    let sent_at = known.sent_at(delivery);
    if let Some(origin) = repository
        && !known.has_origin(*installation, origin)
    {
        if !access::save_repository(tenant, origin, event, sent_at).await? {
            return Ok(Vec::new());
        }
        known
            .origins
            .insert(origin.id, (*installation, origin.clone()));
    }
    match event {
        WebhookEvent::Installation { action, .. } => {
            if let Some(suspended) = suspends(*action)
                && tenant.change_access(None, !suspended, sent_at).await?
            {
                tenant.suspend(suspended).await?;
            }
            Ok(Vec::new())
        }
        // Those may be thousands: see `changes`.
        WebhookEvent::Repositories { .. } => Ok(Vec::new()),
        _ => match repository {
            Some(origin) if is_active(tenant, known, *installation).await? => {
                about(tenant, delivery, origin, sent_at).await
            }
            _ => Ok(Vec::new()),
        },
    }
}

async fn is_active(
    tenant: &Tenant<'_>,
    known: &mut WrittenRows,
    installation: InstallationId,
) -> anyhow::Result<bool> {
    if let Some(active) = known.active.get(&installation) {
        return Ok(*active);
    }
    let active = tenant.active().await?;
    known.active.insert(installation, active);
    Ok(active)
}

/// Returns whether the installation is suspended after an action; `None` where the action changes nothing.
fn suspends(action: InstallationAction) -> Option<bool> {
    match action {
        InstallationAction::Suspend => Some(true),
        InstallationAction::Unsuspend | InstallationAction::Created => Some(false),
        InstallationAction::Deleted | InstallationAction::Other => None,
    }
}

/// Returns the jobs of an event in a repository, which was sent at a moment.
async fn about(
    tenant: &Tenant<'_>,
    delivery: &Delivery,
    origin: &RepositoryInfo,
    at: i64,
) -> anyhow::Result<Vec<QueuedJob>> {
    let sender = &delivery.payload.sender;
    let task = |task: RepositoryTask| Ok(vec![queued_task(delivery, origin.id, task)]);
    match &delivery.payload.event {
        WebhookEvent::Push { .. } => pushed(tenant, delivery, origin).await,
        WebhookEvent::Check {
            action: CheckAction::Rerequested,
            commit,
            pulls,
        } => {
            let commit = Some(commit.as_str()).filter(|_| pulls.is_empty());
            let mut jobs = vec![ask(tenant, delivery, origin.id, commit).await?];
            let reviews = pulls
                .iter()
                .map(|pull| RepositoryTask::Review { pull: *pull });
            jobs.extend(reviews.map(|review| queued_task(delivery, origin.id, review)));
            Ok(jobs)
        }
        WebhookEvent::Comment {
            action: CommentAction::Created,
            issue,
            comment,
            mentions_command: true,
        } if !sender.bot => task(RepositoryTask::Comment {
            issue: *issue,
            comment: *comment,
            at,
        }),
        WebhookEvent::Issue {
            action: IssueAction::Edited,
            number,
            ticked,
        } if !sender.bot && !ticked.is_empty() => task(RepositoryTask::Boxes {
            issue: *number,
            ticked: ticked.clone(),
            person: sender.login.clone(),
            at,
        }),
        WebhookEvent::PullRequest { .. } => Ok(pulled(delivery, origin, at)),
        WebhookEvent::Repository { action } => match action {
            RepositoryAction::Publicized => task(RepositoryTask::Conceal),
            RepositoryAction::Privatized
            | RepositoryAction::Transferred
            | RepositoryAction::Unarchived => {
                Ok(vec![ask(tenant, delivery, origin.id, None).await?])
            }
            RepositoryAction::Archived => {
                // It may be writable again since, and scanned.
                if !tenant.is_described_after(origin.id, at).await? {
                    tenant.unschedule(origin.id).await?;
                }
                Ok(Vec::new())
            }
            RepositoryAction::Deleted | RepositoryAction::Other => Ok(Vec::new()),
        },
        _ => Ok(Vec::new()),
    }
}

/// Returns the jobs of a push.
async fn pushed(
    tenant: &Tenant<'_>,
    delivery: &Delivery,
    origin: &RepositoryInfo,
) -> anyhow::Result<Vec<QueuedJob>> {
    let WebhookEvent::Push {
        reference,
        commit,
        deleted,
    } = &delivery.payload.event
    else {
        return Ok(Vec::new());
    };
    let known = tenant.repository(origin.id).await?;
    let default_branch = known.and_then(|known| known.default_branch);
    let default_branch = default_branch.unwrap_or_default();
    if pushes::scans(reference, *deleted, &default_branch) {
        let commit = Some(commit.as_str());
        return Ok(vec![ask(tenant, delivery, origin.id, commit).await?]);
    }
    // The one branch beside the default one whose settings count for something.
    if pushes::onboards(reference, *deleted) && !delivery.payload.sender.bot {
        return Ok(vec![ask(tenant, delivery, origin.id, None).await?]);
    }
    Ok(Vec::new())
}

/// Returns the jobs of a change of a pull request: DriftGuard's own is followed, another one gets checks.
fn pulled(delivery: &Delivery, origin: &RepositoryInfo, at: i64) -> Vec<QueuedJob> {
    let WebhookEvent::PullRequest {
        action,
        number,
        branch,
        ticked,
        ..
    } = &delivery.payload.event
    else {
        return Vec::new();
    };
    let sender = &delivery.payload.sender;
    let task = |task: RepositoryTask| vec![queued_task(delivery, origin.id, task)];
    if !pushes::is_own(branch) {
        return match action {
            PullRequestAction::Opened
            | PullRequestAction::Synchronize
            | PullRequestAction::Reopened
            | PullRequestAction::ReadyForReview => task(RepositoryTask::Review { pull: *number }),
            _ => Vec::new(),
        };
    }
    let person = sender.login.clone();
    match action {
        // How it ended, and whether that was a no, GitHub tells when it is asked.
        PullRequestAction::Closed | PullRequestAction::Reopened => task(RepositoryTask::Follow {
            pull: *number,
            person,
            at,
        }),
        PullRequestAction::Edited if !sender.bot && !ticked.is_empty() => {
            task(RepositoryTask::Boxes {
                issue: *number,
                ticked: ticked.clone(),
                person,
                at,
            })
        }
        _ => Vec::new(),
    }
}

/// Requests a scan of the whole repository.
pub(super) async fn ask(
    tenant: &Tenant<'_>,
    delivery: &Delivery,
    repository: RepositoryId,
    commit: Option<&str>,
) -> anyhow::Result<QueuedJob> {
    let request = ScanRequest {
        repository,
        stack: None,
        commit,
        asked_at: delivery.received_at,
    };
    tenant.request_scan(&request).await?;
    let job = Job::Scan {
        installation: delivery.payload.installation,
        repository,
        stack: None,
        trigger: Trigger::Push,
    };
    Ok(QueuedJob::new(job, format!("{}@{repository}", delivery.id)))
}

/// Returns the job of a task: a delivery enqueues one per kind and repository.
fn queued_task(delivery: &Delivery, repository: RepositoryId, task: RepositoryTask) -> QueuedJob {
    let kind = match &task {
        RepositoryTask::Review { pull } => format!("review-{pull}"),
        _ => "errand".to_owned(),
    };
    let job = Job::Task {
        installation: delivery.payload.installation,
        repository,
        task,
    };
    QueuedJob::new(job, format!("{}@{repository}/{kind}", delivery.id))
}
