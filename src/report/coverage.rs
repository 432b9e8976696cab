//! Lists what a scan did not check.

use super::markdown::{code, sentence};
use super::words::{counted, printable};
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
        let count = match row.resources {
            0 => String::new(),
            count => format!("{count} "),
        };
        let (tf_type, reason) = (code(row.tf_type), sentence(row.reason));
        format!("{count}{tf_type}{place}: {reason}")
    };
    let mut lines: Vec<_> = Unchecked::of(coverage).iter().map(line).collect();
    lines.extend(readable_by_provider(coverage, |name| {
        code(name).to_string()
    }));
    lines
}

/// How many types a line names.
const MAX_TYPES: usize = 40;

/// Names, on one line, the types that a provider would read if there was one; `None` where there are none.
pub(super) fn readable_by_provider(
    coverage: &[Coverage],
    name: impl Fn(&str) -> String,
) -> Option<String> {
    let mut types: BTreeMap<&str, usize> = BTreeMap::new();
    for row in coverage.iter().filter(|row| row.with_provider) {
        *types.entry(&row.tf_type).or_default() += row.resources;
    }
    let resources: usize = types.values().sum();
    let (are, they) = match resources {
        0 => return None,
        1 => ("is", "it"),
        _ => ("are", "they"),
    };
    let listed = types.iter().take(MAX_TYPES);
    let mut listed: Vec<_> = listed
        .map(|(tf_type, count)| match count {
            1 => name(tf_type),
            count => format!("{} ({count})", name(tf_type)),
        })
        .collect();
    if types.len() > MAX_TYPES {
        listed.push(format!("and {} more types", types.len() - MAX_TYPES));
    }
    Some(format!(
        "{} of {} {are} not read natively; with a folder of providers ({}) {they} would be: {}",
        counted(resources, "resource"),
        counted(types.len(), "type"),
        name("--providers"),
        listed.join(", ")
    ))
}

/// The resources of a type that were not checked for the same reason.
pub(super) struct Unchecked<'a> {
    pub tf_type: &'a str,
    pub reason: &'a str,
    /// How many of a state; none where resources in no state were looked for.
    pub resources: usize,
    /// The regions; empty where they are unknown, or the type is global.
    pub regions: BTreeSet<String>,
}

impl<'a> Unchecked<'a> {
    /// Groups by type and reason; without what a provider would read.
    pub(super) fn of(coverage: &'a [Coverage]) -> Vec<Self> {
        let mut rows: BTreeMap<(&str, &str), Self> = BTreeMap::new();
        for row in coverage
            .iter()
            .filter(|row| row.status != Status::Checked && !row.with_provider)
        {
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
