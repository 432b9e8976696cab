//! Runs each job on a thread of its own, so that its computing blocks no async thread.
//!
//! A job's future is driven on that thread; sockets and timers stay with the runtime. So each step of a job may compute
//! for as long as it needs.

use anyhow::Context;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

/// The stack size of a job's thread: code and policies are read recursively.
const STACK: usize = 8 * 1024 * 1024;

/// The threads of a worker's jobs.
#[derive(Debug)]
pub(crate) struct Threads {
    free: Arc<Semaphore>,
    most: u32,
}

impl Threads {
    /// Creates at most this many threads at once.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(most)),
            most: u32::try_from(most).unwrap_or(u32::MAX),
        }
    }

    /// Runs a job's work on a thread of its own. Work that nobody waits for ends at its next step.
    ///
    /// # Errors
    /// The work panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let permit = self.free.clone().acquire_owned().await?;
        // Nothing is ever sent: it closes when whoever waits is gone.
        let (waits, mut gone) = oneshot::channel::<()>();
        let (done, ended) = oneshot::channel();
        let runtime = Handle::current();
        let drive = move || {
            let work = async {
                tokio::select! {
                    biased;
                    _ = &mut gone => None,
                    end = work => Some(end),
                }
            };
            let end = catch_unwind(AssertUnwindSafe(|| runtime.block_on(work)));
            drop(permit);
            // Nobody may wait for it.
            let _ = done.send(end);
        };
        let thread = std::thread::Builder::new().name("job".to_owned());
        let started = thread.stack_size(STACK).spawn(drive);
        started.context("while starting a job's thread")?;
        let end = ended.await.context("a job's thread died")?;
        drop(waits);
        match end {
            Ok(end) => end.context("the job was stopped"),
            Err(_) => Err(anyhow::anyhow!("the job panicked: the log says where")),
        }
    }

    /// Waits until all threads have ended, or for as long as the caller waits.
    pub(super) async fn ended(&self, patience: Duration) {
        // Never closed: it can only be late.
        let _ = tokio::time::timeout(patience, self.free.acquire_many(self.most)).await;
    }
}

/// Measures the computing time of a job's thread.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Computed>);

#[derive(Debug, Default)]
struct Computed {
    before: Duration,
    /// When the current step began.
    since: Option<Instant>,
}

impl Meter {
    /// Measures the steps of some work: a step is what runs between two waits.
    pub(crate) async fn measure<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = Box::pin(work);
        poll_fn(|context| {
            self.change(|computed| computed.since = Some(Instant::now()));
            let polled = work.as_mut().poll(context);
            self.change(|computed| {
                computed.before = computed.total();
                computed.since = None;
            });
            polled
        })
        .await
    }

    /// Returns the total time of all steps, including the current one.
    pub(super) fn total(&self) -> Duration {
        let mut total = Duration::ZERO;
        self.change(|computed| total = computed.total());
        total
    }

    fn change(&self, change: impl FnOnce(&mut Computed)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Computed {
    fn total(&self) -> Duration {
        let now = self.since.map(|since| since.elapsed());
        self.before + now.unwrap_or_default()
    }
}
