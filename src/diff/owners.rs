//! Finds the owners of attributes and resources: attributes that another resource sets, parts that are resources of
//! their own, and what states claim.

use crate::code::ImportTarget;
use crate::model::{
    Catalog, Claim, ClaimedBy, Owner, Resource, Restated, UnmanagedResource, Value,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The resources and attributes that states claim, of all states that were read.
#[derive(Default)]
pub struct Ownership<'a> {
    /// The parts of resources, by type and by the value of the attribute that names the parent.
    parts: HashMap<(&'a str, &'static str, &'a str), Vec<&'a Resource>>,
    /// The resources that own attributes of others: by their type, their attribute that names the other resource, the
    /// value of that attribute, and what they set.
    owned: HashMap<(&'a str, &'static str, &'a str, Option<Setting>), Vec<&'a Resource>>,
    /// The type and each name of every claimed resource: its id, its ARN.
    by_name: HashSet<(&'a str, &'a str)>,
    /// The types whose resources claim by their content instead of a name.
    by_content: Vec<(&'a str, &'static Claim)>,
    /// The parts that resources of other types list: by the part's type, its parent and the part.
    listed: HashSet<(&'a str, &'a str, &'a str)>,
    /// The attributes of a part's type that name its parent and the part.
    named_by: BTreeMap<&'a str, [&'static str; 2]>,
    /// The ARNs of resources of any type.
    arns: HashSet<&'a str>,
    /// The imports that no apply has carried out: by type and id.
    imports: HashMap<&'a str, HashMap<&'a str, &'a ImportTarget>>,
    /// The imported types whose resources are found as another type, with the conversion between the two.
    restated: BTreeMap<&'a str, Restated>,
}

/// The prefix of the types that take over what AWS created: `aws_default_vpc` claims an `aws_vpc`.
const DEFAULT: &str = "aws_default_";

/// An attribute, and its value.
type Setting = (&'static str, &'static str);

/// Attributes, besides the id, that name a resource.
const NAMES: &[&str] = &["arn", "identifier", "security_group_rule_id"];

impl<'a> Ownership<'a> {
    /// Collects the claims of these resources, of all states.
    pub fn new(resources: impl IntoIterator<Item = &'a Resource>, catalog: &'a Catalog) -> Self {
        let mut ownership = Self::default();
        let mut listing: BTreeMap<&str, Vec<(&str, &'static ClaimedBy)>> = BTreeMap::new();
        let mut parents: BTreeMap<&str, BTreeSet<&'static str>> = BTreeMap::new();
        let mut owners: BTreeMap<&str, BTreeSet<(&'static str, Option<Setting>)>> = BTreeMap::new();
        for (tf_type, schema) in catalog.iter() {
            for owner in schema.rules.owners {
                let owners = owners.entry(owner.tf_type).or_default();
                owners.insert((owner.parent, owner.when));
            }
            if let Some((names, others)) = schema.rules.claimed_by {
                ownership.named_by.insert(tf_type, names);
                for other in others {
                    let parts = listing.entry(other.tf_type).or_default();
                    parts.push((tf_type, other));
                }
            }
            if let Some(claim) = &schema.rules.claims {
                parents.entry(tf_type).or_default().insert(claim.parent);
                ownership.by_content.push((tf_type, claim));
            }
        }
        for resource in resources {
            let tf_type = resource.tf_type();
            ownership.by_name.insert((tf_type, &resource.id));
            ownership.arns.extend(resource.text("arn"));
            for (part, other) in listing.get(tf_type).into_iter().flatten() {
                for parent in resource.get(other.parents).texts() {
                    let parts = resource.get(other.parts).texts();
                    ownership
                        .listed
                        .extend(parts.map(|text| (*part, parent, text)));
                }
            }
            let names = NAMES.iter().filter_map(|name| resource.text(name));
            ownership.by_name.extend(names.map(|name| (tf_type, name)));
            for &(name, when) in owners.get(tf_type).into_iter().flatten() {
                let is_set = |(name, value)| resource.text(name) == Some(value);
                if !when.is_none_or(is_set) {
                    continue;
                }
                for parent in resource.get(name).texts() {
                    let key = (tf_type, name, parent, when);
                    ownership.owned.entry(key).or_default().push(resource);
                }
            }
            for name in parents.get(tf_type).into_iter().flatten() {
                if let Some(parent) = resource.text(name) {
                    let parts = ownership.parts.entry((tf_type, *name, parent)).or_default();
                    parts.push(resource);
                }
            }
        }
        ownership
    }

    /// Adds the imports that no apply has carried out.
    pub fn expecting(
        mut self,
        imports: impl IntoIterator<Item = &'a ImportTarget>,
        catalog: &'a Catalog,
    ) -> Self {
        for target in imports {
            let tf_type = target.to.tf_type.as_str();
            let Some(id) = target.id.as_deref() else {
                continue;
            };
            // Since provider 6 an id may end in its region.
            let plain = id.rsplit_once('@').map_or(id, |(plain, _)| plain);
            let ids = self.imports.entry(tf_type).or_default();
            for id in [id, plain] {
                ids.entry(id).or_insert(target);
            }
            let restated = catalog
                .get(tf_type)
                .and_then(|schema| schema.rules.restated);
            self.restated
                .extend(restated.map(|restated| (tf_type, restated)));
        }
        self
    }

    /// Returns which pending `import` block takes a found resource into the state; `None` where none does.
    pub(super) fn pending_import(&self, found: &UnmanagedResource) -> Option<String> {
        if self.imports.is_empty() {
            return None;
        }
        let import = |tf_type: &str, id: &str| self.imports.get(tf_type)?.get(id).copied();
        let own = import(&found.tf_type, &found.import_id);
        let direction = found.path.unwrap_or_default();
        let restated = || {
            self.restated.iter().find_map(|(tf_type, restated)| {
                let (_, id) = restated(direction, &found.attributes)?;
                import(tf_type, &id)
            })
        };
        let target = own.or_else(restated)?;
        Some(format!(
            "the `import` block at {} takes it in as {}: no apply has carried that out yet",
            target.place, target.to
        ))
    }

    /// Returns the resources of a type whose attribute `name` has the value `parent`.
    fn parts<'s>(
        &'s self,
        tf_type: &'s str,
        name: &'static str,
        parent: &'s str,
    ) -> &'s [&'s Resource] {
        let found = self.parts.get(&(tf_type, name, parent));
        found.map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns whether any state claims a resource found in AWS: by its id, or by the rule of its type.
    pub fn claims(&self, found: &UnmanagedResource) -> bool {
        let text = |name: &str| found.attributes.get(name).and_then(Value::as_str);
        let named = NAMES.iter().filter_map(|name| text(name));
        let names = named.chain([found.import_id.as_str()]).chain(text("id"));
        let mut names = names.filter(|name| !name.is_empty());
        let claims = |(tf_type, claim): &(&str, &'static Claim)| {
            let parent = text(claim.parent).unwrap_or_default();
            let mut parts = self.parts(tf_type, claim.parent, parent).iter();
            parts.any(|resource| (claim.is)(resource, found))
        };
        let default = found.tf_type.replacen("aws_", DEFAULT, 1);
        let types = [found.tf_type.as_str(), &default];
        let is_named = |name| {
            types
                .iter()
                .any(|tf_type| self.by_name.contains(&(*tf_type, name)))
        };
        names.any(is_named)
            || text("arn").is_some_and(|arn| self.arns.contains(arn))
            || self.lists(found)
            || self.by_content.iter().any(claims)
    }

    /// Returns whether a resource of another type lists a found resource among its parts.
    fn lists(&self, found: &UnmanagedResource) -> bool {
        let text = |name: &str| found.attributes.get(name).and_then(Value::as_str);
        let named = self.named_by.get(found.tf_type.as_str());
        named.is_some_and(|[parent, part]| {
            let key = text(parent).zip(text(part));
            key.is_some_and(|(parent, part)| {
                self.listed
                    .contains(&(found.tf_type.as_str(), parent, part))
            })
        })
    }

    /// Returns the resources that own an attribute of this one, or items of it.
    pub(super) fn owners_of<'s>(
        &'s self,
        parent: &'s Resource,
        owner: &Owner,
    ) -> &'s [&'s Resource] {
        let owners = parent.text(owner.key).and_then(|key| {
            let key = (owner.tf_type, owner.parent, key, owner.when);
            self.owned.get(&key)
        });
        owners.map(Vec::as_slice).unwrap_or_default()
    }
}
