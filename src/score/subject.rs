//! What a rule looks at, where that is a part of a resource: one firewall rule, one grant of a policy.

use super::condition::values_at;
use super::policy;
use crate::model::{Attributes, Value};
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/score/subjects");

/// All subjects, by the name of their file.
pub static SUBJECTS: LazyLock<BTreeMap<String, Subject>> =
    LazyLock::new(|| load().unwrap_or_default());

/// The same thing as each resource type writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Where it stands.
    of: Vec<Place>,
}

/// Where a resource type keeps the items of a subject.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    /// The resource type.
    #[serde(rename = "type")]
    tf_type: String,
    /// The path of the lists that hold them; without one, the resource itself is the item.
    each: Option<String>,
    /// The attribute that holds a policy: its grants are the items.
    policy: Option<String>,
    /// Only where these attributes have these texts.
    #[serde(default)]
    only: BTreeMap<String, String>,
    /// An item's attributes, and where the type has them.
    #[serde(default)]
    copy: BTreeMap<String, String>,
    /// Attributes that list sources: each entry makes an item of its own, in which it is called so.
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
    /// The items of a resource.
    pub fn items(&self, tf_type: &str, attributes: &Attributes) -> Vec<Attributes> {
        let places = self.of.iter().filter(|place| place.tf_type == tf_type);
        places.flat_map(|place| place.items(attributes)).collect()
    }

    /// The attributes of a type that its items come from.
    pub fn roots(&self, tf_type: &str) -> BTreeSet<&str> {
        let places = self.of.iter().filter(|place| place.tf_type == tf_type);
        places.flat_map(Place::roots).collect()
    }
}

impl Place {
    fn items(&self, attributes: &Attributes) -> Vec<Attributes> {
        let wanted = |(name, text): (&String, &String)| {
            attributes.get(name).and_then(Value::as_str) == Some(text)
        };
        if !self.only.iter().all(wanted) {
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

    /// One item for each of its sources; one in all where it has no such thing.
    fn split_up(&self, item: &Attributes) -> Vec<Attributes> {
        let copied = self.copy.iter().map(|(name, theirs)| {
            let value = values_at(item, theirs).into_iter().next();
            (name.clone(), value.cloned().unwrap_or_default())
        });
        let base: Attributes = copied.collect();
        if self.split.is_empty() {
            return vec![base];
        }
        let mut items = Vec::new();
        for (theirs, name) in &self.split {
            for source in sources(item.get(theirs)) {
                let mut one = base.clone();
                one.insert(name.clone(), source);
                items.push(one);
            }
        }
        items
    }

    fn roots(&self) -> Vec<&str> {
        let listed = self
            .each
            .iter()
            .chain(&self.policy)
            .map(|path| super::rule::root(path));
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

/// The entries of a source attribute: a list's, a text, or `true`.
fn sources(value: Option<&Value>) -> Vec<Value> {
    match value {
        Some(Value::List(items)) => items.clone(),
        Some(Value::Bool(false)) | None => Vec::new(),
        Some(one) if one.is_empty() => Vec::new(),
        Some(one) => vec![one.clone()],
    }
}
