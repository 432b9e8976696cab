//! The lease that a running job holds on its repository: renewed beside the job, and looked at before each write.

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

/// In how many parts the time of a lease is thought of: it is renewed after each, and given up before the last.
const PARTS: u32 = 4;

/// A lease, as far as this process knows of it.
#[derive(Debug)]
pub(super) struct HeldLease {
    store: Store,
    /// The same, where nothing is written once the lease was lost.
    guarded: Store,
    installation: InstallationId,
    lease: Lease,
    /// How long it runs after each renewal.
    time: Duration,
    /// Whether it was lost, or the job was told to stop: no way back.
    over: AtomicBool,
    /// When the last renewal that succeeded was sent. The database counts from later on.
    renewed: Mutex<Instant>,
}

impl HeldLease {
    /// Takes a lease; none while somebody else holds it.
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

    /// Renews the lease in a task of its own: what its job computes must not keep it from that.
    /// Its end says how the lease was lost.
    pub(super) fn renewal(self: &Arc<Self>) -> OwnTask<JobError> {
        let lease = self.clone();
        OwnTask::spawn(async move { lease.keep().await })
    }

    /// Renews the lease until it is lost, and says how. While the database is away the job goes on, as long as the lease
    /// cannot have run out.
    async fn keep(&self) -> JobError {
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

    /// Whether what the lease guards may still be written. The database is asked each time: a process that was paused
    /// cannot tell for how long. Where it does not answer, the process's own clock decides.
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

    /// The database, where nothing is written once the lease was lost.
    pub(super) fn guarded(&self) -> &Store {
        &self.guarded
    }

    /// Lets nothing more be written.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Gives the lease back.
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

    /// What the database answers, unless it takes too long for a lease.
    async fn in_time<T>(
        &self,
        asked: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        match timeout(self.time / PARTS, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(anyhow::anyhow!("the database does not answer")),
        }
    }

    /// Whether the lease runs by this process's own clock, with some time left.
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
