//! Decides by a provider's plan which differences are drift.
//!
//! The comparison of code, state and live tells where in an attribute the difference lies; that there is one, and what it
//! means, is the provider's to tell: only it knows which values are equal.

use super::tags;
use super::walk::ComparedResource;
use crate::model::{Difference, PlannedChanges, Value, Verdict, root_attribute};
use std::collections::BTreeSet;

/// Returns the differences that the plan confirms. What it changes and the comparison does not see is a difference of the
/// whole attribute.
pub(super) fn by_plan(
    differences: Vec<Difference>,
    planned: &PlannedChanges,
    compared: &ComparedResource<'_>,
) -> Vec<Difference> {
    let mut kept = Vec::new();
    for mut difference in differences {
        let names = names(&difference.path);
        let is_in = |set: &BTreeSet<String>| names.iter().any(|name| set.contains(*name));
        match difference.verdict {
            Verdict::StaleState if is_in(&planned.drift) => difference.verdict = Verdict::Drift,
            Verdict::StaleState => {}
            Verdict::NotApplied if is_in(&planned.not_applied) || is_in(&planned.drift) => {}
            Verdict::NotApplied => continue,
            _ if is_in(&planned.drift) || is_in(&planned.ignored) => {
                difference.verdict = Verdict::Drift;
            }
            _ => continue,
        }
        kept.push(difference);
    }
    for (set, verdict) in [
        (&planned.drift, Verdict::Drift),
        (&planned.not_applied, Verdict::NotApplied),
    ] {
        for name in set {
            let is_told = |difference: &Difference| {
                difference.verdict == verdict && names(&difference.path).contains(&name.as_str())
            };
            if !kept.iter().any(is_told) {
                kept.push(whole(name, verdict, compared));
            }
        }
    }
    kept.sort_by(|left, right| left.path.cmp(&right.path));
    kept
}

/// Returns the attributes whose plan confirms a difference at this path: a tag is in both attributes of tags.
fn names(path: &str) -> Vec<&str> {
    let name = root_attribute(path);
    match tags::NAMES.contains(&name) {
        true => tags::NAMES.to_vec(),
        false => vec![name],
    }
}

/// Returns the difference of a whole attribute.
fn whole(name: &str, verdict: Verdict, compared: &ComparedResource<'_>) -> Difference {
    let declared = compared.declared.map(|code| code.value(name));
    Difference {
        path: name.to_owned(),
        verdict,
        declared: declared.filter(|value| !value.has_unknown()),
        recorded: compared.recorded.get(name).clone(),
        live: compared.live.get(name).unwrap_or(&Value::Null).clone(),
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: None,
    }
}
