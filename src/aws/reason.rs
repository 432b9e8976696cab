//! What an SDK's error means for a scan.

use crate::model::Reason;
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
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
    if let (None, Some(refused)) = (error.code(), refused_role(&error)) {
        return told("sts:AssumeRole", None, refused).unwrap_or_else(|| unanswered(action, &error));
    }
    told(action, status, &error).unwrap_or_else(|| unanswered(action, &error))
}

/// What a service says; none where it names no code and its status is not clear either.
fn told(action: &str, status: Option<u16>, error: &impl ProvideErrorMetadata) -> Option<Reason> {
    let code = error.code().unwrap_or_default();
    let message = error.message().unwrap_or_default();
    let is = |list: &[&str]| list.contains(&code);
    if is(THROTTLED) || (code.is_empty() && status == Some(429)) {
        return Some(Reason::Throttled);
    }
    if is(DENIED) || (code.is_empty() && status == Some(403)) {
        return Some(Reason::Denied {
            action: action.to_owned(),
            message: one_line(&format!("{action} was denied: {message}")),
        });
    }
    let message = if is(UNKNOWN_CALLER) {
        format!("{action}: AWS does not accept the credentials ({code}): {message}")
    } else if code.is_empty() {
        return None;
    } else {
        format!("{action}: {code}: {message}")
    };
    Some(Reason::Failed {
        message: one_line(&message),
    })
}

/// How STS refused the role whose credentials a call needed first.
fn refused_role<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a AssumeRoleError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref() {
            return Some(refused);
        }
        cause = error.source();
    }
    None
}

/// Describes a call without an answer, and logs its error.
/// A repository reads the description, and the error names addresses of this server's network.
fn unanswered<E>(action: &str, error: &SdkError<E>) -> Reason
where
    E: Error + Send + Sync + 'static,
{
    tracing::warn!(action, error = %DisplayErrorContext(error), "AWS gave no answer");
    let what = match error {
        SdkError::TimeoutError(_) => "AWS did not answer in time".to_owned(),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            "AWS did not answer in time".to_owned()
        }
        SdkError::DispatchFailure(failure) if failure.is_io() => "AWS did not answer".to_owned(),
        SdkError::ResponseError(_) | SdkError::ServiceError(_) => {
            let status = error.raw_response().map(|answer| answer.status().as_u16());
            let status = status.map(|status| format!(" with {status}"));
            format!("AWS answered{} and no code", status.unwrap_or_default())
        }
        _ => "AWS was not asked: the credentials or the endpoint cannot be used".to_owned(),
    };
    Reason::Failed {
        message: format!("{what} ({action})"),
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
