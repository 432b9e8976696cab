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

    /// Whether one of the secrets made this signature of this body.
    pub fn made(&self, signature: &Signature, body: &[u8]) -> bool {
        let mut check = self.check();
        check.update(body);
        check.made(signature)
    }

    /// Begins to check a body of which the parts come one after the other.
    pub fn check(&self) -> Check {
        let keyed = self.0.iter().filter_map(|secret| {
            // HMAC takes keys of any length.
            Hmac::new_from_slice(secret.expose_secret().as_bytes()).ok()
        });
        Check(keyed.collect())
    }
}

/// The codes of a body, one a secret, as far as it has come.
pub struct Check(Vec<Hmac<Sha256>>);

impl Check {
    /// Takes a further part.
    pub fn update(&mut self, part: &[u8]) {
        for code in &mut self.0 {
            code.update(part);
        }
    }

    /// Whether one of the secrets made this signature. It takes as long for a wrong one as for a right.
    pub fn made(self, signature: &Signature) -> bool {
        let tried = self.0.into_iter();
        let tried = tried.map(|code| code.verify_slice(&signature.0).is_ok());
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
