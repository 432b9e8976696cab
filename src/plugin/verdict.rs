//! Decides by a plan which attributes drifted.

use super::configuration::Configuration;
use super::ignored::{ignores, keep_ignored};
use super::proposed::proposed;
use super::schema::Block;
use super::value::canonical;
use crate::model::{PlannedChanges, Value};

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
                changes.all.insert(name.clone());
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
