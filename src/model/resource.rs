//! One thing that a state knows.

use super::{Address, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Attribute values by Terraform name.
pub type Attributes = BTreeMap<String, Value>;

/// One resource instance of a state, secrets already replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Terraform's name for it.
    pub address: Address,
    /// The provider configuration that made it.
    pub provider: ProviderKey,
    /// What AWS calls it: the attribute `id`.
    pub id: String,
    /// What it is set to, as the provider wrote it.
    pub attributes: Attributes,
}

impl Resource {
    /// Its type, such as `aws_instance`.
    pub fn tf_type(&self) -> &str {
        &self.address.tf_type
    }

    /// An attribute, or null.
    pub fn get(&self, name: &str) -> &Value {
        self.attributes.get(name).unwrap_or(&Value::Null)
    }

    /// The text of an attribute, where it is one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    /// The account and region that the state itself names: by `arn`, `owner_id` and the `region` of provider 6.
    pub fn place(&self) -> Place {
        let named = self.text("arn").map(Place::of_arn).unwrap_or_default();
        let owner = self.text("owner_id").and_then(AccountId::new);
        Place {
            account: named.account.or(owner),
            region: named.region,
        }
    }
}

/// A provider configuration, as a state or the code names it: `hashicorp/aws`, its alias, and the module it stands in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderKey {
    /// The names of the modules that lead to it, joined by dots; empty for the root.
    pub module: String,
    /// The provider's own name, such as `aws`.
    pub name: String,
    /// The alias, where it has one.
    pub alias: Option<String>,
}

impl ProviderKey {
    /// Whether it is the AWS provider, of whichever registry.
    pub fn is_aws(&self) -> bool {
        self.name == "aws"
    }
}

/// What a provider configuration does to the tags of its resources.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderTags {
    /// What `default_tags` adds to each resource; unknown where the code does not tell.
    pub default: Value,
    /// The keys that `ignore_tags` names.
    pub ignored_keys: Vec<String>,
    /// The starts of keys that `ignore_tags` names.
    pub ignored_prefixes: Vec<String>,
}

impl ProviderTags {
    /// Whether the provider looks away from the tag of this key.
    pub fn ignores(&self, key: &str) -> bool {
        let starts = |prefix: &String| key.starts_with(prefix.as_str());
        self.ignored_keys.iter().any(|ignored| ignored == key)
            || self.ignored_prefixes.iter().any(starts)
    }
}

/// An AWS account: twelve digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId(String);

impl AccountId {
    /// None where the text is no account.
    pub fn new(text: &str) -> Option<Self> {
        let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| Self(text.to_owned()))
    }

    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An AWS region, such as `eu-west-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Region(String);

impl Region {
    /// None where the text cannot be a region: it becomes part of a host name, so it is checked.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let good = (4..=32).contains(&text.len()) && text.bytes().all(allowed);
        good.then(|| Self(text.to_owned()))
    }

    /// The region that an availability zone (`us-east-1a`) is part of.
    pub fn of_zone(zone: &str) -> Option<Self> {
        Self::new(zone.trim_end_matches(|c: char| c.is_ascii_lowercase()))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that its ARNs name: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        match self.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where in AWS something is, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The account.
    pub account: Option<AccountId>,
    /// The region; none for what is global.
    pub region: Option<Region>,
}

impl Place {
    /// What an ARN says: `arn:aws:ec2:eu-west-1:123456789012:instance/i-1`.
    pub fn of_arn(arn: &str) -> Self {
        let mut parts = arn.splitn(6, ':').skip(3);
        Self {
            region: parts.next().and_then(Region::new),
            account: parts.next().and_then(AccountId::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_tells_account_and_region_where_it_names_them() {
        let place = Place::of_arn("arn:aws:ec2:eu-west-1:123456789012:instance/i-1");
        assert_eq!(place.account, AccountId::new("123456789012"));
        assert_eq!(place.region, Region::new("eu-west-1"));
        assert_eq!(Place::of_arn("arn:aws:s3:::bucket"), Place::default());
    }
}
