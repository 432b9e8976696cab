//! Indexes the findings that are fixed in the same direction, by their resource.

use super::own_tags;
use crate::model::{Address, Difference, Disproved, Finding, Kind};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The findings that are fixed in the same direction.
pub(super) struct Siblings<'a> {
    /// By resource, as their code can write them.
    findings: BTreeMap<&'a Address, Vec<Cow<'a, Finding>>>,
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
                let written = own_tags::of(finding);
                let written = written.map_or(Cow::Borrowed(finding), Cow::Owned);
                findings.entry(address).or_default().push(written);
            }
        }
        Self {
            findings,
            disproved,
        }
    }

    /// Returns the differences of a resource that are fixed.
    pub(super) fn differences<'s>(
        &'s self,
        address: &Address,
    ) -> impl Iterator<Item = &'s Difference> + use<'s, 'a> {
        let disproved = self.disproved.get(address);
        let findings = self.findings.get(address).into_iter().flatten();
        let differences = findings.flat_map(|finding| finding.attributes.iter());
        differences.filter(move |difference| {
            disproved.is_none_or(|paths| own_tags::found(paths, &difference.path).is_none())
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
        own_tags::found(paths, path).map(String::as_str)
    }
}
