//! Reads an event of CloudTrail's, as LookupEvents returns it.

use super::identity::{Identity, Principal};
use super::source::{call_source, is_terraform};
use crate::model::CallSource;
use serde::Deserialize;

/// The beginnings of the actions that change nothing, for events that do not say whether they only read.
const READS: &[&str] = &[
    "BatchGet", "Describe", "Get", "Head", "List", "Lookup", "Search",
];

/// One call of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailEvent {
    /// The API action.
    pub name: String,
    /// The time in RFC 3339.
    pub time: String,
    /// Who made the call.
    pub principal: Principal,
    /// What the call was made with.
    pub source: CallSource,
    /// The address that the call came from.
    pub address: Option<String>,
    /// Whether the call may have changed something: it does more than read, and AWS did not refuse it.
    pub is_change: bool,
    /// Whether Terraform or OpenTofu made the call, by its user agent.
    pub by_terraform: bool,
}

/// The parts of an event that matter, as CloudTrail writes them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventJson {
    event_name: String,
    event_time: String,
    user_identity: Option<Identity>,
    user_agent: Option<String>,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: Option<String>,
    read_only: Option<Flag>,
    error_code: Option<String>,
    session_credential_from_console: Option<Flag>,
}

/// A truth value, which some events write as a text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Flag {
    Bool(bool),
    Text(String),
}

impl Flag {
    fn is_set(&self) -> bool {
        match self {
            Self::Bool(flag) => *flag,
            Self::Text(text) => text.eq_ignore_ascii_case("true"),
        }
    }
}

impl TrailEvent {
    /// Reads an event; `None` where it is not one, or names nobody.
    pub fn parse(json: &str) -> Option<Self> {
        let event: EventJson = serde_json::from_str(json).ok()?;
        let identity = event.user_identity?;
        let user_agent = event.user_agent.as_deref().unwrap_or_default();
        let from_console = event.session_credential_from_console.as_ref();
        let reads = || READS.iter().any(|read| event.event_name.starts_with(read));
        let read_only = event.read_only.as_ref().map_or_else(reads, Flag::is_set);
        Some(Self {
            source: call_source(
                user_agent,
                identity.is_service(),
                from_console.is_some_and(Flag::is_set),
            ),
            by_terraform: is_terraform(user_agent),
            principal: identity.principal()?,
            is_change: !read_only && event.error_code.is_none(),
            address: event
                .source_ip_address
                .filter(|address| !address.is_empty()),
            name: event.event_name,
            time: event.event_time,
        })
    }
}
