//! Converts what a provider reports to the reasons of a scan.

use super::client::CallError;
use super::second_look::Evidence;
use crate::model::{Reason, Redactor};

/// Words of messages that deny a call.
const DENIED: &[&str] = &[
    "AccessDenied",
    "AuthorizationError",
    "UnauthorizedOperation",
    "is not authorized to perform",
    "StatusCode: 403",
];
/// Words of messages that throttle a call.
const THROTTLED: &[&str] = &[
    "Throttl",
    "TooManyRequests",
    "RequestLimitExceeded",
    "SlowDown",
];
/// The longest message that is shown.
const MAX_LENGTH: usize = 400;

/// Converts a failed call.
pub fn from_call(error: &CallError, redactor: &Redactor) -> Reason {
    let CallError::Provider(message) = error else {
        return Reason::Failed {
            message: error.to_string(),
        };
    };
    let holds = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if holds(THROTTLED) {
        return Reason::Throttled;
    }
    let shown = shown(message, redactor);
    match holds(DENIED) {
        true => Reason::Denied {
            action: action(message).unwrap_or_default(),
            message: format!("the provider was denied: {shown}"),
        },
        false => Reason::Failed {
            message: format!("the provider failed: {shown}"),
        },
    }
}

/// Returns a provider's message as it may be shown: on one line, and without secrets.
pub fn shown(message: &str, redactor: &Redactor) -> String {
    one_line(&redactor.mask(message))
}

/// Converts what the log of a second look tells; `None` where the resource does not exist.
pub fn from_evidence(evidence: &Evidence) -> Option<Reason> {
    if evidence.throttled {
        return Some(Reason::Throttled);
    }
    if evidence.denied {
        return Some(Reason::Denied {
            action: String::new(),
            message: "AWS denied a call, and the provider took that for a missing resource"
                .to_owned(),
        });
    }
    let message = match (evidence.failed, evidence.answered) {
        (true, _) => "AWS failed, and the provider took that for a missing resource",
        (_, false) => "the provider calls the resource missing, and asked AWS nothing",
        _ => return None,
    };
    Some(Reason::Failed {
        message: message.to_owned(),
    })
}

/// Returns the IAM action that a message names: `... is not authorized to perform: ecs:DescribeServices on ...`.
fn action(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("to perform: ")?;
    let is_of_action = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-');
    let action: String = rest.chars().take_while(|c| is_of_action(*c)).collect();
    action.contains(':').then_some(action)
}

/// Joins a message's lines, and cuts it to what a table can show.
fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
