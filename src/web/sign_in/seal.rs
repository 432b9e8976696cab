//! Seals what is kept of a sign-in, under keys that are derived from `DRIFTGUARD_SECRET_KEY`: with another key none of it
//! opens.

use crate::web::random::random_bytes;
use crate::web::signature::Signer;
use anyhow::anyhow;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

/// How many bytes a derived key has.
const KEY_LENGTH: usize = 32;

/// The keys of the sign-in.
pub(super) struct Seal {
    sealing: RandomizedNonceKey,
    forms: Signer,
}

impl Seal {
    /// Derives the keys from the server's own.
    pub fn new(secret_key: &SecretString) -> anyhow::Result<Self> {
        let derive = |label: &str| derive(secret_key, label);
        let sealing = derive("driftguard pages: tokens and attempts, 1")?;
        Ok(Self {
            sealing: RandomizedNonceKey::new(&AES_256_GCM, &sealing)
                .map_err(|_| anyhow!("no key for the sign-in could be made"))?,
            forms: Signer::new(&derive("driftguard pages: forms, 1")?),
        })
    }

    /// Seals a text. It opens only where it is bound to the same.
    pub fn seal(&self, text: &str, bound_to: &str) -> anyhow::Result<String> {
        let mut bytes = text.as_bytes().to_vec();
        let nonce = self
            .sealing
            .seal_in_place_append_tag(Aad::from(bound_to), &mut bytes)
            .map_err(|_| anyhow!("a token could not be sealed"))?;
        let sealed = [nonce.as_ref().as_slice(), &bytes].concat();
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens a sealed text; `None` where it was sealed with another key, bound to something else, or changed.
    pub fn open(&self, sealed: &str, bound_to: &str) -> Option<SecretString> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, bytes) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = bytes.to_vec();
        let text = self
            .sealing
            .open_in_place(nonce, Aad::from(bound_to), &mut bytes)
            .ok()?;
        Some(std::str::from_utf8(text).ok()?.into())
    }

    /// Returns the token of a session's forms.
    pub fn form_token(&self, session: &str) -> String {
        self.forms.sign(session)
    }

    /// Returns whether a form belongs to a session.
    pub fn is_form_token(&self, token: &str, session: &str) -> bool {
        self.forms.is_signed(session, token)
    }
}

fn derive(secret_key: &SecretString, label: &str) -> anyhow::Result<[u8; KEY_LENGTH]> {
    let mut key = [0; KEY_LENGTH];
    let extracted = Salt::new(HKDF_SHA256, &[]).extract(secret_key.expose_secret().as_bytes());
    let derived = extracted
        .expand(&[label.as_bytes()], HKDF_SHA256)
        .and_then(|material| material.fill(&mut key));
    derived.map_err(|_| anyhow!("no key for the sign-in could be derived"))?;
    Ok(key)
}

/// Returns the SHA-256 of a text, in hexadecimal.
pub(super) fn hashed(text: &str) -> String {
    hex::encode(digest(&SHA256, text.as_bytes()))
}

/// Generates the verifier of a sign-in: RFC 7636 wants 43 characters or more.
pub(super) fn verifier() -> anyhow::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random_bytes()?))
}

/// Returns the challenge of a verifier, by the method S256.
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn seal(key: &str) -> Seal {
        Seal::new(&key.to_owned().into()).unwrap()
    }

    #[test]
    fn a_sealed_text_opens_with_the_same_key_and_where_it_belongs_only() {
        let own = seal("0123456789abcdef0123456789abcdef");
        let sealed = own.seal("ghu_token", "session/a/7").unwrap();
        assert!(!sealed.contains("ghu_token"));
        let opened = own.open(&sealed, "session/a/7").unwrap();
        assert_eq!(opened.expose_secret(), "ghu_token");
        assert_ne!(own.seal("ghu_token", "session/a/7").unwrap(), sealed);
        assert!(own.open(&sealed, "session/b/7").is_none());
        let other = seal("another key of the server, as long");
        assert!(other.open(&sealed, "session/a/7").is_none());
        let mut changed = sealed.clone().into_bytes();
        changed[20] = if changed[20] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(own.open(&changed, "session/a/7").is_none());
        assert!(own.open("", "session/a/7").is_none());
    }

    #[test]
    fn a_form_belongs_to_its_session() {
        let own = seal("0123456789abcdef0123456789abcdef");
        let token = own.form_token("a");
        assert!(own.is_form_token(&token, "a"));
        assert!(!own.is_form_token(&token, "b") && !own.is_form_token("", "a"));
    }

    #[test]
    fn a_challenge_is_that_of_the_standard() {
        // The example of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let expected = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(challenge(verifier), expected);
    }
}
