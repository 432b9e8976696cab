//! What AWS said of a resource.

use super::{AccountId, Address, Attributes, Region, Resource};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Each tracked resource beside what AWS said of it: none is missing.
pub type Readings<'a> = Vec<(&'a Resource, Reading)>;

/// What AWS said of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// It is there, and so it looks, in the provider's shape.
    Found(Attributes),
    /// The service of its own account, asked for it by id, said that it does not exist.
    Absent,
    /// Nobody knows: never taken for absent.
    Unknown(Reason),
}

/// Why a resource could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The role lacks an IAM action.
    Denied {
        /// Such as `ec2:DescribeSecurityGroups`; empty where no role could be used at all.
        action: String,
        /// What AWS said, or what to do.
        message: String,
    },
    /// AWS still refused after the last retry.
    Throttled,
    /// Another account or region than its own answers, and does not have it.
    WrongAccount {
        /// Whose resource it is, and who answered.
        message: String,
    },
    /// DriftGuard does not read this type.
    Unsupported,
    /// The call failed in another way.
    Failed {
        /// How.
        message: String,
    },
}

impl Reason {
    /// What coverage calls it.
    pub fn status(&self) -> Status {
        match self {
            Self::Denied { .. } => Status::Denied,
            Self::Throttled => Status::Throttled,
            Self::WrongAccount { .. } => Status::WrongAccount,
            Self::Unsupported => Status::Unsupported,
            Self::Failed { .. } => Status::Failed,
        }
    }

    /// The IAM action that was missing, where one was.
    pub fn missing_action(&self) -> Option<&str> {
        match self {
            Self::Denied { action, .. } => {
                Some(action.as_str()).filter(|action| !action.is_empty())
            }
            _ => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied { message, .. }
            | Self::WrongAccount { message }
            | Self::Failed { message } => f.write_str(message),
            Self::Throttled => f.write_str("AWS still throttled after the last retry"),
            Self::Unsupported => f.write_str("DriftGuard does not read this type yet"),
        }
    }
}

/// How far a type was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Each resource was read.
    Checked,
    /// The role lacks an IAM action.
    Denied,
    /// AWS refused for the rate.
    Throttled,
    /// DriftGuard does not read this type.
    Unsupported,
    /// Another account answered.
    WrongAccount,
    /// The call failed in another way.
    Failed,
}

impl Status {
    /// Whether nothing is left open that could be known: what DriftGuard does not read at all was never found either.
    pub fn is_known(self) -> bool {
        matches!(self, Self::Checked | Self::Unsupported)
    }
}

/// What was and was not checked of one type in one account and region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Coverage {
    /// The resource type.
    #[serde(rename = "type")]
    pub tf_type: String,
    /// The account, where it is known.
    pub account: Option<AccountId>,
    /// The region; none for what is global.
    pub region: Option<Region>,
    /// How many resources.
    pub resources: usize,
    /// How far.
    pub status: Status,
    /// Why no further.
    pub reason: Option<String>,
    /// The IAM action to grant.
    pub missing_action: Option<String>,
    /// The attributes that the code sets and that no API tells, or that say how a thing is made and not how it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never_read: Vec<String>,
}

/// Something that stands in AWS, seen while reading what is tracked. Whether a state claims it, `diff` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclaimed {
    /// The type that it is reported as.
    pub tf_type: String,
    /// What `terraform import` takes, and what the attribute `id` of a state would be.
    pub import_id: String,
    /// What it hangs below, where that is in a state.
    pub under: Option<Address>,
    /// The attribute of the parent that it is a part of, such as `ingress`.
    pub path: Option<&'static str>,
    /// The account.
    pub account: AccountId,
    /// The region; none for what is global.
    pub region: Option<Region>,
    /// How it looks, in the provider's shape.
    pub attributes: Attributes,
}
