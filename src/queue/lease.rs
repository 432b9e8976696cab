//! Holds the lease of a running job on its repository: it is renewed while the job runs, and checked before each write.

use super::job::JobError;
use super::own_task::OwnTask;
use crate::github::Fence;
use crate::model::InstallationId;
use crate::store::{Lease, Store};
use futures::future::BoxFuture;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// Into how many parts a lease's duration is divided: it is renewed after each, and given up before the last.
const PARTS: u32 = 4;

/// A lease, as far as this process knows its state.
#[derive(Debug)]
pub(super) struct HeldLease {
    store: Store,
    /// The database, which refuses writes once the lease is lost.
    guarded: Store,
    installation: InstallationId,
    lease: Lease,
    /// How long the lease runs after each renewal.
    time: Duration,
    /// Whether the lease was lost, or the job was told to stop; this is final.
    over: AtomicBool,
    /// When the last successful renewal was sent. The database counts from a later moment.
    renewed: Mutex<Instant>,
}

impl HeldLease {
    /// Takes a lease; `None` while another job holds it.
    pub(super) async fn take(
        store: &Store,
        installation: InstallationId,
        lease: Lease,
        time: Duration,
    ) -> anyhow::Result<Option<Self>> {
        let sent = Instant::now();
        let taken = store.of(installation).take_lease(&lease, time).await?;
        Ok(taken.then(|| Self {
            store: store.clone(),
            guarded: store.guarded_by_lease(installation, &lease),
            installation,
            lease,
            time,
            over: AtomicBool::new(false),
            renewed: Mutex::new(sent),
        }))
    }

    /// Renews the lease in a task of its own, independent of the job's computing. The task returns how the lease was
    /// lost.
    pub(super) fn renewal(self: &Arc<Self>) -> OwnTask<JobError> {
        let lease = self.clone();
        OwnTask::spawn(async move { lease.renew_until_lost().await })
    }

    /// Renews the lease until it is lost, and returns how. While the database is away the job continues, as long as the
    /// lease cannot have expired.
    async fn renew_until_lost(&self) -> JobError {
        loop {
            sleep(self.time / PARTS).await;
            loop {
                match self.renew().await {
                    Ok(true) => break,
                    Ok(false) => return self.lost("another worker took the repository over"),
                    Err(error) if self.is_certain() => tracing::warn!(
                        error = format!("{error:#}"),
                        "a lease was not renewed, and still runs"
                    ),
                    Err(error) => return self.lost(&format!("it could not be renewed: {error:#}")),
                }
                sleep(self.time / PARTS / PARTS).await;
            }
        }
    }

    /// Returns whether the job may still write. The database is asked each time: a paused process cannot know for how
    /// long it was paused. If the database does not answer, the process's own clock decides.
    pub(super) async fn is_held(&self) -> bool {
        if self.is_over() {
            return false;
        }
        let tenant = self.store.of(self.installation);
        let held = match self.in_time(tenant.lease_left(&self.lease)).await {
            Ok(Some(left)) if left > self.time / PARTS => Ok(true),
            // It is about to run out, or did, and nobody took it.
            Ok(Some(_)) => self.renew().await,
            Ok(None) => Ok(false),
            Err(error) => Err(error),
        };
        if matches!(held, Ok(false)) {
            self.end();
        }
        held.unwrap_or_else(|_| self.is_certain()) && !self.is_over()
    }

    /// Returns the database, which refuses writes once the lease is lost.
    pub(super) fn guarded(&self) -> &Store {
        &self.guarded
    }

    /// Forbids all further writes.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Releases the lease.
    pub(super) async fn give_back(&self) -> anyhow::Result<()> {
        self.end();
        let tenant = self.store.of(self.installation);
        tenant.end_lease(&self.lease).await
    }

    async fn renew(&self) -> anyhow::Result<bool> {
        let sent = Instant::now();
        let tenant = self.store.of(self.installation);
        let renewed = self
            .in_time(tenant.renew_lease(&self.lease, self.time))
            .await?;
        if renewed {
            *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = sent;
        }
        Ok(renewed)
    }

    /// Waits for the database's answer, no longer than a lease may wait.
    async fn in_time<T>(
        &self,
        asked: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        match timeout(self.time / PARTS, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(anyhow::anyhow!("the database does not answer")),
        }
    }

    /// Returns whether the lease is valid by this process's own clock, with some time left.
    fn is_certain(&self) -> bool {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        renewed.elapsed() < self.time / PARTS * (PARTS - 1)
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn lost(&self, how: &str) -> JobError {
        self.end();
        JobError::Later(
            anyhow::anyhow!("the lease on the repository was lost: {how}"),
            self.time,
        )
    }
}

impl Fence for HeldLease {
    fn may_write(&self) -> BoxFuture<'_, bool> {
        Box::pin(self.is_held())
    }
}
