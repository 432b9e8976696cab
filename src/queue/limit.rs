//! Limits the duration of scans. A scan beyond the limit is stopped, and reported as such.

use super::job::JobError;
use super::run::RunContext;
use super::thread::Meter;
use crate::model::{Interrupt, ScanError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often a limit is checked: computing ends within a second of the limit, also with nested clocks.
const CHECK_EVERY: Duration = Duration::from_millis(200);

/// Limits of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The limit in all, including waits.
    pub time: Duration,
    /// The limit of computing alone.
    pub computing: Duration,
}

/// How long a scan may compute: the largest known one computes for seconds.
const MAX_COMPUTING: Duration = Duration::from_secs(2 * 60);

/// How long a scan may compute to try fixes: the remaining fixes are then refused, so that the rest of the scan is
/// reported.
const MAX_PLANNING: Duration = Duration::from_secs(60);

impl Limits {
    /// Returns the limits for the reading and comparing part of a scan, given its total time.
    pub(crate) fn of_scan(time: Duration) -> Self {
        Self {
            time,
            computing: MAX_COMPUTING.min(time),
        }
    }

    /// Returns the limits for trying fixes in a scan with these limits.
    pub(crate) fn of_planning(self) -> Self {
        Self {
            time: MAX_PLANNING.min(self.time / 2),
            computing: MAX_PLANNING.min(self.computing / 2),
        }
    }
}

/// Why work was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Exceeded {
    /// It took too long in all.
    #[error("it took longer than {}", in_words(*.0))]
    Time(Duration),
    /// It computed for too long.
    #[error("it computed for longer than {}", in_words(*.0))]
    Computing(Duration),
    /// Nobody waits for it any more.
    #[error("nobody waits for it any more")]
    Stopped,
}

impl Exceeded {
    /// Returns the scan error to report in place of findings.
    ///
    /// # Errors
    /// Nobody waits: then nothing is reported.
    pub(crate) fn scan_error(self) -> Result<ScanError, JobError> {
        let remedy = match self {
            Self::Stopped => return Err(JobError::Later(self.into(), Duration::ZERO)),
            Self::Time(_) => {
                "AWS or GitHub may be slow: scan again later, split the stack, or raise DRIFTGUARD_SCAN_TIMEOUT on the server"
            }
            Self::Computing(_) => {
                "make the code smaller, or split the stack: something in it grows beyond all measure"
            }
        };
        Ok(ScanError {
            kind: "limit".into(),
            message: format!(
                "the scan was stopped, because {self}, so nothing was checked: {remedy}"
            ),
        })
    }
}

/// Measures the time that a job uses, and raises an interrupt at the limit, or when the job ends.
#[derive(Debug)]
pub(crate) struct Clock {
    limits: Limits,
    end: Instant,
    interrupt: Interrupt,
    exceeded: watch::Receiver<Option<Exceeded>>,
    /// Checks the limits in a task of its own, since a computing job cannot.
    _watcher: JoinSet<()>,
}

impl Clock {
    /// Starts to measure a whole job: it raises the job's own interrupt.
    pub(super) fn of_job(limits: Limits, run: &RunContext) -> Self {
        let own = run.interrupt().clone();
        Self::start(limits, run.meter(), own.clone(), own)
    }

    /// Starts to measure work that is no job, as far as `meter` does.
    pub(crate) fn of_work(limits: Limits, meter: &Arc<Meter>) -> Self {
        Self::start(limits, meter, Interrupt::default(), Interrupt::default())
    }

    /// Starts to measure a part of a job, which ends with the enclosing clock.
    pub(crate) fn below(limits: Limits, run: &RunContext, around: &Interrupt) -> Self {
        Self::start(limits, run.meter(), Interrupt::default(), around.clone())
    }

    fn start(limits: Limits, meter: &Arc<Meter>, interrupt: Interrupt, around: Interrupt) -> Self {
        let (tell, exceeded) = watch::channel(None);
        let end = Instant::now() + limits.time;
        let watcher = Watcher {
            limits,
            end,
            computed: meter.total() + limits.computing,
            meter: meter.clone(),
            around,
        };
        let raised = interrupt.clone();
        let mut watchers = JoinSet::new();
        watchers.spawn(async move {
            let reached = watcher.watch().await;
            // Told first: what was interrupted is then known for it.
            let _ = tell.send(Some(reached));
            raised.raise();
        });
        Self {
            limits,
            end,
            interrupt,
            exceeded,
            _watcher: watchers,
        }
    }

    /// Returns the limits.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Returns how long it is to the limit of time.
    pub(crate) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Returns the interrupt that is raised at a limit.
    pub(crate) fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Runs some work, unless a limit is reached before it ends: then its result is discarded.
    pub(crate) async fn hold<T>(&self, work: impl Future<Output = T>) -> Result<T, Exceeded> {
        let mut exceeded = self.exceeded.clone();
        let done = tokio::select! {
            biased;
            done = work => Some(done),
            _ = exceeded.wait_for(Option::is_some) => None,
        };
        let reached = *self.exceeded.borrow();
        match (done, reached) {
            (Some(done), None) => Ok(done),
            (_, reached) => Err(reached.unwrap_or(Exceeded::Stopped)),
        }
    }
}

/// Watches the time that a job uses.
struct Watcher {
    limits: Limits,
    meter: Arc<Meter>,
    /// The enclosing interrupt, which ends the work early.
    around: Interrupt,
    end: Instant,
    /// The limit of the job's total computing time.
    computed: Duration,
}

impl Watcher {
    /// Waits until a limit is reached.
    async fn watch(self) -> Exceeded {
        loop {
            if self.around.is_raised() {
                return Exceeded::Stopped;
            }
            if Instant::now() >= self.end {
                return Exceeded::Time(self.limits.time);
            }
            if self.meter.total() >= self.computed {
                return Exceeded::Computing(self.limits.computing);
            }
            tokio::time::sleep(CHECK_EVERY).await;
        }
    }
}

/// Formats a duration in whole minutes, or seconds.
fn in_words(time: Duration) -> String {
    let (count, unit) = match time.as_secs() {
        seconds if seconds >= 60 && seconds % 60 == 0 => (seconds / 60, "minute"),
        seconds => (seconds, "second"),
    };
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{end}")
}
