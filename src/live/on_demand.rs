//! Selects the attributes to read that take a call each: those that the code or the state sets.

use crate::model::{Catalog, Declared, Resource};
use crate::resources::OnDemand;
use std::collections::BTreeSet;

/// Adds the attributes to read of these resources.
pub fn on_demand<'a>(
    all: &mut OnDemand<'a>,
    resources: &'a [Resource],
    declared: &Declared,
    catalog: &Catalog,
) {
    for resource in resources {
        let schema = catalog.get(resource.tf_type());
        let names = schema
            .map(|schema| schema.rules.on_demand)
            .unwrap_or_default();
        let code = declared.get(&resource.address);
        let is_set = |name: &&&str| match code {
            Some(code) => code.attributes.contains_key(**name),
            None => !resource.get(name).is_empty(),
        };
        let set: BTreeSet<&'static str> = names.iter().filter(is_set).copied().collect();
        if !set.is_empty() {
            all.entry(&resource.address).or_default().extend(set);
        }
    }
}
