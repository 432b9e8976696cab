//! Limits what each key may ask for, by what it costs.

use super::problem::Problem;
use crate::model::ApiScope;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

/// After how many checks keys that were not seen for a while are forgotten.
const FORGET_EVERY: u32 = 10_000;

/// What a request costs the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// It reads some rows.
    Read,
    /// It writes some rows.
    Write,
    /// It starts a scan.
    Scan,
}

impl Cost {
    /// Returns what a key must be allowed to.
    pub(super) fn needs(self) -> ApiScope {
        match self {
            Self::Read => ApiScope::Read,
            Self::Write | Self::Scan => ApiScope::Write,
        }
    }

    /// Returns how many requests a minute are answered.
    fn a_minute(self) -> NonZeroU32 {
        const READS: NonZeroU32 = NonZeroU32::new(600).unwrap();
        const WRITES: NonZeroU32 = NonZeroU32::new(60).unwrap();
        const SCANS: NonZeroU32 = NonZeroU32::new(20).unwrap();
        match self {
            Self::Read => READS,
            Self::Write => WRITES,
            Self::Scan => SCANS,
        }
    }
}

/// The limits of all keys, each by the beginning of the key.
pub(super) struct RequestLimits {
    reads: DefaultKeyedRateLimiter<String>,
    writes: DefaultKeyedRateLimiter<String>,
    scans: DefaultKeyedRateLimiter<String>,
    checks: AtomicU32,
}

impl Default for RequestLimits {
    fn default() -> Self {
        let limiter = |cost: Cost| RateLimiter::keyed(Quota::per_minute(cost.a_minute()));
        Self {
            reads: limiter(Cost::Read),
            writes: limiter(Cost::Write),
            scans: limiter(Cost::Scan),
            checks: AtomicU32::default(),
        }
    }
}

impl RequestLimits {
    /// Counts a request of a key.
    ///
    /// # Errors
    /// It came too early.
    pub(super) fn check(&self, key: &str, cost: Cost) -> Result<(), Problem> {
        let limiter = match cost {
            Cost::Read => &self.reads,
            Cost::Write => &self.writes,
            Cost::Scan => &self.scans,
        };
        if self.checks.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            limiter.retain_recent();
        }
        limiter.check_key(&key.to_owned()).map_err(|early| {
            let after = early.wait_time_from(DefaultClock::default().now());
            let detail = format!(
                "this key may ask for this {} times a minute: wait as long as `retry-after` says",
                cost.a_minute()
            );
            Problem::too_many(detail, after)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_limits_of_its_own_by_what_a_request_costs() {
        let limits = RequestLimits::default();
        let allowed = |key, cost| {
            (0..1_000)
                .take_while(|_| limits.check(key, cost).is_ok())
                .count()
        };
        // A minute's requests at once; some more may come due meanwhile.
        for key in ["a", "b"] {
            assert!((20..25).contains(&allowed(key, Cost::Scan)));
            assert!((60..70).contains(&allowed(key, Cost::Write)));
        }
        assert!(limits.check("a", Cost::Read).is_ok());
        let problem = limits.check("a", Cost::Scan).unwrap_err();
        assert_eq!(problem.status(), 429);
    }
}
