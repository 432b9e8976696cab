//! Merges security group rules into blocks as the provider reads them back: a recorded block that AWS still has whole
//! stays, and the other rules are merged by protocol, ports and description.

use super::blocks::{Blocks, is_list, text_of};
use crate::model::{Value, ValueMap};
use std::collections::HashMap;

/// The argument of a rule whose source is its own security group.
pub(super) const SELF: &str = "self";

impl Blocks<'_> {
    /// Returns the blocks whose ports equal those of an added `self` rule: the provider merges both, so these blocks
    /// must be rewritten.
    pub(super) fn invalidated_by(&self, added: &[Value]) -> Vec<usize> {
        let gains_self = |elements: &Vec<Value>| {
            let has_self = |element: &Value| element.get(SELF).as_bool() == Some(true);
            let mut gained = added.iter().filter(|element| has_self(element));
            !elements.iter().any(has_self)
                && elements.first().is_some_and(|first| {
                    let rest = self.without_sources(first);
                    gained.any(|new| self.without_sources(new) == rest)
                })
        };
        let blocks = self.block_elements.iter().enumerate();
        blocks
            .filter(|(_, elements)| gains_self(elements))
            .map(|(at, _)| at)
            .collect()
    }

    /// Returns the changed blocks whose remaining rules AWS merges into an earlier changed block with the same ports.
    pub(super) fn merged_into_earlier(&self, changed: Vec<usize>) -> Vec<usize> {
        if !self.parts.contains_key(SELF) {
            return Vec::new();
        }
        let (mut earlier, mut merged) = (Vec::new(), Vec::new());
        for at in changed {
            let Some(first) = self.block_elements[at].first() else {
                continue;
            };
            let rest = self.without_sources(first);
            if earlier.contains(&rest) {
                merged.push(at);
            }
            earlier.push(rest);
        }
        merged
    }

    /// Takes the added elements that differ from a block's own only in their sources.
    pub(super) fn with_same_ports(&self, own: &[Value], added: &mut Vec<Value>) -> Vec<Value> {
        let Some(first) = own.first().map(|element| self.without_sources(element)) else {
            return Vec::new();
        };
        let (same, others) = std::mem::take(added)
            .into_iter()
            .partition(|element| self.without_sources(element) == first);
        *added = others;
        same
    }

    /// Returns an element without its sources and its empty parts, which the provider takes as left out.
    pub(super) fn without_sources(&self, element: &Value) -> ValueMap {
        let entries = element.as_map().cloned().unwrap_or_default();
        let kept = entries.into_iter().filter(|(name, value)| {
            let is_source = name == SELF || self.parts.get(name).is_some_and(is_list);
            !is_source && !self.is_hollow(value)
        });
        kept.collect()
    }

    /// Merges elements with the same protocol, ports and description: each result is one block.
    pub(super) fn merge_by_ports(&self, added: &[Value]) -> Vec<Value> {
        let mut groups: Vec<Value> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for element in added {
            let rest = text_of(&Value::Map(self.without_sources(element)));
            let at = *known.entry(rest).or_insert(groups.len());
            match groups.get_mut(at) {
                Some(Value::Map(group)) => {
                    for (name, value) in element.as_map().into_iter().flatten() {
                        if let (Some(Value::List(all)), Value::List(more)) =
                            (group.get_mut(name), value)
                        {
                            all.extend(more.iter().cloned());
                        } else if !value.is_empty() {
                            group.insert(name.clone(), value.clone());
                        }
                    }
                }
                _ => groups.push(element.clone()),
            }
        }
        groups
    }

    /// Returns what the elements of a block were together, and takes what they became out of the groups: the one that has
    /// the most in common with them. Where a comment speaks of the block, that is at least half.
    pub(super) fn successor(
        &self,
        elements: &[Value],
        groups: &mut Vec<Value>,
        is_commented: bool,
    ) -> Option<(Value, Value)> {
        let mut merged = self.merge_by_ports(elements);
        let element = merged.pop().filter(|_| merged.is_empty())?;
        let parts = element.as_map().into_iter().flatten();
        let parts: Vec<_> = parts.filter(|(_, value)| !self.is_hollow(value)).collect();
        let alike = |group: &Value| {
            let parts = parts.iter();
            parts
                .filter(|(name, value)| group.get(name) == *value)
                .count()
        };
        let numbered = groups.iter().enumerate().rev();
        let (at, alike) = numbered
            .map(|(at, group)| (at, alike(group)))
            .max_by_key(|(_, alike)| *alike)?;
        let is_it = !is_commented || 2 * alike >= parts.len();
        is_it.then(|| (element.clone(), groups.remove(at)))
    }
}
