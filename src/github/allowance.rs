//! Pure: counts GitHub's rate limits for an installation as GitHub does. Every time is an argument, in epoch
//! milliseconds.

use http::HeaderMap;
use std::collections::BTreeMap;
use std::time::Duration;

/// The limits on created content: GitHub's are 80 per minute and 500 per hour. The difference allows for skewed clocks.
const CONTENT_LIMITS: [Window; 2] = [
    Window {
        most: 75,
        milliseconds: 60_000,
    },
    Window {
        most: 475,
        milliseconds: 3_600_000,
    },
];
/// How much may be created within a minute, and within an hour.
pub const MAX_CONTENT: [u64; 2] = [CONTENT_LIMITS[0].most, CONTENT_LIMITS[1].most];
/// Created content is counted in slices of this length.
const CONTENT_SLICE: i64 = 5_000;
/// The longest span that content is counted over.
pub const CONTENT_MEMORY: Duration = Duration::from_secs(3_600 + 5);
/// The points of a request that reads, and of one that writes.
const POINT_COSTS: (i64, i64) = (1, 5);
/// How many requests of GitHub's hourly limit are never used: other processes have some in flight.
const RESERVED_REQUESTS: u64 = 100;
/// The time between two deferred requests: as many fit into a minute as content may be created.
const SPACING: i64 = 800;
/// How far deferred requests are spread at most.
const MAX_SPREAD: i64 = 600_000;

/// One of GitHub's limits: a number of units within any span of this length.
#[derive(Debug, Clone, Copy)]
struct Window {
    most: u64,
    milliseconds: i64,
}

impl Window {
    /// Returns the pause until what was counted is within the limit; zero if it is already.
    fn pause(self, created: &BTreeMap<i64, u64>, now: i64) -> i64 {
        // A slice counts whole until its last moment has left the window.
        let leaves = |slice: i64| slice + CONTENT_SLICE + self.milliseconds;
        let counted = || created.iter().filter(|(slice, _)| leaves(**slice) > now);
        let mut total: u64 = counted().map(|(_, count)| *count).sum();
        let mut pause = 0;
        for (slice, count) in counted() {
            if total <= self.most {
                break;
            }
            total -= count;
            pause = leaves(*slice) - now;
        }
        pause
    }
}

/// Returns the slice that a time belongs to.
pub fn content_slice(now: i64) -> i64 {
    now - now.rem_euclid(CONTENT_SLICE)
}

/// Returns the pause until created content, by slice, is within GitHub's limits; `None` if it is already.
pub fn content_pause(created: &BTreeMap<i64, u64>, now: i64) -> Option<Duration> {
    let pauses = CONTENT_LIMITS
        .iter()
        .map(|window| window.pause(created, now));
    pauses.max().filter(|pause| *pause > 0).map(milliseconds)
}

/// The rate limits of an installation, or of the App itself, as far as this process knows.
#[derive(Debug)]
pub(super) struct Allowance {
    points: PointBucket,
    /// GitHub accepts no request before this time.
    closed_until: i64,
    /// No content may be created before this time.
    content_until: i64,
    /// The time that was given to the last deferred request.
    last_turn: i64,
}

impl Allowance {
    /// Creates an allowance with a number of points per minute.
    pub fn new(points: u32) -> Self {
        Self {
            points: PointBucket::new(points),
            closed_until: 0,
            content_until: 0,
            last_turn: 0,
        }
    }

    /// Reserves the points of a request, and returns the pause before it may be sent.
    ///
    /// # Errors
    /// With the time to retry after, where the pause would exceed `patience`.
    pub fn reserve(
        &mut self,
        writes: bool,
        patience: Duration,
        now: i64,
    ) -> Result<Duration, Duration> {
        self.limit_pauses(now);
        if self.closed_until > now {
            return Err(self.next_turn(self.closed_until, now));
        }
        let cost = if writes { POINT_COSTS.1 } else { POINT_COSTS.0 };
        let booked = self.points.reserve(cost, millis(patience), now);
        booked
            .map(milliseconds)
            .map_err(|pause| self.next_turn(now + pause, now))
    }

    /// Returns when to retry, where no request may be sent now, or no content be created although it is needed, or few
    /// points are left: a job that starts must not stall half way.
    pub fn closed_for(&mut self, creates: bool, now: i64) -> Option<Duration> {
        self.limit_pauses(now);
        let content = if creates { self.content_until } else { 0 };
        let until = self.closed_until.max(content).max(self.points.half_at());
        (until > now).then(|| self.next_turn(until, now))
    }

    /// Records that GitHub accepts no request for some time, and returns when to retry.
    pub fn close(&mut self, pause: Duration, now: i64) -> Duration {
        self.closed_until = self.closed_until.max(now.saturating_add(millis(pause)));
        self.limit_pauses(now);
        self.next_turn(self.closed_until, now)
    }

    /// Records that no content may be created for some time, and returns when to retry.
    pub fn close_content(&mut self, pause: Duration, now: i64) -> Duration {
        self.content_until = self.content_until.max(now.saturating_add(millis(pause)));
        self.limit_pauses(now);
        self.next_turn(self.content_until, now)
    }

    /// Reads how many requests of the hour are left, and stops before none is.
    pub fn read(&mut self, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let number = |name: &str| text(name)?.parse::<u64>().ok();
        // Others, such as searching, have an allowance of their own.
        if text("x-ratelimit-resource").is_some_and(|resource| resource != "core") {
            return;
        }
        if let (Some(left), Some(reset)) = (
            number("x-ratelimit-remaining"),
            number("x-ratelimit-reset").and_then(|reset| i64::try_from(reset).ok()),
        ) && left <= RESERVED_REQUESTS
        {
            self.closed_until = self.closed_until.max(reset.saturating_mul(1_000));
        }
    }

    /// Ends each pause after the longest one that GitHub's limits know. What lies further ahead is an answer that makes
    /// no sense, or was computed while this machine's clock showed another time.
    fn limit_pauses(&mut self, now: i64) {
        let latest = now.saturating_add(millis(CONTENT_MEMORY));
        self.closed_until = self.closed_until.min(latest);
        self.content_until = self.content_until.min(latest);
        self.points.limit(now);
    }

    /// Returns a later time for each caller, so that deferred requests do not return all at once.
    fn next_turn(&mut self, from: i64, now: i64) -> Duration {
        self.last_turn = (self.last_turn + SPACING).clamp(from, from + MAX_SPREAD);
        milliseconds(self.last_turn - now)
    }
}

/// Paces an installation's requests: a quarter of a minute's points at once, the rest evenly.
#[derive(Debug)]
struct PointBucket {
    /// Microseconds until a point is available again.
    refill: i64,
    /// How many points may be spent at once.
    burst: i64,
    /// When all points are available again, in microseconds.
    full_at: i64,
}

impl PointBucket {
    fn new(a_minute: u32) -> Self {
        let a_minute = i64::from(a_minute.max(4));
        Self {
            refill: 80_000_000 / a_minute,
            burst: a_minute / 4,
            full_at: 0,
        }
    }

    /// Returns when half of the burst is available, in milliseconds.
    fn half_at(&self) -> i64 {
        (self.full_at - self.burst * self.refill / 2) / 1_000
    }

    /// Fills the bucket within a minute, in milliseconds: fewer points than none are not missing for longer.
    fn limit(&mut self, now: i64) {
        let latest = now.saturating_add(60_000).saturating_mul(1_000);
        self.full_at = self.full_at.min(latest);
    }

    /// Returns the pause before a request of this cost, in milliseconds; reserves nothing where the pause exceeds the
    /// patience.
    fn reserve(&mut self, cost: i64, patience: i64, now: i64) -> Result<i64, i64> {
        let now = now * 1_000;
        let full_at = self.full_at.max(now) + cost * self.refill;
        let pause = (full_at - now - self.burst * self.refill).max(0) / 1_000;
        if pause > patience {
            return Err(pause);
        }
        self.full_at = full_at;
        Ok(pause)
    }
}

fn milliseconds(count: i64) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or_default())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;
    const MINUTE: i64 = 60_000;
    const MAX_WAIT: Duration = Duration::from_secs(2);

    /// Creates content as fast as allowed, a piece every `step` milliseconds, and returns when each was created.
    fn create(span: i64, step: usize) -> Vec<i64> {
        let (mut created, mut moments) = (BTreeMap::new(), Vec::new());
        for now in (NOW..NOW + span).step_by(step) {
            let slice = content_slice(now);
            *created.entry(slice).or_default() += 1;
            match content_pause(&created, now) {
                None => moments.push(now),
                Some(_) => *created.get_mut(&slice).unwrap() -= 1,
            }
        }
        moments
    }

    /// Returns the largest number of times within any span of this length.
    fn most_within(moments: &[i64], span: i64) -> usize {
        let counts = moments.iter().enumerate().map(|(at, from)| {
            let within = moments[at..].iter().take_while(|then| **then < from + span);
            within.count()
        });
        counts.max().unwrap_or_default()
    }

    #[test]
    fn created_content_keeps_to_githubs_windows_however_fast_it_is_wanted() {
        for step in [400, 700, 5_000] {
            let moments = create(2 * 60 * MINUTE, step);
            let (minute, hour) = (
                most_within(&moments, MINUTE),
                most_within(&moments, 60 * MINUTE),
            );
            assert!(minute <= 75 && hour <= 475, "{step}: {minute}, {hour}");
            assert!(moments.len() >= 2 * 470, "{step}: {}", moments.len());
        }
    }

    #[test]
    fn what_is_refused_is_told_when_there_is_room() {
        let mut created = BTreeMap::from([(content_slice(NOW), 76)]);
        let pause = content_pause(&created, NOW).unwrap();
        assert_eq!(pause, Duration::from_secs(65));
        assert_eq!(content_pause(&created, NOW + 65_000), None);
        created.insert(content_slice(NOW - 30 * MINUTE), 400);
        let pause = content_pause(&created, NOW).unwrap();
        assert_eq!(pause, Duration::from_secs(30 * 60 + 5), "the hour is full");
    }

    #[test]
    fn points_are_paced_and_a_burst_is_free() {
        let mut points = PointBucket::new(800);
        let pauses = (0..240).map(|_| points.reserve(1, 2_000, NOW));
        let pauses: Vec<_> = pauses.collect();
        assert!(pauses[..200].iter().all(|pause| *pause == Ok(0)));
        assert_eq!(pauses[200], Ok(100));
        assert_eq!(pauses[219], Ok(2_000));
        assert_eq!(pauses[220..], [Err(2_100); 20], "nothing is booked");
        let spent = (0..MINUTE).filter(|at| points.reserve(1, 0, NOW + at) == Ok(0));
        assert!(220 + spent.count() <= 800 + 20);
    }

    #[test]
    fn what_github_says_is_remembered_until_it_is_over() {
        let mut allowance = Allowance::new(800);
        assert_eq!(allowance.reserve(true, MAX_WAIT, NOW), Ok(Duration::ZERO));
        assert_eq!(
            allowance.close(Duration::from_secs(60), NOW),
            Duration::from_secs(60)
        );
        for (later, expected) in [(60_000, 60_800), (61_000, 60_600)] {
            let again = allowance.reserve(false, MAX_WAIT, NOW + later - 60_000);
            assert_eq!(
                again,
                Err(milliseconds(expected)),
                "each a little after the last"
            );
        }
        assert_eq!(
            allowance.reserve(false, MAX_WAIT, NOW + MINUTE),
            Ok(Duration::ZERO)
        );
    }

    #[test]
    fn it_stops_before_the_hour_is_used_up() {
        let reset = (NOW + 20 * MINUTE) / 1_000;
        for (left, resource, stops) in [
            (101, "core", false),
            (100, "core", true),
            (0, "core", true),
            (0, "search", false),
        ] {
            let mut headers = HeaderMap::new();
            let mut put = |name: &'static str, value: String| {
                headers.insert(name, value.parse().unwrap());
            };
            put("x-ratelimit-remaining", left.to_string());
            put("x-ratelimit-reset", reset.to_string());
            put("x-ratelimit-resource", resource.to_owned());
            let mut allowance = Allowance::new(800);
            allowance.read(&headers);
            assert_eq!(
                allowance.closed_for(false, NOW).is_some(),
                stops,
                "{left} {resource}"
            );
            assert_eq!(allowance.closed_for(false, NOW + 20 * MINUTE), None);
        }
    }

    #[test]
    fn a_job_begins_while_half_of_the_points_are_left() {
        let mut allowance = Allowance::new(800);
        for _ in 0..100 {
            assert_eq!(allowance.closed_for(false, NOW), None);
            allowance.reserve(false, MAX_WAIT, NOW).unwrap();
        }
        allowance.reserve(true, MAX_WAIT, NOW).unwrap();
        let pause = allowance.closed_for(false, NOW);
        assert_eq!(pause, Some(Duration::from_millis(500)));
        assert_eq!(
            allowance.reserve(true, MAX_WAIT, NOW),
            Ok(Duration::ZERO),
            "what has begun goes on"
        );
        assert_eq!(allowance.closed_for(false, NOW + 1_000), None);
    }

    #[test]
    fn no_pause_is_longer_than_githubs_limits_whatever_it_says_and_the_clock_shows() {
        let hour = CONTENT_MEMORY + milliseconds(MAX_SPREAD);
        for pause in [Duration::MAX, Duration::from_secs(86_400)] {
            let mut allowance = Allowance::new(800);
            assert!(allowance.close(pause, NOW) <= hour);
            assert!(allowance.close_content(pause, NOW) <= hour);
            assert!(allowance.reserve(true, MAX_WAIT, NOW).unwrap_err() <= hour);
        }
        for reset in [u64::MAX, i64::MAX as u64, 9_000_000_000] {
            let mut headers = HeaderMap::new();
            headers.insert("x-ratelimit-remaining", 0_u64.into());
            headers.insert("x-ratelimit-reset", reset.into());
            let mut allowance = Allowance::new(800);
            allowance.read(&headers);
            let pause = allowance.closed_for(false, NOW).unwrap_or_default();
            assert!(pause <= hour, "{reset}: {pause:?}");
        }
        // The clock was a day ahead, and was set back.
        let mut allowance = Allowance::new(800);
        let ahead = NOW + 24 * 60 * MINUTE;
        assert_eq!(allowance.reserve(true, MAX_WAIT, ahead), Ok(Duration::ZERO));
        allowance.close(Duration::from_secs(60), ahead);
        allowance.close_content(Duration::from_secs(60), ahead);
        assert!(allowance.closed_for(true, NOW).unwrap() <= hour);
        let later = NOW + millis(hour);
        assert_eq!(allowance.closed_for(true, later), None);
        assert_eq!(allowance.reserve(true, MAX_WAIT, later), Ok(Duration::ZERO));
    }

    #[test]
    fn only_what_creates_content_waits_for_its_limits() {
        let mut allowance = Allowance::new(800);
        allowance.close_content(Duration::from_secs(600), NOW);
        assert_eq!(allowance.closed_for(false, NOW), None);
        let turns = (0..3).map(|_| allowance.closed_for(true, NOW).unwrap().as_millis());
        assert_eq!(turns.collect::<Vec<_>>(), [600_800, 601_600, 602_400]);
    }
}
