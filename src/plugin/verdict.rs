//! Decides by a plan which attributes drifted.

use super::configuration::Configuration;
use super::ignored::{ignores, keep_ignored};
use super::proposed::proposed;
use super::schema::{Block, BlockNesting};
use super::value::canonical;
use crate::model::{PlannedChanges, TAGS_ALL, Type, Value, entry_path};
use std::collections::BTreeSet;

/// What a plan of a resource starts from.
#[derive(Debug, Clone)]
pub struct PlanInput<'a> {
    /// The schema of the type.
    pub block: &'a Block,
    /// The recorded state, upgraded.
    pub recorded: &'a Value,
    /// The state as it was read.
    pub live: &'a Value,
    /// The configuration.
    pub configuration: &'a Configuration,
    /// The paths of `lifecycle.ignore_changes`.
    pub ignore_changes: &'a [String],
}

impl PlanInput<'_> {
    /// Returns the configuration that a plan is asked with: ignored attributes are as they were read, as Terraform has it.
    pub fn config(&self) -> Value {
        keep_ignored(&self.configuration.value, self.live, self.ignore_changes)
    }

    /// Returns the state that is proposed to the provider.
    pub fn proposed(&self) -> Value {
        proposed(self.block, self.live, &self.config())
    }

    /// Returns whether the provider may set an attribute itself. Where the code is not known, what it changed there is
    /// not drift.
    fn is_computed(&self, name: &str) -> bool {
        let attribute = self.block.attributes.get(name);
        attribute.is_some_and(|attribute| attribute.computed)
    }

    /// Returns the top-level names that a plan changes, by what that means.
    ///
    /// A name that the code determines drifted where AWS no longer has what was recorded; where it still does, the code
    /// was changed. Of a name that the code does not determine the plan alone tells too much: it started from the
    /// recorded value.
    pub fn changes(&self, planned: &Value) -> PlannedChanges {
        let planned = keep_ignored(planned, self.live, self.ignore_changes);
        let planned = canonical(self.block, &planned);
        let live = canonical(self.block, self.live);
        let recorded = canonical(self.block, self.recorded);
        let mut changes = PlannedChanges::default();
        let names = self.block.attributes.keys().chain(self.block.blocks.keys());
        for name in names {
            let (after, live) = (planned.get(name), live.get(name));
            let is_as_recorded = means_the_same(recorded.get(name), live);
            let is_ignored = ignores(self.ignore_changes, name);
            if is_ignored && !is_as_recorded {
                changes.ignored.insert(name.clone());
            }
            if after == live || matches!(after, Value::Unknown) {
                continue;
            }
            let is_evaluated = self.configuration.evaluated.contains(name);
            if is_evaluated {
                add_changed(self.block, (name, name), (after, live), &mut changes);
            }
            let is_own = self.configuration.is_code || !self.is_computed(name);
            if !is_as_recorded {
                if is_own {
                    changes.drift.insert(name.clone());
                }
            } else if is_evaluated {
                changes.not_applied.insert(name.clone());
            }
        }
        changes
    }
}

/// Adds the paths at which two values of an attribute or a block differ. Parts of ordered blocks and entries of maps have
/// paths of their own; elements of a set have none.
fn add_changed(
    block: &Block,
    (name, path): (&str, &str),
    (after, live): (&Value, &Value),
    changes: &mut PlannedChanges,
) {
    let attribute = block.attributes.get(name);
    let is_map = attribute.is_some_and(|found| matches!(found.ty, Type::Map(_)));
    // All tags follow from the tags, which tell it.
    if is_map
        && path != TAGS_ALL
        && let (Value::Map(after), Value::Map(live)) = (after, live)
    {
        let keys: BTreeSet<_> = after.keys().chain(live.keys()).collect();
        let keys = keys.into_iter();
        let changed = keys.filter(|key| after.get(key) != live.get(key));
        let changed = changed.map(|key| entry_path(path, key));
        changes.all.extend(changed);
        return;
    }
    let nested = block.blocks.get(name);
    let pairs: Vec<_> = match (nested.map(|nested| nested.nesting), after, live) {
        (Some(BlockNesting::List), Value::List(after), Value::List(live))
            if after.len() == live.len() =>
        {
            after.iter().zip(live).collect()
        }
        (Some(BlockNesting::Single | BlockNesting::Group), Value::Map(_), Value::Map(_)) => {
            vec![(after, live)]
        }
        _ => Vec::new(),
    };
    let Some(nested) = nested.filter(|_| !pairs.is_empty()) else {
        let is_text = after.as_str().is_some() && live.as_str().is_some();
        if is_text && means_the_same(after, live) {
            changes.respelled.insert(path.to_owned());
        }
        changes.all.insert(path.to_owned());
        return;
    };
    let inner = &nested.block;
    for (at, (after, live)) in pairs.into_iter().enumerate() {
        for part in inner.attributes.keys().chain(inner.blocks.keys()) {
            let values = (after.get(part), live.get(part));
            if values.0 != values.1 {
                let path = format!("{path}[{at}].{part}");
                add_changed(inner, (part, &path), values, changes);
            }
        }
    }
}

/// Returns whether two values mean the same: null and empty are equal, and texts of JSON are equal as JSON.
pub fn means_the_same(left: &Value, right: &Value) -> bool {
    if left == right || is_nothing(left) && is_nothing(right) {
        return true;
    }
    match (left, right) {
        (Value::String(left), Value::String(right)) => {
            let json = |text: &str| -> Option<serde_json::Value> {
                let starts = text.trim_start().starts_with(['{', '[']);
                starts.then(|| serde_json::from_str(text).ok())?
            };
            json(left).is_some_and(|left| json(right) == Some(left))
        }
        (Value::List(left), Value::List(right)) => {
            let mut pairs = left.iter().zip(right);
            left.len() == right.len() && pairs.all(|(left, right)| means_the_same(left, right))
        }
        (Value::Map(entries), Value::Map(others)) => {
            let mut keys = entries.keys().chain(others.keys());
            keys.all(|key| means_the_same(left.get(key), right.get(key)))
        }
        _ => false,
    }
}

/// Returns whether a value is how providers write that nothing is set.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        value => value.is_empty(),
    }
}
