//! Which resources a place in the code sets.

use super::Stack;
use super::adopt::policy_parts;
use crate::model::{Address, DeclaredResource, Location, Site, Source};
use std::collections::HashMap;

/// An attribute of a resource.
pub(super) type Attribute<'a> = (&'a Address, &'a str);

/// What a place is to an attribute that depends on it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Role<'a> {
    /// Its value stands there, or an argument that hands the value on.
    Value(&'a Site),
    /// An entry that is added there is an entry of it.
    Map(&'a Site),
    /// A part of a policy's statement stands there.
    Part,
    /// The block of the resource itself.
    Block,
}

/// The file of a place, and its bytes; of a block its line alone.
type Place<'a> = (&'a str, (usize, usize));

/// The resources of a stack by the places that set them: looked up for all findings at once.
pub(super) struct Dependents<'a>(HashMap<Place<'a>, Vec<(Role<'a>, Attribute<'a>)>>);

impl<'a> Dependents<'a> {
    /// Of all resources that the code declares, where anything is to be edited.
    pub(super) fn of(stack: &Stack<'a>, is_needed: bool) -> Self {
        match is_needed {
            true => Self(index(stack)),
            false => Self(HashMap::new()),
        }
    }

    /// The attributes whose value a place sets.
    pub(super) fn value(&self, location: &Location) -> Vec<Attribute<'a>> {
        self.get(place(&location.source), &Role::Value(&location.site))
    }

    /// The attributes whose map has an entry that is added at a place.
    pub(super) fn map(&self, location: &Location) -> Vec<Attribute<'a>> {
        self.get(place(&location.source), &Role::Map(&location.site))
    }

    /// The attributes whose policy has a part that a place sets.
    pub(super) fn part(&self, source: &Source) -> Vec<Attribute<'a>> {
        self.get(place(source), &Role::Part)
    }

    /// The instances of a resource's block.
    pub(super) fn block(&self, resource: &DeclaredResource) -> Vec<Attribute<'a>> {
        self.get(block(resource), &Role::Block)
    }

    fn get(&self, place: Place<'_>, role: &Role<'_>) -> Vec<Attribute<'a>> {
        let found = self.0.get(&place).into_iter().flatten();
        let same = found.filter(|(own, _)| own.is(role));
        let mut attributes: Vec<_> = same.map(|(_, attribute)| *attribute).collect();
        attributes.dedup();
        attributes
    }
}

impl Role<'_> {
    /// Whether both are the same: a value that stands there is, however it is called.
    fn is(&self, other: &Role<'_>) -> bool {
        match (self, other) {
            (Self::Value(left), Role::Value(right)) | (Self::Map(left), Role::Map(right)) => {
                left_out(left) == left_out(right)
            }
            (Self::Part, Role::Part) | (Self::Block, Role::Block) => true,
            _ => false,
        }
    }
}

/// The names of what is left out at a place, outermost first.
fn left_out(site: &Site) -> Vec<&str> {
    match site {
        Site::LeftOutArgument(argument) => {
            let steps = argument.steps.iter().map(String::as_str);
            std::iter::once(argument.name.as_str())
                .chain(steps)
                .collect()
        }
        Site::LeftOutEntry(keys) => keys.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

fn index<'a>(stack: &Stack<'a>) -> HashMap<Place<'a>, Vec<(Role<'a>, Attribute<'a>)>> {
    let mut index: HashMap<Place<'a>, Vec<_>> = HashMap::new();
    for (address, resource) in &stack.declared.resources {
        if stack.options.interrupt.is_raised() {
            break;
        }
        let mut add = |place, role, path| {
            let attributes = index.entry(place).or_default();
            attributes.push((role, (address, path)));
        };
        add(block(resource), Role::Block, "");
        for (path, definition) in &resource.attributes {
            if !matches!(definition.site, Site::Refused(_)) {
                add(
                    place(&definition.source),
                    Role::Value(&definition.site),
                    path,
                );
            }
            for part in policy_parts(definition) {
                add(place(&part.source), Role::Part, path);
            }
            for argument in definition.arguments() {
                add(place(&argument.source), Role::Value(&argument.site), path);
            }
            for map in definition.maps() {
                add(place(&map.source), Role::Map(&map.site), path);
            }
        }
    }
    index
}

fn place(source: &Source) -> Place<'_> {
    (&source.file, source.span)
}

fn block(resource: &DeclaredResource) -> Place<'_> {
    (&resource.file, (resource.line, 0))
}
