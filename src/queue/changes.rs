//! Works on deliveries that add or remove installations and repositories. One may name thousands of repositories, so
//! these deliveries have a line of their own: no other delivery waits for them.

use super::access;
use super::delivery::{self, WrittenRows};
use super::job::{JobError, JobHandler};
use super::now;
use super::own_task::OwnTask;
use super::storage::Queue;
use super::worker::{RECOVERY, Worker};
use crate::model::{
    DeliveryId, InstallationAction, InstallationId, RepositoryAction, RepositoryId, RepositoryInfo,
    WebhookEvent, WebhookPayload,
};
use crate::store::{Delivery, Store, Tenant};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How many repositories are written in one transaction. Other writers wait for its end.
const MAX_BATCH: usize = 100;

/// Returns whether a delivery adds or removes installations or repositories. Such a delivery is worked on alone: it
/// deletes jobs as well.
pub(super) fn changes_access(payload: &WebhookPayload) -> bool {
    matches!(
        payload.event,
        WebhookEvent::Installation { .. }
            | WebhookEvent::Repositories { .. }
            | WebhookEvent::Repository { .. }
    )
}

/// The deliveries of this kind that a worker has taken, the oldest first. Each stays until its work is done.
#[derive(Debug, Default)]
pub(super) struct Changes {
    line: Mutex<VecDeque<(InstallationId, DeliveryId)>>,
    added: Notify,
}

impl Changes {
    pub(super) fn add(&self, deliveries: Vec<Delivery>) {
        let ids = deliveries.into_iter();
        let ids = ids.map(|delivery| (delivery.payload.installation, delivery.id));
        self.line().extend(ids);
        self.added.notify_one();
    }

    /// Returns whether a delivery is in the line.
    pub(super) fn has(&self, id: &DeliveryId) -> bool {
        self.line().iter().any(|(_, other)| other == id)
    }

    async fn first(&self) -> (InstallationId, DeliveryId) {
        loop {
            let added = self.added.notified();
            let first = self.line().front().cloned();
            if let Some(first) = first {
                return first;
            }
            added.await;
        }
    }

    fn drop_first(&self) {
        self.line().pop_front();
    }

    fn line(&self) -> MutexGuard<'_, VecDeque<(InstallationId, DeliveryId)>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Works on the line, one delivery at a time, until it is dropped.
pub(super) async fn change_for_ever<P: JobHandler>(worker: Arc<Worker<P>>) {
    loop {
        let (installation, id) = worker.changes.first().await;
        if let Err(error) = change(&worker, installation, &id).await {
            tracing::warn!(
                delivery = id.0,
                error = format!("{error:#}"),
                "a delivery failed, and is tried again as a job"
            );
            while worker
                .inbox
                .enqueue_alone(installation, id.clone())
                .await
                .is_err()
            {
                tokio::time::sleep(RECOVERY).await;
            }
        }
        worker.changes.drop_first();
    }
}

/// Works on one delivery while no suspect runs. A panic ends only this delivery.
async fn change<P: JobHandler>(
    worker: &Worker<P>,
    installation: InstallationId,
    id: &DeliveryId,
) -> anyhow::Result<()> {
    let _beside_others = worker.solitude.read().await;
    let (inbox, id) = (worker.inbox.clone(), id.clone());
    let work = async move { run(&inbox.store, &inbox.queue, installation, &id, now()).await };
    OwnTask::spawn(work).end().await??;
    worker.inbox.metrics.processed.add();
    Ok(())
}

/// Acts on a recorded delivery of any kind, and closes it. A repetition changes nothing.
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
    let mut known = WrittenRows::of(store, std::iter::once(&delivery)).await?;
    let sent_at = known.sent_at(&delivery);
    if let Some(origin) = transferred(&delivery.payload) {
        take_over(store, queue, installation, origin, sent_at).await?;
    }
    let jobs = delivery::act(&tenant, &mut known, &delivery, now).await?;
    let removed = delete_removed(store, &delivery, sent_at).await?;
    delete_tasks(queue, &delivery.payload, &removed).await?;
    queue.push_all(&jobs).await?;
    welcome(store, queue, &delivery, sent_at).await?;
    Ok(tenant.close_delivery(id).await?)
}

/// Returns the repository that a payload tells of as transferred to its installation.
fn transferred(payload: &WebhookPayload) -> Option<&RepositoryInfo> {
    let transferred = RepositoryAction::Transferred;
    let is_transferred = payload.event
        == (WebhookEvent::Repository {
            action: transferred,
        });
    payload.repository.as_ref().filter(|_| is_transferred)
}

/// Moves a transferred repository's rows from its former installation, unless the App was uninstalled here or the
/// repository went elsewhere since.
async fn take_over(
    store: &Store,
    queue: &Queue,
    installation: InstallationId,
    origin: &RepositoryInfo,
    sent_at: i64,
) -> anyhow::Result<()> {
    let tenant = store.of(installation);
    if tenant.is_uninstalled().await?
        || !access::gain(store, installation, origin.id, sent_at).await?
    {
        return Ok(());
    }
    for former in store.others_with(origin.id, installation).await? {
        let lost = store.of(former);
        lost.change_access(Some(origin.id), false, sent_at).await?;
        queue.delete_tasks(former, Some(&[origin.id])).await?;
    }
    store.transfer(origin.id, installation).await
}

/// Deletes the jobs of the installations and repositories that the App lost.
async fn delete_tasks(
    queue: &Queue,
    payload: &WebhookPayload,
    removed: &[RepositoryId],
) -> anyhow::Result<()> {
    let installation = payload.installation;
    match (&payload.event, &payload.repository) {
        (WebhookEvent::Installation { action, .. }, _)
            if *action == InstallationAction::Deleted =>
        {
            queue.delete_tasks(installation, None).await
        }
        (WebhookEvent::Repositories { .. }, _) if !removed.is_empty() => {
            queue.delete_tasks(installation, Some(removed)).await
        }
        (WebhookEvent::Repository { action }, Some(origin))
            if *action == RepositoryAction::Deleted =>
        {
            queue.delete_tasks(installation, Some(&[origin.id])).await
        }
        _ => Ok(()),
    }
}

/// Deletes the stored data of the repositories that the App lost, and returns those that it did not gain again since.
async fn delete_removed(
    store: &Store,
    delivery: &Delivery,
    sent_at: i64,
) -> anyhow::Result<Vec<RepositoryId>> {
    let mut dropped = Vec::new();
    let WebhookEvent::Repositories { removed, .. } = &delivery.payload.event else {
        return Ok(dropped);
    };
    for some in removed.chunks(MAX_BATCH) {
        let transaction = store.transaction().await?;
        let tenant = transaction.store().of(delivery.payload.installation);
        for origin in some {
            if access::lose(&tenant, origin.id, sent_at).await? {
                dropped.push(origin.id);
            }
        }
        transaction.commit().await?;
    }
    Ok(dropped)
}

/// Requests a scan of each repository that the App gained.
async fn welcome(
    store: &Store,
    queue: &Queue,
    delivery: &Delivery,
    sent_at: i64,
) -> anyhow::Result<()> {
    let installation = delivery.payload.installation;
    let newcomers = newcomers(&store.of(installation), &delivery.payload.event).await?;
    for some in newcomers.chunks(MAX_BATCH) {
        let transaction = store.transaction().await?;
        let tenant = transaction.store().of(installation);
        let mut jobs = Vec::new();
        for newcomer in some {
            if let Some(origin) = newcomer.origin {
                let gained =
                    access::gain(transaction.store(), installation, origin.id, sent_at).await?;
                if !gained || !tenant.save_repository(origin, sent_at).await? {
                    continue;
                }
            }
            jobs.push(delivery::ask(&tenant, delivery, newcomer.id, None).await?);
        }
        transaction.commit().await?;
        queue.push_all(&jobs).await?;
    }
    Ok(())
}

/// A repository to scan.
struct AddedRepository<'a> {
    id: RepositoryId,
    /// The repository as the delivery describes it; `None` where it was known before.
    origin: Option<&'a RepositoryInfo>,
}

/// Returns the repositories that a delivery adds. The end of a suspension adds all known ones: their events during it
/// were not delivered.
async fn newcomers<'a>(
    tenant: &Tenant<'_>,
    event: &'a WebhookEvent,
) -> anyhow::Result<Vec<AddedRepository<'a>>> {
    let (named, resumed) = match event {
        WebhookEvent::Installation {
            action,
            repositories,
        } => (repositories, *action == InstallationAction::Unsuspend),
        WebhookEvent::Repositories { added, .. } => (added, false),
        _ => return Ok(Vec::new()),
    };
    // What is delivered late must not bring back what was removed.
    if !tenant.exists().await? {
        return Ok(Vec::new());
    }
    let named = named.iter().map(|origin| AddedRepository {
        id: origin.id,
        origin: Some(origin),
    });
    let mut newcomers: Vec<_> = named.collect();
    if resumed {
        let ids: HashSet<_> = newcomers.iter().map(|newcomer| newcomer.id).collect();
        let known = tenant.repositories().await?.into_iter();
        let rest = known.filter(|known| !ids.contains(&known.id));
        newcomers.extend(rest.map(|known| AddedRepository {
            id: known.id,
            origin: None,
        }));
    }
    Ok(newcomers)
}
