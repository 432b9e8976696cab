//! The first line as the signature's header, the rest as the body: only `sha256=` and 64 hexadecimal digits are read.
//! Only what one of the secrets made of this very body is accepted.

use driftguard::webhook::signature::{Secrets, Signature};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const SECRETS: [&str; 2] = ["the old secret", "the new secret"];

pub fn check(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (header, body) = bytes.split_at(end.unwrap_or(bytes.len()));
    let secrets = Secrets::new(SECRETS.map(Into::into).to_vec());
    let right = SECRETS.map(|secret| sign(secret, body));

    let well_formed = header
        .strip_prefix(b"sha256=")
        .is_some_and(|digits| digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit));
    let read = Signature::parse(header);
    assert_eq!(read.is_some(), well_formed);
    if let Some(signature) = read {
        let made = right
            .iter()
            .any(|right| right.as_bytes().eq_ignore_ascii_case(header));
        assert_eq!(secrets.verify(&signature, body), made);
    }

    for right in right {
        let signature = Signature::parse(right.as_bytes()).expect("it is well-formed");
        assert!(secrets.verify(&signature, body));
        assert!(!secrets.verify(&signature, &[body, b"."].concat()));
        assert!(!Secrets::new(vec!["another".into()]).verify(&signature, body));
        let digit = right.len() - 1 - header.len() % 64;
        let other = if right.as_bytes()[digit] == b'0' {
            "1"
        } else {
            "0"
        };
        let mut wrong = right;
        wrong.replace_range(digit..=digit, other);
        let wrong = Signature::parse(wrong.as_bytes()).expect("it is well-formed");
        assert!(!secrets.verify(&wrong, body));
    }
}

/// What GitHub sends for a body.
fn sign(secret: &str, body: &[u8]) -> String {
    let code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    format!(
        "sha256={}",
        hex::encode(code.chain_update(body).finalize().into_bytes())
    )
}
