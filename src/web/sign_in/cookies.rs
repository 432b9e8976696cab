//! Reads and writes the cookies of the sign-in.

use crate::web::address::PublicAddress;
use crate::web::cookies::cookies;
use axum::http::HeaderMap;
use std::time::Duration;

/// A cookie of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Cookie {
    /// Holds a session's id.
    Session,
    /// Holds an attempt to sign in, sealed.
    Attempt,
}

impl Cookie {
    /// Returns the name. Over TLS its prefix keeps other hosts of the domain from setting it.
    fn name(self, address: &PublicAddress) -> &'static str {
        match (self, address.is_secure) {
            (Self::Session, true) => "__Host-driftguard",
            (Self::Session, false) => "driftguard",
            (Self::Attempt, true) => "__Host-driftguard-sign-in",
            (Self::Attempt, false) => "driftguard-sign-in",
        }
    }

    /// Returns the cookie's value in a request.
    pub fn read<'h>(self, headers: &'h HeaderMap, address: &PublicAddress) -> Option<&'h str> {
        cookies(headers, self.name(address)).next()
    }

    /// Formats the cookie as a header. Not `Strict`: it has to come along when GitHub sends the browser back.
    pub fn set(self, value: &str, life: Duration, address: &PublicAddress) -> String {
        let secure = if address.is_secure { "; Secure" } else { "" };
        format!(
            "{}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            self.name(address),
            life.as_secs()
        )
    }

    /// Formats the header that deletes the cookie.
    pub fn clear(self, address: &PublicAddress) -> String {
        self.set("", Duration::ZERO, address)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use axum::http::header;
    use url::Url;

    #[test]
    fn a_cookie_is_bound_to_the_host_where_there_is_tls() {
        let address = |text: &str| PublicAddress::new(&Url::parse(text).unwrap()).unwrap();
        let (secure, plain) = (address("https://a.example"), address("http://127.0.0.1:1"));
        assert_eq!(
            Cookie::Session.set("x", Duration::from_secs(60), &secure),
            "__Host-driftguard=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            Cookie::Attempt.clear(&plain),
            "driftguard-sign-in=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
        let mut headers = HeaderMap::new();
        headers.insert(
            header::COOKIE,
            "a=b; driftguard-sign-in=y; driftguard=x".parse().unwrap(),
        );
        assert_eq!(Cookie::Session.read(&headers, &plain), Some("x"));
        assert_eq!(Cookie::Attempt.read(&headers, &plain), Some("y"));
        assert_eq!(Cookie::Session.read(&headers, &secure), None);
    }
}
