//! Attempts to make an App: what GitHub brings back must belong to one that this server began, in that very browser.
//! Without the browser's mark somebody could send an operator back with the code of an App that is not the operator's.

use anyhow::anyhow;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many are remembered; the oldest goes first.
const MOST: usize = 1_000;
/// How long one may take: as long as GitHub's code is good.
const LIFE: Duration = Duration::from_secs(60 * 60);
/// How many random bytes a secret has.
const LENGTH: usize = 32;

/// The attempts of the last hour.
#[derive(Default)]
pub(super) struct Attempts(Mutex<VecDeque<Attempt>>);

struct Attempt {
    state: String,
    browser: String,
    public_url: String,
    since: Instant,
    used: bool,
}

/// What a state is worth.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was begun in this browser, and is used from now on.
    Fresh {
        /// Where people reach the server, as the manifest said.
        public_url: String,
    },
    /// It was used before.
    Used,
    /// It was not begun in this browser, or not lately.
    Unknown,
}

impl Attempts {
    /// Begins one: its state.
    pub fn begin(&self, browser: &str, public_url: &str) -> anyhow::Result<String> {
        let state = unguessable()?;
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.retain(|attempt| attempt.since.elapsed() < LIFE);
        if attempts.len() >= MOST {
            attempts.pop_front();
        }
        attempts.push_back(Attempt {
            state: state.clone(),
            browser: browser.to_owned(),
            public_url: public_url.to_owned(),
            since: Instant::now(),
            used: false,
        });
        Ok(state)
    }

    /// Uses a state, once.
    pub fn take(&self, state: &str, browser: &str) -> Taken {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = attempts.iter_mut().find(|attempt| {
            let young = attempt.since.elapsed() < LIFE;
            young && same(&attempt.state, state) && same(&attempt.browser, browser)
        });
        match found {
            None => Taken::Unknown,
            Some(attempt) if attempt.used => Taken::Used,
            Some(attempt) => {
                attempt.used = true;
                Taken::Fresh {
                    public_url: attempt.public_url.clone(),
                }
            }
        }
    }
}

fn same(one: &str, other: &str) -> bool {
    verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// 32 random bytes in hexadecimal.
pub(super) fn unguessable() -> anyhow::Result<String> {
    let mut bytes = [0; LENGTH];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow!("no random bytes came"))?;
    Ok(hex::encode(bytes))
}

/// Whether a text has the form of what [`unguessable`] makes.
pub(super) fn could_be(text: &str) -> bool {
    text.len() == 2 * LENGTH && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_good_once_and_in_its_own_browser() {
        let attempts = Attempts::default();
        let state = attempts.begin("alice", "https://a.example").unwrap();
        assert_eq!(attempts.take(&state, "mallory"), Taken::Unknown);
        assert_eq!(attempts.take("", "alice"), Taken::Unknown);
        let public_url = "https://a.example".to_owned();
        assert_eq!(attempts.take(&state, "alice"), Taken::Fresh { public_url });
        assert_eq!(attempts.take(&state, "alice"), Taken::Used);
        assert_eq!(attempts.take(&state, "mallory"), Taken::Unknown);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let attempts = Attempts::default();
        let first = attempts.begin("alice", "x").unwrap();
        for _ in 0..MOST {
            attempts.begin("alice", "x").unwrap();
        }
        assert_eq!(attempts.take(&first, "alice"), Taken::Unknown);
        assert_eq!(attempts.0.lock().unwrap().len(), MOST);
    }
}
