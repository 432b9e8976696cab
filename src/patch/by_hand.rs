//! Shows what a person writes or runs where nothing is fixed automatically.

use super::literal::{key, render};
use super::{own_tags, path};
use crate::model::{Catalog, Difference, Finding, Kind, Shape, Value, ValueMap, masked};
use std::collections::BTreeMap;

/// What stands for a secret.
const SECRET: &str = "null # a secret: set it from a variable";

/// Returns the command that deletes an unmanaged resource.
pub(super) fn command(finding: &Finding, catalog: &Catalog) -> Option<String> {
    if finding.kind != Kind::Unmanaged {
        return None;
    }
    let undo = catalog.get(&finding.tf_type)?.rules.undo?;
    let region = finding
        .region
        .as_ref()
        .map(|region| format!(" --region {region}"));
    Some(undo(&finding.after, finding.import_id.as_deref()?) + &region.unwrap_or_default())
}

/// Returns the HCL that would adopt the change: secret values are left to the reader.
pub(super) fn block(finding: &Finding, catalog: &Catalog) -> Option<String> {
    match finding.kind {
        Kind::Modified => changed(finding, catalog),
        Kind::Unmanaged => import(finding, catalog),
        _ => None,
    }
}

fn changed(finding: &Finding, catalog: &Catalog) -> Option<String> {
    let own = own_tags::of(finding);
    let finding = own.as_ref().unwrap_or(finding);
    let address = finding.address.as_ref()?;
    let schema = catalog.get(&finding.tf_type);
    let (mut lines, mut maps) = (Vec::new(), BTreeMap::new());
    for difference in &finding.attributes {
        let (name, steps) = path::parse(&difference.path)?;
        let known = schema.and_then(|schema| schema.attributes.get(name));
        let can_write = known.is_none_or(|known| known.optional || known.required);
        let shown = render(&difference.live, "");
        match (steps.as_slice(), shown) {
            ([], shown) if can_write && (shown.is_some() || difference.live.as_map().is_none()) => {
                let shown = shown.unwrap_or_else(|| SECRET.to_owned());
                lines.push(format!("  {name} = {shown}"));
            }
            ([path::Step::Key(_)], Some(_)) if can_write && !difference.live.is_null() => {
                let map = maps
                    .entry(name)
                    .or_insert_with(|| Value::Map(ValueMap::default()));
                let _ = path::set(map, &steps, &difference.live);
            }
            (_, None) if difference.live.as_map().is_some() => {
                lines.extend(changed_entries(difference));
            }
            (_, shown) if !difference.live.is_null() => {
                let shown = shown.unwrap_or_else(|| SECRET.to_owned());
                lines.push(format!("  # {} = {shown}", difference.path));
            }
            _ => lines.push(format!("  # {}: take it out", difference.path)),
        }
    }
    for (name, map) in maps {
        // Whoever pasted the map alone would take out all other entries.
        lines.push(format!("  # beside the other entries of `{name}`:"));
        lines.push(format!("  {name} = {}", text(&map)));
    }
    let head = format!("resource \"{}\" \"{}\" {{", address.tf_type, address.name);
    Some(format!("{head}\n{}\n}}", lines.join("\n")))
}

/// Returns a line for each entry of a map that holds a secret and changed.
fn changed_entries(difference: &Difference) -> Vec<String> {
    let before = difference
        .declared
        .as_ref()
        .filter(|map| !map.has_unknown());
    let before = before.unwrap_or(&difference.recorded);
    let of = |value: &'_ Value| value.as_map().cloned().unwrap_or_default();
    let (before, live) = (of(before), of(&difference.live));
    let mut lines = vec![format!(
        "  # beside the other entries of `{}`:",
        difference.path
    )];
    let changed = live
        .iter()
        .filter(|(name, value)| before.get(name) != Some(*value));
    lines.extend(changed.map(|(name, value)| format!("  #   {} = {}", key(name), text(value))));
    let gone = before.keys().filter(|name| live.get(name).is_none());
    lines.extend(gone.map(|name| format!("  #   {}: take it out", key(name))));
    lines
}

fn import(finding: &Finding, catalog: &Catalog) -> Option<String> {
    let schema = catalog.get(&finding.tf_type)?;
    let id = finding.import_id.as_deref()?;
    let name = name_of(id);
    let mut lines = vec![
        "import {".to_owned(),
        format!("  to = {}.{name}", finding.tf_type),
        format!("  id = {}", super::literal::quote(id)),
        "}".to_owned(),
        String::new(),
        format!("resource \"{}\" \"{name}\" {{", finding.tf_type),
    ];
    for (attribute, value) in finding.after.iter().filter(|(_, value)| !value.is_empty()) {
        let known = schema.attributes.get(attribute);
        let written =
            known.is_some_and(|known| known.optional && matches!(known.shape, Shape::Plain(_)));
        if written && attribute != "tags_all" {
            lines.push(format!("  {} = {}", key(attribute), text(value)));
        }
    }
    lines.push("}".to_owned());
    Some(lines.join("\n"))
}

/// Returns a name for a resource without one. It never contains a credential, which could not be recognized in this
/// form.
fn name_of(id: &str) -> String {
    let id = masked(id);
    let last = id.rsplit(['/', ':']).next().unwrap_or(&id);
    let letter = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    let name: String = last.chars().map(letter).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name
    } else {
        format!("imported_{name}")
    }
}

fn text(value: &Value) -> String {
    render(value, "").unwrap_or_else(|| SECRET.to_owned())
}
