//! Keeps the code of a part whose parent was deleted with it and stays in the code: an apply would create the parent
//! without it, a bucket without its policy.

use super::refusal::Refusal;
use super::removal_refusal::RemovalRefusal;
use crate::model::{Finding, Fix, FixKind, Kind};
use std::collections::BTreeMap;

/// Returns the findings whose code is removed and whose parent's stays, by their position, with the refusal of each.
pub(super) fn stranded(findings: &[Finding], fixes: &[Option<Fix>]) -> Vec<(usize, Refusal)> {
    let deleted = findings.iter().zip(fixes).enumerate();
    let deleted = deleted.filter(|(_, (finding, _))| finding.kind == Kind::Deleted);
    let (removed, staying): (Vec<_>, Vec<_>) =
        deleted.partition(|(_, (_, fix))| fix.as_ref().is_some_and(is_removal));
    let mut parents = BTreeMap::<&str, Vec<&Finding>>::new();
    for (_, (finding, _)) in staying {
        if let Some(id) = finding.import_id.as_deref() {
            parents.entry(id).or_default().push(finding);
        }
    }
    let refused = removed.into_iter().filter_map(|(at, (finding, _))| {
        let texts = finding.before.values().filter_map(|value| value.as_str());
        let mut named = texts.filter_map(|text| parents.get(text)).flatten();
        let parent = named.find(|parent| is_part(&finding.tf_type, &parent.tf_type))?;
        let parent = Box::new(parent.address.clone()?);
        Some((at, RemovalRefusal::ParentStays { parent }.into()))
    });
    refused.collect()
}

fn is_removal(fix: &Fix) -> bool {
    fix.kind == FixKind::Remove && !fix.edits.is_empty()
}

/// Returns whether a type is a part of another, as its name says: `aws_s3_bucket_policy` of `aws_s3_bucket`.
fn is_part(tf_type: &str, parent: &str) -> bool {
    let rest = tf_type.strip_prefix(parent);
    rest.is_some_and(|rest| rest.starts_with('_'))
}
