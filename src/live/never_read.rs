//! Names the attributes that the code sets and no API returns.

use crate::model::{AwsLocation, Catalog, Coverage, Declared, Resource};
use std::collections::{BTreeMap, BTreeSet};

/// Names in each coverage row the attributes that the code sets and that are never read.
pub fn name_never_read<'a>(
    rows: &mut [Coverage],
    resources: impl IntoIterator<Item = (&'a Resource, &'a AwsLocation)>,
    declared: &Declared,
    catalog: &Catalog,
) {
    let mut set: BTreeMap<_, BTreeSet<&'static str>> = BTreeMap::new();
    for (resource, location) in resources {
        let schema = catalog.get(resource.tf_type());
        let names = schema
            .map(|schema| schema.rules.never_read)
            .unwrap_or_default();
        let code = declared
            .get(&resource.address)
            .filter(|_| !names.is_empty());
        for (path, definition) in code.into_iter().flat_map(|code| &code.attributes) {
            let plain = without_indexes(path);
            let named = names.iter().find(|name| **name == plain);
            if let Some(name) = named.filter(|_| !definition.value.is_null()) {
                let key = (resource.tf_type(), &location.account, &location.region);
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

/// Returns `root_block_device.tags_all` for `root_block_device[0].tags_all`.
fn without_indexes(path: &str) -> String {
    let parts = path.split('[').enumerate().map(|(at, part)| match at {
        0 => part,
        _ => part.split_once(']').map_or("", |(_, rest)| rest),
    });
    parts.collect()
}
