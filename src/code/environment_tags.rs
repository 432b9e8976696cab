//! Holds the tags that the environment gives to every AWS provider.

use crate::model::{IgnoredTags, Value};
use std::collections::BTreeMap;

/// The start of the environment's names for tags that AWS providers add.
const DEFAULT_TAG: &str = "TF_AWS_DEFAULT_TAGS_";
/// The environment's name for the keys of tags that AWS providers ignore.
const IGNORED_KEYS: &str = "TF_AWS_IGNORE_TAGS_KEYS";
/// The environment's name for the prefixes of such keys.
const IGNORED_PREFIXES: &str = "TF_AWS_IGNORE_TAGS_KEY_PREFIXES";

/// The tags that every AWS provider adds or ignores because of the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvironmentTags {
    /// The tags to add. Those of `default_tags` take precedence.
    default: BTreeMap<String, String>,
    /// The keys to ignore, besides those of `ignore_tags`.
    ignored_keys: Vec<String>,
    /// The prefixes of keys to ignore, besides those of `ignore_tags`.
    ignored_prefixes: Vec<String>,
}

impl EnvironmentTags {
    /// Adds a variable of the environment, if it is one of these.
    pub fn add(&mut self, name: &str, value: &str) {
        let listed = || {
            let texts = value.split(',').map(str::trim);
            texts
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .collect()
        };
        match name {
            IGNORED_KEYS => self.ignored_keys = listed(),
            IGNORED_PREFIXES => self.ignored_prefixes = listed(),
            name => {
                if let Some(key) = name.strip_prefix(DEFAULT_TAG) {
                    self.default.insert(key.to_owned(), value.to_owned());
                }
            }
        }
    }

    /// Returns the tags that a provider with these `default_tags` adds.
    pub(super) fn default_with(&self, tags: Value) -> Value {
        let own = match tags {
            Value::Null => Default::default(),
            Value::Map(own) => own,
            tags => return tags,
        };
        let added = self.default.iter();
        let added = added.map(|(key, value)| (key.clone(), value.as_str().into()));
        Value::map(added.chain(own))
    }

    /// Returns the tags that a provider ignores which lists these keys and prefixes.
    pub(super) fn ignored_with(&self, keys: Vec<String>, prefixes: Vec<String>) -> IgnoredTags {
        IgnoredTags::new(
            keys.into_iter().chain(self.ignored_keys.iter().cloned()),
            prefixes
                .into_iter()
                .chain(self.ignored_prefixes.iter().cloned()),
        )
    }
}
