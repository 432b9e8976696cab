//! What can go wrong with GitHub, on demand.

use super::call::Refusal;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This status, and nothing happens.
    Status(u16),
    /// 403 with `retry-after: 1`, and nothing happens.
    SecondaryLimit,
    /// It happens, but the connection ends before the answer.
    LostResponse,
    /// 401: the token that asks is no longer known.
    StaleToken,
}

/// Which request it hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// Whatever comes next.
    Next,
    /// The next of this method and path, written as in `POST /repos/{owner}/{repo}/pulls`.
    Route(String),
    /// The request of this number, counted from 1 since the start.
    Number(usize),
}

impl From<&str> for On {
    fn from(route: &str) -> Self {
        Self::Route(route.into())
    }
}

/// The faults still to come, and the one that every request meets for now.
#[derive(Debug, Default)]
pub(super) struct Faults {
    once: Vec<(On, Fault)>,
    always: Option<Fault>,
}

impl Faults {
    pub fn add(&mut self, on: On, fault: Fault) {
        self.once.push((on, fault));
    }

    /// Lets every request meet a fault, or none any more.
    pub fn set(&mut self, always: Option<Fault>) {
        self.always = always;
    }

    /// The fault for this request, once.
    pub fn take(&mut self, route: &str, number: usize) -> Option<Fault> {
        let hit = |(on, _): &(On, Fault)| match on {
            On::Next => true,
            On::Route(wanted) => wanted == route,
            On::Number(wanted) => *wanted == number,
        };
        match self.once.iter().position(hit) {
            Some(at) => Some(self.once.remove(at).1),
            None => self.always,
        }
    }
}

/// The answer to one request too many.
pub(super) fn secondary_limit(retry_after: u64) -> Refusal {
    let message =
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    Refusal {
        headers: vec![("retry-after", retry_after.to_string())],
        ..Refusal::new(403, message)
    }
}
