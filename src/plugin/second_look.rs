//! Tells a resource that does not exist from one that the provider was not allowed to see.
//!
//! A provider answers null for both where it takes any error of its service for "not found".

/// What a provider's log tells of its calls to AWS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Whether a call was denied.
    pub denied: bool,
    /// Whether a call was throttled.
    pub throttled: bool,
    /// Whether a service failed.
    pub failed: bool,
    /// Whether any answer of AWS was seen at all.
    pub answered: bool,
}

/// The field of a log line that holds the status of an answer.
const STATUS: &str = "\"http.status_code\":";
/// Words of answers that deny a call.
const DENIED: &[&str] = &[
    "AccessDenied",
    "AuthorizationError",
    "ExpiredToken",
    "InvalidClientTokenId",
    "NotAuthorized",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClient",
    "not authorized",
];
/// Words of answers that throttle a call.
const THROTTLED: &[&str] = &["LimitExceeded", "SlowDown", "Throttl", "TooManyRequests"];

impl Evidence {
    /// Adds what a line of the log tells. Nothing of the line is kept.
    pub fn add(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let Some((_, rest)) = line.split_once(STATUS) else {
            return;
        };
        let digits = rest.trim_start().chars().take_while(char::is_ascii_digit);
        let Ok(status) = digits.collect::<String>().parse::<u16>() else {
            return;
        };
        self.answered = true;
        let holds = |words: &[&str]| words.iter().any(|word| line.contains(word));
        match status {
            401 | 403 => self.denied = true,
            429 => self.throttled = true,
            500.. => self.failed = true,
            400.. if holds(DENIED) => self.denied = true,
            400.. if holds(THROTTLED) => self.throttled = true,
            _ => {}
        }
    }
}
