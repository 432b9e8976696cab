//! Who owns what: attributes that another resource sets, parts that are resources of their own, and what states claim.

use crate::model::{Catalog, DeclaredResource, Resource, Schema, Unclaimed, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What the states that were read claim.
pub struct Claims<'a> {
    by_type: BTreeMap<&'a str, Vec<&'a Resource>>,
    /// By type, and by each name that a resource answers to: its id, its ARN.
    by_name: BTreeSet<(&'a str, &'a str)>,
}

/// Attributes by which a resource is known, besides its id.
const NAMES: &[&str] = &["arn", "identifier", "security_group_rule_id"];

impl<'a> Claims<'a> {
    /// The claims of all these resources, of whichever state.
    pub fn new(resources: impl IntoIterator<Item = &'a Resource>) -> Self {
        let mut claims = Self {
            by_type: BTreeMap::new(),
            by_name: BTreeSet::new(),
        };
        for resource in resources {
            let tf_type = resource.tf_type();
            claims.by_type.entry(tf_type).or_default().push(resource);
            claims.by_name.insert((tf_type, &resource.id));
            let names = NAMES.iter().filter_map(|name| resource.text(name));
            claims.by_name.extend(names.map(|name| (tf_type, name)));
        }
        claims
    }

    /// Whether any state claims what was found in AWS: by its id, or as its type's own file says.
    pub fn claim(&self, found: &Unclaimed, catalog: &Catalog) -> bool {
        let named = NAMES
            .iter()
            .filter_map(|name| found.attributes.get(*name)?.as_str());
        let names = named.chain([found.import_id.as_str()]);
        let id = found.attributes.get("id").and_then(Value::as_str);
        let mut names = names.chain(id).filter(|name| !name.is_empty());
        names.any(|name| self.by_name.contains(&(found.tf_type.as_str(), name)))
            || self.by_type.iter().any(|(tf_type, resources)| {
                let claims = catalog.get(tf_type).and_then(|schema| schema.extra.claims);
                claims
                    .is_some_and(|claims| resources.iter().any(|resource| claims(resource, found)))
            })
    }

    /// The attributes of a resource that another resource owns.
    pub(super) fn owned<'s>(&self, parent: &Resource, schema: &'s Schema) -> BTreeSet<&'s str> {
        let owners = schema.extra.owners.iter();
        let owned = owners.filter(|owner| {
            let siblings = self.by_type.get(owner.tf_type);
            siblings
                .into_iter()
                .flatten()
                .any(|sibling| owner.is(sibling, parent))
        });
        owned.map(|owner| owner.path).collect()
    }

    /// The attributes whose parts are findings of their own: those that other resources own, and those that the code
    /// leaves out; where the code was not evaluated, those of which the state knows no part.
    pub(super) fn children<'s>(
        &self,
        parent: &Resource,
        declared: Option<&DeclaredResource>,
        schema: &'s Schema,
    ) -> BTreeSet<&'s str> {
        let owned = self.owned(parent, schema);
        let alone = |path: &str| match declared {
            Some(declared) => declared.value(path).is_null(),
            None => parent.get(path).is_empty(),
        };
        let paths = schema.extra.children.iter().map(|children| children.path);
        paths
            .filter(|path| owned.contains(path) || alone(path))
            .collect()
    }
}
