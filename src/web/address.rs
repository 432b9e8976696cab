//! The address at which people reach the pages, and what follows from it.

use super::setup::plain_address;
use anyhow::Context;
use url::Url;

/// The longest path that a person is sent back to after the sign-in.
const MAX_PATH: usize = 2_000;

/// The public address of the pages.
#[derive(Debug, Clone)]
pub(super) struct PublicAddress {
    /// The address without a trailing slash, as in `https://driftguard.example.com/drift`.
    pub url: String,
    /// Scheme, host and port, as a browser names them.
    pub origin: String,
    /// The path without a trailing slash: every link starts with it.
    pub base: String,
    /// Whether browsers reach it over TLS.
    pub is_secure: bool,
}

impl PublicAddress {
    /// Reads `DRIFTGUARD_PUBLIC_URL`.
    ///
    /// # Errors
    /// When it is more than an address that paths can be appended to.
    pub fn new(url: &Url) -> anyhow::Result<Self> {
        let plain = plain_address(url.as_str()).context(
            "DRIFTGUARD_PUBLIC_URL holds more than a host and a path: write it as in https://driftguard.example.com",
        )?;
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            base: url.path().trim_end_matches('/').replace('\'', "%27"),
            is_secure: url.scheme() == "https",
            url: plain,
        })
    }

    /// Returns the link to a path of the pages, which starts with a slash.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// Returns the path of a page of this server; the first page in place of anything that could lead elsewhere.
pub(super) fn local_path(text: &str) -> &str {
    let plain = |b: u8| b.is_ascii_graphic() && b != b'\\';
    let local = text.starts_with('/') && !text.starts_with("//");
    match local && text.len() <= MAX_PATH && text.bytes().all(plain) {
        true => text,
        false => "/",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_origin_and_path() {
        let read = |text: &str| PublicAddress::new(&Url::parse(text).unwrap());
        let plain = read("http://127.0.0.1:8080").unwrap();
        assert_eq!(
            (plain.origin.as_str(), plain.base.as_str()),
            ("http://127.0.0.1:8080", "")
        );
        assert!(!plain.is_secure);
        let below = read("https://a.example/drift/").unwrap();
        assert_eq!(below.origin, "https://a.example");
        assert_eq!(below.link("/orgs/acme"), "/drift/orgs/acme");
        assert!(below.is_secure);
        assert!(read("https://a.example/?x=1").is_err());
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        for local in [
            "/",
            "/orgs/acme?after=1.2.x",
            "/orgs/acme/shop/a-b/findings/f-1",
        ] {
            assert_eq!(local_path(local), local);
        }
        for elsewhere in [
            "",
            "orgs",
            "//mallory.example",
            "/\\mallory.example",
            "\\\\mallory.example",
            "https://mallory.example",
            "/a\r\nset-cookie: x",
            "/a b",
            "/\u{e4}",
            "javascript:alert(1)",
        ] {
            assert_eq!(local_path(elsewhere), "/", "{elsewhere}");
        }
        assert_eq!(local_path(&format!("/{}", "a".repeat(MAX_PATH))), "/");
    }
}
