//! Counts events of this process.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of this process.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Deliveries recorded.
    pub received: Count,
    /// Deliveries that had been recorded before.
    pub repeated: Count,
    /// Deliveries acted on.
    pub processed: Count,
    /// Deliveries that GitHub was asked to send again.
    pub redeliveries_requested: Count,
    /// Deliveries that never arrived while GitHub kept them.
    pub lost: Count,
    /// Jobs that ended well.
    pub done: Count,
    /// Attempts that failed and are repeated.
    pub retried: Count,
    /// Attempts put off because GitHub or the database was away.
    pub outages: Count,
    /// Attempts put off because of GitHub's rate limits.
    pub limited: Count,
    /// Jobs given up.
    pub failed: Count,
    /// Scans, and their total duration.
    pub scans: Timer,
}

/// A counter.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Counts one.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts several.
    pub(super) fn add_many(&self, count: usize) {
        self.0
            .fetch_add(u64::try_from(count).unwrap_or_default(), Ordering::Relaxed);
    }

    /// Returns the count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts executions, and sums up their duration.
#[derive(Debug, Default)]
pub struct Timer {
    times: Count,
    milliseconds: AtomicU64,
}

impl Timer {
    /// Counts one execution.
    pub fn add(&self, took: Duration) {
        self.times.add();
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.milliseconds.fetch_add(took, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Formats the counters in Prometheus's text format.
    pub fn exposition(&self) -> String {
        let mut text = String::new();
        for (name, help, count) in self.counts() {
            let name = format!("driftguard_{name}_total");
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "# HELP {name} {help}\n# TYPE {name} counter\n{name} {}",
                count.get()
            );
        }
        let name = "driftguard_scan_duration_seconds";
        let times = self.scans.times.get();
        let seconds =
            Duration::from_millis(self.scans.milliseconds.load(Ordering::Relaxed)).as_secs_f64();
        let _ = writeln!(
            text,
            "# HELP {name} How long scans took.\n# TYPE {name} summary\n{name}_sum {seconds}\n{name}_count {times}"
        );
        text
    }

    /// Returns each counter with its name and its help text.
    #[rustfmt::skip]
    fn counts(&self) -> [(&str, &str, &Count); 10] {
        [
            ("deliveries_received", "Deliveries recorded.", &self.received),
            ("deliveries_repeated", "Deliveries seen before.", &self.repeated),
            ("deliveries_processed", "Deliveries acted on.", &self.processed),
            ("deliveries_asked_again", "Deliveries that GitHub was asked to send again.", &self.redeliveries_requested),
            ("deliveries_lost", "Deliveries that never arrived while GitHub kept them.", &self.lost),
            ("jobs_done", "Jobs that ended well.", &self.done),
            ("jobs_retried", "Tries that failed and are tried again.", &self.retried),
            ("jobs_outages", "Tries put off because GitHub or the database was away.", &self.outages),
            ("jobs_limited", "Tries put off because GitHub allowed no more requests.", &self.limited),
            ("jobs_failed", "Jobs given up.", &self.failed),
        ]
    }
}
