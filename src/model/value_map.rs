//! A map of values: its entries in one list, in the order of their keys.
//!
//! A state holds millions of maps with one or two entries. The smallest node of a `BTreeMap` has room for eleven.

use super::Value;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::Index;

/// Values by key, in the order of the keys.
///
/// A large map is built at once, by `collect`: `insert` moves all entries behind the new one.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueMap(Vec<Entry>);

type Entry = (String, Value);

impl ValueMap {
    /// Creates an empty map.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns how many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let at = self.find(key).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    /// Returns the key as it is held, and its value.
    pub fn get_key_value(&self, key: &str) -> Option<(&String, &Value)> {
        let at = self.find(key).ok()?;
        self.0.get(at).map(pair)
    }

    /// Returns the value of a key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let at = self.find(key).ok()?;
        self.0.get_mut(at).map(|(_, value)| value)
    }

    /// Returns whether there is such a key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Sets the value of a key, and returns the one that it had.
    pub fn insert(&mut self, key: String, value: Value) -> Option<Value> {
        match self.find(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// Returns the value of a key, to be changed; where there is none, it is set first.
    pub fn get_or_insert_with(&mut self, key: &str, value: impl FnOnce() -> Value) -> &mut Value {
        let at = self.find(key).unwrap_or_else(|at| {
            self.0.insert(at, (key.to_owned(), value()));
            at
        });
        &mut self.0[at].1
    }

    /// Removes a key, and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.find(key).ok()?;
        Some(self.0.remove(at).1)
    }

    /// Removes the entries for which `is_kept` is false.
    pub fn retain(&mut self, mut is_kept: impl FnMut(&String, &mut Value) -> bool) {
        self.0.retain_mut(|(key, value)| is_kept(key, value));
    }

    /// Returns the entries.
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().map(pair as Pair<'_>)
    }

    /// Returns the entries, whose values may be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut Value)> {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// Returns the keys.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &String> + ExactSizeIterator + Clone {
        self.0.iter().map(|(key, _)| key)
    }

    /// Returns the values.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator + Clone {
        self.0.iter().map(|(_, value)| value)
    }

    /// Returns the values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// Returns the keys, without the values.
    pub fn into_keys(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|(key, _)| key)
    }

    /// Returns where a key is, or where it would be.
    fn find(&self, key: &str) -> Result<usize, usize> {
        // Most maps are built in the order of their keys.
        match self.0.last() {
            Some((last, _)) if last.as_str() < key => Err(self.0.len()),
            _ => self
                .0
                .binary_search_by(|(other, _)| other.as_str().cmp(key)),
        }
    }
}

/// The entries of a map.
pub type Iter<'a> = std::iter::Map<std::slice::Iter<'a, Entry>, Pair<'a>>;

type Pair<'a> = fn(&'a Entry) -> (&'a String, &'a Value);

fn pair((key, value): &Entry) -> (&String, &Value) {
    (key, value)
}

impl FromIterator<Entry> for ValueMap {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut entries: Vec<Entry> = entries.into_iter().collect();
        if !entries.is_sorted_by(|left, right| left.0 < right.0) {
            // Of equal keys the last one counts.
            entries.reverse();
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            entries.dedup_by(|next, kept| next.0 == kept.0);
        }
        entries.shrink_to_fit();
        Self(entries)
    }
}

impl<const N: usize> From<[Entry; N]> for ValueMap {
    fn from(entries: [Entry; N]) -> Self {
        entries.into_iter().collect()
    }
}

impl Extend<Entry> for ValueMap {
    fn extend<I: IntoIterator<Item = Entry>>(&mut self, entries: I) {
        let entries = entries.into_iter();
        *self = std::mem::take(self).0.into_iter().chain(entries).collect();
    }
}

impl IntoIterator for ValueMap {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a ValueMap {
    type Item = (&'a String, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Index<&str> for ValueMap {
    type Output = Value;

    /// Returns the value of a key, or null.
    fn index(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&Value::Null)
    }
}

impl fmt::Debug for ValueMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for ValueMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for ValueMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MapVisitor)
    }
}

/// Deserializes a map at once.
pub(super) struct MapVisitor;

impl<'de> Visitor<'de> for MapVisitor {
    type Value = ValueMap;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<ValueMap, A::Error> {
        let mut all = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            all.push(entry);
        }
        Ok(all.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn entries() -> impl Strategy<Value = Vec<(String, Value)>> {
        let value = (0..9i64).prop_map(Value::from);
        prop::collection::vec(("[ab]{0,3}", value), 0..20)
    }

    proptest! {
        #[test]
        fn a_map_holds_what_a_tree_holds(built in entries(), set in entries(), added in entries()) {
            let mut map: ValueMap = built.iter().cloned().collect();
            let mut tree: BTreeMap<_, _> = built.into_iter().collect();
            for (key, value) in set {
                prop_assert_eq!(map.get(&key), tree.get(&key));
                if value == Value::from(0) {
                    prop_assert_eq!(map.remove(&key), tree.remove(&key));
                } else {
                    prop_assert_eq!(map.insert(key.clone(), value.clone()), tree.insert(key, value));
                }
            }
            map.extend(added.clone());
            tree.extend(added);
            prop_assert!(map.iter().eq(&tree));
            prop_assert_eq!(map.len(), tree.len());
            let text = serde_json::to_string(&map).unwrap();
            prop_assert_eq!(&text, &serde_json::to_string(&tree).unwrap());
            prop_assert_eq!(serde_json::from_str::<ValueMap>(&text).unwrap(), map);
        }
    }
}
