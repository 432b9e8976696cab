//! Keys of the API, `dg_live_` and 256 random bits, and of events, `dge_` and as many. The database holds only their
//! digests.

use super::{holds_credential, is_unseen};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The beginning of a key of the API, by which scanners of secrets know it.
const API: &str = "dg_live_";
/// The beginning of a key of events.
const EVENTS: &str = "dge_";
/// How many characters behind its beginning name a key in lists.
const NAMED: usize = 8;
/// How many characters a key has behind its beginning.
const LENGTH: usize = 64;
/// A day in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A key of the API, or of events.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    start: &'static str,
    text: String,
}

impl ApiKey {
    /// The longest name of a key, in characters.
    pub const MAX_NAME: usize = 100;
    /// After how many days a key expires at the latest, unless it never does.
    pub const MAX_DAYS: u32 = 3_650;
    /// After how many days a person's key expires at the latest.
    pub const MAX_PERSON_DAYS: u32 = 365;

    /// Creates the key for this scope of these random bytes.
    pub fn of_random(bytes: [u8; 32], scope: ApiScope) -> Self {
        let start = match scope {
            ApiScope::Events => EVENTS,
            ApiScope::Read | ApiScope::Write => API,
        };
        let text = format!("{start}{}", hex::encode(bytes));
        Self { start, text }
    }

    /// Parses a key; `None` for a text that can be none.
    pub fn parse(text: &str) -> Option<Self> {
        let start = [API, EVENTS].into_iter().find(|s| text.starts_with(s))?;
        let rest = text.strip_prefix(start)?;
        let is_key = rest.len() == LENGTH && rest.bytes().all(|b| b.is_ascii_hexdigit());
        let text = text.to_owned();
        is_key.then_some(Self { start, text })
    }

    /// Parses the name of a key.
    ///
    /// # Errors
    /// It is empty, too long, or more than a line.
    pub fn parse_name(text: &str) -> Result<String, String> {
        let text = text.trim();
        let most = Self::MAX_NAME;
        let fits = (1..=most).contains(&text.chars().count());
        if holds_credential(text) {
            return Err(
                "a name is shown to everybody, and this one looks like a credential".to_owned(),
            );
        }
        match fits && !text.contains(is_unseen) {
            true => Ok(text.to_owned()),
            false => Err(format!("a name has 1 to {most} characters, on one line")),
        }
    }

    /// Parses after how many days a key expires.
    ///
    /// # Errors
    /// It is no number, or not in the range.
    pub fn parse_days(text: &str) -> Result<u32, String> {
        days(text, Self::MAX_DAYS)
    }

    /// Parses after how many days a person's key expires.
    ///
    /// # Errors
    /// It is no number, or not in the range.
    pub fn parse_person_days(text: &str) -> Result<u32, String> {
        days(text, Self::MAX_PERSON_DAYS)
    }

    /// Returns when a key expires that was created at a moment, both in epoch milliseconds.
    pub fn expiry(created_at: i64, days: u32) -> i64 {
        created_at.saturating_add(i64::from(days) * DAY)
    }

    /// Returns the SHA-256 of the key, in hexadecimal. A key is as random as its digest is long, so no salt is needed.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(&self.text))
    }

    /// Returns the beginning of the key, which names it in lists and opens nothing.
    pub fn prefix(&self) -> &str {
        let end = self.start.len() + NAMED;
        self.text.get(..end).unwrap_or(self.start)
    }

    /// Returns the whole key, which is shown once.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

fn days(text: &str, most: u32) -> Result<u32, String> {
    let count = text.parse().ok();
    let count = count.filter(|count| (1..=most).contains(count));
    count.ok_or_else(|| format!("days are a number from 1 to {most}"))
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.prefix())
    }
}

/// The key of the API that an order was sent with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyUse {
    /// The beginning of the key.
    pub prefix: String,
    /// GitHub's id of the person whose key it is; `None` for an organisation's.
    pub person: Option<u64>,
}

/// What a key of the API may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiScope {
    /// Tell of events in AWS: nothing can be read with it.
    Events,
    /// Read.
    Read,
    /// Read, create workspaces, start scans, and decide about findings.
    Write,
}

impl ApiScope {
    /// Returns the name, as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// Returns the scope of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Events, Self::Read, Self::Write]
            .into_iter()
            .find(|scope| scope.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written_and_never_printed() {
        let key = ApiKey::of_random([0xab; 32], ApiScope::Read);
        assert_eq!(ApiKey::parse(key.expose()), Some(key.clone()));
        assert_eq!(key.prefix(), "dg_live_abababab");
        assert_eq!(format!("{key:?}"), "ApiKey(dg_live_abababab)");
        assert_eq!(key.digest().len(), 64);
        let events = ApiKey::of_random([0xab; 32], ApiScope::Events);
        assert_eq!(ApiKey::parse(events.expose()), Some(events.clone()));
        assert_eq!(events.prefix(), "dge_abababab");
        for wrong in ["", "dg_live_", "dg_live_ab", &key.expose()[1..]] {
            assert_eq!(ApiKey::parse(wrong), None, "{wrong}");
        }
        assert_eq!(ApiKey::parse(&format!("{}0", key.expose())), None);
    }

    #[test]
    fn a_name_is_a_line_and_days_are_a_number_in_its_range() {
        assert_eq!(ApiKey::parse_name(" nightly "), Ok("nightly".to_owned()));
        for wrong in ["", " ", "a\nb", &"a".repeat(101)] {
            assert!(ApiKey::parse_name(wrong).is_err(), "{wrong}");
        }
        assert_eq!(ApiKey::parse_days("3650"), Ok(3_650));
        for wrong in ["", "0", "3651", "-1", "90d"] {
            assert!(ApiKey::parse_days(wrong).is_err(), "{wrong}");
        }
        assert_eq!(ApiKey::parse_person_days("365"), Ok(365));
        for wrong in ["", "0", "366", "3650"] {
            assert!(ApiKey::parse_person_days(wrong).is_err(), "{wrong}");
        }
        assert_eq!(ApiKey::expiry(1, 2), 1 + 2 * DAY);
    }
}
