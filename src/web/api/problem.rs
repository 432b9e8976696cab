//! Answers with what went wrong, as RFC 9457 describes it.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::openapi::{self, Content, Ref, RefOr};
use utoipa::{IntoResponses, ToSchema};

/// The media type of a problem.
const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What went wrong, and what to do.
    detail: String,
    #[serde(skip)]
    retry_after: Option<Duration>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// There is no such thing, or the key does not reach it: nobody is told which.
    pub(super) fn not_found() -> Self {
        let detail = "there is no such thing, or this key does not reach it";
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// Too much was asked for; it may be asked for again after a while.
    pub(super) fn too_many(detail: impl Into<String>, after: Duration) -> Self {
        Self {
            retry_after: Some(after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail)
        }
    }

    /// What is asked for is not known now; it may be asked for again after a while.
    pub(super) fn unavailable(detail: impl Into<String>, after: Duration) -> Self {
        Self {
            retry_after: Some(after),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> u16 {
        self.status
    }
}

/// The problems that each request may meet.
pub(super) struct ReadProblems;

/// The problems that each request may meet that changes something.
pub(super) struct WriteProblems;

type Answers = BTreeMap<String, RefOr<openapi::Response>>;

impl IntoResponses for ReadProblems {
    fn responses() -> Answers {
        described(&[
            ("401", "No valid key"),
            ("429", "Too many requests"),
            ("500", "The server failed"),
            (
                "503",
                "GitHub does not say what the person of the key may do",
            ),
        ])
    }
}

impl IntoResponses for WriteProblems {
    fn responses() -> Answers {
        let mut answers = ReadProblems::responses();
        answers.extend(described(&[("403", "The key may not do this")]));
        answers
    }
}

fn described(problems: &[(&str, &str)]) -> Answers {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let answer = |description: &str| {
        let answer = openapi::ResponseBuilder::new().description(description);
        answer.content(MEDIA_TYPE, content.clone()).build().into()
    };
    let problems = problems.iter();
    problems
        .map(|(status, description)| ((*status).to_owned(), answer(description)))
        .collect()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let after = self.retry_after;
        let mut answer = (status, Json(self)).into_response();
        let headers = answer.headers_mut();
        let kind = HeaderValue::from_static(MEDIA_TYPE);
        headers.insert(header::CONTENT_TYPE, kind);
        if let Some(after) = after {
            // A second more than the rest of one: then it is over.
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs() + 1));
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        answer
    }
}

impl From<anyhow::Error> for Problem {
    /// The log says what failed; the answer does not.
    fn from(error: anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "a request to the API failed");
        let detail = "the server failed: its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }
}

impl From<PathRejection> for Problem {
    /// An address whose parts cannot be read names nothing.
    fn from(_: PathRejection) -> Self {
        Self::not_found()
    }
}

impl From<JsonRejection> for Problem {
    fn from(error: JsonRejection) -> Self {
        let detail = match &error {
            JsonRejection::MissingJsonContentType(_) => {
                "send the body as `Content-Type: application/json`"
            }
            JsonRejection::JsonSyntaxError(_) | JsonRejection::JsonDataError(_) => {
                "the body is no JSON"
            }
            _ => "the body is too large, or its upload broke off",
        };
        Self::new(error.status(), detail)
    }
}
