//! Writes a default tag that was changed on one resource as a tag of its own, which goes before the provider's.

use super::adopt::Part;
use crate::model::{Difference, Finding, TAGS, TAGS_ALL};
use std::collections::BTreeMap;

/// Returns a finding as its resource can write it; `None` where no default tag has another value in AWS.
pub(super) fn of(finding: &Finding) -> Option<Finding> {
    let is_any = finding.attributes.iter().any(|it| own_path(it).is_some());
    is_any.then(|| {
        let mut written = finding.clone();
        for difference in &mut written.attributes {
            if let Some(path) = own_path(difference) {
                difference.path = path;
            }
        }
        written
    })
}

/// Names the paths of parts as a finding does.
pub(super) fn as_found(mut parts: Vec<Part>, finding: &Finding) -> Vec<Part> {
    for part in &mut parts {
        for path in &mut part.paths {
            let mut found = finding.attributes.iter();
            if let Some(found) = found.find(|it| own_path(it).as_ref() == Some(path)) {
                path.clone_from(&found.path);
            }
        }
        part.members = as_found(std::mem::take(&mut part.members), finding);
    }
    parts
}

/// Returns what is kept of a path, or of the default tag that it goes before.
pub(super) fn found<'a, T>(kept: &'a BTreeMap<String, T>, path: &str) -> Option<&'a T> {
    let default = || kept.get(&format!("{TAGS_ALL}{}", path.strip_prefix(TAGS)?));
    kept.get(path).or_else(default)
}

/// Returns the path of the resource's own tag. A resource cannot leave out a default tag.
fn own_path(difference: &Difference) -> Option<String> {
    let entry = difference.path.strip_prefix(TAGS_ALL)?;
    let is_entry = entry.starts_with('[') && !difference.live.is_null();
    is_entry.then(|| format!("{TAGS}{entry}"))
}
