//! What a delivery leads to.

use super::job::{Job, QueuedJob, RepositoryTask, Trigger};
use super::pushes;
use crate::model::{Event, InstallationId, Notice, Origin, RepositoryId};
use crate::store::{Delivery, Request, Tenant};
use std::collections::HashMap;

/// What a transaction has written already: most deliveries bring what others brought before them.
#[derive(Debug, Default)]
pub(super) struct Known {
    accounts: HashMap<InstallationId, String>,
    origins: HashMap<RepositoryId, (InstallationId, Origin)>,
    active: HashMap<InstallationId, bool>,
}

impl Known {
    fn has_account(&self, installation: InstallationId, account: &str) -> bool {
        self.accounts
            .get(&installation)
            .is_some_and(|known| known == account)
    }

    fn has_origin(&self, installation: InstallationId, origin: &Origin) -> bool {
        let known = self.origins.get(&origin.id);
        known.is_some_and(|(of, known)| *of == installation && known == origin)
    }
}

/// Brings the store up to date. What comes back is to be enqueued before the delivery is closed.
pub(super) async fn act(
    tenant: &Tenant<'_>,
    known: &mut Known,
    delivery: &Delivery,
    now: i64,
) -> anyhow::Result<Vec<QueuedJob>> {
    let Notice {
        installation,
        account,
        repository,
        event,
        ..
    } = &delivery.notice;
    if let Event::Installation { action, .. } = event
        && action == "deleted"
    {
        tenant.forget(delivery.received_at).await?;
        return Ok(Vec::new());
    }
    if !known.has_account(*installation, account) {
        tenant.learn(account, now).await?;
        // What is delivered late must not bring back what was removed.
        if !tenant.exists().await? {
            return Ok(Vec::new());
        }
        known.accounts.insert(*installation, account.clone());
    }
    if let Some(origin) = repository
        && !known.has_origin(*installation, origin)
    {
        keep(tenant, origin, event).await?;
        known
            .origins
            .insert(origin.id, (*installation, origin.clone()));
    }
    match event {
        Event::Installation { action, .. } => {
            if let Some(suspended) = suspends(action) {
                tenant.suspend(suspended).await?;
            }
            Ok(Vec::new())
        }
        // Those may be thousands: see `changes`.
        Event::Repositories { .. } => Ok(Vec::new()),
        _ => match repository {
            Some(origin) if is_active(tenant, known, *installation).await? => {
                about(tenant, delivery, origin).await
            }
            _ => Ok(Vec::new()),
        },
    }
}

async fn is_active(
    tenant: &Tenant<'_>,
    known: &mut Known,
    installation: InstallationId,
) -> anyhow::Result<bool> {
    if let Some(active) = known.active.get(&installation) {
        return Ok(*active);
    }
    let active = tenant.active().await?;
    known.active.insert(installation, active);
    Ok(active)
}

/// What an action says of the installation's suspension, where it says anything.
fn suspends(action: &str) -> Option<bool> {
    match action {
        "suspend" => Some(true),
        "unsuspend" | "created" => Some(false),
        _ => None,
    }
}

/// The repository as it is now; gone, if that is what happened.
async fn keep(tenant: &Tenant<'_>, origin: &Origin, event: &Event) -> anyhow::Result<()> {
    let gone = matches!(event, Event::Repository { action } if action == "deleted");
    if gone {
        tenant.drop_repository(origin.id).await
    } else {
        tenant.keep_repository(origin).await
    }
}

/// What happened in a repository.
async fn about(
    tenant: &Tenant<'_>,
    delivery: &Delivery,
    origin: &Origin,
) -> anyhow::Result<Vec<QueuedJob>> {
    let sender = &delivery.notice.sender;
    let at = delivery.received_at;
    let task = |task: RepositoryTask| Ok(vec![queued_task(delivery, origin.id, task)]);
    match &delivery.notice.event {
        Event::Push { .. } => pushed(tenant, delivery, origin).await,
        Event::Check {
            action,
            commit,
            pulls,
        } if action == "rerequested" => {
            let commit = Some(commit.as_str()).filter(|_| pulls.is_empty());
            let mut jobs = vec![ask(tenant, delivery, origin.id, commit).await?];
            let reviews = pulls
                .iter()
                .map(|pull| RepositoryTask::Review { pull: *pull });
            jobs.extend(reviews.map(|review| queued_task(delivery, origin.id, review)));
            Ok(jobs)
        }
        Event::Comment {
            action,
            issue,
            comment,
            asks: true,
        } if action == "created" && !sender.bot => task(RepositoryTask::Comment {
            issue: *issue,
            comment: *comment,
            at,
        }),
        Event::Issue {
            action,
            number,
            ticked,
        } if action == "edited" && !sender.bot && !ticked.is_empty() => {
            task(RepositoryTask::Boxes {
                issue: *number,
                ticked: ticked.clone(),
                person: sender.login.clone(),
                at,
            })
        }
        Event::PullRequest { .. } => Ok(pulled(delivery, origin)),
        Event::Repository { action } => match action.as_str() {
            "publicized" => task(RepositoryTask::Conceal),
            "privatized" | "transferred" | "unarchived" => {
                Ok(vec![ask(tenant, delivery, origin.id, None).await?])
            }
            "archived" => {
                tenant.unschedule(origin.id).await?;
                Ok(Vec::new())
            }
            _ => Ok(Vec::new()),
        },
        _ => Ok(Vec::new()),
    }
}

/// What a push leads to.
async fn pushed(
    tenant: &Tenant<'_>,
    delivery: &Delivery,
    origin: &Origin,
) -> anyhow::Result<Vec<QueuedJob>> {
    let Event::Push {
        reference,
        commit,
        deleted,
    } = &delivery.notice.event
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
    if pushes::onboards(reference, *deleted) && !delivery.notice.sender.bot {
        return Ok(vec![ask(tenant, delivery, origin.id, None).await?]);
    }
    Ok(Vec::new())
}

/// What happened to a pull request: DriftGuard's own is followed, somebody else's gets its checks.
fn pulled(delivery: &Delivery, origin: &Origin) -> Vec<QueuedJob> {
    let Event::PullRequest {
        action,
        number,
        branch,
        ticked,
        ..
    } = &delivery.notice.event
    else {
        return Vec::new();
    };
    let sender = &delivery.notice.sender;
    let task = |task: RepositoryTask| vec![queued_task(delivery, origin.id, task)];
    if !pushes::is_own(branch) {
        let checked = ["opened", "synchronize", "reopened", "ready_for_review"];
        return match checked.contains(&action.as_str()) {
            true => task(RepositoryTask::Review { pull: *number }),
            false => Vec::new(),
        };
    }
    let (person, at) = (sender.login.clone(), delivery.received_at);
    match action.as_str() {
        // How it ended, and whether that was a no, GitHub tells when it is asked.
        "closed" | "reopened" => task(RepositoryTask::Follow {
            pull: *number,
            person,
            at,
        }),
        "edited" if !sender.bot && !ticked.is_empty() => task(RepositoryTask::Boxes {
            issue: *number,
            ticked: ticked.clone(),
            person,
            at,
        }),
        _ => Vec::new(),
    }
}

/// Asks for a scan of the whole repository.
pub(super) async fn ask(
    tenant: &Tenant<'_>,
    delivery: &Delivery,
    repository: RepositoryId,
    commit: Option<&str>,
) -> anyhow::Result<QueuedJob> {
    let request = Request {
        repository,
        stack: None,
        commit,
        asked_at: delivery.received_at,
    };
    tenant.ask_scan(&request).await?;
    let job = Job::Scan {
        installation: delivery.notice.installation,
        repository,
        stack: None,
        trigger: Trigger::Push,
    };
    Ok(QueuedJob::new(job, format!("{}@{repository}", delivery.id)))
}

/// The job of a task: a delivery leads to one of a kind a repository.
fn queued_task(delivery: &Delivery, repository: RepositoryId, task: RepositoryTask) -> QueuedJob {
    let kind = match &task {
        RepositoryTask::Review { pull } => format!("review-{pull}"),
        _ => "errand".to_owned(),
    };
    let job = Job::Task {
        installation: delivery.notice.installation,
        repository,
        task,
    };
    QueuedJob::new(job, format!("{}@{repository}/{kind}", delivery.id))
}
