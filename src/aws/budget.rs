//! What one account is asked at most: a scanner must not eat the quota that autoscaling lives on.

use std::time::Duration;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Calls in flight at once.
const AT_ONCE: usize = 24;
/// Calls a second, over time. EC2's own buckets refill with 20 a second for each action; S3 and IAM allow more.
const PER_SECOND: u32 = 60;
/// Calls that may come at once after a pause.
const BURST: u32 = 100;

/// One account's allowance, shared by all its regions.
#[derive(Debug)]
pub(super) struct Budget {
    slots: Semaphore,
    /// When the bucket would be full again.
    full_at: Mutex<Instant>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            slots: Semaphore::new(AT_ONCE),
            full_at: Mutex::new(Instant::now()),
        }
    }
}

impl Budget {
    /// Waits until one more call is within the allowance. The call ends when the permit is dropped.
    pub(super) async fn spend(&self) -> Option<SemaphorePermit<'_>> {
        let permit = self.slots.acquire().await.ok();
        let wait = wait(&mut *self.full_at.lock().await, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        permit
    }
}

/// How long one more call has to wait, given when the bucket would be full again.
fn wait(full_at: &mut Instant, now: Instant) -> Duration {
    *full_at = (*full_at).max(now) + Duration::from_secs(1) / PER_SECOND;
    let owed = full_at.duration_since(now);
    owed.saturating_sub(Duration::from_secs(1) * BURST / PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_at_once_and_what_follows_is_paced() {
        let now = Instant::now();
        let mut full_at = now;
        for _ in 0..BURST {
            assert_eq!(wait(&mut full_at, now), Duration::ZERO);
        }
        for _ in 1..PER_SECOND {
            wait(&mut full_at, now);
        }
        assert_eq!(wait(&mut full_at, now).as_secs_f64().round(), 1.0);
        let later = now + Duration::from_secs(60);
        assert_eq!(wait(&mut full_at, later), Duration::ZERO);
    }
}
