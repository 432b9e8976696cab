//! Who sent a delivery: HMAC-SHA-256 over the raw body.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Both lengths of a SHA-256 in bytes and in hexadecimal digits.
const LENGTH: usize = 32;

/// The secrets that a delivery may be signed with: one, or two while rotating.
#[derive(Clone)]
pub struct Secrets(Vec<SecretString>);

impl Secrets {
    /// The secrets.
    pub fn new(secrets: Vec<SecretString>) -> Self {
        Self(secrets)
    }

    /// Whether one of the secrets made this signature of this body. It takes as long for a wrong one as for a right.
    pub fn made(&self, signature: &Signature, body: &[u8]) -> bool {
        let tried = self.0.iter().map(|secret| {
            let key = secret.expose_secret().as_bytes();
            let code = Hmac::<Sha256>::new_from_slice(key).map(|code| code.chain_update(body));
            code.is_ok_and(|code| code.verify_slice(&signature.0).is_ok())
        });
        // No shortcut: which secret fitted is nobody's business.
        tried.fold(false, |made, fits| made | fits)
    }
}

/// A signature as `X-Hub-Signature-256` brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature([u8; LENGTH]);

impl Signature {
    /// Reads `sha256=` and 64 hexadecimal digits, in either case; None for anything else.
    pub fn parse(header: &[u8]) -> Option<Self> {
        let digits = header.strip_prefix(b"sha256=")?;
        let mut bytes = [0; LENGTH];
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}
