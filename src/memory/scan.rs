//! Budgets the memory that scans hold: states and evaluated code, counted before they are created.

use super::{MemoryBudget, MemoryError, MemoryShare};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// What each scan has without asking, so that a common scan waits for no large one. A process runs a few scans at once.
const OWN: u64 = 32 * 1024 * 1024;

/// The memory of all scans of a process, beside what each has of its own.
#[derive(Debug, Clone)]
pub struct ScanBudget {
    bytes: MemoryBudget,
    /// HeldMemory by the single scan that may wait for more while it holds some: two of them would wait for each other.
    turn: Arc<Semaphore>,
}

/// The memory of one scan. Clones belong to the same scan; the default is unlimited.
#[derive(Debug, Clone)]
pub struct ScanMemory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    budget: ScanBudget,
    held: Mutex<HeldMemory>,
    /// HeldMemory by the part of the scan that waits.
    waiting: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct HeldMemory {
    /// What all parts of the scan hold.
    bytes: u64,
    /// What the scan holds beyond its own.
    share: Option<MemoryShare>,
}

/// The memory of a part of a scan, which is returned when it is dropped.
#[derive(Debug)]
pub struct ScanShare {
    memory: ScanMemory,
    bytes: u64,
}

impl ScanBudget {
    /// Creates the budget of all scans.
    pub fn new(bytes: u64) -> Self {
        Self {
            bytes: MemoryBudget::new(bytes),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Starts a scan.
    pub fn begin(&self) -> ScanMemory {
        ScanMemory(Arc::new(Inner {
            budget: self.clone(),
            held: Mutex::default(),
            waiting: tokio::sync::Mutex::default(),
        }))
    }
}

impl Default for ScanMemory {
    fn default() -> Self {
        ScanBudget::new(u64::MAX).begin()
    }
}

impl ScanMemory {
    /// Starts a part of the scan, which holds nothing yet.
    pub fn part(&self) -> ScanShare {
        ScanShare {
            memory: self.clone(),
            bytes: 0,
        }
    }

    fn held(&self) -> MutexGuard<'_, HeldMemory> {
        // It is whole after each of its steps.
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes more bytes.
    fn try_take(&self, bytes: u64) -> Result<(), MemoryError> {
        let mut held = self.held();
        let all = held.bytes.saturating_add(bytes);
        let (requested, budget) = (all.saturating_sub(OWN), &self.0.budget.bytes);
        let total = budget.total;
        if requested > total {
            return Err(MemoryError::NeverFits { requested, total });
        }
        match &mut held.share {
            Some(share) => share.grow_to(requested)?,
            none if requested > 0 => *none = Some(budget.try_take(requested)?),
            _ => {}
        }
        held.bytes = all;
        Ok(())
    }

    /// Takes more bytes, and waits as long as `patience`. At most one scan that holds some waits: others fail at once,
    /// and return theirs.
    async fn take(&self, bytes: u64, patience: Duration) -> Result<(), MemoryError> {
        let _waiting = self.0.waiting.lock().await;
        match self.try_take(bytes) {
            Err(MemoryError::Busy) => {}
            taken => return taken,
        }
        let has = self.held().share_bytes();
        let budget = &self.0.budget;
        let _turn = match has {
            0 => None,
            _ => Some(budget.turn.try_acquire().map_err(|_| MemoryError::Busy)?),
        };
        let requested = self.held().bytes.saturating_add(bytes).saturating_sub(OWN);
        let more = budget
            .bytes
            .take(requested.saturating_sub(has), patience)
            .await?;
        self.held().add(more);
        self.try_take(bytes)
    }

    fn give_back(&self, bytes: u64) {
        let mut held = self.held();
        held.bytes = held.bytes.saturating_sub(bytes);
        let requested = held.bytes.saturating_sub(OWN);
        match &mut held.share {
            Some(share) if requested > 0 => share.shrink_to(requested),
            share => *share = None,
        }
    }
}

impl HeldMemory {
    fn share_bytes(&self) -> u64 {
        self.share.as_ref().map_or(0, MemoryShare::bytes)
    }

    fn add(&mut self, more: MemoryShare) {
        match &mut self.share {
            Some(share) => share.merge(more),
            none => *none = Some(more),
        }
    }
}

impl ScanShare {
    /// Returns how many bytes the part holds.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Grows to at least this size, if nobody has to wait for that.
    ///
    /// # Errors
    /// When too few bytes are left; the size then stays.
    pub fn try_grow_to(&mut self, bytes: u64) -> Result<(), MemoryError> {
        if bytes > self.bytes {
            self.memory.try_take(bytes - self.bytes)?;
            self.bytes = bytes;
        }
        Ok(())
    }

    /// Grows to at least this size, and waits as long as `patience`.
    ///
    /// # Errors
    /// At once where it can never fit; else when the time is over, or another scan waits already.
    pub async fn grow_to(&mut self, bytes: u64, patience: Duration) -> Result<(), MemoryError> {
        if bytes > self.bytes {
            self.memory.take(bytes - self.bytes, patience).await?;
            self.bytes = bytes;
        }
        Ok(())
    }

    /// Shrinks to at most this size.
    pub fn shrink_to(&mut self, bytes: u64) {
        let surplus = self.bytes.saturating_sub(bytes);
        self.memory.give_back(surplus);
        self.bytes -= surplus;
    }
}

impl Drop for ScanShare {
    fn drop(&mut self) {
        self.memory.give_back(self.bytes);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures::FutureExt;

    const MIB: u64 = 1024 * 1024;
    const LONG: Duration = Duration::from_secs(60);

    fn holding(memory: &ScanMemory, bytes: u64) -> ScanShare {
        let mut share = memory.part();
        share.try_grow_to(bytes).unwrap();
        share
    }

    #[tokio::test]
    async fn a_common_scan_waits_for_no_large_one() {
        let budget = ScanBudget::new(100 * MIB);
        let _large = holding(&budget.begin(), OWN + 100 * MIB);
        let common = budget.begin();
        let mut share = holding(&common, OWN);
        assert_eq!(share.try_grow_to(OWN + MIB), Err(MemoryError::Busy));
        assert_eq!(common.part().try_grow_to(MIB), Err(MemoryError::Busy));
        assert_eq!(share.bytes(), OWN);
    }

    #[tokio::test]
    async fn the_parts_of_a_scan_are_counted_together_and_what_can_never_fit_is_refused() {
        let memory = ScanBudget::new(100 * MIB).begin();
        let mut first = holding(&memory, OWN + 60 * MIB);
        let mut other = memory.part();
        let never = other.grow_to(50 * MIB, LONG).await.unwrap_err();
        assert!(matches!(never, MemoryError::NeverFits { .. }), "{never}");
        first.shrink_to(OWN);
        other.grow_to(100 * MIB, LONG).await.unwrap();
        drop(other);
        first.try_grow_to(OWN + 100 * MIB).unwrap();
    }

    #[tokio::test]
    async fn of_scans_that_hold_some_one_waits_for_more_and_gets_it() {
        let budget = ScanBudget::new(100 * MIB);
        let mut first = holding(&budget.begin(), OWN + 50 * MIB);
        let mut second = holding(&budget.begin(), OWN + 50 * MIB);
        let mut waits = Box::pin(first.grow_to(OWN + 80 * MIB, LONG));
        assert!(waits.as_mut().now_or_never().is_none());
        let refused = second.grow_to(OWN + 60 * MIB, LONG).await;
        assert_eq!(refused, Err(MemoryError::Busy));
        // Who holds nothing waits behind it.
        let mut third = budget.begin().part();
        let mut waits_too = Box::pin(third.grow_to(OWN + 70 * MIB, LONG));
        assert!(waits_too.as_mut().now_or_never().is_none());
        drop(second);
        waits.await.unwrap();
        drop(first);
        waits_too.await.unwrap();
    }
}
