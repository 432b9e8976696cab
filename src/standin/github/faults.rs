//! Injects faults into GitHub, on demand.

use super::call::Refusal;

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this status, without effect.
    Status(u16),
    /// Answers 403 with `retry-after: 1`, without effect.
    SecondaryLimit,
    /// Processes the request, but closes the connection before the answer.
    LostResponse,
    /// Answers 401, and forgets the token.
    StaleToken,
}

/// Which request fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailingRequest {
    /// The next request.
    Next,
    /// The next request of this method and path, written as in `POST /repos/{owner}/{repo}/pulls`.
    Route(String),
    /// The request of this number, counted from 1 since the start.
    Number(usize),
}

impl From<&str> for FailingRequest {
    fn from(route: &str) -> Self {
        Self::Route(route.into())
    }
}

/// The faults to come, and the fault of all requests.
#[derive(Debug, Default)]
pub(super) struct Faults {
    once: Vec<(FailingRequest, Fault)>,
    always: Option<Fault>,
}

impl Faults {
    pub fn add(&mut self, on: FailingRequest, fault: Fault) {
        self.once.push((on, fault));
    }

    /// Makes all requests fail, or none any more.
    pub fn set(&mut self, always: Option<Fault>) {
        self.always = always;
    }

    /// Takes the fault of this request.
    pub fn take(&mut self, route: &str, number: usize) -> Option<Fault> {
        let hit = |(on, _): &(FailingRequest, Fault)| match on {
            FailingRequest::Next => true,
            FailingRequest::Route(selected) => selected == route,
            FailingRequest::Number(selected) => *selected == number,
        };
        match self.once.iter().position(hit) {
            Some(at) => Some(self.once.remove(at).1),
            None => self.always,
        }
    }
}

/// Returns the answer to a request beyond the limits.
pub(super) fn secondary_limit(retry_after: u64) -> Refusal {
    let message =
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    Refusal {
        headers: vec![("retry-after", retry_after.to_string())],
        ..Refusal::new(403, message)
    }
}
