//! Asks GitHub for missed deliveries: with growing pauses, for as long as GitHub keeps them, by one process at a time.

use super::Metrics;
use crate::github::{DeliveryAttempt, GitHub, GithubError};
use crate::store::{DeliveryWalk, MissedDelivery, Store};
use std::collections::HashSet;
use std::time::{Duration, Instant};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// How long GitHub keeps a delivery.
const WINDOW: i64 = 72 * HOUR;
/// The pauses before a delivery is requested a second time, a third, and so on; the last one repeats.
const PAUSES: [i64; 5] = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR];
/// How far a walk goes back behind the known attempts: an attempt is listed when it ends, and later ones may have ended
/// before.
const OVERLAP: i64 = 5 * MINUTE;
/// How many pages are read in one round; the next round continues.
const PAGES: usize = 20;
/// How many deliveries are requested in one round, that is, per minute over all processes. GitHub counts five points
/// for each, and lets an App spend 900 a minute: the rest is for its tokens.
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
const AT_ONCE: u32 = 120;
/// How long no round follows the start of one that requested the maximum: what keeps the rate.
const FULL_ROUND_PAUSE: Duration = Duration::from_secs(60);
/// How long a process holds the walk before it must renew its lease. It is short, because a killed process blocks the
/// others for this long, and at least the pause after a full round.
const LEASE: Duration = FULL_ROUND_PAUSE;
/// How often the lease is renewed: a request to GitHub with all its attempts may take longer than the lease.
const RENEW_EVERY: Duration = Duration::from_secs(10);
/// The status of deliveries that the App will never accept: no webhook of GitHub's, or too large.
const REFUSED: [u16; 2] = [400, 413];

/// The process that walks, where it walks, and when.
pub(crate) struct Redelivery<'a> {
    pub github: &'a GitHub,
    pub store: &'a Store,
    pub metrics: &'a Metrics,
    /// The name of this round, which no other has or had.
    pub holder: String,
    /// The time in epoch milliseconds, by the database's clock.
    pub now: i64,
}

impl Redelivery<'_> {
    /// Reads the failed deliveries since the last round, and requests those that are due. Does nothing, and returns
    /// false, where another process walks or the rate wants a pause.
    pub(crate) async fn run(&self) -> anyhow::Result<bool> {
        let start = Instant::now();
        let begun = self.store.begin_delivery_walk(&self.holder, LEASE).await?;
        let Some(walk) = begun else {
            return Ok(false);
        };
        tokio::select! {
            ended = self.walk(walk, start) => ended?,
            lost = self.renew_lease() => lost?,
        }
        Ok(true)
    }

    /// Renews the lease for as long as this process holds the walk. Returns when another one has it.
    async fn renew_lease(&self) -> anyhow::Result<()> {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            if !self.store.hold_delivery_walk(&self.holder, LEASE).await? {
                return Ok(());
            }
        }
    }

    /// Reads, requests, and stores how far it came and when the next round may begin.
    async fn walk(&self, mut walk: DeliveryWalk, start: Instant) -> anyhow::Result<()> {
        let read = self.read(&mut walk).await;
        // Where another process walks by now, that one requests them.
        let requested = if self.save_walk(&walk).await? {
            self.request_redeliveries(&walk).await
        } else {
            Ok(0)
        };
        let is_full = matches!(requested, Ok(AT_ONCE));
        let pause = if is_full {
            FULL_ROUND_PAUSE
        } else {
            Duration::ZERO
        };
        let left = pause.saturating_sub(start.elapsed());
        self.store
            .save_delivery_walk(&self.holder, &walk, left)
            .await?;
        read.and(requested).map(drop)
    }

    /// Stores the progress of the walk, and holds it for this process. False where another process has it.
    async fn save_walk(&self, walk: &DeliveryWalk) -> anyhow::Result<bool> {
        self.store
            .save_delivery_walk(&self.holder, walk, LEASE)
            .await
    }

    /// Reads GitHub's list from the newest attempt back to the known ones; if that takes more than a round, the next
    /// one continues.
    async fn read(&self, walk: &mut DeliveryWalk) -> anyhow::Result<()> {
        let mut taken = HashSet::new();
        for _ in 0..PAGES {
            let page = self.github.delivery_attempts(&walk.next_page).await;
            let page = match page {
                // A page is good for a while only: from the start, then.
                Err(GithubError::Invalid { .. } | GithubError::NotFound(_))
                    if !walk.next_page.is_empty() =>
                {
                    walk.next_page.clear();
                    continue;
                }
                page => page?,
            };
            if walk.next_page.is_empty() {
                walk.newest = page
                    .attempts
                    .first()
                    .map_or(walk.newest, |newest| newest.at);
            }
            let known_from = (walk.read_until - OVERLAP).max(self.now - WINDOW);
            for attempt in page
                .attempts
                .iter()
                .filter(|attempt| attempt.at >= known_from)
            {
                self.record(attempt, &mut taken).await?;
            }
            let ends = page.attempts.iter().any(|attempt| attempt.at < known_from);
            walk.next_page = if ends { String::new() } else { page.next };
            if walk.next_page.is_empty() {
                walk.read_until = walk.newest;
                return Ok(());
            }
            if !self.save_walk(walk).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Records the result of an attempt. One success is enough, whatever came before and after it.
    async fn record(
        &self,
        attempt: &DeliveryAttempt,
        taken: &mut HashSet<String>,
    ) -> anyhow::Result<()> {
        let id = &attempt.delivery;
        if (200..300).contains(&attempt.status) {
            taken.insert(id.0.clone());
            return self.store.delete_missed_delivery(id).await;
        }
        let refused = REFUSED.contains(&attempt.status);
        if refused || taken.contains(&id.0) || self.store.is_recorded(id).await? {
            return Ok(());
        }
        let missed = MissedDelivery {
            id: id.clone(),
            attempt: attempt.id,
            sent_at: attempt.at,
            requests: 0,
            next_at: self.now,
        };
        self.store.record_missed_delivery(&missed).await
    }

    /// Requests the due deliveries, the oldest first; returns how many.
    async fn request_redeliveries(&self, walk: &DeliveryWalk) -> anyhow::Result<u32> {
        let mut requested = 0;
        let longest = pause_after(u32::MAX);
        let due = self.store.due_deliveries(self.now, longest, AT_ONCE);
        for missed in due.await? {
            if self.is_over(&missed).await? {
                self.store.delete_missed_delivery(&missed.id).await?;
                continue;
            }
            if !self.save_walk(walk).await? {
                break;
            }
            let next_at = self.now + pause_after(missed.requests);
            match self.github.redeliver(missed.attempt).await {
                Ok(()) => requested += 1,
                Err(error) if error.is_missing() || error.is_refusal() => tracing::warn!(
                    delivery = missed.id.0,
                    error = format!("{error:#}"),
                    "GitHub does not redeliver this delivery"
                ),
                Err(error) => return Err(error.into()),
            }
            self.store
                .record_redelivery(&missed.id, missed.requests + 1, next_at)
                .await?;
            self.metrics.redeliveries_requested.add();
        }
        if requested > 0 {
            tracing::info!(requested, "asked GitHub to redeliver");
        }
        Ok(requested)
    }

    /// Returns whether a delivery need not be requested any more, or cannot be.
    async fn is_over(&self, missed: &MissedDelivery) -> anyhow::Result<bool> {
        if self.store.is_recorded(&missed.id).await? {
            return Ok(true);
        }
        let lost = missed.sent_at < self.now - WINDOW;
        if lost {
            self.metrics.lost.add();
            tracing::error!(
                delivery = missed.id.0,
                requests = missed.requests,
                "a delivery is lost: GitHub kept it for three days, and it never arrived"
            );
        }
        Ok(lost)
    }
}

/// Returns the pause after a delivery was requested this many times.
fn pause_after(requests: u32) -> i64 {
    let at = usize::try_from(requests).unwrap_or(usize::MAX);
    PAUSES[at.min(PAUSES.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_a_delivery_is_asked_for_until_its_window_ends() {
        let mut at = 0;
        let mut asked = Vec::new();
        while at < WINDOW {
            asked.push(at / MINUTE);
            at += pause_after(u32::try_from(asked.len() - 1).unwrap());
        }
        assert_eq!(asked[..7], [0, 1, 6, 21, 81, 321, 561]);
        assert_eq!(asked.len(), 22);
    }
}
