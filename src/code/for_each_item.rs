//! Finds the element of a literal of which a computed `for_each` makes an instance.

use super::element::{Element, ElementKey, scopes};
use super::flattened::FlatItem;
use super::handed_on::is_literal;
use super::scope::{Each, Scope};
use super::trace::{self, End, MAX_CHAIN, trace};
use crate::model::Source;
use hcl_edit::expr::Expression;

impl Each<'_> {
    /// Returns the element of a literal of which a computed `for_each` makes this instance; `None` where there is none, and
    /// where `for_each` is a literal itself.
    pub(super) fn item(&self) -> Option<Source> {
        if trace::collection(self).is_some() {
            return None;
        }
        let (scope, _) = self.collection.computed(MAX_CHAIN)?.get(&*self.key)?;
        scope.innermost()?.origin(MAX_CHAIN)
    }
}

impl Element<'_> {
    /// Returns the literal that it is, or the one of which a `for` makes it.
    fn origin(&self, left: usize) -> Option<Source> {
        let left = left.checked_sub(1)?;
        let collection = &self.collection;
        let index = match &self.key {
            ElementKey::Index(index) => *index,
            ElementKey::Name(name) => {
                return match collection.computed(left).and_then(|all| all.get(&**name)) {
                    Some((scope, _)) => scope.innermost()?.origin(left),
                    None => literal(&self.end(left).ok()?),
                };
            }
        };
        if let Some(items) = collection.flattened(left) {
            return match items.get(index)? {
                FlatItem::Code(scope, item) => of_item(scope, item, left),
                FlatItem::FileValue(given) => Some(given.source.clone()),
                FlatItem::Computed => None,
            };
        }
        match trace(&collection.scope, collection.expression, left).ok()? {
            End::Code(scope, Expression::ForExpr(each), _) => {
                let scope = scopes(&scope, each)?.nth(index)??;
                scope.innermost()?.origin(left)
            }
            _ => literal(&self.end(left).ok()?),
        }
    }
}

/// Returns the literal of which a `for` makes an item of `flatten`, or the item itself outside of any.
fn of_item<'a>(scope: &Scope<'a>, item: &'a Expression, left: usize) -> Option<Source> {
    match scope.innermost() {
        Some(element) => element.origin(left),
        None => literal(&trace(scope, item, left).ok()?),
    }
}

/// Returns the place of the literal at the end of a trace.
fn literal(end: &End<'_>) -> Option<Source> {
    match end {
        End::Code(scope, literal, _)
            if matches!(literal, Expression::Array(_) | Expression::Object(_))
                || is_literal(literal) =>
        {
            Some(trace::source(scope, literal))
        }
        End::FileValue(given, _) => Some(given.source.clone()),
        _ => None,
    }
}
