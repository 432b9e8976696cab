//! An attempt to sign in: what ties GitHub's answer to the browser that started.
//!
//! It lies sealed in a cookie of that browser and nowhere else, so that strangers who start fill no table.

use super::seal::{Seal, challenge, verifier};
use crate::web::random::unguessable;
use anyhow::Context;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// How long GitHub may take to send the browser back.
pub(super) const LIFE: Duration = Duration::from_secs(10 * 60);
/// What the seal of an attempt is bound to.
const BOUND_TO: &str = "attempt";

/// The attempts to sign in. That each is used once is the business of the session that it starts, and of GitHub's code.
pub(super) struct Attempts {
    seal: Arc<Seal>,
}

/// A started attempt.
pub(super) struct StartedAttempt {
    /// What the browser's cookie holds.
    pub cookie: String,
    /// The state, which GitHub returns.
    pub state: String,
    /// The challenge, whose verifier only the cookie holds.
    pub challenge: String,
}

/// An attempt whose state GitHub returned to the browser that started.
pub(super) struct ReturnedAttempt {
    /// The state.
    pub state: String,
    /// The verifier of the challenge.
    pub verifier: SecretString,
    /// The path to go on to.
    pub to: String,
}

#[derive(Serialize, Deserialize)]
struct AttemptFields {
    state: String,
    verifier: String,
    to: String,
    at: i64,
}

impl Attempts {
    pub fn new(seal: Arc<Seal>) -> Self {
        Self { seal }
    }

    /// Starts an attempt that goes on to a path. `now` is in epoch milliseconds.
    pub fn start(&self, to: &str, now: i64) -> anyhow::Result<StartedAttempt> {
        let fields = AttemptFields {
            state: unguessable()?,
            verifier: verifier()?,
            to: to.to_owned(),
            at: now,
        };
        let text = serde_json::to_string(&fields).context("while writing an attempt")?;
        Ok(StartedAttempt {
            cookie: self.seal.seal(&text, BOUND_TO)?,
            challenge: challenge(&fields.verifier),
            state: fields.state,
        })
    }

    /// Returns the attempt in a browser's cookie, if its state is the one that GitHub returned.
    pub fn returned(&self, cookie: &str, state: &str, now: i64) -> Option<ReturnedAttempt> {
        let fields = self.opened(cookie, now)?;
        verify_slices_are_equal(fields.state.as_bytes(), state.as_bytes()).ok()?;
        Some(ReturnedAttempt {
            state: fields.state,
            verifier: fields.verifier.into(),
            to: fields.to,
        })
    }

    fn opened(&self, cookie: &str, now: i64) -> Option<AttemptFields> {
        let text = self.seal.open(cookie, BOUND_TO)?;
        let fields: AttemptFields = serde_json::from_str(text.expose_secret()).ok()?;
        let age = u64::try_from(now.checked_sub(fields.at)?).ok()?;
        (Duration::from_millis(age) < LIFE).then_some(fields)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn attempts(key: &str) -> Attempts {
        let seal = Seal::new(&key.to_owned().into()).unwrap();
        Attempts::new(Arc::new(seal))
    }

    #[test]
    fn an_attempt_is_good_in_its_browser_and_for_ten_minutes() {
        let own = attempts("0123456789abcdef0123456789abcdef");
        let started = own.start("/orgs/acme", 1_000).unwrap();
        let other = own.start("/", 1_000).unwrap();
        let (cookie, state) = (&started.cookie, &started.state);
        let late = 1_000 + i64::try_from(LIFE.as_millis()).unwrap();
        assert!(own.returned(cookie, &other.state, 2_000).is_none());
        assert!(own.returned(&other.cookie, state, 2_000).is_none());
        assert!(own.returned(cookie, "", 2_000).is_none());
        assert!(own.returned("", state, 2_000).is_none());
        assert!(own.returned(cookie, state, late).is_none());
        assert!(own.returned(cookie, state, 999).is_none());
        let stranger = attempts("another key of the server, as long");
        assert!(stranger.returned(cookie, state, 2_000).is_none());
        let returned = own.returned(cookie, state, 2_000).unwrap();
        assert_eq!(returned.to, "/orgs/acme");
        assert_eq!(
            challenge(returned.verifier.expose_secret()),
            started.challenge
        );
    }
}
