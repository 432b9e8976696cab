//! The result of reading a resource from AWS.

use super::{AccountId, Address, Attributes, Finding, Region, Resource};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A reading for each tracked resource.
pub type Readings<'a> = Vec<(&'a Resource, Reading)>;

/// The result of reading a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// The resource exists, with these attributes in the provider's shape.
    Found(Attributes),
    /// The resource does not exist: its own account's service said so when asked for its id.
    Absent,
    /// The resource could not be read. It is never taken for absent.
    Unknown(Reason),
}

/// Why a resource could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The role lacks an IAM action.
    Denied {
        /// The IAM action, such as `ec2:DescribeSecurityGroups`; empty where no role could be used at all.
        action: String,
        /// AWS's message, or the remedy.
        message: String,
    },
    /// AWS still throttled the call after the last retry.
    Throttled,
    /// Another account or region than the resource's own answered, and does not have it.
    WrongAccount {
        /// Which account the resource belongs to, and which answered.
        message: String,
    },
    /// DriftGuard does not read this type.
    Unsupported,
    /// No provider that the operator supplies reads it.
    NoProvider {
        /// Why, and what to do.
        message: String,
    },
    /// It was left out on purpose.
    Withheld {
        /// Why.
        message: String,
    },
    /// The call failed for another reason.
    Failed {
        /// The error message.
        message: String,
    },
}

impl Reason {
    /// Returns the coverage status.
    pub fn status(&self) -> Status {
        match self {
            Self::Denied { .. } => Status::Denied,
            Self::Throttled => Status::Throttled,
            Self::WrongAccount { .. } => Status::WrongAccount,
            Self::Unsupported | Self::NoProvider { .. } => Status::Unsupported,
            Self::Withheld { .. } => Status::Withheld,
            Self::Failed { .. } => Status::Failed,
        }
    }

    /// Returns the missing IAM action, if that is the reason.
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
            | Self::NoProvider { message }
            | Self::Withheld { message }
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
    /// Every resource was read.
    Checked,
    /// The role lacks an IAM action.
    Denied,
    /// AWS throttled the calls.
    Throttled,
    /// DriftGuard does not read this type.
    Unsupported,
    /// The operator or the repository leaves this type out.
    Withheld,
    /// Another account answered.
    WrongAccount,
    /// The call failed for another reason.
    Failed,
}

impl Status {
    /// Returns whether everything that can be known is known: types that are not read have no findings.
    pub fn is_known(self) -> bool {
        matches!(self, Self::Checked | Self::Unsupported | Self::Withheld)
    }
}

/// What reads a resource type.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum TypeReader {
    /// DriftGuard's own reader.
    #[default]
    Native,
    /// A provider, where the operator supplies one.
    Provider,
}

/// What was and was not checked of a type in one account and region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Coverage {
    /// The resource type.
    #[serde(rename = "type")]
    pub tf_type: String,
    /// The account, if it is known.
    pub account: Option<AccountId>,
    /// The region; `None` for a global type.
    pub region: Option<Region>,
    /// The number of resources.
    pub resources: usize,
    /// How far the resources were checked.
    pub status: Status,
    /// What reads the type.
    #[serde(default)]
    pub reader: TypeReader,
    /// Why they were not all checked.
    pub reason: Option<String>,
    /// The IAM action to grant.
    pub missing_action: Option<String>,
    /// The attributes that the code sets and that no API returns, or that only matter when the resource is created.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never_read: Vec<String>,
    /// Whether a provider would read them, had the operator supplied one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub with_provider: bool,
}

/// The name of CloudTrail's events in coverage, beside the resource types.
pub const TRAIL_EVENTS: &str = "cloudtrail_events";

impl Coverage {
    /// Creates a row of resources in no known place, of which nothing else is known.
    pub fn new(tf_type: &str, resources: usize, status: Status) -> Self {
        Self {
            tf_type: tf_type.to_owned(),
            account: None,
            region: None,
            resources,
            status,
            reader: TypeReader::default(),
            reason: None,
            missing_action: None,
            never_read: Vec::new(),
            with_provider: false,
        }
    }

    /// Returns whether everything that can be known of the resources is known. Who changed them is beside that.
    pub fn is_known(&self) -> bool {
        self.status.is_known() || self.is_of_calls()
    }

    /// Returns whether the row tells of CloudTrail's events, which are beside the resources.
    pub fn is_of_calls(&self) -> bool {
        self.tf_type == TRAIL_EVENTS
    }

    /// Returns whether the row tells of CloudTrail's events where it has the calls about the resource of a finding.
    pub fn is_of_calls_about(&self, finding: &Finding) -> bool {
        let here = self.region.as_ref();
        self.is_of_calls()
            && self.account == finding.account
            && here.is_some_and(|here| trail_region(finding, here).as_ref() == Some(here))
    }
}

/// Returns the region whose CloudTrail has the calls about a resource: those of global services are in one region of the
/// partition.
pub fn trail_region(finding: &Finding, fallback: &Region) -> Option<Region> {
    let global = match fallback.partition() {
        "aws" => "us-east-1",
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => return finding.region.clone().or_else(|| Some(fallback.clone())),
    };
    finding.region.clone().or_else(|| Region::new(global))
}

/// A resource in AWS that is not tracked. `diff` decides whether a state claims it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmanagedResource {
    /// The type that the resource is reported as.
    pub tf_type: String,
    /// The id that `terraform import` takes, which is also the attribute `id` of a state.
    pub import_id: String,
    /// The parent, if a state has it.
    pub under: Option<Address>,
    /// The parent's attribute that lists the resource, such as `ingress`.
    pub path: Option<&'static str>,
    /// The account.
    pub account: AccountId,
    /// The region; `None` for a global type.
    pub region: Option<Region>,
    /// The attributes, in the provider's shape.
    pub attributes: Attributes,
}
