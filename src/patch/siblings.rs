//! Indexes the findings that are fixed in the same direction, by their resource.

use crate::model::{Address, Difference, Finding};
use std::collections::BTreeMap;

/// The findings that are fixed in the same direction.
pub(super) struct Siblings<'a>(BTreeMap<&'a Address, Vec<&'a Finding>>);

impl<'a> Siblings<'a> {
    /// Returns the differences of a resource.
    pub(super) fn differences(&self, address: &Address) -> impl Iterator<Item = &'a Difference> {
        let findings = self.0.get(address).into_iter().flatten();
        findings.flat_map(|finding| finding.attributes.iter())
    }
}

impl<'a> FromIterator<&'a Finding> for Siblings<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Finding>>(findings: I) -> Self {
        let mut siblings = BTreeMap::<_, Vec<_>>::new();
        for finding in findings {
            if let Some(address) = &finding.address {
                siblings.entry(address).or_default().push(finding);
            }
        }
        Self(siblings)
    }
}
