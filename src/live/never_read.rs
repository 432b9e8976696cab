//! Which attributes the code sets and nothing reads.

use crate::model::{Catalog, Coverage, Declared, Place, Resource};
use std::collections::{BTreeMap, BTreeSet};

/// Names in each row what the code of its resources sets and is never read.
pub fn name_never_read<'a>(
    rows: &mut [Coverage],
    resources: impl IntoIterator<Item = (&'a Resource, &'a Place)>,
    declared: &Declared,
    catalog: &Catalog,
) {
    let mut set: BTreeMap<_, BTreeSet<&'static str>> = BTreeMap::new();
    for (resource, place) in resources {
        let schema = catalog.get(resource.tf_type());
        let names = schema
            .map(|schema| schema.extra.never_read)
            .unwrap_or_default();
        let code = declared
            .get(&resource.address)
            .filter(|_| !names.is_empty());
        for (path, definition) in code.into_iter().flat_map(|code| &code.attributes) {
            let plain = without_indexes(path);
            let named = names.iter().find(|name| **name == plain);
            if let Some(name) = named.filter(|_| !definition.value.is_null()) {
                let key = (resource.tf_type(), &place.account, &place.region);
                set.entry(key).or_default().insert(*name);
            }
        }
    }
    for row in rows {
        let key = (row.tf_type.as_str(), &row.account, &row.region);
        let names = set.get(&key).into_iter().flatten();
        row.never_read = names.map(|name| (*name).to_owned()).collect();
    }
}

/// `root_block_device.tags_all` of `root_block_device[0].tags_all`.
fn without_indexes(path: &str) -> String {
    let parts = path.split('[').enumerate().map(|(at, part)| match at {
        0 => part,
        _ => part.split_once(']').map_or("", |(_, rest)| rest),
    });
    parts.collect()
}
