//! Indexes the findings that are fixed in the same direction, by their resource.

use crate::model::{Address, Difference, Disproved, Finding, Kind};
use std::collections::BTreeMap;

/// The findings that are fixed in the same direction.
pub(super) struct Siblings<'a> {
    findings: BTreeMap<&'a Address, Vec<&'a Finding>>,
    /// The paths that are left as they are.
    disproved: &'a Disproved,
}

impl<'a> Siblings<'a> {
    /// Indexes findings.
    pub(super) fn new(
        all: impl IntoIterator<Item = &'a Finding>,
        disproved: &'a Disproved,
    ) -> Self {
        let mut findings = BTreeMap::<_, Vec<_>>::new();
        for finding in all {
            if let Some(address) = &finding.address {
                findings.entry(address).or_default().push(finding);
            }
        }
        Self {
            findings,
            disproved,
        }
    }

    /// Returns the differences of a resource that are fixed.
    pub(super) fn differences(&self, address: &Address) -> impl Iterator<Item = &'a Difference> {
        let disproved = self.disproved.get(address);
        let findings = self.findings.get(address).into_iter().flatten();
        let differences = findings.flat_map(|finding| finding.attributes.iter());
        differences.filter(move |difference| {
            disproved.is_none_or(|paths| !paths.contains_key(&difference.path))
        })
    }

    /// Returns whether a resource was deleted, so that its code goes.
    pub(super) fn is_deleted(&self, address: &Address) -> bool {
        let mut findings = self.findings.get(address).into_iter().flatten();
        findings.any(|finding| finding.kind == Kind::Deleted)
    }

    /// Returns why a path is left as it is, where a provider's plan disproved its edit.
    pub(super) fn disproved(&self, address: Option<&Address>, path: &str) -> Option<&'a str> {
        let paths = self.disproved.get(address?)?;
        paths.get(path).map(String::as_str)
    }
}
