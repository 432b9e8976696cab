//! Seals what code makes from parts of secrets: in the code, and in the state at the same places.

use super::load::Sources;
use crate::model::{Attributes, Declared, DeclaredResource, Redactor, Schema};
use crate::state::State;
use std::sync::Arc;

/// Returns whether code makes any attribute from a part of a secret.
pub(super) fn are_in(declared: &Declared) -> bool {
    let mut resources = declared.resources.values();
    resources.any(|resource| !resource.made_of_secrets.is_empty())
}

/// Seals the texts of a declared resource that the code made from parts of secrets, and forgets them.
pub(super) fn seal_declared(
    resource: &mut DeclaredResource,
    schema: Option<&Schema>,
    redactor: &Redactor,
) {
    if resource.made_of_secrets.is_empty() {
        return;
    }
    for (name, definition) in &mut resource.attributes {
        let head = name.split(['.', '[']).next().unwrap_or(name);
        if let Some(derived) = resource.made_of_secrets.get(head) {
            let value = std::mem::take(&mut definition.value);
            definition.value = redactor.seal_made(schema, name, value, derived);
        }
    }
    for derived in resource.made_of_secrets.values_mut() {
        derived.clear();
    }
}

/// Seals in a state what is sealed in the code, which has the state's resources to itself. What AWS answers is sealed
/// where the state is.
pub(super) fn seal(declared: &Declared, state: &mut State, sources: &Sources<'_>) {
    for resource in Arc::make_mut(&mut state.resources) {
        let Some(found) = declared.get(&resource.address) else {
            continue;
        };
        let sealed = found.made_of_secrets.keys().filter_map(|name| {
            let definition = found.attributes.get(name)?;
            Some((name.clone(), definition.value.clone()))
        });
        let mut sealed: Attributes = sealed.collect();
        if let Some(tags) = sealed.get("tags").cloned() {
            sealed.insert("tags_all".to_owned(), tags);
        }
        let schema = sources.catalog.get(&resource.address.tf_type);
        let attributes = &mut resource.attributes;
        sources
            .redactor
            .seal_as_recorded(schema, &sealed, attributes);
    }
}
