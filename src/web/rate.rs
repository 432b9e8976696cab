//! Counts what each of many does within a while, and admits only so much of it.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Admits only so many acts of each within a window that ends now.
pub(super) struct Rate<K> {
    /// How many acts are admitted within the window.
    most: usize,
    window: Duration,
    /// How many are remembered; the one idle for longest is forgotten first.
    remembered: usize,
    acts: Mutex<HashMap<K, VecDeque<Instant>>>,
}

impl<K: Eq + Hash + Copy> Rate<K> {
    pub fn new(most: usize, window: Duration, remembered: usize) -> Self {
        Self {
            most,
            window,
            remembered,
            acts: Mutex::default(),
        }
    }

    /// Returns whether another act would be admitted.
    pub fn may(&self, who: K, now: Instant) -> bool {
        let acts = self.acts.lock().unwrap_or_else(PoisonError::into_inner);
        let own = acts.get(&who).into_iter().flatten();
        own.filter(|at| !self.is_old(at, now)).count() < self.most
    }

    /// Returns whether another act is admitted, which is then counted.
    pub fn admit(&self, who: K, now: Instant) -> bool {
        let mut acts = self.acts.lock().unwrap_or_else(PoisonError::into_inner);
        acts.retain(|_, own| own.back().is_some_and(|at| !self.is_old(at, now)));
        if acts.len() >= self.remembered && !acts.contains_key(&who) {
            let quiet = acts.iter().min_by_key(|(_, own)| own.back().copied());
            if let Some(quiet) = quiet.map(|(who, _)| *who) {
                acts.remove(&quiet);
            }
        }
        let own = acts.entry(who).or_default();
        own.retain(|at| !self.is_old(at, now));
        if own.len() >= self.most {
            return false;
        }
        own.push_back(now);
        true
    }

    fn is_old(&self, at: &Instant, now: Instant) -> bool {
        now.saturating_duration_since(*at) >= self.window
    }

    /// Returns how many are remembered now.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        let acts = self.acts.lock().unwrap_or_else(PoisonError::into_inner);
        acts.len()
    }
}
