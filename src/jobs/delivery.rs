//! What a delivery leads to.

use super::job::{Job, JobError, Ticket, Trigger};
use super::pushes;
use super::queue::Queue;
use crate::model::{DeliveryId, Event, InstallationId, Notice, Origin};
use crate::store::{Delivery, ProposalState, Request, Store, Tenant};
use std::time::Duration;

/// Acts on a recorded delivery, and closes it. Run again, it changes nothing more.
pub(super) async fn run(
    store: &Store,
    queue: &Queue,
    installation: InstallationId,
    id: &DeliveryId,
    now: i64,
) -> Result<(), JobError> {
    let tenant = store.of(installation);
    let Some(delivery) = tenant.open_delivery(id).await? else {
        return Ok(());
    };
    if let Some(ticket) = act(&tenant, &delivery, now).await? {
        queue.push(&ticket, Duration::ZERO).await?;
    }
    Ok(tenant.close_delivery(id).await?)
}

/// Brings the store up to date. What comes back is to be enqueued.
async fn act(tenant: &Tenant<'_>, delivery: &Delivery, now: i64) -> anyhow::Result<Option<Ticket>> {
    let Notice {
        account,
        repository,
        event,
        ..
    } = &delivery.notice;
    if let Event::Installation { action, .. } = event
        && action == "deleted"
    {
        tenant.forget().await?;
        return Ok(None);
    }
    tenant.learn(account, now).await?;
    if let Some(origin) = repository {
        keep(tenant, origin, event).await?;
    }
    match event {
        Event::Installation {
            action,
            repositories,
        } => {
            if let Some(suspended) = suspends(action) {
                tenant.suspend(suspended).await?;
            }
            keep_all(tenant, repositories).await?;
        }
        Event::Repositories { added, removed } => {
            keep_all(tenant, added).await?;
            for origin in removed {
                tenant.drop_repository(origin.id).await?;
            }
        }
        Event::PullRequest { .. } => settle(tenant, delivery, now).await?,
        Event::Push { .. } => return ask(tenant, delivery).await,
        Event::Repository { .. } | Event::Other { .. } => {}
    }
    Ok(None)
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

async fn keep_all(tenant: &Tenant<'_>, origins: &[Origin]) -> anyhow::Result<()> {
    for origin in origins {
        tenant.keep_repository(origin).await?;
    }
    Ok(())
}

/// A pull request that people closed is remembered as declined, one that went in as merged.
async fn settle(tenant: &Tenant<'_>, delivery: &Delivery, now: i64) -> anyhow::Result<()> {
    let Notice {
        repository: Some(origin),
        event,
        ..
    } = &delivery.notice
    else {
        return Ok(());
    };
    let Event::PullRequest {
        action,
        number,
        merged,
        by_bot,
        ..
    } = event
    else {
        return Ok(());
    };
    let state = match (action.as_str(), merged, by_bot) {
        ("closed", true, _) => ProposalState::Merged,
        ("closed", false, true) => ProposalState::Closed,
        ("closed", false, false) => ProposalState::Declined,
        ("reopened", ..) => ProposalState::Open,
        _ => return Ok(()),
    };
    tenant.settle_proposal(origin.id, *number, state, now).await
}

/// A push to the default branch asks for a scan of the repository.
async fn ask(tenant: &Tenant<'_>, delivery: &Delivery) -> anyhow::Result<Option<Ticket>> {
    let Notice {
        installation,
        repository: Some(origin),
        event,
        ..
    } = &delivery.notice
    else {
        return Ok(None);
    };
    let Event::Push {
        reference,
        commit,
        deleted,
    } = event
    else {
        return Ok(None);
    };
    let known = tenant.repository(origin.id).await?;
    let default_branch = known
        .and_then(|repository| repository.default_branch)
        .unwrap_or_default();
    if !pushes::scans(reference, *deleted, &default_branch) || !tenant.active().await? {
        return Ok(None);
    }
    let request = Request {
        repository: origin.id,
        stack: None,
        commit: Some(commit),
        asked_at: delivery.received_at,
    };
    tenant.ask_scan(&request).await?;
    let job = Job::Scan {
        installation: *installation,
        repository: origin.id,
        stack: None,
        trigger: Trigger::Push,
    };
    Ok(Some(Ticket::new(
        job,
        format!("{}@{}", delivery.id, origin.id),
    )))
}
