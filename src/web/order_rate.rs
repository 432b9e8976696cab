//! Counts the orders that each session sends within a minute.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an order counts.
const WINDOW: Duration = Duration::from_secs(60);
/// How many orders a session may send within it.
const MAX_ORDERS: usize = 30;

/// The sessions of the last minute, and when each sent an order.
#[derive(Default)]
pub(super) struct OrderRate(Mutex<HashMap<String, VecDeque<Instant>>>);

impl OrderRate {
    /// Returns whether a session may send another order, which is counted.
    pub fn admit(&self, session: &str, now: Instant) -> bool {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |at: &Instant| now.saturating_duration_since(*at) >= WINDOW;
        sessions.retain(|_, sent| sent.back().is_some_and(|at| !is_old(at)));
        let sent = sessions.entry(session.to_owned()).or_default();
        sent.retain(|at| !is_old(at));
        if sent.len() >= MAX_ORDERS {
            return false;
        }
        sent.push_back(now);
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_session_sends_thirty_orders_a_minute_and_uses_up_nobody_elses() {
        let rate = OrderRate::default();
        let now = Instant::now();
        assert!((0..MAX_ORDERS).all(|_| rate.admit("a", now)));
        assert!(!rate.admit("a", now));
        assert!(rate.admit("b", now));
        assert!(rate.admit("a", now + WINDOW));
        assert_eq!(rate.0.lock().unwrap().len(), 1, "who was here is forgotten");
    }
}
