//! Proves native readings by the provider's plan: a resource without a finding for which a plan changes something was read
//! in a wrong shape. That is a fault of DriftGuard's, so the operator's log tells it, and no report.

use super::load::Loaded;
use super::scan_stacks::ScanInput;
use super::through_provider::is_foreign;
use crate::diff::ReadResource;
use crate::model::{
    Address, Attributes, Catalog, Finding, PlannedChanges, Reading, Report, StackName, TAGS_ALL,
};
use crate::plugin::ProviderReading;
use std::collections::{BTreeMap, BTreeSet};

/// How many resources of a type are planned at most: a wrong shape is that of the type.
const MAX_PER_TYPE: usize = 3;

/// What a native reader read of a resource that shows no difference.
pub(super) struct CleanReading {
    /// The stack.
    pub stack: StackName,
    /// The resource.
    pub address: Address,
    /// The attributes, with secrets replaced.
    pub attributes: Attributes,
}

/// Returns readings of native readers that show no difference, a few of each type, where there is a provider.
pub(super) fn clean_readings(
    input: &ScanInput<'_>,
    report: &Report,
    loaded: &[Loaded],
    resources: &[Vec<ReadResource<'_>>],
) -> Vec<CleanReading> {
    let mut found = Vec::new();
    if input.providers.is_none() {
        return found;
    }
    let mut of_type: BTreeMap<&str, usize> = BTreeMap::new();
    for (loaded, resources) in loaded.iter().zip(resources) {
        let name = &loaded.stack.name;
        let scanned = report.stacks.iter().find(|stack| stack.name == *name);
        let Some(scanned) = scanned.and_then(|stack| stack.outcome.as_ref().ok()) else {
            continue;
        };
        let findings = scanned.findings.iter().chain(&scanned.set_aside);
        let changed: BTreeSet<_> = findings.flat_map(concerned).collect();
        let clean = resources
            .iter()
            .filter(|read| !is_foreign(read.resource) && !changed.contains(&read.resource.address));
        for read in clean {
            let count = of_type.entry(read.resource.tf_type()).or_default();
            if let Reading::Found(attributes) = &read.reading
                && *count < MAX_PER_TYPE
            {
                *count += 1;
                found.push(CleanReading {
                    stack: name.clone(),
                    address: read.resource.address.clone(),
                    attributes: attributes.clone(),
                });
            }
        }
    }
    found
}

/// Returns the resources that a finding is about.
fn concerned(finding: &Finding) -> impl Iterator<Item = &Address> {
    finding.address.iter().chain(&finding.under)
}

/// Logs which attributes of clean resources the provider would change.
pub(super) fn log_wrong_shapes(
    clean: &[&CleanReading],
    answers: &BTreeMap<Address, ProviderReading>,
    catalog: &Catalog,
) {
    for read in clean {
        let answer = answers.get(&read.address);
        let Some(planned) = answer.and_then(|answer| answer.planned.as_ref()) else {
            continue;
        };
        let tf_type = &read.address.tf_type;
        let attributes = wrong(tf_type, planned, catalog);
        if !attributes.is_empty() {
            tracing::warn!(
                tf_type,
                attributes = attributes.join(", "),
                "the provider plans a change of a resource without drift: the native reader of this type may read these \
                 attributes in a wrong shape"
            );
        }
    }
}

/// Returns the attributes that a plan changes, but for those that no reading could tell.
fn wrong<'p>(tf_type: &str, planned: &'p PlannedChanges, catalog: &Catalog) -> Vec<&'p str> {
    let rules = catalog.get(tf_type).map(|schema| schema.rules);
    let is_told = |name: &&str| {
        *name != TAGS_ALL
            && rules.is_none_or(|rules| {
                let mut owners = rules.owners.iter();
                !rules.never_read.contains(name) && !owners.any(|owner| owner.path == *name)
            })
    };
    let names = planned.drift.union(&planned.not_applied);
    names.map(String::as_str).filter(is_told).collect()
}
