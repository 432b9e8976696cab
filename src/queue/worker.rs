//! Takes jobs and runs them: one at a time per repository, repeated after failures, and on another worker if this one
//! dies.

use super::changes::{Changes, change_for_ever};
use super::claims::{adopt_for_ever, renew_for_ever};
use super::classify::is_deadlock;
use super::drain::drain_for_ever;
use super::inbox::Inbox;
use super::job::{JobHandler, QueuedJob};
use super::outage::bring_forward_for_ever;
use super::polling::Polling;
use super::see_through::see_through;
use super::shares::Shares;
use super::storage::{QUEUE, Queue};
use super::thread::Threads;
use anyhow::Context;
use apalis::prelude::{Attempt, BackendExt, BoxDynError, Data, WorkerBuilder, WorkerContext};
use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::RwLock;
use tokio::task::JoinSet;

/// The pause before a worker that lost its queue starts again.
pub(super) const RECOVERY: Duration = Duration::from_secs(1);

/// How long the threads of stopped jobs may take to end: their computing is interrupted.
const THREADS_END: Duration = Duration::from_secs(3);

/// After how many sweeps it is looked again for moments that were stored while a clock was ahead.
const CORRECTION: u64 = 10;

/// How many jobs a worker runs, how often it polls, and how long it waits.
#[derive(Debug, Clone, Copy)]
pub struct WorkerConfig {
    /// How many scans run at once. Besides, as many tasks run, and one more.
    pub slots: usize,
    /// How often the worker polls for jobs.
    pub poll: Duration,
    /// How often the worker writes its heartbeat, in whole seconds.
    pub heartbeat: Duration,
    /// After how many missed heartbeats its jobs are taken from it.
    pub missed: usize,
    /// How long a lease runs. It is renewed four times in that time.
    pub lease: Duration,
    /// The pause after the first failed attempt; each further one doubles it.
    pub pause: Duration,
    /// How many attempts a job gets.
    pub tries: u32,
    /// How often due scans are enqueued, and old rows deleted.
    pub sweep: Duration,
    /// How long the history of findings and scans is kept.
    pub retention: Duration,
    /// How often GitHub is asked for missed deliveries.
    pub redelivery_interval: Duration,
    /// How long running jobs may take to finish when the worker is told to stop.
    pub shutdown_timeout: Duration,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            slots: 4,
            poll: Duration::from_millis(250),
            heartbeat: Duration::from_secs(2),
            missed: 5,
            lease: Duration::from_secs(12),
            pause: Duration::from_secs(5),
            // Some forty minutes in all: GitHub's longer outages are shorter.
            tries: 10,
            sweep: Duration::from_secs(60),
            // For ever: how long it is kept is a setting.
            retention: Duration::MAX,
            redelivery_interval: Duration::from_secs(60),
            shutdown_timeout: Duration::from_secs(20),
        }
    }
}

/// Takes jobs from the queue.
pub struct Worker<P> {
    pub(super) inbox: Inbox,
    pub(super) handler: P,
    pub(super) config: WorkerConfig,
    pub(super) name: String,
    pub(super) runs: AtomicUsize,
    /// Locked exclusively by a suspect, which runs alone; shared by every other job.
    pub(super) solitude: RwLock<()>,
    pub(super) threads: Threads,
    /// The deliveries that add or remove installations and repositories.
    pub(super) changes: Changes,
    /// The shares of installations in the slots.
    pub(super) shares: Arc<Shares>,
    running: AtomicUsize,
}

impl<P: JobHandler> Worker<P> {
    /// Creates a worker with a name that no other worker has or had.
    pub fn new(inbox: Inbox, handler: P, config: WorkerConfig, name: impl Into<String>) -> Self {
        Self {
            inbox,
            handler,
            config,
            name: name.into(),
            shares: Shares::new(config.slots),
            running: AtomicUsize::new(0),
            runs: AtomicUsize::new(0),
            solitude: RwLock::new(()),
            threads: Threads::new(Shares::at_once(config.slots)),
            changes: Changes::default(),
        }
    }

    /// Works until `stop` ends; then takes no more jobs, lets the running ones finish for a while, and hands back the
    /// rest.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) -> anyhow::Result<()> {
        let worker = Arc::new(self);
        let mut beside = JoinSet::new();
        beside.spawn(worker.clone().sweep_for_ever());
        beside.spawn(worker.clone().run_redelivery_loop());
        beside.spawn(drain_for_ever(worker.clone()));
        beside.spawn(change_for_ever(worker.clone()));
        beside.spawn(renew_for_ever(worker.clone()));
        beside.spawn(adopt_for_ever(worker.clone()));
        beside.spawn(bring_forward_for_ever(worker.clone()));
        tokio::pin!(stop);
        let mut life = 0;
        loop {
            let name = format!("{}-{life}", worker.name);
            let context = WorkerContext::new(&name);
            let mut work = Box::pin(worker.clone().work(&context));
            let ended = tokio::select! {
                () = &mut stop => None,
                ended = &mut work => Some(ended),
            };
            let Some(ended) = ended else {
                if context.stop().is_ok() {
                    // What is not finished in time is dropped, and handed back.
                    let _ = tokio::time::timeout(worker.config.shutdown_timeout, work).await;
                }
                worker.threads.ended(THREADS_END).await;
                beside.shutdown().await;
                return worker.leave(&name).await;
            };
            drop(work);
            if let Err(error) = ended {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the worker lost its queue and starts again"
                );
            }
            life += 1;
            tokio::select! {
                () = &mut stop => {
                    beside.shutdown().await;
                    return worker.leave(&name).await;
                }
                () = worker.recover(&name) => {}
            }
        }
    }

    /// Hands back what an earlier run of this worker left, as soon as the database answers again: it did not die of it.
    async fn recover(&self, name: &str) {
        loop {
            tokio::time::sleep(RECOVERY).await;
            match self.hand_back(name).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(
                    error = format!("{error:#}"),
                    "the database does not answer yet"
                ),
            }
        }
    }

    /// Hands back what is not finished, so that others need not wait until this worker counts as dead. Each part is
    /// tried, even if another fails.
    async fn hand_back(&self, name: &str) -> anyhow::Result<()> {
        let (queue, store) = (&self.inbox.queue, &self.inbox.store);
        let (jobs, leases, runs) = tokio::join!(
            queue.hand_back(name),
            store.end_leases(&self.name),
            store.undo_lone_runs(&self.name),
        );
        jobs.and(leases).and(runs)
    }

    /// Hands back everything when the worker stops.
    async fn leave(&self, name: &str) -> anyhow::Result<()> {
        let (jobs, deliveries) = tokio::join!(self.hand_back(name), self.return_deliveries());
        jobs.and(deliveries)
    }

    /// Returns deliveries; once more where PostgreSQL ended the statement, since another held some of their rows and waited
    /// for others.
    async fn return_deliveries(&self) -> anyhow::Result<()> {
        let store = &self.inbox.store;
        match store.return_deliveries(&self.name).await {
            Err(error) if is_deadlock(&error) => store.return_deliveries(&self.name).await,
            returned => returned,
        }
    }

    /// Runs apalis's worker until it is stopped or loses the database.
    async fn work(self: Arc<Self>, context: &WorkerContext) -> anyhow::Result<()> {
        let WorkerConfig {
            poll,
            heartbeat,
            missed,
            ..
        } = self.config;
        let built = WorkerBuilder::new(context);
        match self.inbox.queue.clone() {
            Queue::Sqlite(pool) => {
                let config = apalis_sqlite::Config::default()
                    .queue(QUEUE)
                    .batch_size(1)
                    .heartbeat_interval(heartbeat)
                    .missed_heartbeats(missed);
                let storage = SqliteStorage::<QueuedJob>::new(&pool).with_config(config);
                let built = built
                    .backend(storage.poll_with_strategy(Polling::new(poll)))
                    .data(self);
                built.build(handle::<P>).run().await
            }
            Queue::Postgres(pool) => {
                let config = apalis_postgres::Config::default()
                    .queue(QUEUE)
                    .batch_size(1)
                    .heartbeat_interval(heartbeat)
                    .missed_heartbeats(missed);
                let storage = PostgresStorage::<QueuedJob>::new(&pool).with_config(config);
                let built = built
                    .backend(storage.poll_with_strategy(Polling::new(poll)))
                    .data(self);
                built.build(handle::<P>).run().await
            }
        }
        .context("while taking jobs from the queue")
    }

    async fn sweep_for_ever(self: Arc<Self>) {
        let mut clock = tokio::time::interval(self.config.sweep);
        for round in 0_u64.. {
            clock.tick().await;
            // Whatever this process's own clock says.
            let now = match self.inbox.store.now().await {
                Ok(now) => now,
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "there was no sweep");
                    continue;
                }
            };
            if let Err(error) = self.inbox.sweep(now, self.config.retention).await {
                tracing::warn!(error = format!("{error:#}"), "the sweep failed");
            }
            if round % CORRECTION == 0
                && let Err(error) = self.inbox.correct_moments(now).await
            {
                tracing::warn!(error = format!("{error:#}"), "the correction failed");
            }
            if let Err(error) = self.inbox.tick(now).await {
                tracing::warn!(error = format!("{error:#}"), "the schedule failed");
            }
        }
    }

    /// Asks GitHub for missed deliveries every `redelivery_interval`, in a loop of its own.
    /// A round of many deliveries takes a minute, and the sweep must not wait for it.
    async fn run_redelivery_loop(self: Arc<Self>) {
        let interval = self.config.redelivery_interval;
        loop {
            let start = Instant::now();
            let pause = match self.handler.redeliver().await {
                Ok(true) => interval,
                // Another process runs the round, and may have been killed in it.
                Ok(false) => interval / 4,
                Err(error) => {
                    tracing::warn!(
                        error = format!("{error:#}"),
                        "asking GitHub for missed deliveries failed"
                    );
                    interval
                }
            };
            // The round's own time counts.
            tokio::time::sleep(pause.saturating_sub(start.elapsed())).await;
        }
    }
}

/// Handles a job that apalis took. While all slots are taken the worker pauses: it takes no more jobs, but still writes
/// its heartbeat. apalis counts an attempt when it takes a job from a dead worker, so more than one makes the job a
/// suspect.
async fn handle<P: JobHandler>(
    queued: QueuedJob,
    worker: Data<Arc<Worker<P>>>,
    context: WorkerContext,
    attempt: Attempt,
) -> Result<(), BoxDynError> {
    let worker = Arc::clone(&worker);
    let suspect = queued.suspect || attempt.current() > 1;
    let slots = Shares::at_once(worker.config.slots);
    let taken = if suspect { slots } else { 1 };
    let _slots = Slots::take(&worker.running, taken, slots, &context);
    let queued = QueuedJob { suspect, ..queued };
    see_through(worker.clone(), queued).await;
    // A failure would be a try more for apalis, and the job a suspect.
    Ok(())
}

/// Some of the worker's slots, taken until dropped.
struct Slots<'a> {
    running: &'a AtomicUsize,
    taken: usize,
    all: usize,
    context: &'a WorkerContext,
}

impl<'a> Slots<'a> {
    fn take(
        running: &'a AtomicUsize,
        taken: usize,
        all: usize,
        context: &'a WorkerContext,
    ) -> Self {
        if running.fetch_add(taken, Ordering::SeqCst) + taken >= all {
            // Refused only by a worker that stops, and takes no more anyway.
            let _ = context.pause();
        }
        Self {
            running,
            taken,
            all,
            context,
        }
    }
}

impl Drop for Slots<'_> {
    fn drop(&mut self) {
        let left = self.running.fetch_sub(self.taken, Ordering::SeqCst) - self.taken;
        if left < self.all && self.context.is_paused() {
            let _ = self.context.resume();
        }
    }
}
