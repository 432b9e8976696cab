//! Seals values that code computes from parts of secrets: in the code, and in the state at the same paths.

use super::load::Sources;
use crate::code::{Evaluated, ProviderConfig};
use crate::model::{
    Attributes, DeclaredResource, ProviderTags, Redactor, Resource, Schema, TAGS, TAGS_ALL, Value,
    ValueMap, root_attribute,
};
use crate::state::State;
use std::sync::Arc;

/// Returns whether code makes any attribute, or a tag of a provider, from a part of a secret.
pub(super) fn are_in(code: &Evaluated) -> bool {
    let mut resources = code.declared.resources.values();
    let mut providers = code.providers.iter();
    resources.any(|resource| !resource.made_of_secrets.is_empty())
        || providers.any(|provider| provider.tags.default.has_secret())
}

/// Seals the strings of a declared resource that were computed from parts of secrets, and drops the originals.
pub(super) fn seal_declared(
    resource: &mut DeclaredResource,
    schema: Option<&Schema>,
    redactor: &Redactor,
) {
    if resource.made_of_secrets.is_empty() {
        return;
    }
    for (name, definition) in &mut resource.attributes {
        if let Some(derived) = resource.made_of_secrets.get(root_attribute(name)) {
            let value = std::mem::take(&mut definition.value);
            definition.value = redactor.seal_made(schema, name, value, derived);
        }
    }
    for derived in resource.made_of_secrets.values_mut() {
        derived.clear();
    }
}

/// Seals the secrets in the default tags of a provider, and forgets which texts the code made from parts of secrets.
pub(super) fn seal_tags(provider: &mut ProviderConfig, redactor: &Redactor) {
    let tags = std::mem::take(&mut provider.tags.default);
    let derived = std::mem::take(&mut provider.made_of_secrets);
    let tags = redactor.seal_made(None, "tags", tags, &derived);
    provider.tags.default = redactor.redact_value("tags", tags);
}

/// Seals in a state what is sealed in the code, which has the state's resources to itself. What AWS answers is sealed
/// where the state is.
pub(super) fn seal(code: &Evaluated, state: &mut State, sources: &Sources<'_>) {
    let default = code.provider_tags();
    for resource in Arc::make_mut(&mut state.resources) {
        let mut sealed = code
            .declared
            .get(&resource.address)
            .map(made_of_secrets)
            .unwrap_or_default();
        let default = default.get(&resource.provider).copied();
        let mut tags = default_tags(default, resource);
        match sealed.get(TAGS).cloned() {
            Some(Value::Map(own)) => tags.extend(own),
            Some(whole) => drop(sealed.insert(TAGS_ALL.to_owned(), whole)),
            None => {}
        }
        if !tags.is_empty() {
            sealed.insert(TAGS_ALL.to_owned(), Value::Map(tags));
        }
        let schema = sources.catalog.get(&resource.address.tf_type);
        let attributes = &mut resource.attributes;
        sources
            .redactor
            .seal_as_recorded(schema, &sealed, attributes);
    }
}

/// Returns the attributes that code makes from parts of secrets, sealed.
fn made_of_secrets(declared: &DeclaredResource) -> Attributes {
    let names = declared.made_of_secrets.keys();
    let sealed = names.filter_map(|name| {
        let definition = declared.attributes.get(name)?;
        Some((name.clone(), definition.value.clone()))
    });
    sealed.collect()
}

/// Returns the secrets among the tags that its provider adds to a resource: those that it does not set itself.
fn default_tags(tags: Option<&ProviderTags>, resource: &Resource) -> ValueMap {
    let tags = tags.and_then(|tags| tags.default.as_map());
    let recorded = |name| resource.attributes.get(name).and_then(Value::as_map);
    let (own, all) = (recorded(TAGS), recorded(TAGS_ALL));
    let sets = |key: &String| own.is_some_and(|own| own.contains_key(key));
    // Those that the resource has: the provider may add very many.
    let secret = all.into_iter().flatten().filter_map(|(key, _)| {
        let tag = tags?.get(key)?;
        (tag.has_secret() && !sets(key)).then(|| (key.clone(), tag.clone()))
    });
    secret.collect()
}
