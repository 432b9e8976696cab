//! Signs the tokens of forms and states, which are not stored.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};

/// Signs texts with one key.
pub(super) struct Signer(Key);

impl Signer {
    pub fn new(key: &[u8]) -> Self {
        Self(Key::new(HMAC_SHA256, key))
    }

    /// Returns the signature of a text, in hexadecimal.
    pub fn sign(&self, text: &str) -> String {
        hex::encode(sign(&self.0, text.as_bytes()))
    }

    /// Returns whether a signature is that of a text.
    pub fn is_signed(&self, text: &str, signature: &str) -> bool {
        let bytes = hex::decode(signature);
        bytes.is_ok_and(|bytes| verify(&self.0, text.as_bytes(), &bytes).is_ok())
    }
}
