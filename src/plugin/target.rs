//! Defines what a provider is configured with.

use super::configuration::operators_own;
use super::schema::Block;
use crate::model::{AccountId, ProviderTags, Region, Value};
use secrecy::{ExposeSecret, SecretString};

/// How often the provider tries a call that AWS throttles, as the native readers do.
const MAX_ATTEMPTS: i64 = 6;

/// Credentials of AWS. They are sent to a provider in its configuration, and nowhere else.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The id of the key.
    pub access_key: String,
    /// The key.
    pub secret_key: SecretString,
    /// The token of a session.
    pub token: Option<SecretString>,
}

/// What a provider is configured with.
#[derive(Clone)]
pub enum Target {
    /// The provider of AWS.
    Aws(AwsTarget),
    /// Another one, by the operator's own configuration of it.
    Configured(serde_json::Value),
}

/// What the provider of AWS is configured with. Of the code's provider block only tags are taken.
#[derive(Debug, Clone)]
pub struct AwsTarget {
    /// The account that the credentials must be of.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The credentials.
    pub credentials: Credentials,
    /// The default tags and the ignored tags.
    pub tags: ProviderTags,
}

impl Target {
    /// Builds the configuration.
    pub(super) fn configuration(&self, block: &Block, own_endpoint: bool) -> Result<Value, String> {
        match self {
            Self::Aws(target) => Ok(aws_configuration(block, target, own_endpoint)),
            Self::Configured(written) => operators_own(block, written),
        }
    }
}

/// Builds the configuration of AWS's provider, of those settings that its schema has.
fn aws_configuration(block: &Block, target: &AwsTarget, own_endpoint: bool) -> Value {
    let credentials = &target.credentials;
    let token = credentials.token.as_ref();
    let mut settings = vec![
        ("region", target.region.as_str().into()),
        ("access_key", credentials.access_key.as_str().into()),
        ("secret_key", credentials.secret_key.expose_secret().into()),
        (
            "token",
            Value::from(token.map(|token| token.expose_secret())),
        ),
        (
            "allowed_account_ids",
            Value::List(vec![target.account.as_str().into()]),
        ),
        ("max_retries", MAX_ATTEMPTS.into()),
        ("skip_metadata_api_check", "true".into()),
    ];
    if own_endpoint {
        settings.push(("s3_use_path_style", true.into()));
    }
    let default = &target.tags.default;
    if default.as_map().is_some_and(|tags| !tags.is_empty())
        && !default.has_unknown()
        && !default.has_secret()
    {
        let tags = Value::map([("tags", default.clone())]);
        settings.push(("default_tags", Value::List(vec![tags])));
    }
    let ignored = &target.tags.ignored;
    if !ignored.is_empty() {
        let keys = Value::from(ignored.keys().cloned().collect::<Vec<_>>());
        let prefixes = Value::from(ignored.prefixes().cloned().collect::<Vec<_>>());
        let ignored = [("keys", keys), ("key_prefixes", prefixes)];
        settings.push(("ignore_tags", Value::List(vec![Value::map(ignored)])));
    }
    let has = |name: &str| block.attributes.contains_key(name) || block.blocks.contains_key(name);
    Value::map(settings.into_iter().filter(|(name, _)| has(name)))
}
