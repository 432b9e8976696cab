//! Signs requests, so that a receiver can verify the sender and recognize repetitions.

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use sha2::Sha256;

const SIGNATURE: HeaderName = HeaderName::from_static("x-driftguard-signature-256");
const DELIVERY: HeaderName = HeaderName::from_static("x-driftguard-delivery");

/// Returns the headers of a JSON body: its HMAC-SHA-256 under this key, in GitHub's form, and its id, the same for each
/// attempt. Characters of an id that a header cannot hold are left out.
pub fn signed(key: &[u8], id: &str, body: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    let visible: String = id.chars().filter(char::is_ascii_graphic).collect();
    if let Ok(id) = HeaderValue::from_str(&visible) {
        headers.insert(DELIVERY, id);
    }
    if let Ok(code) = Hmac::<Sha256>::new_from_slice(key) {
        let code = code.chain_update(body).finalize().into_bytes();
        let text = format!("sha256={}", hex::encode(code));
        if let Ok(signature) = HeaderValue::from_str(&text) {
            headers.insert(SIGNATURE, signature);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `printf %s BODY | openssl dgst -sha256 -hmac KEY`.
    #[test]
    fn a_signature_is_the_one_that_others_make() {
        let headers = signed(b"a key", "n-1\r\nx: y", r#"{"version":1}"#);
        assert_eq!(headers[&DELIVERY], "n-1x:y");
        assert_eq!(headers[header::CONTENT_TYPE], "application/json");
        assert_eq!(
            headers[&SIGNATURE],
            "sha256=d742fff665a614a6e5e92a722e45b8862ffef1c32866a2daa460968d4ef107c4"
        );
    }
}
