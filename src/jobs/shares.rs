//! A worker's slots, shared among installations: none takes the last one, so that nobody's command waits for the scans of
//! another.

use super::job::Job;
use crate::model::InstallationId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The time between two jobs of an installation that are told to come again, in milliseconds.
const SPACING: i64 = 200;
/// How far jobs that are told to come again are spread at most, in milliseconds.
const LONGEST_SPREAD: i64 = 120_000;

/// How many slots each installation has taken.
#[derive(Debug)]
pub(super) struct Shares {
    each: usize,
    taken: Mutex<HashMap<InstallationId, Share>>,
}

#[derive(Debug, Default)]
struct Share {
    running: usize,
    /// The moment that was given to whoever was told last to come again.
    last_turn: i64,
}

impl Share {
    /// When to come again: a little later than whoever was told last.
    fn turn(&mut self, now: i64) -> Duration {
        let next = self.last_turn.saturating_add(SPACING);
        self.last_turn = next.clamp(now + SPACING, now + LONGEST_SPREAD);
        let pause = u64::try_from(self.last_turn - now).unwrap_or_default();
        Duration::from_millis(pause)
    }
}

/// A slot that counts as an installation's, until it is dropped.
#[derive(Debug)]
pub(super) struct TakenShare<'a>(&'a Shares, InstallationId);

impl Shares {
    /// The shares of so many slots.
    pub fn new(slots: usize) -> Self {
        Self {
            each: slots.saturating_sub(1).max(1),
            taken: Mutex::default(),
        }
    }

    /// Counts a job that is about to run; none for a delivery, which takes a moment only. `now` is in epoch milliseconds.
    ///
    /// # Errors
    /// With the time after which to come again, where its installation has its share: each a little later than the last.
    pub fn take(&self, job: &Job, now: i64) -> Result<Option<TakenShare<'_>>, Duration> {
        if matches!(job, Job::Delivery { .. }) {
            return Ok(None);
        }
        let installation = job.installation();
        let mut taken = self.taken();
        let share = taken.entry(installation).or_default();
        if share.running < self.each {
            share.running += 1;
            return Ok(Some(TakenShare(self, installation)));
        }
        Err(share.turn(now))
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<InstallationId, Share>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TakenShare<'_> {
    /// When the job may come again that found its repository taken: hundreds that wait for one repository do not all ask
    /// for it every few seconds, and keep the worker from everything else.
    pub fn turn(&self, now: i64) -> Duration {
        let mut taken = self.0.taken();
        let share = taken.get_mut(&self.1);
        share.map_or(Duration::ZERO, |share| share.turn(now))
    }
}

impl Drop for TakenShare<'_> {
    fn drop(&mut self) {
        let mut taken = self.0.taken();
        if let Some(share) = taken.get_mut(&self.1) {
            share.running -= 1;
            if share.running == 0 {
                taken.remove(&self.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::job::Errand;
    use crate::model::RepositoryId;

    const NOW: i64 = 1_800_000_000_000;

    fn job(installation: u64) -> Job {
        Job::Errand {
            installation: InstallationId(installation),
            repository: RepositoryId(10),
            errand: Errand::Dashboard,
        }
    }

    #[test]
    fn no_installation_takes_the_last_slot_and_what_is_put_off_comes_one_after_another() {
        let shares = Shares::new(4);
        let loud: Vec<_> = (0..3).map(|_| shares.take(&job(1), NOW).unwrap()).collect();
        let put_off = |now| shares.take(&job(1), now).unwrap_err().as_millis();
        assert_eq!(
            [put_off(NOW), put_off(NOW), put_off(NOW + 100)],
            [200, 400, 500]
        );
        let longest = (0..10_000).map(|_| put_off(NOW)).max();
        assert_eq!(longest, Some(120_000));
        let quiet = shares.take(&job(2), NOW).unwrap();
        let turns = [NOW, NOW].map(|now| quiet.as_ref().map(|share| share.turn(now).as_millis()));
        assert_eq!(turns, [Some(200), Some(400)], "of its own");
        drop((loud, quiet));
        assert!(shares.take(&job(1), NOW).is_ok());
    }

    #[test]
    fn a_worker_with_one_slot_works() {
        let shares = Shares::new(1);
        let taken = shares.take(&job(1), NOW);
        assert!(taken.is_ok() && shares.take(&job(1), NOW).is_err());
    }
}
