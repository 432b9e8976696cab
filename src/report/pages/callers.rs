//! Prepares the calls that may have made a change, for a finding's page.
//! A call's source address is personal data: only this page and the JSON report contain it.

use crate::model::{Actor, CallSource};
use crate::report::when::minute_of;
use crate::report::words::excerpt;

/// The longest part of a call that is shown, in characters.
const MAX_PART: usize = 300;

/// A call of CloudTrail's that may be the cause of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallRow {
    pub principal: String,
    /// The session or the role behind the principal; empty where there is none.
    pub detail: String,
    pub event: String,
    pub source: &'static str,
    pub time: String,
    /// Empty where CloudTrail names none.
    pub address: String,
}

impl CallRow {
    /// Returns the calls that may be the cause, the newest first.
    pub fn all(actor: Option<&Actor>) -> Vec<Self> {
        let calls = actor.into_iter().flat_map(Actor::candidates);
        calls.map(Self::of).collect()
    }

    fn of(call: &Actor) -> Self {
        let shown = |text: &str| excerpt(text, MAX_PART);
        let part = |label: &str, text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| format!("{label} {}", shown(text)))
        };
        let details = [part("session", &call.session), part("role", &call.role)];
        Self {
            principal: shown(&call.principal),
            detail: details.into_iter().flatten().collect::<Vec<_>>().join(", "),
            event: shown(&call.event),
            source: match call.source {
                CallSource::Console => "the console",
                CallSource::Cli => "the AWS CLI",
                CallSource::Automation => "a program",
                CallSource::Service => "a service of AWS",
                CallSource::Unknown => "",
            },
            time: minute_of(&call.time).unwrap_or_else(|| shown(&call.time)),
            address: call
                .source_address
                .as_deref()
                .map(shown)
                .unwrap_or_default(),
        }
    }
}
