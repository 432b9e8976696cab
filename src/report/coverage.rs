//! Lists what a scan did not check.

use super::markdown::{code, sentence};
use super::words::printable;
use crate::model::{Coverage, Status};
use std::collections::{BTreeMap, BTreeSet};

/// Lists what was not checked, and why, as Markdown.
pub(super) fn unchecked(coverage: &[Coverage]) -> Vec<String> {
    let line = |row: &Unchecked<'_>| {
        let regions = row.regions.iter().map(|region| code(region).to_string());
        let regions = regions.collect::<Vec<_>>().join(", ");
        let place = if regions.is_empty() {
            String::new()
        } else {
            format!(" in {regions}")
        };
        format!(
            "{} {}{place}: {}",
            row.resources,
            code(row.tf_type),
            sentence(row.reason)
        )
    };
    Unchecked::of(coverage).iter().map(line).collect()
}

/// The resources of a type that were not checked for the same reason.
pub(super) struct Unchecked<'a> {
    pub tf_type: &'a str,
    pub reason: &'a str,
    pub resources: usize,
    /// The regions; empty where they are unknown, or the type is global.
    pub regions: BTreeSet<String>,
}

impl<'a> Unchecked<'a> {
    /// Groups by type and reason.
    pub(super) fn of(coverage: &'a [Coverage]) -> Vec<Self> {
        let mut rows: BTreeMap<(&str, &str), Self> = BTreeMap::new();
        for row in coverage.iter().filter(|row| row.status != Status::Checked) {
            let (tf_type, reason) = (
                row.tf_type.as_str(),
                row.reason.as_deref().unwrap_or_default(),
            );
            let found = rows.entry((tf_type, reason)).or_insert_with(|| Self {
                tf_type,
                reason,
                resources: 0,
                regions: BTreeSet::new(),
            });
            found.resources += row.resources;
            found
                .regions
                .extend(row.region.as_ref().map(|region| printable(region.as_str())));
        }
        rows.into_values().collect()
    }
}
