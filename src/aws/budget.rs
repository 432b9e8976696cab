//! What one account is asked at most: a scanner must not eat the quota that autoscaling lives on.

use std::time::Duration;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Calls in flight at once, of each budget.
const AT_ONCE: usize = 24;
/// Calls a second, over time. EC2's own buckets refill with 20 a second for each action; IAM and RDS do not say.
const PER_SECOND: u32 = 60;
/// The same for S3, which takes thousands a second for each bucket.
const PER_SECOND_S3: u32 = 300;
/// Calls that may come at once after a pause.
const BURST: u32 = 100;

/// One account's allowances, each shared by all its regions.
#[derive(Debug)]
pub(super) struct Budgets {
    s3: Budget,
    others: Budget,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            s3: Budget::of(PER_SECOND_S3),
            others: Budget::of(PER_SECOND),
        }
    }
}

impl Budgets {
    /// Waits until one more call that needs this IAM action is within its allowance. The call ends when the permit is
    /// dropped.
    pub(super) async fn spend(&self, action: &str) -> Option<SemaphorePermit<'_>> {
        let budget = match action.split(':').next() {
            Some("s3") => &self.s3,
            _ => &self.others,
        };
        budget.spend().await
    }
}

/// One allowance.
#[derive(Debug)]
struct Budget {
    per_second: u32,
    slots: Semaphore,
    /// When the bucket would be full again.
    full_at: Mutex<Instant>,
}

impl Budget {
    fn of(per_second: u32) -> Self {
        Self {
            per_second,
            slots: Semaphore::new(AT_ONCE),
            full_at: Mutex::new(Instant::now()),
        }
    }

    async fn spend(&self) -> Option<SemaphorePermit<'_>> {
        let permit = self.slots.acquire().await.ok();
        let wait = wait(
            &mut *self.full_at.lock().await,
            Instant::now(),
            self.per_second,
        );
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        permit
    }
}

/// How long one more call has to wait, given when the bucket would be full again.
fn wait(full_at: &mut Instant, now: Instant, per_second: u32) -> Duration {
    *full_at = (*full_at).max(now) + Duration::from_secs(1) / per_second;
    let owed = full_at.duration_since(now);
    owed.saturating_sub(Duration::from_secs(1) * BURST / per_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_at_once_and_what_follows_is_paced() {
        let now = Instant::now();
        let mut full_at = now;
        let mut call = |at| wait(&mut full_at, at, PER_SECOND);
        for _ in 0..BURST {
            assert_eq!(call(now), Duration::ZERO);
        }
        for _ in 1..PER_SECOND {
            call(now);
        }
        assert_eq!(call(now).as_secs_f64().round(), 1.0);
        assert_eq!(call(now + Duration::from_secs(60)), Duration::ZERO);
    }
}
