//! Reads where a request comes from.

use super::COOKIE;
use crate::web::cookies::cookies;
use crate::web::random::could_be;
use axum::http::HeaderMap;
use url::Url;

/// The header by which a browser tells whether a form's page is ours.
const FETCH_SITE: &str = "sec-fetch-site";

/// Returns the browser's cookie, if it is one of ours.
pub(super) fn browser(headers: &HeaderMap) -> Option<&str> {
    cookies(headers, COOKIE).find(|value| could_be(value))
}

/// Returns whether the request came to the public address over TLS. Behind a proxy only the host name tells.
pub(super) fn reached_by_tls(headers: &HeaderMap, public_url: &str) -> bool {
    let public = public_url.strip_prefix("https://");
    let public = public.and_then(|rest| rest.split('/').next());
    public.is_some() && public == text(headers, "host")
}

/// Returns whether a browser says that another site's page sends the form. The form's token decides; a browser sends no
/// header over plain HTTP, and `null` where a page sends no referrer, as ours do.
pub(super) fn is_from_elsewhere(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    if let Some(site) = text(headers, FETCH_SITE) {
        return site != "same-origin";
    }
    let Some(origin) = text(headers, "origin").filter(|origin| *origin != "null") else {
        return false;
    };
    let authority = |url: &str| {
        let url = Url::parse(url).ok()?;
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        Some(format!("{}{port}", url.host_str()?))
    };
    let from = authority(origin);
    let own = [
        public_url.and_then(authority),
        text(headers, "host").map(str::to_owned),
    ];
    from.is_none() || !own.contains(&from)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), value.parse().unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn another_sites_page_sends_no_form() {
        let public = Some("https://a.example/drift");
        for (pairs, elsewhere) in [
            (&[][..], false),
            (&[("origin", "null")], false),
            (&[("origin", "https://a.example")], false),
            (
                &[
                    ("origin", "http://10.0.0.1:8080"),
                    ("host", "10.0.0.1:8080"),
                ],
                false,
            ),
            (
                &[("origin", "https://m.example"), ("host", "a.example")],
                true,
            ),
            (&[("origin", "m"), ("host", "a.example")], true),
            (
                &[("sec-fetch-site", "same-origin"), ("origin", "null")],
                false,
            ),
            (
                &[("sec-fetch-site", "cross-site"), ("origin", "null")],
                true,
            ),
            (&[("sec-fetch-site", "same-site")], true),
        ] {
            assert_eq!(
                is_from_elsewhere(&headers(pairs), public),
                elsewhere,
                "{pairs:?}"
            );
        }
    }
}
