//! Indexes the items of a resource before (or after) a change: a resource may have ten thousands of them.

use super::condition::{covers, values_at, without_conditions};
use super::network::Network;
use crate::model::{Attributes, Value};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How many pairs of items are compared for one question about one finding. Unchanged items are found by index; beyond
/// the limit items count as new, which is the more severe answer.
const MAX_COMPARISONS: usize = 1_000_000;

/// The items before a change; for what was lost, the items after it.
#[derive(Debug, Default)]
pub struct EarlierItems<'a> {
    items: &'a [Attributes],
    known: OnceCell<BTreeSet<&'a Attributes>>,
    /// The items by everything but their conditions.
    alike: OnceCell<BTreeMap<Attributes, Vec<&'a Attributes>>>,
    by_path: RefCell<BTreeMap<String, Rc<Values<'a>>>>,
    compared: Cell<usize>,
}

/// The values at a path, of all items.
#[derive(Debug)]
pub struct Values<'a> {
    /// In the order of the items.
    pub all: Vec<&'a Value>,
    /// Without duplicates.
    pub each: BTreeSet<&'a Value>,
    networks: BTreeSet<Network>,
}

impl Values<'_> {
    /// Returns whether one of the values is a network within this one.
    pub fn has_part_of(&self, network: &Network) -> bool {
        let parts = network.subnets();
        parts.is_some_and(|parts| self.networks.range(parts).next().is_some())
    }
}

impl<'a> EarlierItems<'a> {
    /// Indexes these items.
    pub fn new(items: &'a [Attributes]) -> Self {
        Self {
            items,
            ..Self::default()
        }
    }

    /// Returns whether the items grant everything that an item grants.
    pub fn covers(&self, item: &Attributes) -> bool {
        let known = self.known.get_or_init(|| self.items.iter().collect());
        known.contains(item) || self.any(self.items.iter(), |was| covers(was, item))
    }

    /// Returns whether an item that differs only in its conditions satisfies a predicate; true as well where too many
    /// were compared.
    pub fn any_alike(&self, item: &Attributes, fulfils: impl Fn(&Attributes) -> bool) -> bool {
        let alike = self.alike.get_or_init(|| {
            let mut alike = BTreeMap::<_, Vec<_>>::new();
            for item in self.items {
                alike
                    .entry(without_conditions(item))
                    .or_default()
                    .push(item);
            }
            alike
        });
        let Some(alike) = alike.get(&without_conditions(item)) else {
            return false;
        };
        self.any(alike.iter().copied(), fulfils) || self.is_exhausted()
    }

    /// Returns the values at a path.
    pub fn at(&self, path: &str) -> Rc<Values<'a>> {
        if let Some(values) = self.by_path.borrow().get(path) {
            return values.clone();
        }
        let all: Vec<&'a Value> = self
            .items
            .iter()
            .flat_map(|item| values_at(item, path))
            .collect();
        let texts = all.iter().filter_map(|value| value.as_str());
        let values = Rc::new(Values {
            each: all.iter().copied().collect(),
            networks: texts.filter_map(Network::parse).collect(),
            all,
        });
        let mut by_path = self.by_path.borrow_mut();
        by_path.insert(path.to_owned(), values.clone());
        values
    }

    /// Compares items one by one, up to the limit.
    fn any<'b>(
        &self,
        mut items: impl Iterator<Item = &'b Attributes>,
        fulfils: impl Fn(&Attributes) -> bool,
    ) -> bool {
        while !self.is_exhausted() {
            let Some(item) = items.next() else {
                return false;
            };
            self.compared.set(self.compared.get() + 1);
            if fulfils(item) {
                return true;
            }
        }
        false
    }

    fn is_exhausted(&self) -> bool {
        self.compared.get() >= MAX_COMPARISONS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(count: usize, of: impl Fn(usize) -> String) -> Vec<Attributes> {
        let rule = |at| Attributes::from([("cidr".to_owned(), Value::text(of(at)))]);
        (0..count).map(rule).collect()
    }

    #[test]
    fn what_did_not_change_is_compared_with_nothing() {
        let items = rules(20_000, |at| format!("10.{}.{}.0/24", at / 256, at % 256));
        let earlier = EarlierItems::new(&items);
        assert!(items.iter().all(|item| earlier.covers(item)));
        assert_eq!(earlier.compared.get(), 0);
    }

    #[test]
    fn where_all_changed_only_so_many_are_compared() {
        let before = rules(20_000, |at| format!("10.{}.{}.0/24", at / 256, at % 256));
        let after = rules(20_000, |at| format!("172.{}.{}.0/24", at / 256, at % 256));
        let earlier = EarlierItems::new(&before);
        assert!(!after.iter().any(|item| earlier.covers(item)));
        assert_eq!(earlier.compared.get(), MAX_COMPARISONS);
    }

    #[test]
    fn a_network_is_found_below_a_wider_one() {
        let items = rules(20_000, |at| format!("10.{}.{}.0/24", at / 256, at % 256));
        let earlier = EarlierItems::new(&items);
        let values = earlier.at("cidr");
        for (network, wider) in [
            ("10.0.0.0/8", true),
            ("10.0.0.0/23", true),
            ("10.0.0.0/24", false),
            ("10.0.0.0/32", false),
            ("0.0.0.0/0", true),
            ("11.0.0.0/8", false),
            ("::/0", false),
            ("::/128", false),
        ] {
            let found = values.has_part_of(&Network::parse(network).unwrap());
            assert_eq!(found, wider, "{network}");
        }
        assert!(Rc::ptr_eq(&values, &earlier.at("cidr")), "parsed once");
    }
}
