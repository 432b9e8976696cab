//! Counts of what happened in this process.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts that only grow.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Deliveries recorded.
    pub received: Count,
    /// Deliveries that had been recorded before.
    pub repeated: Count,
    /// Deliveries acted on.
    pub processed: Count,
    /// Deliveries that GitHub was asked to send again.
    pub asked_again: Count,
    /// Deliveries that never arrived while GitHub kept them.
    pub lost: Count,
    /// Jobs that ended well.
    pub done: Count,
    /// Tries that failed and are tried again.
    pub retried: Count,
    /// Tries put off because GitHub or the database was away.
    pub outages: Count,
    /// Tries put off because GitHub allowed no more requests.
    pub limited: Count,
    /// Jobs given up.
    pub failed: Count,
    /// Scans, and the time they took.
    pub scans: Timer,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// So many more.
    pub fn add_many(&self, count: usize) {
        self.0
            .fetch_add(u64::try_from(count).unwrap_or_default(), Ordering::Relaxed);
    }

    /// The number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often something was done, and how long it took in all.
#[derive(Debug, Default)]
pub struct Timer {
    times: Count,
    milliseconds: AtomicU64,
}

impl Timer {
    /// Once more.
    pub fn add(&self, took: Duration) {
        self.times.add();
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.milliseconds.fetch_add(took, Ordering::Relaxed);
    }
}

impl Metrics {
    /// The counts in Prometheus's text format.
    pub fn exposition(&self) -> String {
        let counts = [
            (
                "driftguard_deliveries_received_total",
                "Deliveries recorded.",
                &self.received,
            ),
            (
                "driftguard_deliveries_repeated_total",
                "Deliveries seen before.",
                &self.repeated,
            ),
            (
                "driftguard_deliveries_processed_total",
                "Deliveries acted on.",
                &self.processed,
            ),
            (
                "driftguard_deliveries_asked_again_total",
                "Deliveries that GitHub was asked to send again.",
                &self.asked_again,
            ),
            (
                "driftguard_deliveries_lost_total",
                "Deliveries that never arrived while GitHub kept them.",
                &self.lost,
            ),
            (
                "driftguard_jobs_done_total",
                "Jobs that ended well.",
                &self.done,
            ),
            (
                "driftguard_jobs_retried_total",
                "Tries that failed and are tried again.",
                &self.retried,
            ),
            (
                "driftguard_jobs_outages_total",
                "Tries put off because GitHub or the database was away.",
                &self.outages,
            ),
            (
                "driftguard_jobs_limited_total",
                "Tries put off because GitHub allowed no more requests.",
                &self.limited,
            ),
            (
                "driftguard_jobs_failed_total",
                "Jobs given up.",
                &self.failed,
            ),
        ];
        let mut text = String::new();
        for (name, help, count) in counts {
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
}
