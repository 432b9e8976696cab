//! Removes an element that a `dynamic` block repeats: the entry of a literal map goes, or the item of a literal list.

use super::blocks::Blocks;
use super::list::{Change, List};
use super::location::File;
use super::map::take_out_entry;
use crate::model::{Edit, Site, Source};
use hcl_edit::Span;
use hcl_edit::expr::{Array, Expression, Object};

/// A part of a literal.
#[derive(Clone, Copy)]
enum Element<'b> {
    /// An entry of a map, by its position.
    Entry(&'b Object, usize),
    /// An item of a list, by its position.
    Item(&'b Array, usize),
}

impl Blocks<'_> {
    /// Returns the edit that removes the element from which a block gets its parts; `None` where these are not in one
    /// literal. Whatever else reads that literal is compared by the verification.
    pub(super) fn without_element(&self, at: usize) -> Option<Edit> {
        let prefix = format!("{}[{at}].", self.name);
        let parts = self.declared.attributes.iter();
        let parts = parts.filter(|(path, _)| path.starts_with(&prefix));
        let literals = parts.filter(|(_, part)| part.site == Site::MapEntry);
        let sources: Vec<&Source> = literals.map(|(_, part)| &part.source).collect();
        let (first, others) = sources.split_first()?;
        if others.iter().any(|other| other.file != first.file) {
            return None;
        }
        let file = File::open(self.stack.tree, &first.file).ok()?;
        let mut around = Vec::new();
        elements(file.value_around(first.span)?, &sources, &mut around);
        let objects = around.iter().rev().find(|element| element.is_object());
        let element = objects.or(around.last())?;
        match *element {
            Element::Entry(object, at) => take_out_entry(&file, object, at),
            Element::Item(items, at) => {
                let span = items.span()?;
                let list = List::open(file.page.text.get(span.clone())?)?;
                let change = |own| match own == at {
                    true => Change::Remove,
                    false => Change::Keep,
                };
                let changes: Vec<_> = (0..items.len()).map(change).collect();
                Some(file.page.edit(span, list.changed(&changes)?))
            }
        }
    }
}

impl Element<'_> {
    fn is_object(&self) -> bool {
        let value = match self {
            Self::Entry(object, at) => object.iter().nth(*at).map(|(_, value)| value.expr()),
            Self::Item(items, at) => items.get(*at),
        };
        matches!(value, Some(Expression::Object(_)))
    }
}

/// Collects the elements whose values hold all of these places, the outermost first.
fn elements<'b>(expression: &'b Expression, places: &[&Source], found: &mut Vec<Element<'b>>) {
    let holds_all = |value: &Expression| {
        let own = value.span().unwrap_or_default();
        let mut places = places.iter().map(|place| place.span);
        places.all(|(start, end)| own.start <= start && end <= own.end)
    };
    let inner = match expression {
        Expression::Object(object) => {
            let mut values = object.iter().map(|(_, value)| value.expr()).enumerate();
            let inner = values.find(|(_, value)| holds_all(value));
            found.extend(inner.map(|(at, _)| Element::Entry(object, at)));
            inner.map(|(_, value)| value)
        }
        Expression::Array(items) => {
            let inner = items.iter().enumerate().find(|(_, item)| holds_all(item));
            found.extend(inner.map(|(at, _)| Element::Item(items, at)));
            inner.map(|(_, item)| item)
        }
        Expression::Parenthesis(inner) => Some(inner.inner()),
        Expression::FuncCall(call) => call.args.iter().find(|argument| holds_all(argument)),
        _ => None,
    };
    if let Some(inner) = inner {
        elements(inner, places, found);
    }
}
