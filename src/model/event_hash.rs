//! Hashes that tell which stacks an event of AWS is about, and nothing else.

use super::{AccountId, InstallationId, Region};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// The key of an installation's hashes: those of another installation cannot be compared with them.
#[derive(Clone)]
pub struct EventKey(Hmac<Sha256>);

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventKey")
    }
}

impl EventKey {
    /// Derives the key of an installation from the server's.
    pub fn new(server_key: &[u8], installation: InstallationId) -> Self {
        let purpose = format!("events/{installation}");
        let derived = keyed(server_key).chain_update(purpose).finalize();
        Self(keyed(&derived.into_bytes()))
    }

    /// Returns the hash of a resource that AWS knows by an id, an ARN or a name in an account and a region; `None` for a
    /// global one.
    pub fn hash(&self, account: &AccountId, region: Option<&Region>, id: &str) -> i64 {
        let region = region.map(ToString::to_string).unwrap_or_default();
        let text = format!("{account}\0{region}\0{id}");
        let hash = self.0.clone().chain_update(text).finalize().into_bytes();
        let start = hash.iter().take(8);
        start.fold(0, |all: i64, byte| (all << 8) | i64::from(*byte))
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(hmac) => hmac,
        Err(_) => unreachable!("HMAC takes a key of any length"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_one_installations_one_accounts_and_one_regions() {
        let account = |text: &str| AccountId::new(text).unwrap();
        let region = Region::new("eu-west-1");
        let own = EventKey::new(b"key", InstallationId(1));
        let hash = own.hash(&account("123456789012"), region.as_ref(), "sg-1");
        assert_eq!(
            own.hash(&account("123456789012"), region.as_ref(), "sg-1"),
            hash
        );
        for other in [
            own.hash(&account("123456789012"), region.as_ref(), "sg-2"),
            own.hash(&account("123456789012"), None, "sg-1"),
            own.hash(&account("210987654321"), region.as_ref(), "sg-1"),
            EventKey::new(b"key", InstallationId(2)).hash(
                &account("123456789012"),
                region.as_ref(),
                "sg-1",
            ),
        ] {
            assert_ne!(other, hash);
        }
    }
}
