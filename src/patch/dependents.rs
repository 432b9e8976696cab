//! Finds the resources that a place in the code sets.

use super::Stack;
use crate::model::{Address, DeclaredResource, Definition, Location, Parts, Site, Source};
use std::collections::HashMap;

/// An attribute of a resource.
pub(super) type Attribute<'a> = (&'a Address, &'a str);

/// How an attribute depends on a place.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Role<'a> {
    /// The place holds the value, or an argument that passes the value on.
    Value(&'a Site),
    /// An entry that is added there becomes an entry of the attribute.
    Map(&'a Site),
    /// The place holds a part of a policy's statement.
    Part,
    /// The place is the block of the resource.
    Block,
}

/// A file and the bytes of a place in it; of a block only its line.
type FileRange<'a> = (&'a str, (usize, usize));

/// The resources of a stack by the places that set them, collected once for all findings.
pub(super) struct Dependents<'a>(HashMap<FileRange<'a>, Vec<(Role<'a>, Attribute<'a>)>>);

impl<'a> Dependents<'a> {
    /// Collects the resources that the code declares.
    pub(super) fn of(stack: &Stack<'a>) -> Self {
        Self(index(stack))
    }

    /// Returns the attributes whose value a place sets.
    pub(super) fn value(&self, location: &Location) -> Vec<Attribute<'a>> {
        self.get(place(&location.source), &Role::Value(&location.site))
    }

    /// Returns the attributes whose map gets an entry that is added at a place.
    pub(super) fn map(&self, location: &Location) -> Vec<Attribute<'a>> {
        self.get(place(&location.source), &Role::Map(&location.site))
    }

    /// Returns the attributes whose policy has a part that a place sets.
    pub(super) fn part(&self, source: &Source) -> Vec<Attribute<'a>> {
        self.get(place(source), &Role::Part)
    }

    /// Returns the instances of a resource's block.
    pub(super) fn block(&self, resource: &DeclaredResource) -> Vec<Attribute<'a>> {
        self.get(block(resource), &Role::Block)
    }

    fn get(&self, place: FileRange<'_>, role: &Role<'_>) -> Vec<Attribute<'a>> {
        let found = self.0.get(&place).into_iter().flatten();
        let same = found.filter(|(own, _)| own.is(role));
        let mut attributes: Vec<_> = same.map(|(_, attribute)| *attribute).collect();
        attributes.dedup();
        attributes
    }
}

impl Role<'_> {
    /// Returns whether both roles are the same.
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

/// Returns the names of what is left out at a place, outermost first.
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

fn index<'a>(stack: &Stack<'a>) -> HashMap<FileRange<'a>, Vec<(Role<'a>, Attribute<'a>)>> {
    let mut index: HashMap<FileRange<'a>, Vec<_>> = HashMap::new();
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
            for part in parts_behind(definition) {
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

fn place(source: &Source) -> FileRange<'_> {
    (&source.file, source.span)
}

fn block(resource: &DeclaredResource) -> FileRange<'_> {
    (&resource.file, (resource.line, 0))
}

/// Returns the literals that the parts of a policy's statements, or of another text of JSON, refer to.
pub(super) fn parts_behind(definition: &Definition) -> Vec<&Definition> {
    let mut found = Vec::new();
    match &definition.parts {
        Parts::Policy(code) => {
            let statements = code.statements.iter();
            let parts = statements.flat_map(|statement| statement.parts.values());
            found.extend(parts.filter_map(|part| part.behind.as_deref()));
        }
        Parts::Json(code) => code
            .root
            .each(&mut |part| found.extend(part.behind.as_deref())),
        Parts::Whole | Parts::Items(_) | Parts::Joined => {}
    }
    found
}
