//! Finds the elements of literal maps and lists that hold a place in the code, and removes one.

use super::location::File;
use super::map::{take_out_entry, take_out_parts};
use crate::model::{Edit, Source};
use hcl_edit::Span;
use hcl_edit::expr::{Array, Expression, Object};

/// A part of a literal.
#[derive(Clone, Copy)]
pub(super) enum Element<'b> {
    /// An entry of a map, by its position.
    Entry(&'b Object, usize),
    /// An item of a list, by its position.
    Item(&'b Array, usize),
}

impl Element<'_> {
    /// Returns where the literal starts.
    pub(super) fn start(&self) -> Option<usize> {
        let span = match self {
            Self::Entry(object, _) => object.span(),
            Self::Item(items, _) => items.span(),
        };
        Some(span?.start)
    }

    pub(super) fn position(&self) -> usize {
        match self {
            Self::Entry(_, at) | Self::Item(_, at) => *at,
        }
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self.value(), Some(Expression::Object(_)))
    }

    fn value(&self) -> Option<&Expression> {
        match self {
            Self::Entry(object, at) => object.iter().nth(*at).map(|(_, value)| value.expr()),
            Self::Item(items, at) => items.get(*at),
        }
    }
}

/// Collects the elements whose values hold all of these places, the outermost first.
pub(super) fn elements<'b>(
    expression: &'b Expression,
    places: &[&Source],
    found: &mut Vec<Element<'b>>,
) {
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

/// Returns the edit that removes the entry or item at a place; `None` where none is there, or it shares its lines with a
/// comment.
pub(super) fn take_out(file: &File<'_>, place: &Source) -> Option<Edit> {
    let mut around = Vec::new();
    elements(file.value_around(place.span)?, &[place], &mut around);
    let element = around.last()?;
    let value = element.value()?.span()?;
    if (value.start, value.end) != place.span {
        return None;
    }
    match *element {
        Element::Entry(object, at) => take_out_entry(file.page, object, at),
        Element::Item(items, at) => {
            let all: Option<Vec<_>> = items.iter().map(Span::span).collect();
            let mut edits = take_out_parts(file.page, &all?, &[at])?;
            edits.pop().filter(|_| edits.is_empty())
        }
    }
}
