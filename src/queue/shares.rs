//! Shares a worker's slots among installations. Scans, which may take minutes, and tasks, which take a moment, have
//! slots of their own, and no installation takes the last one of either: nobody's command waits for the scans of
//! others.

use super::job::Job;
use crate::model::InstallationId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The time between two jobs of an installation that are put back, in milliseconds.
const SPACING: i64 = 200;
/// The longest time over which jobs that are put back are spread, in milliseconds.
const MAX_SPREAD: i64 = 120_000;
/// How long a slot is kept for an installation that found none and has fewer than others, in milliseconds: its job
/// returns sooner.
const KEPT_FOR: i64 = 10_000;

/// The kind of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// For jobs that read a whole repository and AWS.
    Scans,
    /// For jobs that send a few requests to GitHub.
    Tasks,
}

/// Counts the slots of each installation.
#[derive(Debug)]
pub(super) struct Shares {
    scans: Mutex<Slots>,
    tasks: Mutex<Slots>,
}

/// The slots of one kind.
#[derive(Debug)]
struct Slots {
    free: usize,
    /// How many slots an installation takes at most.
    each: usize,
    taken: HashMap<InstallationId, Share>,
}

#[derive(Debug, Default)]
struct Share {
    running: usize,
    /// When an installation last found no slot; `None` once it got one.
    refused_at: Option<i64>,
    /// The latest time at which a job was put back to return.
    last_turn: i64,
}

impl Share {
    /// Returns when a job returns: a little later than the one put back before it.
    fn turn(&mut self, now: i64) -> Duration {
        let next = self.last_turn.saturating_add(SPACING);
        self.last_turn = next.clamp(now + SPACING, now + MAX_SPREAD);
        let pause = u64::try_from(self.last_turn - now).unwrap_or_default();
        Duration::from_millis(pause)
    }

    fn was_refused_lately(&self, now: i64) -> bool {
        self.refused_at.is_some_and(|at| at + KEPT_FOR > now)
    }
}

impl Slots {
    fn new(count: usize, each: usize) -> Self {
        Self {
            free: count,
            each: each.max(1),
            taken: HashMap::new(),
        }
    }

    fn take(&mut self, installation: InstallationId, now: i64) -> Result<(), Duration> {
        // Who found no slot and did not come again wants none any more.
        self.taken
            .retain(|_, share| share.running > 0 || share.was_refused_lately(now));
        let running = self
            .taken
            .get(&installation)
            .map_or(0, |share| share.running);
        let others = self.taken.iter();
        // A slot that is free again goes to whoever has fewest.
        let kept =
            others.filter(|(_, share)| share.running < running && share.was_refused_lately(now));
        let may = running < self.each && self.free > kept.count();
        let share = self.taken.entry(installation).or_default();
        if may {
            share.running += 1;
            share.refused_at = None;
            self.free -= 1;
            return Ok(());
        }
        if running < self.each {
            share.refused_at = Some(now);
        }
        Err(share.turn(now))
    }

    fn give_back(&mut self, installation: InstallationId) {
        self.free += 1;
        if let Some(share) = self.taken.get_mut(&installation) {
            share.running -= 1;
        }
    }
}

/// A slot that counts for an installation until it is dropped.
#[derive(Debug)]
pub(crate) struct TakenShare {
    shares: Arc<Shares>,
    lane: Lane,
    installation: InstallationId,
}

impl Shares {
    /// Creates this many slots for scans, and this many plus one for tasks: a scan for a command takes one of each.
    pub fn new(slots: usize) -> Arc<Self> {
        Arc::new(Self {
            scans: Mutex::new(Slots::new(slots, slots.saturating_sub(1))),
            tasks: Mutex::new(Slots::new(slots + 1, slots)),
        })
    }

    /// Returns how many jobs a worker with this many slots runs at once.
    pub fn at_once(slots: usize) -> usize {
        2 * slots + 1
    }

    /// Takes a slot for a job; none for a delivery, which takes only a moment. `now` is in epoch milliseconds.
    ///
    /// # Errors
    /// The time after which the job returns, if there is no slot for its installation: each a little later than the
    /// last.
    pub fn take(self: &Arc<Self>, job: &Job, now: i64) -> Result<Option<TakenShare>, Duration> {
        let lane = match job {
            Job::Delivery { .. } => return Ok(None),
            Job::Scan { .. } => Lane::Scans,
            Job::Task { .. } => Lane::Tasks,
        };
        self.take_in(lane, job.installation(), now).map(Some)
    }

    /// Takes a slot of one kind.
    ///
    /// # Errors
    /// As for `take`.
    pub fn take_in(
        self: &Arc<Self>,
        lane: Lane,
        installation: InstallationId,
        now: i64,
    ) -> Result<TakenShare, Duration> {
        self.slots(lane).take(installation, now)?;
        Ok(TakenShare {
            shares: self.clone(),
            lane,
            installation,
        })
    }

    fn slots(&self, lane: Lane) -> MutexGuard<'_, Slots> {
        let slots = match lane {
            Lane::Scans => &self.scans,
            Lane::Tasks => &self.tasks,
        };
        slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TakenShare {
    /// Returns when a job returns that found its repository locked: hundreds that wait for one repository must not all
    /// ask every few seconds, and keep the worker from everything else.
    pub fn turn(&self, now: i64) -> Duration {
        let mut slots = self.shares.slots(self.lane);
        let share = slots.taken.get_mut(&self.installation);
        share.map_or(Duration::ZERO, |share| share.turn(now))
    }
}

impl Drop for TakenShare {
    fn drop(&mut self) {
        self.shares.slots(self.lane).give_back(self.installation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RepositoryId;
    use crate::queue::job::{RepositoryTask, Trigger};

    const NOW: i64 = 1_800_000_000_000;

    fn task(installation: u64) -> Job {
        Job::Task {
            installation: InstallationId(installation),
            repository: RepositoryId(10),
            task: RepositoryTask::Dashboard,
        }
    }

    fn scan(installation: u64) -> Job {
        Job::Scan {
            installation: InstallationId(installation),
            repository: RepositoryId(10),
            stack: None,
            trigger: Trigger::Push,
        }
    }

    /// Returns as many jobs as there are slots for.
    fn all(shares: &Arc<Shares>, job: &Job) -> Vec<Option<TakenShare>> {
        std::iter::from_fn(|| shares.take(job, NOW).ok()).collect()
    }

    #[test]
    fn no_installation_takes_the_last_slot_and_what_is_put_off_comes_one_after_another() {
        let shares = Shares::new(4);
        let loud: Vec<_> = (0..3)
            .map(|_| shares.take(&scan(1), NOW).unwrap())
            .collect();
        let put_off = |now| shares.take(&scan(1), now).unwrap_err().as_millis();
        assert_eq!(
            [put_off(NOW), put_off(NOW), put_off(NOW + 100)],
            [200, 400, 500]
        );
        let longest = (0..10_000).map(|_| put_off(NOW)).max();
        assert_eq!(longest, Some(120_000));
        let quiet = shares.take(&scan(2), NOW).unwrap();
        let turns = [NOW, NOW].map(|now| quiet.as_ref().map(|share| share.turn(now).as_millis()));
        assert_eq!(turns, [Some(200), Some(400)], "of its own");
        drop((loud, quiet));
        assert!(shares.take(&scan(1), NOW).is_ok());
    }

    #[test]
    fn scans_of_whomever_leave_a_slot_for_a_command() {
        for slots in 1..=4 {
            let shares = Shares::new(slots);
            let scans = (1..=9).flat_map(|loud| all(&shares, &scan(loud)));
            let scans: Vec<_> = scans.collect();
            assert_eq!(scans.len(), slots);
            let quiet = all(&shares, &task(77));
            assert_eq!(quiet.len(), slots, "{slots}");
            assert!(shares.take(&task(78), NOW).is_ok(), "{slots}");
            drop((scans, quiet));
            // Commands that scan take a slot of each.
            let scanning = |loud| {
                let tasks = all(&shares, &task(loud)).into_iter();
                let scan = || shares.take_in(Lane::Scans, InstallationId(loud), NOW).ok();
                tasks.filter_map(|task| Some((task, scan()?))).collect()
            };
            let scanning: Vec<Vec<_>> = (1..=9).map(scanning).collect();
            assert!(shares.take(&task(77), NOW).is_ok(), "{slots}");
            drop(scanning);
        }
    }

    #[test]
    fn a_slot_that_is_free_again_goes_to_who_has_fewest() {
        let shares = Shares::new(4);
        let mut loud: Vec<_> = (0..3)
            .map(|_| shares.take(&scan(1), NOW).unwrap())
            .collect();
        let other = shares.take(&scan(2), NOW).unwrap();
        assert!(shares.take(&scan(3), NOW).is_err(), "all are taken");
        loud.pop();
        assert!(shares.take(&scan(1), NOW + 100).is_err(), "it is kept");
        assert!(shares.take(&scan(2), NOW + 100).is_err(), "for the third");
        let third = shares.take(&scan(3), NOW + 1_000);
        assert!(third.is_ok());
        drop((loud, third, other));
    }

    #[test]
    fn a_slot_is_kept_for_a_while_only() {
        let shares = Shares::new(4);
        let take = |installation, later| shares.take(&scan(installation), NOW + later);
        let loud = [take(1, 0).unwrap(), take(1, 0).unwrap()];
        let (other, _another) = (take(2, 0).unwrap(), take(3, 0).unwrap());
        assert!(take(4, 0).is_err(), "all are taken");
        drop(other);
        assert!(take(1, KEPT_FOR - 1).is_err(), "it is kept for the fourth");
        assert!(take(1, KEPT_FOR).is_ok());
        drop(loud);
    }
}
