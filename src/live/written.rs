//! Which attributes that cost a call each are read: those that the code or the state sets.

use crate::model::{Catalog, Declared, Resource};
use crate::resources::Written;
use std::collections::BTreeSet;

/// Adds what is to be read of these resources.
pub fn written<'a>(
    all: &mut Written<'a>,
    resources: &'a [Resource],
    declared: &Declared,
    catalog: &Catalog,
) {
    for resource in resources {
        let schema = catalog.get(resource.tf_type());
        let names = schema
            .map(|schema| schema.extra.on_demand)
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
