//! Which resources a place in the code sets.

use super::Stack;
use super::adopt::policy_parts;
use crate::model::{Address, DeclaredResource, Location, Site, Source};
use std::collections::BTreeMap;

/// An attribute of a resource.
pub(super) type Attribute<'a> = (&'a Address, &'a str);

/// What a place is to the resources that it sets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    /// The value, or the argument that hands it on.
    Value,
    /// A left-out argument or entry, with the entries that lead on from it.
    LeftOut(Vec<String>),
    /// The block of the resource itself.
    Block,
    /// A part of a policy's statement.
    Part,
}

/// A place, and whether entries can be added to what stands there.
type Place = (String, (usize, usize), Role, bool);

/// The resources of a stack by the places that set them: looked up once for all findings.
pub(super) struct Feeds<'a>(BTreeMap<Place, Vec<Attribute<'a>>>);

impl<'a> Feeds<'a> {
    /// Of all resources that the code declares.
    pub(super) fn of(stack: &Stack<'a>) -> Self {
        let mut feeds = Self(BTreeMap::new());
        let resources = stack.declared.resources.iter();
        for (address, resource) in resources {
            if stack.options.interrupt.is_raised() {
                break;
            }
            feeds.add(block(resource), (address, ""));
            for (path, definition) in &resource.attributes {
                let attribute = (address, path.as_str());
                if !matches!(definition.site, Site::Refused(_)) {
                    let own = place(&definition.source, &definition.site, false);
                    feeds.add(own, attribute);
                }
                for part in policy_parts(definition) {
                    let source = &part.source;
                    let place = (source.file.clone(), source.span, Role::Part, false);
                    feeds.add(place, attribute);
                }
                for argument in definition.arguments() {
                    feeds.add(place(&argument.source, &argument.site, false), attribute);
                }
                for map in definition.maps() {
                    feeds.add(place(&map.source, &map.site, true), attribute);
                }
            }
        }
        feeds
    }

    fn add(&mut self, place: Place, attribute: Attribute<'a>) {
        let attributes = self.0.entry(place).or_default();
        if attributes.last() != Some(&attribute) {
            attributes.push(attribute);
        }
    }

    /// The attributes whose value a place sets.
    pub(super) fn value(&self, location: &Location) -> &[Attribute<'a>] {
        self.get(&place(&location.source, &location.site, false))
    }

    /// The attributes whose policy has a part that a place sets.
    pub(super) fn part(&self, source: &Source) -> &[Attribute<'a>] {
        self.get(&(source.file.clone(), source.span, Role::Part, false))
    }

    /// The attributes whose map has an entry that is added at a place.
    pub(super) fn map(&self, location: &Location) -> &[Attribute<'a>] {
        self.get(&place(&location.source, &location.site, true))
    }

    /// The instances of a resource's block.
    pub(super) fn block(&self, resource: &DeclaredResource) -> &[Attribute<'a>] {
        self.get(&block(resource))
    }

    fn get(&self, place: &Place) -> &[Attribute<'a>] {
        self.0.get(place).map(Vec::as_slice).unwrap_or_default()
    }
}

fn place(source: &Source, site: &Site, is_map: bool) -> Place {
    let role = match site {
        Site::LeftOutArgument(argument) => {
            let names = std::iter::once(&argument.name).chain(&argument.steps);
            Role::LeftOut(names.cloned().collect())
        }
        Site::LeftOutEntry(keys) => Role::LeftOut(keys.clone()),
        _ => Role::Value,
    };
    (source.file.clone(), source.span, role, is_map)
}

fn block(resource: &DeclaredResource) -> Place {
    let line = (resource.line, 0);
    (resource.file.clone(), line, Role::Block, false)
}
