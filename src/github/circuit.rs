//! Pure: decides whether GitHub is down. While it is, an occasional request checks whether it is back; all others fail
//! at once, so that nobody waits.

use std::collections::BTreeSet;
use std::time::Duration;

/// After how many consecutive failures GitHub counts as down.
const AWAY_AFTER: u32 = 8;
/// How many different requests must be among the failures, so that one that GitHub cannot answer does not stop all
/// others.
const MIN_DIFFERENT_REQUESTS: usize = 3;
/// How often a request checks whether GitHub is back.
const PROBE_INTERVAL: i64 = 2_000;

/// The outcome of the last requests, of all installations.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    failures: u32,
    /// Distinct requests that failed.
    requests: BTreeSet<String>,
    /// When the next request may check, in epoch milliseconds.
    looks_at: i64,
}

impl Circuit {
    /// Returns whether GitHub counts as down.
    pub fn is_open(&self) -> bool {
        self.failures >= AWAY_AFTER && self.requests.len() >= MIN_DIFFERENT_REQUESTS
    }

    /// Admits a request, unless GitHub is down and was checked a moment ago.
    ///
    /// # Errors
    /// With the time until the next check.
    pub fn admit(&mut self, now: i64) -> Result<(), Duration> {
        if !self.is_open() {
            return Ok(());
        }
        if now < self.looks_at {
            let pause = u64::try_from(self.looks_at - now).unwrap_or_default();
            return Err(Duration::from_millis(pause));
        }
        self.looks_at = now + PROBE_INTERVAL;
        Ok(())
    }

    /// Records a response. Returns true where GitHub counted as down until now.
    pub fn answered(&mut self) -> bool {
        let was_open = self.is_open();
        self.failures = 0;
        self.requests.clear();
        was_open
    }

    /// Records a request without a response, or with a server error.
    pub fn failed(&mut self, request: &str, now: i64) {
        if self.requests.len() < MIN_DIFFERENT_REQUESTS {
            self.requests.insert(request.to_owned());
        }
        self.failures = self.failures.saturating_add(1);
        self.looks_at = now + PROBE_INTERVAL;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_github_is_away_one_request_at_a_time_looks_for_it() {
        let mut circuit = Circuit::default();
        for now in 0..i64::from(AWAY_AFTER) {
            assert_eq!(circuit.admit(now), Ok(()));
            circuit.failed(&format!("GET /{now}"), now);
        }
        assert!(circuit.admit(100).is_err());
        assert_eq!(circuit.admit(10_000), Ok(()), "one looks");
        assert_eq!(circuit.admit(10_001), Err(Duration::from_millis(1_999)));
        circuit.failed("GET /1", 11_000);
        assert!(circuit.admit(12_500).is_err());
        assert_eq!(circuit.admit(13_000), Ok(()));
        assert!(circuit.answered(), "it was away");
        assert_eq!(circuit.admit(13_000), Ok(()), "it is back for all");
        assert!(!circuit.answered(), "it is back once");
        circuit.failed("GET /1", 13_000);
        assert_eq!(circuit.admit(13_000), Ok(()), "one failure is none");
    }

    #[test]
    fn a_request_that_always_fails_keeps_nobody_else_from_github() {
        let mut circuit = Circuit::default();
        for now in 0..100 {
            for request in ["GET /large", "GET /damaged"] {
                circuit.failed(request, now);
            }
            assert_eq!(circuit.admit(now), Ok(()));
        }
    }
}
