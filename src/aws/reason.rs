//! Converts SDK errors to the reasons of a scan.

use crate::model::Reason;
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;

/// The error codes of a role that lacks an action.
const DENIED_CODES: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "Forbidden",
    "NotAuthorized",
    "UnauthorizedOperation",
];
/// The error codes of invalid credentials.
const BAD_CREDENTIAL_CODES: &[&str] = &[
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];
/// The error codes of throttling.
const THROTTLED_CODES: &[&str] = &[
    "BandwidthLimitExceeded",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Returns why a call that needs this IAM action failed.
pub(super) fn from_error<E>(action: &str, error: SdkError<E>) -> Reason
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    if let (None, Some(refused)) = (error.code(), assume_role_error(&error)) {
        return from_metadata("sts:AssumeRole", None, refused)
            .unwrap_or_else(|| without_response(action, &error));
    }
    from_metadata(action, status, &error).unwrap_or_else(|| without_response(action, &error))
}

/// Converts a service's error; `None` where it has no code and its status is unclear.
fn from_metadata(
    action: &str,
    status: Option<u16>,
    error: &impl ProvideErrorMetadata,
) -> Option<Reason> {
    let code = error.code().unwrap_or_default();
    let message = error.message().unwrap_or_default();
    let is = |list: &[&str]| list.contains(&code);
    if is(THROTTLED_CODES) || (code.is_empty() && status == Some(429)) {
        return Some(Reason::Throttled);
    }
    if is(DENIED_CODES) || (code.is_empty() && status == Some(403)) {
        return Some(Reason::Denied {
            action: action.to_owned(),
            message: one_line(&format!("{action} was denied: {message}")),
        });
    }
    let message = if is(BAD_CREDENTIAL_CODES) {
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

/// Returns the error of STS, if the call failed because its role could not be assumed.
fn assume_role_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a AssumeRoleError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref() {
            return Some(refused);
        }
        cause = error.source();
    }
    None
}

/// Describes and logs a call that got no response. The description is shown to the repository; the error, which names
/// addresses of the server's network, is only logged.
fn without_response<E>(action: &str, error: &SdkError<E>) -> Reason
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

/// Joins a message's lines, and cuts it to what a table can show.
fn one_line(text: &str) -> String {
    const MAX_LENGTH: usize = 400;
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    let line = line.trim_end_matches([':', ' ']);
    match line.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}
