//! Wakes the worker regularly, so that it looks for jobs.

use apalis::prelude::{PollSnapshot, PollStrategy};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Wakes the worker at an interval.
///
/// apalis's own strategy starts the next pause without waiting for it. Where a search for jobs that took as long as the
/// interval ends empty in that moment, nothing wakes the worker any more: it takes no jobs and writes no heartbeat.
#[derive(Debug)]
pub(super) struct Polling(Interval);

impl Polling {
    /// Creates a strategy with a pause between two searches.
    pub(super) fn new(pause: Duration) -> Self {
        let mut interval = interval(pause);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(interval)
    }
}

impl PollStrategy for Polling {
    fn poll_drive(
        &mut self,
        context: &mut Context<'_>,
        _snapshot: &PollSnapshot,
    ) -> Poll<Option<()>> {
        let mut is_due = false;
        // Until the pause is not over: only then does its end wake the worker.
        while self.0.poll_tick(context).is_ready() {
            is_due = true;
        }
        match is_due {
            true => Poll::Ready(Some(())),
            false => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::task::{ArcWake, waker};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl ArcWake for Wakes {
        fn wake_by_ref(wakes: &Arc<Self>) {
            wakes.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn after_each_poll_the_worker_is_woken_again() {
        let wakes = Arc::new(Wakes::default());
        let waker = waker(wakes.clone());
        let mut context = Context::from_waker(&waker);
        let mut polling = Polling::new(Duration::from_millis(2));
        let _ = polling.poll_drive(&mut context, &PollSnapshot::new());
        for round in 1..=3 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert_eq!(wakes.0.load(Ordering::SeqCst), round);
            let polled = polling.poll_drive(&mut context, &PollSnapshot::new());
            assert_eq!(polled, Poll::Ready(Some(())), "{round}");
        }
    }
}
