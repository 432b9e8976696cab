//! Generates what nobody can guess.

use anyhow::anyhow;

/// How many random bytes a secret has.
const LENGTH: usize = 32;

/// Generates 32 random bytes.
pub(super) fn random_bytes() -> anyhow::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow!("no random bytes came"))?;
    Ok(bytes)
}

/// Generates 32 random bytes, in hexadecimal.
pub(super) fn unguessable() -> anyhow::Result<String> {
    Ok(hex::encode(random_bytes()?))
}

/// Returns whether a text has the form that [`unguessable`] generates.
pub(super) fn could_be(text: &str) -> bool {
    text.len() == 2 * LENGTH && text.bytes().all(|b| b.is_ascii_hexdigit())
}
