//! Pure: what GitHub still allows an installation, counted as GitHub counts it. Every moment is an argument, in epoch
//! milliseconds.

use http::HeaderMap;
use std::collections::BTreeMap;
use std::time::Duration;

/// The limits on created content: GitHub's are 80 a minute and 500 an hour. The rest is room for clocks that differ.
const CONTENT: [Window; 2] = [
    Window {
        most: 75,
        milliseconds: 60_000,
    },
    Window {
        most: 475,
        milliseconds: 3_600_000,
    },
];
/// Created content is counted by slices of time as long as this.
const SLICE: i64 = 5_000;
/// The longest span that content is counted over.
pub const CONTENT_MEMORY: Duration = Duration::from_secs(3_600 + 5);
/// Points of a request that reads, and of one that writes.
const POINTS: (i64, i64) = (1, 5);
/// How many requests of GitHub's hourly allowance are left untouched: other processes have some under way.
const UNTOUCHED: u64 = 100;
/// The time between two requests that are told to come again: as many fit into a minute as content may be created.
const SPACING: i64 = 800;
/// How far requests that are told to come again are spread at most.
const LONGEST_SPREAD: i64 = 600_000;

/// One of GitHub's limits: so much within any span of this length.
#[derive(Debug, Clone, Copy)]
struct Window {
    most: u64,
    milliseconds: i64,
}

impl Window {
    /// How long until what was counted keeps to the limit: nothing where it does already.
    fn pause(self, created: &BTreeMap<i64, u64>, now: i64) -> i64 {
        // A slice counts whole until its last moment has left the window.
        let leaves = |slice: i64| slice + SLICE + self.milliseconds;
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

/// The slice of time that a moment belongs to.
pub fn content_slice(now: i64) -> i64 {
    now - now.rem_euclid(SLICE)
}

/// How long until what was created, by slice, keeps to GitHub's limits: none where it does already.
pub fn content_pause(created: &BTreeMap<i64, u64>, now: i64) -> Option<Duration> {
    let pauses = CONTENT.iter().map(|window| window.pause(created, now));
    pauses.max().filter(|pause| *pause > 0).map(milliseconds)
}

/// What this process knows of an installation's allowance, or of the App's own.
#[derive(Debug)]
pub(super) struct Allowance {
    points: Points,
    /// GitHub wants no request before this moment.
    closed_until: i64,
    /// No content may be created before this moment.
    content_until: i64,
    /// The moment that was given to whoever was told last to come again.
    last_turn: i64,
}

impl Allowance {
    /// With so many points a minute.
    pub fn new(points: u32) -> Self {
        Self {
            points: Points::new(points),
            closed_until: 0,
            content_until: 0,
            last_turn: 0,
        }
    }

    /// Books a request, which may be sent after the pause that is returned.
    ///
    /// # Errors
    /// With the time after which to come again, where the pause would be longer than `patience`.
    pub fn book(
        &mut self,
        writes: bool,
        patience: Duration,
        now: i64,
    ) -> Result<Duration, Duration> {
        if self.closed_until > now {
            return Err(self.turn(self.closed_until, now));
        }
        let cost = if writes { POINTS.1 } else { POINTS.0 };
        let booked = self.points.book(cost, millis(patience), now);
        booked
            .map(milliseconds)
            .map_err(|pause| self.turn(now + pause, now))
    }

    /// When to come again, where nothing may be asked now, or no content created that is wanted, or the points would soon
    /// be spent: whoever begins shall not have to wait half way.
    pub fn closed(&mut self, creates: bool, now: i64) -> Option<Duration> {
        let content = if creates { self.content_until } else { 0 };
        let until = self.closed_until.max(content).max(self.points.half_at());
        (until > now).then(|| self.turn(until, now))
    }

    /// Notes that GitHub wants no request for a time: when to come again.
    pub fn close(&mut self, pause: Duration, now: i64) -> Duration {
        self.closed_until = self.closed_until.max(now + millis(pause));
        self.turn(self.closed_until, now)
    }

    /// Notes that no content may be created for a time: when to come again.
    pub fn close_content(&mut self, pause: Duration, now: i64) -> Duration {
        self.content_until = self.content_until.max(now + millis(pause));
        self.turn(self.content_until, now)
    }

    /// Reads what GitHub says is left of the hour, and stops before nothing is.
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
        ) && left <= UNTOUCHED
        {
            self.closed_until = self.closed_until.max(reset.saturating_mul(1_000));
        }
    }

    /// Gives each caller a later moment than the one before: who waits does not come back all at once.
    fn turn(&mut self, from: i64, now: i64) -> Duration {
        self.last_turn = (self.last_turn + SPACING).clamp(from, from + LONGEST_SPREAD);
        milliseconds(self.last_turn - now)
    }
}

/// Paces an installation's requests: a quarter of a minute's points at once, the rest evenly.
#[derive(Debug)]
struct Points {
    /// Microseconds until a point is back.
    refill: i64,
    /// How many may be spent at once.
    burst: i64,
    /// When all points are back, in microseconds.
    full_at: i64,
}

impl Points {
    fn new(a_minute: u32) -> Self {
        let a_minute = i64::from(a_minute.max(4));
        Self {
            refill: 80_000_000 / a_minute,
            burst: a_minute / 4,
            full_at: 0,
        }
    }

    /// When half of what may be spent at once is there, in milliseconds.
    fn half_at(&self) -> i64 {
        (self.full_at - self.burst * self.refill / 2) / 1_000
    }

    /// The pause before a request of this cost, in milliseconds; nothing is booked where it exceeds the patience.
    fn book(&mut self, cost: i64, patience: i64, now: i64) -> Result<i64, i64> {
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
    const PATIENCE: Duration = Duration::from_secs(2);

    /// Creates as much as is allowed, a piece each `step` milliseconds, and says when each was created.
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

    /// The most moments within any span of this length.
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
        let mut points = Points::new(800);
        let pauses = (0..240).map(|_| points.book(1, 2_000, NOW));
        let pauses: Vec<_> = pauses.collect();
        assert!(pauses[..200].iter().all(|pause| *pause == Ok(0)));
        assert_eq!(pauses[200], Ok(100));
        assert_eq!(pauses[219], Ok(2_000));
        assert_eq!(pauses[220..], [Err(2_100); 20], "nothing is booked");
        let spent = (0..MINUTE).filter(|at| points.book(1, 0, NOW + at) == Ok(0));
        assert!(220 + spent.count() <= 800 + 20);
    }

    #[test]
    fn what_github_says_is_remembered_until_it_is_over() {
        let mut allowance = Allowance::new(800);
        assert_eq!(allowance.book(true, PATIENCE, NOW), Ok(Duration::ZERO));
        assert_eq!(
            allowance.close(Duration::from_secs(60), NOW),
            Duration::from_secs(60)
        );
        for (later, expected) in [(60_000, 60_800), (61_000, 60_600)] {
            let again = allowance.book(false, PATIENCE, NOW + later - 60_000);
            assert_eq!(
                again,
                Err(milliseconds(expected)),
                "each a little after the last"
            );
        }
        assert_eq!(
            allowance.book(false, PATIENCE, NOW + MINUTE),
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
                allowance.closed(false, NOW).is_some(),
                stops,
                "{left} {resource}"
            );
            assert_eq!(allowance.closed(false, NOW + 20 * MINUTE), None);
        }
    }

    #[test]
    fn a_job_begins_while_half_of_the_points_are_left() {
        let mut allowance = Allowance::new(800);
        for _ in 0..100 {
            assert_eq!(allowance.closed(false, NOW), None);
            allowance.book(false, PATIENCE, NOW).unwrap();
        }
        allowance.book(true, PATIENCE, NOW).unwrap();
        let pause = allowance.closed(false, NOW);
        assert_eq!(pause, Some(Duration::from_millis(500)));
        assert_eq!(
            allowance.book(true, PATIENCE, NOW),
            Ok(Duration::ZERO),
            "what has begun goes on"
        );
        assert_eq!(allowance.closed(false, NOW + 1_000), None);
    }

    #[test]
    fn only_what_creates_content_waits_for_its_limits() {
        let mut allowance = Allowance::new(800);
        allowance.close_content(Duration::from_secs(600), NOW);
        assert_eq!(allowance.closed(false, NOW), None);
        let turns = (0..3).map(|_| allowance.closed(true, NOW).unwrap().as_millis());
        assert_eq!(turns.collect::<Vec<_>>(), [600_800, 601_600, 602_400]);
    }
}
