//! Shares the requests in flight fairly: accounts take turns, however many requests each has waiting.

use super::gate::Account;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The slots of a process.
#[derive(Debug, Clone)]
pub(super) struct Slots(Arc<Mutex<WaitingLine<oneshot::Sender<Slot>>>>);

/// A taken slot, which is returned when it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    /// `None` once the slot was returned.
    slots: Option<Slots>,
    account: Account,
}

impl Slots {
    /// Creates slots of which one account takes no more than half.
    pub fn new(count: usize) -> Self {
        Self(Arc::new(Mutex::new(WaitingLine::new(count))))
    }

    /// Waits for a slot. A caller that stops waiting leaves the queue.
    pub async fn take(&self, account: Account) -> Slot {
        let (waiter, turn) = oneshot::channel();
        self.line().wait(account, waiter);
        self.hand_out();
        match turn.await {
            Ok(slot) => slot,
            // A waiter is dropped only with the whole line, and nobody waits in that any more.
            Err(_) => std::future::pending().await,
        }
    }

    /// Hands free slots to waiting callers.
    fn hand_out(&self) {
        loop {
            let next = self.line().next();
            let Some((account, waiter)) = next else {
                return;
            };
            let slots = Some(self.clone());
            if let Err(mut unwanted) = waiter.send(Slot { slots, account }) {
                unwanted.slots = None;
                self.line().end(account);
            }
        }
    }

    fn line(&self) -> MutexGuard<'_, WaitingLine<oneshot::Sender<Slot>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(slots) = self.slots.take() {
            slots.line().end(self.account);
            slots.hand_out();
        }
    }
}

/// The waiting callers, by account.
#[derive(Debug)]
struct WaitingLine<W> {
    free: usize,
    /// How many slots one account takes at most, so that others need not wait for its slow requests.
    each: usize,
    taken: HashMap<Account, usize>,
    waiting: HashMap<Account, VecDeque<W>>,
    /// The waiting accounts, the next one first.
    turns: VecDeque<Account>,
}

impl<W> WaitingLine<W> {
    fn new(slots: usize) -> Self {
        Self {
            free: slots.max(1),
            each: slots.div_ceil(2).max(1),
            taken: HashMap::new(),
            waiting: HashMap::new(),
            turns: VecDeque::new(),
        }
    }

    fn wait(&mut self, account: Account, waiter: W) {
        let waiting = self.waiting.entry(account).or_default();
        if waiting.is_empty() {
            self.turns.push_back(account);
        }
        waiting.push_back(waiter);
    }

    /// Takes a slot for the next account.
    fn next(&mut self) -> Option<(Account, W)> {
        if self.free == 0 {
            return None;
        }
        let taken = &self.taken;
        let may = |account: &Account| taken.get(account).copied().unwrap_or_default() < self.each;
        let at = self.turns.iter().position(may)?;
        let account = self.turns.remove(at)?;
        let waiting = self.waiting.get_mut(&account)?;
        let waiter = waiting.pop_front()?;
        if waiting.is_empty() {
            self.waiting.remove(&account);
        } else {
            self.turns.push_back(account);
        }
        self.free -= 1;
        *self.taken.entry(account).or_default() += 1;
        Some((account, waiter))
    }

    fn end(&mut self, account: Account) {
        self.free += 1;
        if let Some(taken) = self.taken.get_mut(&account) {
            *taken -= 1;
            if *taken == 0 {
                self.taken.remove(&account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::InstallationId;
    use std::time::Duration;

    const LOUD: Account = Some(InstallationId(1));
    const QUIET: Account = Some(InstallationId(2));

    #[test]
    fn an_account_with_many_requests_delays_another_by_one_turn() {
        let mut line = WaitingLine::new(4);
        for request in 0..10_000 {
            line.wait(LOUD, request);
        }
        let first: Vec<_> = std::iter::from_fn(|| line.next()).collect();
        assert_eq!(first, [(LOUD, 0), (LOUD, 1)], "no more than half");
        line.wait(QUIET, 77);
        assert_eq!(line.next(), Some((QUIET, 77)), "at once");
        line.wait(QUIET, 78);
        line.end(LOUD);
        line.wait(QUIET, 79);
        let mut turns = Vec::new();
        while let Some((account, _)) = line.next() {
            turns.push(account);
        }
        assert_eq!(turns, [LOUD, QUIET], "in turns");
        line.end(LOUD);
        assert_eq!(line.next(), Some((LOUD, 3)));
        line.end(QUIET);
        assert_eq!(line.next(), Some((QUIET, 79)));
    }

    #[tokio::test]
    async fn who_stops_waiting_takes_no_slot_with_it() {
        let slots = Slots::new(1);
        let taken = slots.take(LOUD).await;
        for _ in 0..1_000 {
            let waiting = tokio::time::timeout(Duration::ZERO, slots.take(LOUD)).await;
            assert!(waiting.is_err());
        }
        drop(taken);
        let soon = Duration::from_secs(20);
        for _ in 0..3 {
            drop(tokio::time::timeout(soon, slots.take(QUIET)).await.unwrap());
        }
    }
}
