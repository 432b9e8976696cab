//! What an SDK's error means for a scan.

use crate::model::Reason;
use aws_sdk_sts::error::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;

/// How the services say that the role lacks an action.
const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "Forbidden",
    "NotAuthorized",
    "UnauthorizedOperation",
];
/// How they say that the credentials themselves are no good.
const UNKNOWN_CALLER: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
/// How they say "too fast".
const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Why a call that needs this IAM action failed.
pub(super) fn of<E>(action: &str, error: SdkError<E>) -> Reason
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let code = error.code().unwrap_or_default().to_owned();
    let message = error.message().unwrap_or_default().to_owned();
    let is = |list: &[&str]| list.contains(&code.as_str());
    if is(THROTTLED) || (code.is_empty() && status == Some(429)) {
        return Reason::Throttled;
    }
    if is(DENIED) || (code.is_empty() && status == Some(403)) {
        return Reason::Denied {
            action: action.to_owned(),
            message: one_line(&format!("{action} was denied: {message}")),
        };
    }
    let message = if is(UNKNOWN_CALLER) {
        format!("{action}: AWS does not accept the credentials ({code}): {message}")
    } else if code.is_empty() {
        format!("{action}: {}", DisplayErrorContext(error))
    } else {
        format!("{action}: {code}: {message}")
    };
    Reason::Failed {
        message: one_line(&message),
    }
}

/// A message without line breaks, and no longer than a table can show.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 400;
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    let line = line.trim_end_matches([':', ' ']);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}
