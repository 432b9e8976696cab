//! Estimates the memory of values before they are copied: upper bounds.

use super::number::Number;
use super::typed::Typed;
use super::types::Type;
use crate::model::{
    Address, Alternatives, DeclaredResource, Definition, Key, LeftOutArgument, Location,
    ModuleStep, OptionalParts, Part, Parts, Site, Source, StatementCode, Uneditable, Value,
};

/// A value without its heap memory, in a list that may have grown to twice its length.
pub(super) const VALUE: usize = 2 * size_of::<Typed>();
/// The allocator's overhead of a string.
const TEXT: usize = 16;
/// The capacity of a map's first node.
const ROOM: usize = 12;
/// A map that is not empty, without its entries.
pub(super) const MAP: usize = ROOM * (size_of::<String>() + size_of::<Typed>());
/// An entry of a map: its share of a half-full node, and its key.
pub(super) const ENTRY: usize = 2 * (size_of::<String>() + size_of::<Typed>()) + TEXT;
/// A value without types, in such a list.
const PLAIN: usize = 2 * size_of::<Value>();
/// An entry of a map without types, which is such a list.
const PLAIN_ENTRY: usize = 2 * (size_of::<String>() + size_of::<Value>()) + TEXT;
/// The heap memory of a number that is not a small integer.
pub(super) const NUMBER: usize = 192;
/// A definition, without the place that holds it.
const DEFINITION: usize = 2 * TEXT;
/// A resource with its share of a map.
const RESOURCE: usize = 2 * (size_of::<Address>() + size_of::<DeclaredResource>());
/// A policy statement with the map of its parts.
const STATEMENT: usize =
    2 * size_of::<StatementCode>() + ROOM * (size_of::<String>() + size_of::<Part>());
/// The work of a number that is not a small integer, in items.
const LARGE_NUMBER: usize = 32;
/// The bytes of text that count as one item of work.
const ITEM: usize = 16;

/// The work of looking at one instance of what an expression refers to.
pub(super) const REFERRED: usize = 4;

/// The bytes of text that are searched for one step of work.
pub(super) const LOOKED_AT: usize = 64;

/// The size of a value.
///
/// Types count where a value has no element of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Bytes of memory, at most.
    pub bytes: usize,
    /// Values and pieces of text: the work of building or walking it.
    pub items: usize,
    /// The nesting of lists and maps.
    pub depth: usize,
}

impl Size {
    /// Measures a value without types.
    pub(super) fn of(value: &Value) -> Self {
        let own = Self {
            bytes: PLAIN,
            items: 1,
            depth: 0,
        };
        match value {
            Value::String(text) => Self {
                bytes: PLAIN + TEXT + text.len(),
                items: 1 + text.len() / ITEM,
                depth: 0,
            },
            Value::List(items) => items
                .iter()
                .fold(own, |all, item| all.with(0, Self::of(item))),
            Value::Map(entries) if entries.is_empty() => own,
            Value::Map(entries) => {
                let own = Self {
                    bytes: PLAIN + TEXT,
                    ..own
                };
                let entries = entries.iter();
                entries.fold(own, |all, (key, value)| {
                    all.with(PLAIN_ENTRY + key.len(), Self::of(value))
                })
            }
            _ => own,
        }
    }

    /// Measures a value with its types.
    pub(super) fn of_typed(value: &Typed) -> Self {
        let own = Self {
            bytes: VALUE,
            items: 1,
            depth: 0,
        };
        match value {
            Typed::Null(kind) | Typed::Unknown(kind) => own.with_type(kind),
            Typed::Bool(_) => own,
            Typed::Number(number) => match **number {
                Number::Small(_) => own,
                Number::Large(_) => Self {
                    bytes: VALUE + NUMBER,
                    items: LARGE_NUMBER,
                    ..own
                },
            },
            Typed::String(text) => Self {
                bytes: self::text(text.len()),
                items: 1 + text.len() / ITEM,
                depth: 0,
            },
            Typed::List(kind, items) | Typed::Set(kind, items) if items.is_empty() => {
                own.with_type(kind)
            }
            Typed::Map(kind, entries) if entries.is_empty() => own.with_type(kind),
            Typed::List(_, items) | Typed::Set(_, items) | Typed::Tuple(items) => {
                let items = items.iter();
                items.fold(own, |all, item| all.with(0, Self::of_typed(item)))
            }
            Typed::Object(entries) if entries.is_empty() => own,
            Typed::Map(_, entries) | Typed::Object(entries) => {
                let own = Self {
                    bytes: VALUE + MAP,
                    ..own
                };
                let entries = entries.iter();
                entries.fold(own, |all, (key, value)| {
                    let entry = all.with(ENTRY + key.len(), Self::of_typed(value));
                    Self {
                        items: entry.items + 1 + key.len() / ITEM,
                        ..entry
                    }
                })
            }
        }
    }

    fn with_type(self, kind: &Type) -> Self {
        let parts = parts_of(kind);
        Self {
            bytes: self.bytes + parts * ENTRY,
            items: self.items + parts,
            ..self
        }
    }

    /// Adds a part, and the bytes that hold it.
    fn with(self, holder: usize, part: Self) -> Self {
        Self {
            bytes: self.bytes + holder + part.bytes,
            items: self.items + part.items,
            depth: self.depth.max(part.depth + 1),
        }
    }
}

/// Returns the number of types in a type; 0 for a primitive one.
fn parts_of(kind: &Type) -> usize {
    match kind {
        Type::Any | Type::Bool | Type::Number | Type::String => 0,
        Type::List(element) | Type::Set(element) | Type::Map(element) => 1 + parts_of(element),
        Type::Tuple(elements) => elements.iter().map(|kind| 1 + parts_of(kind)).sum(),
        Type::Object(attributes) => {
            let attributes = attributes.values();
            attributes
                .map(|attribute| 2 + parts_of(&attribute.of))
                .sum()
        }
    }
}

/// Returns the bytes that a text takes as a value.
pub(super) fn text(length: usize) -> usize {
    VALUE + TEXT + length
}

/// Returns the bytes that the steps to a module take.
pub(super) fn steps(steps: &[ModuleStep]) -> usize {
    let step = |step: &ModuleStep| size_of::<ModuleStep>() + step.name.len() + key(&step.key);
    steps.iter().map(step).sum()
}

/// Returns the bytes that the text of a key takes.
fn key(key: &Option<Key>) -> usize {
    match key {
        Some(Key::Name(name)) => TEXT + name.len(),
        _ => 0,
    }
}

/// Returns the bytes that a resource takes under its address.
pub(super) fn resource(address: &Address, resource: &DeclaredResource) -> usize {
    let names = address.tf_type.len() + address.name.len() + resource.file.len();
    let attributes = resource.attributes.iter();
    let ignored = resource.ignore_changes.iter();
    RESOURCE
        + places(attributes.len())
        + names
        + steps(&address.modules)
        + key(&address.key)
        + resource.for_each.as_ref().map_or(0, source)
        + resource.for_each_item.as_ref().map_or(0, source)
        + resource.call.as_ref().map_or(0, source)
        + ignored.map(|path| VALUE + path.len()).sum::<usize>()
        + attributes
            .map(|(path, found)| path.len() + definition(found))
            .sum::<usize>()
}

/// Returns the bytes of the places for definitions in a map: its first node, or half-full ones.
fn places(definitions: usize) -> usize {
    ROOM.max(2 * definitions) * (size_of::<String>() + size_of::<Definition>())
}

fn source(source: &Source) -> usize {
    TEXT + source.file.len()
}

fn definition(definition: &Definition) -> usize {
    let more = definition.arguments().iter().chain(definition.maps());
    DEFINITION
        + Size::of(&definition.value).bytes
        + source(&definition.source)
        + site(&definition.site)
        + more.map(location).sum::<usize>()
        + size_of::<Alternatives>() * usize::from(definition.alternatives.is_some())
        + parts(&definition.parts)
}

fn location(location: &Location) -> usize {
    size_of::<Location>() + source(&location.source) + site(&location.site)
}

fn site(site: &Site) -> usize {
    match site {
        Site::Refused(why) => size_of::<Uneditable>() + TEXT + why.to_string().len(),
        Site::LeftOutEntry(keys) => keys.iter().map(|key| ENTRY + key.len()).sum(),
        Site::LeftOutArgument(argument) => {
            let steps = argument.steps.iter().map(|step| ENTRY + step.len());
            let default = Size::of(&argument.default).bytes;
            let own = size_of::<LeftOutArgument>() + argument.name.len();
            own + default + optional(&argument.optional) + steps.sum::<usize>()
        }
        _ => 0,
    }
}

fn optional(parts: &OptionalParts) -> usize {
    let attributes = parts.attributes.iter().map(|(name, attribute)| {
        let default = attribute.default.as_ref();
        let default = default.map_or(0, |default| Size::of(default).bytes);
        ENTRY + name.len() + default + optional(&attribute.parts)
    });
    let of_elements = parts.of_elements.as_deref().map_or(0, optional);
    size_of::<OptionalParts>() + attributes.sum::<usize>() + of_elements
}

fn parts(parts: &Parts) -> usize {
    let part = |part: &Part| {
        let behind = part.behind.as_deref();
        let behind = behind.map_or(0, |behind| size_of::<Definition>() + definition(behind));
        size_of::<Part>() + Size::of(&part.value).bytes + behind
    };
    match parts {
        Parts::Whole | Parts::Joined => 0,
        Parts::Items(items) => items.iter().map(part).sum(),
        Parts::Policy(code) => {
            let statements = code.statements.iter().map(|statement| {
                let named = statement.parts.iter();
                STATEMENT
                    + part(&statement.whole)
                    + named
                        .map(|(name, inner)| ENTRY + name.len() + part(inner))
                        .sum::<usize>()
            });
            statements.sum()
        }
        Parts::Json(code) => {
            let mut bytes = code.root.size();
            code.root.each(&mut |inner| bytes += part(inner));
            bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_as_large_as_all_that_it_owns() {
        let text = Value::from("x".repeat(1000));
        let list = Value::List(vec![text.clone(); 3]);
        let map = Value::map([("key", list.clone())]);
        assert_eq!(Size::of(&text).depth, 0);
        assert_eq!(Size::of(&list).depth, 1);
        assert_eq!(Size::of(&map).depth, 2);
        assert!(Size::of(&list).bytes > 3 * Size::of(&text).bytes);
        assert!(Size::of(&map).bytes > Size::of(&list).bytes + ENTRY);
        assert_eq!(Size::of(&list).items, 1 + 3 * Size::of(&text).items);
    }
}
