//! One at a time for each repository, whichever worker: what is under way holds a lease, and renews it.

use super::attempt::Outcome;
use super::job::{JobError, Process};
use super::now;
use super::worker::Worker;
use crate::model::{InstallationId, RepositoryId};
use crate::store::{Lease, Store};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinSet;

impl<P: Process> Worker<P> {
    /// Does some work while nobody else works on the repository; not at all while somebody does. What is left of an
    /// installation or repository that went meanwhile is deleted.
    pub(super) async fn alone(
        &self,
        installation: InstallationId,
        repository: RepositoryId,
        work: impl Future<Output = Result<(), JobError>>,
    ) -> Result<Outcome, JobError> {
        let store = &self.inbox.store;
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let lease = Lease {
            subject: repository.to_string(),
            holder: format!("{}/{run}", self.name),
        };
        if !renew(store, installation, &lease, self.pace.lease).await? {
            return Ok(Outcome::Taken);
        }
        let mut renewal = JoinSet::new();
        renewal.spawn(keep_lease(
            store.clone(),
            installation,
            lease.clone(),
            self.pace.lease,
        ));
        let end = tokio::select! {
            end = work => end,
            lost = renewal.join_next() => return Err(lost_lease(lost)),
        };
        renewal.abort_all();
        let tenant = store.of(installation);
        if !tenant.exists().await? {
            tenant.forget(now()).await?;
        } else if tenant.repository(repository).await?.is_none() {
            tenant.drop_repository(repository).await?;
        }
        tenant.end_lease(&lease).await?;
        end.map(|()| Outcome::Done)
    }
}

/// Renews a lease until it is lost, and says how. In a task of its own: a scan that computes for long must not lose it.
pub(super) async fn keep_lease(
    store: Store,
    installation: InstallationId,
    lease: Lease,
    time: Duration,
) -> anyhow::Error {
    loop {
        tokio::time::sleep(time / 4).await;
        match renew(&store, installation, &lease, time).await {
            Ok(true) => {}
            Ok(false) => return anyhow::anyhow!("another worker took the repository over"),
            Err(error) => return error,
        }
    }
}

/// Takes or renews a lease. False while somebody else holds it.
pub(super) async fn renew(
    store: &Store,
    installation: InstallationId,
    lease: &Lease,
    time: Duration,
) -> anyhow::Result<bool> {
    let now = now();
    let until = now.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    store.of(installation).take_lease(lease, now, until).await
}

fn lost_lease(lost: Option<Result<anyhow::Error, tokio::task::JoinError>>) -> JobError {
    match lost {
        Some(Ok(error)) => error.into(),
        Some(Err(death)) => anyhow::Error::new(death).into(),
        None => anyhow::anyhow!("the lease was not renewed").into(),
    }
}
