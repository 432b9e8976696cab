//! Finds the slots in the code that may set an attribute, and the other resources that each slot sets.

use super::dependents::Dependents;
use super::location::File;
use super::path::{self, Step};
use super::refusal::{Refusal, Shared};
use super::siblings::Siblings;
use super::verify::ExpectedValue;
use super::write::Entry;
use super::{Stack, local_values};
use crate::model::{
    Address, Attribute, DeclaredResource, Definition, Difference, Finding, Location, Nesting,
    Shape, Site, Source, TAGS_ALL, Type, Uneditable, Value, entry_path,
};
use hcl_edit::Span;
use std::collections::BTreeMap;

/// One attribute of one resource.
pub(super) struct Target<'a> {
    pub address: &'a Address,
    pub path: &'a str,
    pub name: &'a str,
    pub steps: Vec<Step>,
    pub resource: &'a DeclaredResource,
    /// The value that the state records, where it differs from AWS's.
    pub recorded: Option<&'a Value>,
    /// Whether others share its text: only literals that this refers to are edited.
    pub is_shared: bool,
}

/// A place where an attribute may be written.
#[derive(Debug, Clone)]
pub(super) enum Slot {
    /// The place of its value, or of its future value.
    Value(Location),
    /// A missing entry of the map at this place.
    Entry(Location),
    /// A reference to another resource, in the resource's own block.
    Reference(Location),
    /// The resource's own block, or a nested one, which lacks the attribute.
    Block,
}

impl<'a> Target<'a> {
    /// # Errors
    /// Why there is no place to write to.
    pub(super) fn find(
        finding: &'a Finding,
        path: &'a str,
        stack: &Stack<'a>,
    ) -> Result<Self, Refusal> {
        let address = finding.address.as_ref().ok_or(Refusal::UnmanagedResource)?;
        let resource = stack.declared.resources.get(address);
        let resource = resource.ok_or_else(|| Refusal::NotEvaluated(Box::new(address.clone())))?;
        let parsed = path::parse(path);
        let (name, steps) = parsed.ok_or_else(|| Refusal::NoPath(path.to_owned()))?;
        if name == TAGS_ALL {
            return Err(Refusal::DefaultTags(path.to_owned()));
        }
        let mut differences = finding.attributes.iter();
        let difference = differences.find(|difference| difference.path == path);
        Ok(Self {
            recorded: difference.map(|difference| &difference.recorded),
            address,
            path,
            name,
            steps,
            resource,
            is_shared: false,
        })
    }

    /// Returns the bytes of the resource's block.
    pub(super) fn span(&self, stack: &Stack<'_>) -> Option<(usize, usize)> {
        let file = File::open(stack.tree, &self.resource.file).ok()?;
        let span = file.resource(self.address)?.span()?;
        Some((span.start, span.end))
    }

    /// Returns the definition of the value in the code, if there is one.
    pub(super) fn definition(&self) -> Option<&'a Definition> {
        self.resource.attributes.get(self.path)
    }

    /// Returns the slots that may set the attribute, the one that a person would edit first.
    pub(super) fn slots(&self) -> Vec<Slot> {
        let map = match self.steps.as_slice() {
            [Step::Key(_)] => self.resource.attributes.get(self.name),
            _ => None,
        };
        let entries = map.into_iter().flat_map(|map| map.maps());
        let entries = entries.cloned().map(Slot::Entry);
        match (self.definition(), map) {
            (Some(found), _) => {
                let own = Location {
                    source: found.source.clone(),
                    site: found.site.clone(),
                };
                let values = std::iter::once(own).chain(found.arguments().iter().cloned());
                // What a later map says wins over what an earlier one does.
                let written = values.map(Slot::Value).chain(entries);
                written.chain(self.foreign(found)).collect()
            }
            (None, Some(map)) if map.maps().is_empty() => vec![Slot::Entry(Location {
                source: map.source.clone(),
                site: map.site.clone(),
            })],
            (None, Some(_)) => entries.collect(),
            (None, None) => vec![Slot::Block],
        }
    }

    /// Checks that a map at a place has none of these entries, which are new to it.
    ///
    /// # Errors
    /// An entry is there already, perhaps under a key that is computed.
    pub(super) fn is_free(
        &self,
        (has_key, has_computed_keys): (&dyn Fn(&str) -> bool, bool),
        entries: &[Entry],
        map: &Source,
    ) -> Result<(), Refusal> {
        let is_computed = has_computed_keys && self.definition().is_some();
        let there = entries.iter().find(|(key, _)| is_computed || has_key(key));
        there.map_or(Ok(()), |(key, _)| {
            Err(Refusal::EntryThere {
                path: entry_path(self.name, key),
                place: map.place(),
            })
        })
    }

    /// Returns the slot of a reference to another resource, or to what a data source or module tells, in the resource's
    /// own block.
    fn foreign(&self, found: &Definition) -> Option<Slot> {
        let Site::Refused(why) = &found.site else {
            return None;
        };
        let (Uneditable::Foreign { text, place } | Uneditable::Output { text, place, .. }) =
            why.as_ref()
        else {
            return None;
        };
        let is_own = found.source.file == self.resource.file && *place == found.source.place();
        let is_handed_on = ["var.", "local."].iter().any(|root| text.starts_with(root));
        (is_own && !is_handed_on && !self.is_entry()).then(|| {
            Slot::Reference(Location {
                source: found.source.clone(),
                site: Site::Literal,
            })
        })
    }

    /// Returns the name of the attribute itself, without those around it.
    pub(super) fn last_name(&self) -> Option<&str> {
        match self.steps.last() {
            None => Some(self.name),
            Some(Step::Key(part)) => Some(part),
            Some(Step::Index(_)) => None,
        }
    }

    /// Returns every attribute that a slot sets, including this one: its resource, and its path.
    fn set_by(&self, slot: &Slot, dependents: &Dependents<'_>) -> Vec<(Address, String)> {
        let owned = |(address, path): (&Address, &str)| (address.clone(), path.to_owned());
        let mut set_by: Vec<_> = match slot {
            Slot::Value(location) => dependents.value(location).into_iter().map(owned).collect(),
            Slot::Entry(location) => {
                let below = &self.path[self.name.len()..];
                let maps = dependents.map(location).into_iter();
                maps.map(|(address, path)| (address.clone(), format!("{path}{below}")))
                    .collect()
            }
            Slot::Block | Slot::Reference(_) => {
                let instances = dependents.block(self.resource).into_iter();
                instances
                    .map(|(address, _)| (address.clone(), self.path.to_owned()))
                    .collect()
            }
        };
        let own = (self.address.clone(), self.path.to_owned());
        if !set_by.contains(&own) {
            set_by.push(own);
        }
        set_by
    }

    /// Checks that everything that a slot sets needs the same value.
    ///
    /// # Errors
    /// The resources that need another value.
    pub(super) fn agree(
        &self,
        slot: &Slot,
        (dependents, siblings): (&Dependents<'_>, &Siblings<'_>),
        same: &dyn Fn(&Difference) -> bool,
    ) -> Result<(), Refusal> {
        let wants = |(address, path): &(Address, String)| {
            let mut differences = siblings.differences(address);
            differences.any(|difference| difference.path == *path && same(difference))
        };
        let set_by = self.set_by(slot, dependents);
        let mut others: Vec<_> = set_by
            .into_iter()
            .filter(|attribute| !wants(attribute))
            .map(|(address, _)| address)
            .collect();
        others.dedup();
        self.unless_shared(others)
    }

    /// Checks that a slot sets this resource alone.
    ///
    /// # Errors
    /// The other resources.
    pub(super) fn alone(&self, slot: &Slot, dependents: &Dependents<'_>) -> Result<(), Refusal> {
        let set_by = self.set_by(slot, dependents).into_iter();
        let others = set_by.map(|(address, _)| address);
        self.unless_shared(others.filter(|other| other != self.address).collect())
    }

    fn unless_shared(&self, others: Vec<Address>) -> Result<(), Refusal> {
        if others.is_empty() {
            return Ok(());
        }
        Err(Refusal::Shared(Box::new(Shared {
            path: self.path.to_owned(),
            others,
            call: self.resource.call.clone(),
        })))
    }

    /// Returns the values that the code has once a slot is written.
    pub(super) fn expected_values(
        &self,
        slot: &Slot,
        value: &Value,
        dependents: &Dependents<'_>,
    ) -> Vec<ExpectedValue> {
        let of = |(address, path): (Address, String)| ExpectedValue::of(&address, &path, value);
        self.set_by(slot, dependents)
            .into_iter()
            .filter_map(of)
            .collect()
    }

    /// Returns whether the path leads to blocks within a nested block.
    pub(super) fn is_inner_block(&self, stack: &Stack<'_>) -> bool {
        let schema = stack.catalog.get(&self.address.tf_type);
        let outer = schema.and_then(|schema| schema.attributes.get(self.name));
        let keys = self.steps.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key),
            Step::Index(_) => None,
        });
        let inner = keys.fold(outer, |outer, key| match &outer?.shape {
            Shape::Block(_, parts) => parts.get(key),
            Shape::Plain(_) => None,
        });
        let is_block = |attribute: &Attribute| matches!(attribute.shape, Shape::Block(..));
        !self.steps.is_empty() && inner.is_some_and(is_block)
    }

    /// Returns the parts of the nested blocks at the path; `None` where there are no blocks.
    pub(super) fn block(&self, stack: &Stack<'_>) -> Option<BTreeMap<String, Attribute>> {
        let schema = stack.catalog.get(&self.address.tf_type)?;
        let shape = &schema.attributes.get(self.name)?.shape;
        let of_type = |(name, of): (&String, &Type)| {
            let part = Attribute {
                shape: Shape::Plain(of.clone()),
                required: false,
                optional: true,
                computed: true,
                sensitive: false,
            };
            (name.clone(), part)
        };
        match shape {
            _ if !self.steps.is_empty() => None,
            Shape::Block(Nesting::Set | Nesting::List, parts) => Some(parts.clone()),
            // Attributes that code writes as blocks.
            Shape::Plain(Type::Set(of)) => match of.as_ref() {
                Type::Object(parts) => Some(parts.iter().map(of_type).collect()),
                _ => None,
            },
            Shape::Block(..) | Shape::Plain(_) => None,
        }
    }
}

impl Slot {
    /// Returns the place of the value, or of the map.
    pub(super) fn location(&self) -> Option<&Location> {
        match self {
            Self::Value(location) | Self::Entry(location) | Self::Reference(location) => {
                Some(location)
            }
            Self::Block => None,
        }
    }

    /// Checks that something can be written into a slot of this resource, whatever it is.
    ///
    /// # Errors
    /// Why nothing can.
    pub(super) fn check(
        &self,
        resource: &DeclaredResource,
        stack: &Stack<'_>,
    ) -> Result<(), Refusal> {
        match self.location() {
            Some(Location {
                site: Site::Refused(why),
                ..
            }) => Err(Refusal::Uneditable {
                why: Uneditable::clone(why),
                call: resource.call.clone(),
            }),
            Some(Location {
                site: Site::Local,
                source,
            }) if matches!(self, Self::Value(_)) => local_values::check(source, stack),
            _ => Ok(()),
        }
    }
}
