//! Compares tags key by key: a resource's own and the provider's `default_tags`, as one map.

use super::walk::ComparedResource;
use crate::model::{
    Difference, ProviderTags, TAGS, TAGS_ALL, Value, ValueMap, Verdict, entry_path, root_attribute,
};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The two attributes that hold tags.
pub(super) const NAMES: &[&str] = &[TAGS, TAGS_ALL];

/// The attribute of an instance that holds the tags of all its volumes.
const VOLUME_TAGS: &str = "volume_tags";

/// The prefix of AWS's own tags, which nobody can set.
const RESERVED: &str = "aws:";

/// Returns the differences of tags, with a path for each tag.
pub(super) fn differences(compared: &ComparedResource<'_>) -> Vec<Difference> {
    let attributes = &compared.schema.attributes;
    let all = if attributes.contains_key("tags_all") {
        "tags_all"
    } else {
        "tags"
    };
    let tags = attributes.get(all).or_else(|| attributes.get("tags"));
    let live = compared.live.get(all);
    let live = live.or_else(|| compared.live.get("tags"));
    let (Some(_), Some(live)) = (tags, live) else {
        return Vec::new();
    };
    if agree(compared, compared.recorded.get(all), live) {
        return Vec::new();
    }
    let own = entries(compared.recorded.get("tags"));
    let mut recorded = entries(compared.recorded.get(all));
    recorded.extend(own.clone());
    let live = entries(live);
    let declared = declared(compared);
    let keys: BTreeSet<_> = recorded
        .keys()
        .chain(live.keys())
        .chain(declared.keys())
        .collect();
    let complete = complete(compared);
    let ignored = |key: &str| compared.tags.is_some_and(|tags| tags.ignores(key));
    let difference = |key: &&String| {
        let (recorded, live) = (recorded.get(key), live.get(key));
        let by_default = !own.contains_key(key) && recorded.is_some();
        let asked = declared.get(key);
        let is_left_out = complete && asked.is_none();
        let verdict = verdict((asked, is_left_out), recorded, live)?;
        let name = if by_default && all == "tags_all" {
            "tags_all"
        } else {
            "tags"
        };
        Some(Difference {
            path: entry_path(name, key),
            verdict,
            declared: match asked {
                Some(Value::Unknown) => None,
                None if !complete => None,
                asked => Some(asked.cloned().unwrap_or_default()),
            },
            recorded: recorded.cloned().unwrap_or_default(),
            live: live.cloned().unwrap_or_default(),
            added: Vec::new(),
            removed: Vec::new(),
            defined_in: None,
        })
    };
    keys.iter()
        .filter(|key| !key.starts_with(RESERVED) && !ignored(key))
        .filter_map(difference)
        .collect()
}

/// Returns the value of an attribute without the tags that the provider ignores: those of volumes stand in blocks of the
/// instance. `volume_tags` loses the tags that the provider adds as well.
pub(super) fn without_ignored<'v>(
    compared: &ComparedResource<'_>,
    path: &str,
    value: &'v Value,
) -> Cow<'v, Value> {
    let ignoring = compared.tags.filter(|tags| !tags.ignored.is_empty());
    let name = path.rsplit('.').next().unwrap_or_default();
    if name == VOLUME_TAGS
        && let (Some(default), Value::Map(entries)) = (default_tags(compared), value)
    {
        // The provider adds its own to those of volumes, and does not tell them.
        let is_own = |key: &str, value: &Value| {
            let is_ignored = ignoring.is_some_and(|tags| tags.ignores(key));
            !is_ignored && (value.is_null() || default.get(key) != value)
        };
        let own = entries.iter().filter(|(key, value)| is_own(key, value));
        let own = own.map(|(key, value)| (key.clone(), value.clone()));
        return Cow::Owned(Value::map(own));
    }
    match (ignoring, value) {
        (Some(tags), Value::List(_) | Value::Map(_)) => {
            Cow::Owned(kept(&|key| tags.ignores(key), name, value))
        }
        _ => Cow::Borrowed(value),
    }
}

/// Returns whether an attribute of this name holds tags.
fn holds_tags(name: &str) -> bool {
    NAMES.contains(&name) || name == VOLUME_TAGS
}

/// Returns a value without the tags, at any depth, whose keys are ignored.
fn kept(ignores: &dyn Fn(&str) -> bool, name: &str, value: &Value) -> Value {
    let is_tags = holds_tags(name);
    match value {
        Value::List(items) => {
            Value::List(items.iter().map(|item| kept(ignores, name, item)).collect())
        }
        Value::Map(entries) if is_tags => {
            let entries = entries.iter().filter(|(key, _)| !ignores(key));
            Value::map(entries.map(|(key, value)| (key.clone(), value.clone())))
        }
        Value::Map(entries) => {
            let entries = entries.iter();
            Value::map(entries.map(|(key, value)| (key.clone(), kept(ignores, key, value))))
        }
        other => other.clone(),
    }
}

/// Returns whether state and AWS have exactly the same tags, and the code declares no others.
fn agree(compared: &ComparedResource<'_>, recorded: &Value, live: &Value) -> bool {
    let within = |tags: &Value| {
        let mut tags = tags.as_map().into_iter().flatten();
        tags.all(|(key, value)| matches!(value, Value::Unknown) || value == live.get(key))
    };
    let declared = compared
        .declared
        .and_then(|code| code.attributes.get("tags"));
    recorded == live
        && within(compared.recorded.get("tags"))
        && default_tags(compared).is_none_or(within)
        && declared.is_none_or(|declared| within(&declared.value))
}

/// Returns the declared tags, of the resource and the provider together, as far as they are known.
pub(super) fn declared(compared: &ComparedResource<'_>) -> ValueMap {
    let mut tags = default_tags(compared).map(entries).unwrap_or_default();
    let own = compared.declared.map(|declared| declared.value("tags"));
    match own.as_ref() {
        // Any of the provider's may be set otherwise by the resource itself.
        None | Some(Value::Unknown) => tags.values_mut().for_each(|tag| *tag = Value::Unknown),
        Some(own) => tags.extend(entries(own)),
    }
    tags
}

fn default_tags<'a>(compared: &ComparedResource<'a>) -> Option<&'a Value> {
    compared.tags.map(|tags| &tags.default)
}

/// Returns whether an apply sets a tag that AWS lacks although `ignore_changes` lists `tags`: Terraform takes the tags
/// that the resource has for those of its code, and the provider adds its own.
pub(super) fn is_set_by_default(compared: &ComparedResource<'_>, difference: &Difference) -> bool {
    let path = difference.path.as_str();
    let is_entry = |key: &str| NAMES.iter().any(|map| entry_path(map, key) == path);
    difference.live.is_null()
        && match default_tags(compared) {
            Some(Value::Unknown) => path != TAGS_ALL && root_attribute(path) == TAGS_ALL,
            Some(Value::Map(default)) => default
                .iter()
                .any(|(key, value)| !value.is_null() && is_entry(key)),
            _ => false,
        }
}

/// Returns whether the provider may ignore all of a difference: a tag that the state lacks may be one that it never
/// recorded, where the code does not determine which those are.
pub(super) fn may_be_ignored(compared: &ComparedResource<'_>, difference: &Difference) -> bool {
    let has_unknown = |tags: &ProviderTags| tags.ignored.has_unknown();
    if !compared.tags.is_some_and(has_unknown) {
        return false;
    }
    let path = difference.path.as_str();
    if NAMES.contains(&root_attribute(path)) && !NAMES.contains(&path) {
        return difference.recorded.is_null();
    }
    let name = path.rsplit('.').next().unwrap_or_default();
    let mut known = BTreeSet::new();
    add_keys(name, &difference.recorded, &mut known);
    let live = kept(&|key| !known.contains(key), name, &difference.live);
    match compared.schema.attributes.get(path) {
        Some(attribute) => {
            let form = |value: &Value| compared.schema.normal(attribute, path, value);
            form(&live) == form(&difference.recorded)
        }
        None if live.is_empty() => holds_tags(name) && difference.recorded.is_empty(),
        None => holds_tags(name) && live == difference.recorded,
    }
}

/// Adds the keys of the tags in a value, at any depth.
fn add_keys<'v>(name: &str, value: &'v Value, keys: &mut BTreeSet<&'v str>) {
    match value {
        Value::List(items) => items.iter().for_each(|item| add_keys(name, item, keys)),
        Value::Map(entries) if holds_tags(name) => keys.extend(entries.keys().map(String::as_str)),
        Value::Map(entries) => entries
            .iter()
            .for_each(|(name, value)| add_keys(name, value, keys)),
        _ => {}
    }
}

/// Returns whether all declared tags are known: then the code leaves out every other tag.
fn complete(compared: &ComparedResource<'_>) -> bool {
    let own = compared.declared.map(|declared| declared.value("tags"));
    let known = |value: &Value| !matches!(value, Value::Unknown);
    own.is_some_and(|own| known(&own)) && default_tags(compared).is_some_and(known)
}

fn entries(tags: &Value) -> ValueMap {
    let set = tags
        .as_map()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null());
    // Tags are texts, whatever code writes.
    let text = |value: &Value| match value {
        Value::Bool(flag) => flag.to_string().into(),
        Value::Number(number) => number.to_string().into(),
        other => other.clone(),
    };
    set.map(|(key, value)| (key.clone(), text(value))).collect()
}

/// Returns the verdict about one tag. The code is given by the tag's value, and by whether it certainly leaves the tag
/// out. A tag that nobody declares is optional: a plan removes it.
fn verdict(
    (asked, is_left_out): (Option<&Value>, bool),
    recorded: Option<&Value>,
    live: Option<&Value>,
) -> Option<Verdict> {
    let known = asked.filter(|asked| !matches!(asked, Value::Unknown));
    match (recorded == live, known) {
        (true, Some(asked)) if Some(asked) != live => Some(Verdict::NotApplied),
        (true, _) => None,
        (false, Some(asked)) if Some(asked) == live => Some(Verdict::StaleState),
        (false, None) if is_left_out && live.is_none() => Some(Verdict::StaleState),
        (false, _) => Some(Verdict::Drift),
    }
}
