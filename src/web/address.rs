//! The address at which people reach the pages, and what follows from it.

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

/// Returns an address that paths can be appended to, without a trailing slash: a host, and perhaps a path.
pub(super) fn plain_address(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let bare = url.username().is_empty() && url.password().is_none();
    let ends = url.query().is_none() && url.fragment().is_none();
    // A quote would have to be quoted in the environment, which a shell and systemd do differently.
    let text = url.as_str().trim_end_matches('/').replace('\'', "%27");
    (web && bare && ends).then_some(text)
}

/// Returns the path of a page of this server, with its query; the first page in place of anything that could lead
/// elsewhere, or back to the sign-in.
pub(super) fn local_path(text: &str) -> &str {
    let plain = |b: u8| b.is_ascii_graphic() && b != b'\\';
    let is_plain = text.starts_with('/') && !text.starts_with("//") && text.bytes().all(plain);
    match text.len() <= MAX_PATH && is_plain && leads_to_a_page(text) {
        true => text,
        false => "/",
    }
}

/// Returns whether a browser asks for just this path, and not for the sign-in. Some segments lead out of the folder of the
/// pages: `..`, also encoded, to a browser, and an encoded slash to some proxies.
fn leads_to_a_page(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let url = Url::parse(&format!("http://localhost{path}"));
    let is_kept = url.is_ok_and(|url| url.path() == path);
    let lower = path.to_ascii_lowercase();
    let hides_a_slash = ["%2f", "%5c"].iter().any(|it| lower.contains(it));
    let of_the_session = ["/sign-in", "/sign-out"];
    is_kept && !hides_a_slash && !of_the_session.iter().any(|it| lower.starts_with(it))
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
    fn an_address_is_a_host_and_a_path() {
        for (typed, read) in [
            ("https://a.example", Some("https://a.example")),
            ("https://a.example/drift/", Some("https://a.example/drift")),
            ("https://a.example/it's", Some("https://a.example/it%27s")),
            ("http://10.0.0.1:8080", Some("http://10.0.0.1:8080")),
            ("https://me@a.example", None),
            ("https://a.example?x", None),
            ("https://a.example#x", None),
            ("javascript:alert(1)", None),
            ("a.example", None),
        ] {
            assert_eq!(plain_address(typed).as_deref(), read, "{typed}");
        }
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        for local in [
            "/",
            "/orgs/acme?after=1.2.x",
            "/orgs/acme/shop/a-b/findings/f-1",
            "/orgs/acme/shop.js/a-b?q=../x&page=2",
            "/orgs/.../x..y",
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
            "/..",
            "/../admin",
            "/orgs/./acme",
            "/orgs/../../admin?x",
            "/orgs/%2e%2E/admin",
            "/orgs/.%2e",
            "/orgs/..%2fadmin",
            "/orgs/..%5Cadmin",
            "/sign-in",
            "/sign-in?to=/orgs/acme",
            "/sign-in/github",
            "/sign-in/callback?code=x",
            "/Sign-In",
            "/sign-out",
        ] {
            assert_eq!(local_path(elsewhere), "/", "{elsewhere}");
        }
        assert_eq!(local_path(&format!("/{}", "a".repeat(MAX_PATH))), "/");
    }
}
