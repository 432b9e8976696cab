//! Shows what a person writes or runs where nothing is fixed automatically.

use super::literal::{key, render};
use super::path;
use crate::model::{Catalog, Finding, Kind, Shape, Value, masked};

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
        Kind::Modified => changed(finding),
        Kind::Unmanaged => import(finding, catalog),
        _ => None,
    }
}

fn changed(finding: &Finding) -> Option<String> {
    let address = finding.address.as_ref()?;
    let mut lines = vec![format!(
        "resource \"{}\" \"{}\" {{",
        address.tf_type, address.name
    )];
    for difference in &finding.attributes {
        let (name, steps) = path::parse(&difference.path)?;
        let mut value = Value::Map(Default::default());
        let shown = match steps.as_slice() {
            [] => difference.live.clone(),
            [path::Step::Key(_)] => {
                let _ = path::set(&mut value, &steps, &difference.live);
                value
            }
            _ => {
                lines.push(format!(
                    "  # {} = {}",
                    difference.path,
                    text(&difference.live)
                ));
                continue;
            }
        };
        lines.push(format!("  {name} = {}", text(&shown)));
    }
    lines.push("}".to_owned());
    Some(lines.join("\n"))
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
    render(value, "").unwrap_or_else(|| "null # a secret: set it from a variable".to_owned())
}
