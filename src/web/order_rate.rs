//! Counts the orders that each person sends within a minute, whatever the session.

use super::rate::Rate;
use std::time::{Duration, Instant};

/// How long an order counts.
const WINDOW: Duration = Duration::from_secs(60);
/// How many orders a person may send within it.
const MAX_ORDERS: usize = 30;

/// The people of the last minute, by GitHub's id, and when each sent an order.
pub(super) struct OrderRate(Rate<u64>);

impl Default for OrderRate {
    fn default() -> Self {
        Self(Rate::new(MAX_ORDERS, WINDOW, usize::MAX))
    }
}

impl OrderRate {
    /// Returns whether a person may send another order, which is counted.
    pub fn admit(&self, person: u64, now: Instant) -> bool {
        self.0.admit(person, now)
    }
}

#[cfg(test)]
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
        assert_eq!(rate.0.count(), 1, "who was here is forgotten");
    }
}
