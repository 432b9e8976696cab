//! Keys of the API: `dg_live_` and 256 random bits. The database holds only their digests.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The beginning of each key, by which scanners of secrets know it.
const START: &str = "dg_live_";
/// How many characters of a key name it in lists: its beginning, and eight more.
const PREFIX_LENGTH: usize = START.len() + 8;
/// How many characters a key has.
const LENGTH: usize = START.len() + 64;

/// A key of the API.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Creates the key of these random bytes.
    pub fn of_random(bytes: [u8; 32]) -> Self {
        Self(format!("{START}{}", hex::encode(bytes)))
    }

    /// Parses a key; `None` for a text that can be none.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(START)?;
        let is_key = text.len() == LENGTH && rest.bytes().all(|b| b.is_ascii_hexdigit());
        is_key.then(|| Self(text.to_owned()))
    }

    /// Returns the SHA-256 of the key, in hexadecimal. A key is as random as its digest is long, so no salt is needed.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(&self.0))
    }

    /// Returns the beginning of the key, which names it in lists and opens nothing.
    pub fn prefix(&self) -> &str {
        self.0.get(..PREFIX_LENGTH).unwrap_or(START)
    }

    /// Returns the whole key, which is shown once.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.prefix())
    }
}

/// What a key of the API may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiScope {
    /// Read.
    Read,
    /// Read, create workspaces, start scans, and decide about findings.
    Write,
}

impl ApiScope {
    /// Returns the name, as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// Returns the scope of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Read, Self::Write]
            .into_iter()
            .find(|scope| scope.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written_and_never_printed() {
        let key = ApiKey::of_random([0xab; 32]);
        assert_eq!(ApiKey::parse(key.expose()), Some(key.clone()));
        assert_eq!(key.prefix(), "dg_live_abababab");
        assert_eq!(format!("{key:?}"), "ApiKey(dg_live_abababab)");
        assert_eq!(key.digest().len(), 64);
        for wrong in ["", "dg_live_", "dg_live_ab", &key.expose()[1..]] {
            assert_eq!(ApiKey::parse(wrong), None, "{wrong}");
        }
        assert_eq!(ApiKey::parse(&format!("{}0", key.expose())), None);
    }
}
