//! Limits how often a sender exchanges codes through this server: GitHub counts them all as the server's.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many codes a sender may bring within an hour; one is enough. GitHub allows sixty per address.
const MAX_CODES: usize = 10;
/// How long a code counts.
const WINDOW: Duration = Duration::from_secs(60 * 60);
/// How many senders are remembered; the one idle for longest is forgotten first.
const SENDERS: usize = 1_000;

/// The senders of the last hour, and when each brought a code.
#[derive(Default)]
pub(super) struct Senders(Mutex<HashMap<IpAddr, VecDeque<Instant>>>);

impl Senders {
    /// Returns whether a sender may bring another code, which is counted.
    pub fn admit(&self, sender: IpAddr, now: Instant) -> bool {
        let mut senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |at: &Instant| now.saturating_duration_since(*at) >= WINDOW;
        senders.retain(|_, codes| codes.back().is_some_and(|at| !is_old(at)));
        if senders.len() >= SENDERS && !senders.contains_key(&sender) {
            let quiet = senders
                .iter()
                .min_by_key(|(_, codes)| codes.back().copied());
            if let Some(quiet) = quiet.map(|(sender, _)| *sender) {
                senders.remove(&quiet);
            }
        }
        let codes = senders.entry(sender).or_default();
        codes.retain(|at| !is_old(at));
        if codes.len() >= MAX_CODES {
            return false;
        }
        codes.push_back(now);
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_uses_up_its_own_codes_and_nobody_elses() {
        let senders = Senders::default();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let now = Instant::now();
        for _ in 0..MAX_CODES {
            assert!(senders.admit(address("198.51.100.1"), now));
        }
        assert!(!senders.admit(address("198.51.100.1"), now));
        assert!(senders.admit(address("198.51.100.7"), now));
        assert!(senders.admit(address("198.51.100.1"), now + WINDOW));
    }

    #[test]
    fn only_so_many_senders_are_remembered() {
        let senders = Senders::default();
        let now = Instant::now();
        for number in 0..2 * u32::try_from(SENDERS).unwrap() {
            let later = now + Duration::from_millis(u64::from(number));
            assert!(senders.admit(IpAddr::from(number.to_be_bytes()), later));
        }
        assert_eq!(senders.0.lock().unwrap().len(), SENDERS);
    }
}
