//! Who made a change, as CloudTrail has it.

use serde::{Deserialize, Serialize};

/// Who made a change: the newest call of CloudTrail's that may be its cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The principal: the ARN of a role, a user or the root user, the name of a person who signed in through IAM
    /// Identity Center, or a service of AWS.
    pub principal: String,
    /// The session of a role: its name, or its source identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The role that a person of IAM Identity Center used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The API action, such as `AuthorizeSecurityGroupIngress`.
    pub event: String,
    /// The time in RFC 3339.
    pub time: String,
    /// What the call was made with.
    pub source: CallSource,
    /// The address that the call came from. It is personal data: no text that people are sent shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_address: Option<String>,
    /// The other calls that may be the cause, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Actor>,
    /// Whether there are more calls that may be the cause, or calls that were not read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// What a call was made with, by its user agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallSource {
    /// The AWS console.
    Console,
    /// The AWS CLI.
    Cli,
    /// An SDK or another program.
    Automation,
    /// A service of AWS.
    Service,
    /// CloudTrail does not tell.
    Unknown,
}

/// What became of asking CloudTrail who made the change of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inquiry {
    /// The time after which the change was made, in epoch milliseconds.
    pub since: i64,
    /// Whether it was asked, and answered.
    pub outcome: InquiryOutcome,
}

/// Whether CloudTrail was asked who made a change, and answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InquiryOutcome {
    /// The settings turn it off.
    Off,
    /// It was not asked, or gave no answer: coverage lists why.
    Unanswered,
    /// It gave its calls; where there is no actor, none of them may be the cause.
    Answered {
        /// When it was asked, in epoch milliseconds.
        asked_at: i64,
        /// Whether it was asked again after all calls must have arrived.
        is_last: bool,
        /// Whether there are calls that were not read.
        is_cut: bool,
    },
}

impl Actor {
    /// Returns all calls that may be the cause, the newest first.
    pub fn candidates(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.others)
    }

    /// Returns the same without the addresses that calls came from.
    #[must_use]
    pub fn without_addresses(&self) -> Self {
        Self {
            source_address: None,
            others: self.others.iter().map(Self::without_addresses).collect(),
            ..self.clone()
        }
    }
}
