//! Budgets the memory that the whole process shares.

mod scan;

pub use scan::{ScanBudget, ScanMemory, ScanShare};

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit of counting: a semaphore counts no more than 2^29 on some machines.
const UNIT: u64 = 1024;

/// A number of bytes that several users share. Whoever waits for a share gets it in the order of asking.
#[derive(Debug, Clone)]
pub struct MemoryBudget {
    units: Arc<Semaphore>,
    total: u64,
}

/// A share of a budget, which is returned when it is dropped.
#[derive(Debug)]
pub struct MemoryShare {
    budget: MemoryBudget,
    permit: OwnedSemaphorePermit,
}

/// Why a share was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// The share is larger than the whole budget.
    #[error("{requested} bytes are more than the {total} that there are")]
    NeverFits {
        /// The requested bytes.
        requested: u64,
        /// The bytes of the budget.
        total: u64,
    },
    /// Others did not return enough in time.
    #[error("all memory for this is taken")]
    Busy,
}

impl MemoryBudget {
    /// Creates a budget.
    pub fn new(bytes: u64) -> Self {
        let units = usize::try_from(bytes / UNIT).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))),
            total: bytes,
        }
    }

    /// Takes a share, and waits for it as long as `patience`.
    ///
    /// # Errors
    /// At once where it can never fit; else when the time is over.
    pub async fn take(&self, bytes: u64, patience: Duration) -> Result<MemoryShare, MemoryError> {
        let units = self.units_of(bytes)?;
        let permit = self.units.clone().acquire_many_owned(units);
        let permit = tokio::time::timeout(patience, permit).await;
        let permit = permit.map_err(|_| MemoryError::Busy)?;
        Ok(self.share(permit.map_err(|_| MemoryError::Busy)?))
    }

    /// Takes a share if nobody has to wait for it.
    ///
    /// # Errors
    /// When too few bytes are left.
    pub fn try_take(&self, bytes: u64) -> Result<MemoryShare, MemoryError> {
        let units = self.units_of(bytes)?;
        let permit = self.units.clone().try_acquire_many_owned(units);
        Ok(self.share(permit.map_err(|_| MemoryError::Busy)?))
    }

    fn share(&self, permit: OwnedSemaphorePermit) -> MemoryShare {
        MemoryShare {
            budget: self.clone(),
            permit,
        }
    }

    fn units_of(&self, bytes: u64) -> Result<u32, MemoryError> {
        let total = self.total;
        let units = u32::try_from(bytes.div_ceil(UNIT)).ok();
        units
            .filter(|_| bytes <= total)
            .ok_or(MemoryError::NeverFits {
                requested: bytes,
                total,
            })
    }
}

impl MemoryShare {
    /// Returns the bytes of the share.
    pub fn bytes(&self) -> u64 {
        self.permit.num_permits() as u64 * UNIT
    }

    /// Grows the share to at least this size, if nobody has to wait for that.
    ///
    /// # Errors
    /// When too few bytes are left; the share then keeps its size.
    pub fn grow_to(&mut self, bytes: u64) -> Result<(), MemoryError> {
        if bytes > self.bytes() {
            let more = self.budget.try_take(bytes - self.bytes())?;
            self.merge(more);
        }
        Ok(())
    }

    /// Merges another share of the same budget into this one.
    fn merge(&mut self, other: Self) {
        self.permit.merge(other.permit);
    }

    /// Shrinks the share to at most this size.
    pub fn shrink_to(&mut self, bytes: u64) {
        let kept = usize::try_from(bytes.div_ceil(UNIT)).unwrap_or(usize::MAX);
        let surplus = self.permit.num_permits().saturating_sub(kept);
        drop(self.permit.split(surplus));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(20);
    const KIB: u64 = 1024;

    #[tokio::test]
    async fn what_is_taken_is_missing_until_it_is_given_back() {
        let budget = MemoryBudget::new(10 * KIB);
        let mut share = budget.take(8 * KIB, LONG).await.unwrap();
        assert_eq!(budget.try_take(3 * KIB).unwrap_err(), MemoryError::Busy);
        let waited = budget.take(3 * KIB, SHORT).await;
        assert_eq!(waited.unwrap_err(), MemoryError::Busy);
        assert!(share.grow_to(11 * KIB).is_err());
        share.grow_to(10 * KIB).unwrap();
        assert!(budget.try_take(1).is_err());
        share.shrink_to(1);
        assert_eq!(share.bytes(), KIB);
        drop(budget.take(9 * KIB, LONG).await.unwrap());
        drop(share);
        assert_eq!(budget.try_take(10 * KIB).unwrap().bytes(), 10 * KIB);
    }

    #[tokio::test]
    async fn what_can_never_fit_is_refused_at_once() {
        let refused = MemoryBudget::new(KIB).take(KIB + 1, LONG).await;
        let error = MemoryError::NeverFits {
            requested: KIB + 1,
            total: KIB,
        };
        assert_eq!(refused.unwrap_err(), error);
    }

    #[tokio::test]
    async fn a_large_share_is_not_overtaken_by_small_ones() {
        let budget = MemoryBudget::new(10 * KIB);
        let held = budget.try_take(5 * KIB).unwrap();
        let large = tokio::spawn({
            let budget = budget.clone();
            async move { budget.take(10 * KIB, LONG).await }
        });
        tokio::task::yield_now().await;
        let small = budget.take(KIB, SHORT).await;
        assert_eq!(small.unwrap_err(), MemoryError::Busy);
        drop(held);
        assert_eq!(large.await.unwrap().unwrap().bytes(), 10 * KIB);
    }
}
