//! Shares the processes that providers may have among installations.

use crate::model::InstallationId;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The processes of all scans. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Slots(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    /// How many an installation has at most: it leaves others one.
    each: usize,
    running: BTreeMap<InstallationId, usize>,
    waiting: VecDeque<Waiting>,
}

/// Who waits for a process.
#[derive(Debug)]
struct Waiting {
    installation: InstallationId,
    granted: oneshot::Sender<Slot>,
}

/// A process that counts for an installation until it is dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Slots,
    installation: InstallationId,
}

impl Slots {
    /// Creates this many slots.
    pub(super) fn new(count: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: count,
            each: count.saturating_sub(1).max(1),
            running: BTreeMap::new(),
            waiting: VecDeque::new(),
        })))
    }

    /// Lets an installation have all slots, as the command line has.
    pub(super) fn unshared(self) -> Self {
        let mut state = self.lock();
        state.each = state.free;
        drop(state);
        self
    }

    /// Waits for a slot. Whoever has the fewest gets the next one.
    pub(super) async fn take(&self, installation: InstallationId) -> Option<Slot> {
        let (granted, slot) = oneshot::channel();
        self.lock().waiting.push_back(Waiting {
            installation,
            granted,
        });
        self.grant();
        slot.await.ok()
    }

    /// Gives free slots to those who wait.
    fn grant(&self) {
        loop {
            let next = self.lock().next();
            let Some(Waiting {
                installation,
                granted,
            }) = next
            else {
                return;
            };
            // Where nobody waits any more the slot comes back at once.
            drop(granted.send(Slot {
                slots: self.clone(),
                installation,
            }));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a slot for whoever waits and has the fewest, the first of them.
    fn next(&mut self) -> Option<Waiting> {
        self.waiting.retain(|waiting| !waiting.granted.is_closed());
        if self.free == 0 {
            return None;
        }
        let running = |waiting: &Waiting| {
            let running = self.running.get(&waiting.installation);
            running.copied().unwrap_or_default()
        };
        let may_run = self.waiting.iter().enumerate();
        let may_run = may_run.filter(|(_, waiting)| running(waiting) < self.each);
        let (at, _) = may_run.min_by_key(|(_, waiting)| running(waiting))?;
        let next = self.waiting.remove(at)?;
        self.free -= 1;
        *self.running.entry(next.installation).or_default() += 1;
        Some(next)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.slots.lock();
        state.free += 1;
        if let Some(running) = state.running.get_mut(&self.installation) {
            *running -= 1;
        }
        state.running.retain(|_, running| *running > 0);
        drop(state);
        self.slots.grant();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures::FutureExt;

    const LOUD: InstallationId = InstallationId(1);
    const QUIET: InstallationId = InstallationId(2);

    #[test]
    fn no_installation_takes_the_last_process_and_the_next_goes_to_who_has_fewest() {
        let slots = Slots::new(3);
        let mut loud: Vec<_> = (0..2)
            .map(|_| slots.take(LOUD).now_or_never().flatten().unwrap())
            .collect();
        let mut third = Box::pin(slots.take(LOUD));
        assert!(
            third.as_mut().now_or_never().is_none(),
            "it has two of three"
        );
        let quiet = slots.take(QUIET).now_or_never().flatten();
        assert!(quiet.is_some());
        let mut other = Box::pin(slots.take(InstallationId(3)));
        assert!(other.as_mut().now_or_never().is_none(), "all are taken");
        loud.pop();
        let other = other.as_mut().now_or_never().flatten();
        assert!(other.is_some(), "it has none");
        assert!(third.as_mut().now_or_never().is_none());
    }

    #[test]
    fn who_does_not_wait_any_more_takes_no_process() {
        let slots = Slots::new(1);
        let first = slots.take(LOUD).now_or_never().flatten().unwrap();
        let mut given_up = Box::pin(slots.take(LOUD));
        assert!(given_up.as_mut().now_or_never().is_none());
        drop(given_up);
        drop(first);
        assert!(slots.take(QUIET).now_or_never().flatten().is_some());
    }

    #[test]
    fn who_is_alone_has_all() {
        let slots = Slots::new(2).unshared();
        let taken = [slots.take(LOUD), slots.take(LOUD)].map(FutureExt::now_or_never);
        assert!(taken.into_iter().all(|slot| slot.flatten().is_some()));
    }
}
