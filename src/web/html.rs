//! Answers with HTML, and adds the headers that every answer of a page's routes has.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

/// What browsers may do with the answers of a router, whoever wrote them: a page, a redirect, or a refusal of axum's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Protection {
    /// The content security policy.
    pub policy: &'static str,
    /// The referrer policy.
    pub referrer: &'static str,
}

/// Adds the headers of a router to an answer, except for those that it has. An answer is not cached, and is shown within
/// no other page.
pub(super) async fn protect(
    State(protection): State<Protection>,
    mut answer: Response,
) -> Response {
    let fixed: [(HeaderName, &'static str); 6] = [
        (header::CONTENT_SECURITY_POLICY, protection.policy),
        (header::REFERRER_POLICY, protection.referrer),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    let headers = answer.headers_mut();
    for (name, value) in fixed {
        let known = headers.entry(name);
        known.or_insert(HeaderValue::from_static(value));
    }
    answer
}

/// Answers with HTML under a content security policy of its own.
pub(super) fn html_with_policy(status: StatusCode, html: String, policy: &str) -> Response {
    let Ok(policy) = HeaderValue::from_str(policy) else {
        // An address that cannot stand in a header cannot be sent to either.
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut answer = (status, Html(html)).into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    answer
}
