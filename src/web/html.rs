//! Answers with HTML, with the headers that every page has.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What a page may do beside being shown.
pub(super) struct Allowed<'a> {
    /// Where its styles and images come from: directives of a content security policy.
    pub sources: &'a str,
    /// Where its forms may send, besides this server; empty for nowhere.
    pub sends_to: &'a str,
    /// The referrer policy.
    pub referrer: &'static str,
}

/// Answers with HTML that runs nothing, is not cached, and is shown within no other page.
pub(super) fn html(status: StatusCode, html: String, allowed: &Allowed<'_>) -> Response {
    let policy = format!(
        "default-src 'none'; {}; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
        allowed.sources, allowed.sends_to
    );
    let Ok(policy) = HeaderValue::from_str(&policy) else {
        // An address that cannot stand in a header cannot be sent to either.
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let fixed: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, allowed.referrer),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    let mut answer = (status, html).into_response();
    let headers = answer.headers_mut();
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    answer
}
