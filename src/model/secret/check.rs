//! Looks closer at what the pattern of a credential matches: some words have the same form.

use super::known::is_id;
use serde::Deserialize;

/// What a match stands for besides its form.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Check {
    /// Its last word is a user and a password in Base64, as HTTP's basic authentication sends them.
    Login,
    /// One of its values is random, and no id of AWS's.
    Random,
}

/// The length of the shortest part of a value that can be told from a word or a date, in bytes.
const MIN_RANDOM_LENGTH: usize = 12;

impl Check {
    /// Returns whether a match is a credential.
    pub(super) fn passes(self, found: &str) -> bool {
        match self {
            Self::Login => {
                let mut words = found.rsplit(is_outside_base64);
                words.find(|word| !word.is_empty()).is_some_and(is_login)
            }
            Self::Random => found.split([';', '=']).skip(1).any(is_random),
        }
    }
}

/// Returns whether a character is none of Base64's.
fn is_outside_base64(c: char) -> bool {
    !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '-' | '_')
}

/// Returns whether a word in Base64 is a text with a colon.
fn is_login(word: &str) -> bool {
    let login = decoded(word).and_then(|bytes| String::from_utf8(bytes).ok());
    login.is_some_and(|login| {
        login.len() > 1 && login.contains(':') && !login.contains(char::is_control)
    })
}

/// Decodes Base64 without its padding, in either alphabet; `None` where a text is none.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0u32, 0);
    for letter in text.bytes() {
        let digit = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        held = (held << 6) | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    (bits != 6).then_some(bytes)
}

/// Returns whether a value holds letters and digits that are no word, number or id.
fn is_random(value: &str) -> bool {
    let value = value.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let mut parts = value.split(|c: char| !c.is_ascii_alphanumeric());
    let is_mixed = |part: &str| {
        let has = |is: fn(&u8) -> bool| part.as_bytes().iter().any(is);
        part.len() >= MIN_RANDOM_LENGTH && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
    };
    !is_id(value) && parts.any(is_mixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_in_base64_is_told_from_a_word() {
        // "bob:S3kr3tPw", "a:b", and one in each place of a colon.
        for word in ["Ym9iOlMza3IzdFB3", "YTpi", "YWI6Yw", "YWJjOmQ", "w7w6w7w"] {
            assert!(is_login(word), "{word}");
        }
        for word in [
            "Authentication",
            "Operation",
            "infrastructure",
            "Objective",
            "networking",
            "Og",
            "A",
            "",
            "tier-2",
        ] {
            assert!(!is_login(word), "{word}");
        }
    }

    #[test]
    fn a_random_value_is_told_from_a_name_a_date_and_an_id() {
        for value in [
            "9f8a7b6c5d4e3f2a",
            "s%3Aj2k4h5g6f7d8s9a0.x",
            "\"a1b2c3d4e5f6\"",
        ] {
            assert!(is_random(value), "{value}");
        }
        for value in [
            "deploy-20260101",
            "i-0123456789abcdef0",
            "authenticated-sessions",
            "123456789012",
            "dark",
            "",
        ] {
            assert!(!is_random(value), "{value}");
        }
    }
}
