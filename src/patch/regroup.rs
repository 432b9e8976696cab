//! Groups the sources of a group's rules into blocks, as the provider reads them: a recorded block that AWS still has
//! whole stays one, and what is left makes one element for each protocol, ports and description.

use super::blocks::{Blocks, is_list};
use crate::model::{Value, ValueMap};

/// The argument of a rule whose source is its own group.
pub(super) const OWN: &str = "self";

impl Blocks<'_> {
    /// Returns the blocks that the provider no longer recognizes because of what was added: those with the same ports
    /// as a new rule whose source is its own group.
    pub(super) fn regrouped_by(&self, added: &[Value]) -> Vec<usize> {
        let gains_own = |own: &Vec<Value>| {
            let holds_own = |element: &Value| element.get(OWN).as_bool() == Some(true);
            let mut gained = added.iter().filter(|element| holds_own(element));
            !own.iter().any(holds_own)
                && own
                    .first()
                    .is_some_and(|first| gained.any(|new| self.rest(new) == self.rest(first)))
        };
        let blocks = self.own.iter().enumerate();
        blocks
            .filter(|(_, own)| gains_own(own))
            .map(|(at, _)| at)
            .collect()
    }

    /// Returns those of the changed blocks of which AWS reads what is left as a part of an earlier one, with the same
    /// ports.
    pub(super) fn taken_in(&self, changed: Vec<usize>) -> Vec<usize> {
        if !self.parts.contains_key(OWN) {
            return Vec::new();
        }
        let mut known = Vec::new();
        let mut is_known = |at: &usize| {
            let Some(first) = self.own[*at].first() else {
                return false;
            };
            let rest = self.rest(first);
            let is_known = known.contains(&rest);
            known.push(rest);
            is_known
        };
        changed.into_iter().filter(|at| is_known(at)).collect()
    }

    /// Takes the added elements that differ from a block's own only in their sources.
    pub(super) fn with_same_ports(&self, own: &[Value], added: &mut Vec<Value>) -> Vec<Value> {
        let Some(first) = own.first().map(|element| self.rest(element)) else {
            return Vec::new();
        };
        let (same, others) = std::mem::take(added)
            .into_iter()
            .partition(|element| self.rest(element) == first);
        *added = others;
        same
    }

    /// Returns an element without its sources and its empty parts, which the provider takes as left out.
    pub(super) fn rest(&self, element: &Value) -> ValueMap {
        let entries = element.as_map().cloned().unwrap_or_default();
        let single = entries.into_iter().filter(|(name, value)| {
            let says_who = name == OWN || self.parts.get(name).is_some_and(is_list);
            !says_who && !self.is_hollow(value)
        });
        single.collect()
    }

    /// Groups elements by protocol, ports and description: each group is one block.
    pub(super) fn groups(&self, added: &[Value]) -> Vec<Value> {
        let mut groups: Vec<Value> = Vec::new();
        for element in added {
            let group = groups
                .iter_mut()
                .find(|group| self.rest(group) == self.rest(element));
            match group {
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

    /// Returns the position of the group that has the most in common with an element.
    pub(super) fn nearest(&self, element: &Value, groups: &[Value]) -> usize {
        let alike = |group: &Value| {
            let parts = element.as_map().into_iter().flatten();
            parts
                .filter(|(name, value)| group.get(name) == *value)
                .count()
        };
        let numbered = groups.iter().enumerate().rev();
        let nearest = numbered.max_by_key(|(_, group)| alike(group));
        nearest.map_or(0, |(at, _)| at)
    }
}
