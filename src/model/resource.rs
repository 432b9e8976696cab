//! A resource instance of a state.

use super::{Address, Value, ValueMap};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Bound;

/// The attribute with a resource's own tags.
pub const TAGS: &str = "tags";
/// The attribute with its own tags and the provider's default tags.
pub const TAGS_ALL: &str = "tags_all";

/// Attribute values by Terraform name.
pub type Attributes = ValueMap;

/// A resource instance of a state, with secrets replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The address.
    pub address: Address,
    /// The provider configuration that created the resource.
    pub provider: ProviderKey,
    /// AWS's id of the resource: the attribute `id`.
    pub id: String,
    /// The attributes, as the provider recorded them.
    pub attributes: Attributes,
}

impl Resource {
    /// Returns the resource type, such as `aws_instance`.
    pub fn tf_type(&self) -> &str {
        &self.address.tf_type
    }

    /// Returns an attribute, or null.
    pub fn get(&self, name: &str) -> &Value {
        self.attributes.get(name).unwrap_or(&Value::Null)
    }

    /// Returns an attribute that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    /// Returns the account and region that the state itself names: by `arn`, `owner_id` and the `region` of provider 6.
    pub fn location(&self) -> AwsLocation {
        let named = self
            .text("arn")
            .map(AwsLocation::of_arn)
            .unwrap_or_default();
        let owner = self.text("owner_id").and_then(AccountId::new);
        AwsLocation {
            account: named.account.or(owner),
            region: named.region,
        }
    }
}

/// A provider configuration, as a state or the code names it: `hashicorp/aws`, its alias, and its module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderKey {
    /// The names of the modules that lead to the configuration, joined by dots; empty for the root.
    pub module: String,
    /// The provider's name, such as `aws`.
    pub name: String,
    /// The alias, if there is one.
    pub alias: Option<String>,
}

impl ProviderKey {
    /// Returns whether this is the AWS provider, of whichever registry.
    pub fn is_aws(&self) -> bool {
        self.name == "aws"
    }
}

/// What a provider configuration does to the tags of its resources.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProviderTags {
    /// The tags that `default_tags` adds to each resource; unknown where the code does not determine them.
    pub default: Value,
    /// The tags that `ignore_tags` lists.
    pub ignored: IgnoredTags,
}

impl ProviderTags {
    /// Returns whether the provider ignores the tag of this key.
    pub fn ignores(&self, key: &str) -> bool {
        self.ignored.contains(key)
    }
}

/// The tags that a provider ignores, by their keys and by prefixes of keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IgnoredTags {
    keys: BTreeSet<String>,
    /// None is a prefix of another.
    prefixes: BTreeSet<String>,
    /// Whether there are others that the code does not determine.
    has_unknown: bool,
}

impl IgnoredTags {
    /// Creates the tags of these keys and prefixes.
    pub fn new(
        keys: impl IntoIterator<Item = String>,
        prefixes: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut shortest = BTreeSet::<String>::new();
        for prefix in prefixes.into_iter().collect::<BTreeSet<_>>() {
            // In order, what begins with a prefix follows it at once.
            if shortest.last().is_none_or(|last| !prefix.starts_with(last)) {
                shortest.insert(prefix);
            }
        }
        Self {
            keys: keys.into_iter().collect(),
            prefixes: shortest,
            has_unknown: false,
        }
    }

    /// Returns these tags, and others that the code does not determine where `has_unknown` is set.
    #[must_use]
    pub fn with_unknown(self, has_unknown: bool) -> Self {
        Self {
            has_unknown,
            ..self
        }
    }

    /// Returns whether there are others that the code does not determine.
    pub fn has_unknown(&self) -> bool {
        self.has_unknown
    }

    /// Returns the keys.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.keys.iter()
    }

    /// Returns the prefixes.
    pub fn prefixes(&self) -> impl Iterator<Item = &String> {
        self.prefixes.iter()
    }

    /// Returns whether none is known.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.prefixes.is_empty()
    }

    fn contains(&self, key: &str) -> bool {
        // What stands between a prefix and a key that begins with it begins with it as well.
        let up_to = (Bound::Unbounded, Bound::Included(key));
        let before = self.prefixes.range::<str, _>(up_to).next_back();
        self.keys.contains(key) || before.is_some_and(|prefix| key.starts_with(prefix))
    }
}

/// An AWS account: twelve digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId(String);

impl AccountId {
    /// Parses an account id.
    pub fn new(text: &str) -> Option<Self> {
        let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| Self(text.to_owned()))
    }

    /// Returns the twelve digits.
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
    /// Parses a region. It becomes part of a host name, so other characters are refused.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let good = (4..=32).contains(&text.len()) && text.bytes().all(allowed);
        good.then(|| Self(text.to_owned()))
    }

    /// Returns the region of an availability zone (`us-east-1a`).
    pub fn of_zone(zone: &str) -> Option<Self> {
        Self::new(zone.trim_end_matches(|c: char| c.is_ascii_lowercase()))
    }

    /// Returns the region's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the partition of the region's ARNs: `aws`, `aws-cn`, `aws-us-gov`.
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

/// The account and region of a resource, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AwsLocation {
    /// The account.
    pub account: Option<AccountId>,
    /// The region; `None` for a global type.
    pub region: Option<Region>,
}

impl AwsLocation {
    /// Parses the account and region of an ARN: `arn:aws:ec2:eu-west-1:123456789012:instance/i-1`.
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
        let location = AwsLocation::of_arn("arn:aws:ec2:eu-west-1:123456789012:instance/i-1");
        assert_eq!(location.account, AccountId::new("123456789012"));
        assert_eq!(location.region, Region::new("eu-west-1"));
        assert_eq!(
            AwsLocation::of_arn("arn:aws:s3:::bucket"),
            AwsLocation::default()
        );
    }
}
