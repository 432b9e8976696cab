//! Sets: each element once, in the order in which Terraform walks them.

use super::budget::{Budget, Excess};
use super::fault::Evaluated;
use super::size::Size;
use super::typed::Typed;
use super::types::Type;
use std::cmp::Ordering;

/// What a byte becomes at most where a text is quoted.
const ESCAPED: usize = 8;
/// What stands around each element.
const MARKS: usize = 8;
/// The digits that a number has usually, at most.
const NUMBER: usize = 192;

/// A set of elements that are of one type already.
pub(super) fn new(element: Type, items: Vec<Typed>, budget: &Budget) -> Evaluated {
    take_keys(&items, budget)?;
    let mut keyed: Vec<_> = items
        .into_iter()
        .map(|item| (Key::of(&item), item))
        .collect();
    keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
    keyed.dedup_by(|(left, item), (right, _)| left == right && !item.has_unknown());
    let items = keyed.into_iter().map(|(_, item)| item).collect();
    Ok(Typed::Set(element, items))
}

/// Asks for the keys of elements, before they are made.
pub(super) fn take_keys(items: &[Typed], budget: &Budget) -> Result<(), Excess> {
    for item in items {
        let size = Size::of_typed(item);
        budget.work(size.items)?;
        budget.take(size.bytes + length(item))?;
    }
    Ok(())
}

/// The length of the text that stands for a value, at most.
fn length(value: &Typed) -> usize {
    match value {
        Typed::String(text) => ESCAPED * text.len(),
        Typed::Number(_) => NUMBER,
        Typed::Map(_, entries) | Typed::Object(entries) => {
            let entry =
                |(key, value): (&String, &Typed)| ESCAPED * key.len() + MARKS + length(value);
            entries.iter().map(entry).sum()
        }
        other => {
            let items = other.items().unwrap_or_default().iter();
            items.map(|item| MARKS + length(item)).sum()
        }
    }
}

/// What the order of a set goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(super::number::Number),
    /// A text, or the text that stands for a list, a map or an object.
    Text(String),
    /// What is not known comes after all that is.
    Unknown,
    /// Null comes last.
    Null,
}

impl Key {
    /// The key of an element.
    pub(super) fn of(item: &Typed) -> Self {
        match item {
            Typed::Null(_) => Self::Null,
            Typed::Unknown(_) => Self::Unknown,
            Typed::Bool(flag) => Self::Bool(*flag),
            Typed::Number(number) => Self::Number(number.clone()),
            Typed::String(text) => Self::Text(text.clone()),
            other => {
                let mut text = String::new();
                write(other, &mut text);
                Self::Text(text)
            }
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) | Self::Number(_) | Self::Text(_) => 0,
            Self::Unknown => 1,
            Self::Null => 2,
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            // Elements of one set are of one type.
            (left, right) => left.rank().cmp(&right.rank()),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Writes the text that stands for a value in the order of a set, as Terraform's own library makes it.
fn write(value: &Typed, text: &mut String) {
    match value {
        Typed::Null(_) => text.push('~'),
        Typed::Unknown(_) => text.push('?'),
        Typed::Bool(flag) => text.push(if *flag { 'T' } else { 'F' }),
        Typed::Number(number) => text.push_str(&number.to_string()),
        Typed::String(quoted) => text.push_str(&format!("{quoted:?}")),
        Typed::List(_, items) | Typed::Set(_, items) => {
            text.push('[');
            items.iter().for_each(|item| write_next(item, text));
            text.push(']');
        }
        Typed::Tuple(items) => {
            text.push('<');
            items.iter().for_each(|item| write_next(item, text));
            text.push('>');
        }
        Typed::Map(_, entries) => {
            text.push('{');
            for (key, value) in entries {
                text.push_str(&format!("{key:?}:"));
                write_next(value, text);
            }
            text.push('}');
        }
        Typed::Object(entries) => {
            text.push('<');
            entries.values().for_each(|value| write_next(value, text));
            text.push('>');
        }
    }
}

fn write_next(value: &Typed, text: &mut String) {
    write(value, text);
    text.push(';');
}
