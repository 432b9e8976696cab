//! Recognizes secrets where they are read, and replaces them by fingerprints before anything else sees them.

mod assignment;
mod check;
mod known;
mod mask;
mod name;
mod pair;
mod redactor;
mod seal;
mod shape;
mod shared_token;
mod within;

pub use known::SecretTexts;
pub use mask::{holds_credential, mask_json, without_values};
pub use name::named as is_secret_name;
pub use redactor::Redactor;
pub(super) use shape::MASK;
pub use shape::{credentials, masked};
pub use shared_token::SEALED;

use super::Value;
use crate::model::ValueMap;
use name::{is_about_keys, is_cookie, is_secret_number, is_setting, named};
use pair::{holds_secret, secret_pair};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The length of a fingerprint, in bytes.
const FINGERPRINT: usize = 12;

/// The replacement of a secret: equal for equal secrets under one key, and useless without the key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Reads the fingerprint in the object that replaces a secret in a report: it has no other key.
    pub(in crate::model) fn read(entries: &ValueMap) -> Option<Self> {
        let code = entries.get("fingerprint")?.as_str()?;
        let is_code =
            code.len() == 2 * FINGERPRINT && code.bytes().all(|byte| byte.is_ascii_hexdigit());
        (entries.len() == 1 && is_code).then(|| Self(code.to_owned()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SEALED}{})", self.0)
    }
}

/// Returns whether a text is a secret by the name of its value.
fn is_secret_by_name(name: &str, text: &str) -> bool {
    let is_secret = named(name) && !text.is_empty() && !is_setting(text);
    is_secret || is_secret_number(name, text) || is_cookie(name) && is_session(text)
}

/// Returns whether the value of a cookie is that of a session: `uid=9f8a7b6c5d4e3f2a`.
fn is_session(text: &str) -> bool {
    text.contains('=') && shape::holds_one(&format!("Cookie: {text}"))
}

/// Returns whether a text contains a secret, whatever its name is.
fn is_secret_by_shape(name: &str, text: &str) -> bool {
    shape::holds_one(text) || holds_secret(text) || (is_half_of_a_key(text) && is_about_keys(name))
}

/// The length of AWS's secret access keys.
const SECRET_ACCESS_KEY: usize = 40;

/// Returns whether a text may be a secret access key of AWS. By its form alone it may be something else.
fn is_half_of_a_key(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+');
    text.len() == SECRET_ACCESS_KEY
        && text.bytes().all(fits)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}
