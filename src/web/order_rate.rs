//! Counts the orders that each person sends within a minute, whatever the session.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an order counts.
const WINDOW: Duration = Duration::from_secs(60);
/// How many orders a person may send within it.
const MAX_ORDERS: usize = 30;

/// The people of the last minute, by GitHub's id, and when each sent an order.
#[derive(Default)]
pub(super) struct OrderRate(Mutex<HashMap<u64, VecDeque<Instant>>>);

impl OrderRate {
    /// Returns whether a person may send another order, which is counted.
    pub fn admit(&self, person: u64, now: Instant) -> bool {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |at: &Instant| now.saturating_duration_since(*at) >= WINDOW;
        people.retain(|_, sent| sent.back().is_some_and(|at| !is_old(at)));
        let sent = people.entry(person).or_default();
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
    fn a_person_sends_thirty_orders_a_minute_and_uses_up_nobody_elses() {
        let rate = OrderRate::default();
        let now = Instant::now();
        assert!((0..MAX_ORDERS).all(|_| rate.admit(1, now)));
        assert!(!rate.admit(1, now));
        assert!(rate.admit(2, now));
        assert!(rate.admit(1, now + WINDOW));
        assert_eq!(rate.0.lock().unwrap().len(), 1, "who was here is forgotten");
    }
}
