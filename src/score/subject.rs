//! Finds the parts of a resource that a rule is about, such as one firewall rule or one grant of a policy.

use super::condition::values_at;
use super::policy;
use super::rule::covers;
use crate::model::{Attributes, Value, root_attribute};
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/score/subjects");

/// All subjects, by the name of their file.
pub static SUBJECTS: LazyLock<BTreeMap<String, Subject>> =
    LazyLock::new(|| load().unwrap_or_default());

/// A subject, as each resource type writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The resource types and attributes that hold it.
    of: Vec<SubjectSource>,
}

/// Where a resource type keeps the items of a subject.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectSource {
    /// The resource type; `other` for those that no rule names.
    #[serde(rename = "type")]
    tf_type: String,
    /// The path of the lists that hold the items; without it the resource itself is the item.
    each: Option<String>,
    /// The attribute that holds a policy: its grants are the items.
    policy: Option<String>,
    /// The attributes that a resource must have with these values.
    #[serde(default)]
    only: BTreeMap<String, String>,
    /// The item's attributes, and the type's attributes that they are copied from.
    #[serde(default)]
    copy: BTreeMap<String, String>,
    /// The attributes that list sources: each entry becomes an item of its own, under this name.
    #[serde(default)]
    split: BTreeMap<String, String>,
}

pub(super) fn load() -> Result<BTreeMap<String, Subject>, toml::de::Error> {
    let text = |file: &include_dir::File| file.contents_utf8().unwrap_or_default().to_owned();
    let name = |file: &include_dir::File| file.path().file_stem()?.to_str().map(str::to_owned);
    let files = FILES
        .files()
        .filter_map(|file| Some((name(file)?, text(file))));
    files
        .map(|(name, text)| Ok((name, toml::from_str(&text)?)))
        .collect()
}

impl Subject {
    /// Returns the items of a resource.
    pub fn items(&self, tf_type: &str, attributes: &Attributes) -> Vec<Attributes> {
        let sources = self
            .of
            .iter()
            .filter(|source| covers(&source.tf_type, tf_type));
        sources
            .flat_map(|source| source.items(attributes))
            .collect()
    }

    /// Returns the attributes of a type that the items come from.
    pub fn roots(&self, tf_type: &str) -> BTreeSet<&str> {
        let sources = self
            .of
            .iter()
            .filter(|source| covers(&source.tf_type, tf_type));
        sources.flat_map(SubjectSource::roots).collect()
    }
}

impl SubjectSource {
    fn items(&self, attributes: &Attributes) -> Vec<Attributes> {
        let has_text = |(name, text): (&String, &String)| {
            attributes.get(name).and_then(Value::as_str) == Some(text)
        };
        if !self.only.iter().all(has_text) {
            return Vec::new();
        }
        if let Some(path) = &self.policy {
            let policies = values_at(attributes, path)
                .into_iter()
                .filter_map(Value::as_str);
            return policies.flat_map(policy::grants).collect();
        }
        let Some(list) = &self.each else {
            return self.split_up(attributes);
        };
        let items = values_at(attributes, list)
            .into_iter()
            .flat_map(Value::as_list)
            .flatten();
        items
            .filter_map(Value::as_map)
            .flat_map(|item| self.split_up(item))
            .collect()
    }

    /// Splits an item into one item per source.
    fn split_up(&self, item: &Attributes) -> Vec<Attributes> {
        let copied = self.copy.iter().map(|(name, attribute)| {
            let value = values_at(item, attribute).into_iter().next();
            (name.clone(), value.cloned().unwrap_or_default())
        });
        let base: Attributes = copied.collect();
        if self.split.is_empty() {
            return vec![base];
        }
        let mut items = Vec::new();
        for (attribute, name) in &self.split {
            for source in sources(item.get(attribute)) {
                let mut copy = base.clone();
                copy.insert(name.clone(), source);
                items.push(copy);
            }
        }
        items
    }

    fn roots(&self) -> Vec<&str> {
        let listed = self
            .each
            .iter()
            .chain(&self.policy)
            .map(|path| root_attribute(path));
        let whole = if self.each.is_some() || self.policy.is_some() {
            Vec::new()
        } else {
            self.copy
                .values()
                .chain(self.split.keys())
                .map(String::as_str)
                .collect()
        };
        listed.chain(whole).collect()
    }
}

/// Returns the entries of a source attribute: a list's items, a text, or `true`.
fn sources(value: Option<&Value>) -> Vec<Value> {
    match value {
        Some(Value::List(items)) => items.clone(),
        Some(Value::Bool(false)) | None => Vec::new(),
        Some(single) if single.is_empty() => Vec::new(),
        Some(single) => vec![single.clone()],
    }
}
