//! Decides by a provider's plan which differences are drift.
//!
//! The comparison of code, state and live tells where in an attribute the difference lies; that there is one, and what it
//! means, is the provider's to tell: only it knows which values are equal.

use super::tags;
use super::walk::ComparedResource;
use crate::model::{
    Difference, PlannedChanges, Schema, Shape, TAGS_ALL, Type, Value, Verdict, entry_path,
    root_attribute,
};
use std::collections::BTreeSet;

/// Returns the differences that the plan confirms. What it changes and the comparison does not see is a difference of the
/// whole attribute.
pub(super) fn by_plan(
    differences: Vec<Difference>,
    planned: &PlannedChanges,
    compared: &ComparedResource<'_>,
) -> Vec<Difference> {
    let watched = compared.schema.rules.watched;
    let is_watched = |path: &str| watched.contains(&root_attribute(path));
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
            Verdict::UnseenByPlan if is_watched(&difference.path) => {}
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
    let split = |difference| by_entry(difference, compared.schema);
    let mut kept: Vec<_> = kept.into_iter().flat_map(split).collect();
    kept.sort_by(|left, right| left.path.cmp(&right.path));
    kept
}

/// Splits the difference of a whole map into those of its entries, each of which has its own place in the code. A map in a
/// block is edited as a whole.
fn by_entry(difference: Difference, schema: &Schema) -> Vec<Difference> {
    let attribute = schema.attributes.get(&difference.path);
    let attribute = attribute.filter(|found| matches!(found.shape, Shape::Plain(Type::Map(_))));
    let (Some(attribute), Some(declared)) = (attribute, &difference.declared) else {
        return vec![difference];
    };
    let values = [declared, &difference.recorded, &difference.live];
    let is_map = |value: &&Value| value.is_null() || value.as_map().is_some();
    if !values.iter().all(is_map) {
        return vec![difference];
    }
    let [asked, before, now] =
        values.map(|value| schema.normal(attribute, &difference.path, value));
    let maps = [&asked, &before, &now].into_iter();
    let keys = maps.filter_map(Value::as_map).flat_map(|map| map.keys());
    let keys: BTreeSet<_> = keys.filter(|key| now.get(key) != asked.get(key)).collect();
    let entry = |key: &String| Difference {
        path: entry_path(&difference.path, key),
        // Of an entry that AWS has as it was recorded, the code was changed.
        verdict: match before.get(key) == now.get(key) {
            true => Verdict::NotApplied,
            false => difference.verdict,
        },
        declared: Some(declared.get(key).clone()),
        recorded: difference.recorded.get(key).clone(),
        live: difference.live.get(key).clone(),
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: None,
    };
    match keys.is_empty() {
        true => vec![difference],
        false => keys.into_iter().map(entry).collect(),
    }
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
    let declared = compared.declared.map(|code| match name {
        // No code writes all tags: they are the resource's own and the provider's.
        TAGS_ALL => Value::Map(tags::declared(compared)),
        name => code.value(name),
    });
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
