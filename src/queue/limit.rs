//! How long a scan may take. What goes beyond is stopped, and said to be.

use super::job::JobError;
use super::run::RunContext;
use crate::model::{Interrupt, ScanError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often it is looked whether a limit is reached: what is computed then ends within a second, however many clocks
/// are around one another.
const LOOK: Duration = Duration::from_millis(200);

/// The most time that something may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// In all, whatever it waits for.
    pub time: Duration,
    /// Computing alone.
    pub computing: Duration,
}

/// The most that a scan may compute: the largest that is known computes for seconds.
const COMPUTING: Duration = Duration::from_secs(2 * 60);

/// The most that trying fixes may compute in a scan, one after the other: what is left then is refused, so that the rest
/// of the scan is told.
const PLANNING: Duration = Duration::from_secs(60);

impl Limits {
    /// What a scan may take to read and compare, if it may take so long in all.
    pub(crate) fn of_scan(time: Duration) -> Self {
        Self {
            time,
            computing: COMPUTING.min(time),
        }
    }

    /// What a scan with these limits may take to try fixes.
    pub(crate) fn of_planning(self) -> Self {
        Self {
            time: PLANNING.min(self.time / 2),
            computing: PLANNING.min(self.computing / 2),
        }
    }
}

/// Why something was stopped.
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
    /// What is told in place of findings.
    ///
    /// # Errors
    /// When nobody waits: then nothing is told either.
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

/// Counts what a job spends from a moment on, and raises an interrupt once that is too much, or once the job ends.
#[derive(Debug)]
pub(crate) struct Clock {
    limits: Limits,
    interrupt: Interrupt,
    exceeded: watch::Receiver<Option<Exceeded>>,
    /// In a task of its own: while the job computes, it looks at nothing.
    _watcher: JoinSet<()>,
}

impl Clock {
    /// Starts to count for a whole job: it raises the job's own interrupt.
    pub(super) fn of_job(limits: Limits, run: &RunContext) -> Self {
        let own = run.interrupt().clone();
        Self::start(limits, run, own.clone(), own)
    }

    /// Starts to count for a part of a job, which ends with whatever is around it.
    pub(crate) fn below(limits: Limits, run: &RunContext, around: &Interrupt) -> Self {
        Self::start(limits, run, Interrupt::default(), around.clone())
    }

    fn start(limits: Limits, run: &RunContext, interrupt: Interrupt, around: Interrupt) -> Self {
        let (tell, exceeded) = watch::channel(None);
        let watcher = Watcher {
            limits,
            end: Instant::now() + limits.time,
            computed: run.computed() + limits.computing,
            run: run.clone(),
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
            interrupt,
            exceeded,
            _watcher: watchers,
        }
    }

    /// What it is held to.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// What it raises.
    pub(crate) fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Does some work, unless a limit is reached before it ends: then what it came to is dropped.
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

/// Looks at what a job spends.
struct Watcher {
    limits: Limits,
    run: RunContext,
    /// What ends it early.
    around: Interrupt,
    end: Instant,
    /// How long the job may have computed in all.
    computed: Duration,
}

impl Watcher {
    /// Waits for a limit to be reached.
    async fn watch(self) -> Exceeded {
        loop {
            if self.around.is_raised() {
                return Exceeded::Stopped;
            }
            if Instant::now() >= self.end {
                return Exceeded::Time(self.limits.time);
            }
            if self.run.computed() >= self.computed {
                return Exceeded::Computing(self.limits.computing);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// A duration as people say it: whole minutes, or seconds.
fn in_words(time: Duration) -> String {
    let (count, unit) = match time.as_secs() {
        seconds if seconds >= 60 && seconds % 60 == 0 => (seconds / 60, "minute"),
        seconds => (seconds, "second"),
    };
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{end}")
}
