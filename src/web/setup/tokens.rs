//! Ties a form, and what GitHub returns, to the browser that started. Otherwise somebody could send an operator back
//! with the code of another App.
//!
//! Tokens are signed, not stored: so nobody can start so often that another's attempt is forgotten.

use crate::web::random::unguessable;
use crate::web::signature::Signer;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long GitHub may take to send the browser back: as long as its code is valid.
const LIFE: Duration = Duration::from_secs(60 * 60);
/// How many used states are remembered. One that is forgotten costs GitHub one more refusal, since its code is used up
/// as well.
const USED: usize = 1_000;

/// Issues and verifies tokens, as long as the process runs.
pub(super) struct Tokens {
    signer: Signer,
    begun: Instant,
    used: Mutex<VecDeque<String>>,
}

/// The result of using a state.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StateUse {
    /// The state was issued to this browser, and is used now.
    Fresh {
        /// The public address in the manifest.
        public_url: String,
    },
    /// The state was used before.
    Used,
    /// The state was not issued to this browser, or not lately.
    Unknown,
}

impl Tokens {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            signer: Signer::new(unguessable()?.as_bytes()),
            begun: Instant::now(),
            used: Mutex::default(),
        })
    }

    /// Returns the token of the form that a browser is shown.
    pub fn form(&self, browser: &str) -> String {
        self.signer.sign(&format!("form/{browser}"))
    }

    /// Returns whether a form was shown to the browser that sends it.
    pub fn is_form(&self, token: &str, browser: &str) -> bool {
        self.signer.is_signed(&format!("form/{browser}"), token)
    }

    /// Starts an attempt, and returns its state, which GitHub returns.
    pub fn state(&self, browser: &str, public_url: &str) -> anyhow::Result<String> {
        self.state_at(self.begun.elapsed(), browser, public_url)
    }

    fn state_at(&self, at: Duration, browser: &str, public_url: &str) -> anyhow::Result<String> {
        let (nonce, at, url) = (unguessable()?, at.as_secs(), hex::encode(public_url));
        let text = format!("{nonce}.{at}.{url}");
        let signature = self.signer.sign(&format!("state/{browser}/{text}"));
        Ok(format!("{text}.{signature}"))
    }

    /// Uses a state, once.
    pub fn take(&self, state: &str, browser: &str) -> StateUse {
        let Some(public_url) = self.opened(state, browser) else {
            return StateUse::Unknown;
        };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.iter().any(|known| known == state) {
            return StateUse::Used;
        }
        if used.len() >= USED {
            used.pop_front();
        }
        used.push_back(state.to_owned());
        StateUse::Fresh { public_url }
    }

    /// Returns the address in a state; `None` where the state was not issued to this browser lately.
    fn opened(&self, state: &str, browser: &str) -> Option<String> {
        let (text, signature) = state.rsplit_once('.')?;
        let signed = format!("state/{browser}/{text}");
        if !self.signer.is_signed(&signed, signature) {
            return None;
        }
        let mut parts = text.split('.').skip(1);
        let at = Duration::from_secs(parts.next()?.parse().ok()?);
        let url = hex::decode(parts.next()?).ok()?;
        let young = self.begun.elapsed().saturating_sub(at) < LIFE;
        young.then(|| String::from_utf8(url).ok()).flatten()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_good_once_and_in_its_own_browser() {
        let tokens = Tokens::new().unwrap();
        let state = tokens.state("alice", "https://a.example").unwrap();
        let (text, signature) = state.rsplit_once('.').unwrap();
        let other = text.replace(&hex::encode("a.example"), &hex::encode("m.example"));
        for (state, browser) in [
            (state.as_str(), "mallory"),
            ("", "alice"),
            (text, "alice"),
            (&format!("{other}.{signature}"), "alice"),
            (
                &Tokens::new()
                    .unwrap()
                    .state("alice", "https://a.example")
                    .unwrap(),
                "alice",
            ),
        ] {
            assert_eq!(
                tokens.take(state, browser),
                StateUse::Unknown,
                "{state} {browser}"
            );
        }
        let public_url = "https://a.example".to_owned();
        assert_eq!(tokens.take(&state, "alice"), StateUse::Fresh { public_url });
        assert_eq!(tokens.take(&state, "alice"), StateUse::Used);
        assert_eq!(tokens.take(&state, "mallory"), StateUse::Unknown);
    }

    #[test]
    fn a_state_is_good_for_an_hour() {
        let now = Instant::now();
        let Some(begun) = now.checked_sub(2 * LIFE) else {
            return; // A machine that was just started knows no such moment.
        };
        let tokens = Tokens {
            begun,
            ..Tokens::new().unwrap()
        };
        let old = tokens.state_at(LIFE / 2, "alice", "x").unwrap();
        assert_eq!(tokens.take(&old, "alice"), StateUse::Unknown);
        let young = tokens.state_at(LIFE + LIFE / 2, "alice", "x").unwrap();
        assert!(matches!(
            tokens.take(&young, "alice"),
            StateUse::Fresh { .. }
        ));
    }

    #[test]
    fn nobody_can_begin_so_often_that_anothers_beginning_is_forgotten() {
        let tokens = Tokens::new().unwrap();
        let first = tokens.state("alice", "x").unwrap();
        for _ in 0..2 * USED {
            let state = tokens.state("mallory", "x").unwrap();
            assert!(matches!(
                tokens.take(&state, "mallory"),
                StateUse::Fresh { .. }
            ));
        }
        assert!(matches!(
            tokens.take(&first, "alice"),
            StateUse::Fresh { .. }
        ));
        assert_eq!(tokens.used.lock().unwrap().len(), USED);
    }

    #[test]
    fn a_form_is_good_in_the_browser_that_it_was_shown_to() {
        let tokens = Tokens::new().unwrap();
        let token = tokens.form("alice");
        assert!(tokens.is_form(&token, "alice"));
        assert!(!tokens.is_form(&token, "mallory"));
        assert!(!tokens.is_form("", "alice") && !tokens.is_form("zz", "alice"));
    }
}
