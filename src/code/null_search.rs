//! Finds arguments that are null by the default of a variable while the state holds a value.

use super::derivation::{Derivation, derivation};
use super::element;
use super::null_defaults::NullArgument;
use super::outside::Search;
use super::overrides::block_name;
use super::references::Names;
use super::resource;
use super::scope::Scope;
use crate::model::{Address, Attribute, Shape, Value};
use hcl_edit::Span;
use hcl_edit::structure::{Block, Body};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A resource, or a nested block of one.
#[derive(Clone, Copy)]
pub(super) struct NullScope<'r, 's> {
    /// The resource.
    pub address: &'r Address,
    /// The blocks around, each with its number.
    pub blocks: &'r [(String, usize)],
    /// The attributes and blocks that the schema has there.
    pub parts: &'s BTreeMap<String, Attribute>,
    /// The variables that decide on the blocks around.
    pub outer: &'r Names,
}

impl<'s> Search<'s> {
    /// Finds such arguments of a resource or a nested block. `recorded` returns what the state holds of a name: of nested
    /// blocks that of each of them, since a set has no order.
    pub(super) fn null_arguments<'a>(
        &mut self,
        scope: &Scope<'a>,
        body: &'a Body,
        place: NullScope<'_, 's>,
        recorded: &dyn Fn(&str) -> Vec<&'s Value>,
    ) {
        for argument in body.attributes() {
            let name = argument.key.as_str();
            let is_filled_in = place.parts.get(name).is_some_and(|part| part.computed);
            let held = || recorded(name).into_iter().find(|value| is_held(value));
            let Some(held) = is_filled_in.then(held).flatten() else {
                continue;
            };
            let mut names = self.finder.of_expression(scope, &argument.value);
            names.extend(place.outer.iter().cloned());
            if names.is_empty() || !scope.plain(&argument.value).is_null() {
                continue;
            }
            let is_variable = derivation(scope, &argument.value) == Derivation::Variable;
            let values = is_variable.then(|| (Value::Null, held.clone()));
            let span = argument.value.span().unwrap_or_default();
            self.note_null(scope, (name, span), place, names, values);
        }
        let mut named: BTreeMap<&str, Vec<&'a Block>> = BTreeMap::new();
        for block in body.blocks() {
            named.entry(block_name(block)).or_default().push(block);
        }
        for (name, blocks) in named {
            let Some(part) = place.parts.get(name) else {
                continue;
            };
            let held = recorded(name);
            match &part.shape {
                Shape::Block(_, inner) => {
                    self.null_blocks(scope, (name, &blocks), (inner, place), &held);
                }
                Shape::Plain(_) if part.computed && held.iter().any(|value| is_held(value)) => {
                    self.no_blocks(scope, (name, &blocks), place);
                }
                Shape::Plain(_) => {}
            }
        }
    }

    /// Finds an attribute that code writes as blocks, none of which the defaults make.
    fn no_blocks(
        &mut self,
        scope: &Scope<'_>,
        (name, blocks): (&str, &[&Block]),
        place: NullScope<'_, 's>,
    ) {
        let mut names = place.outer.clone();
        for block in blocks {
            names.extend(self.finder.of_body(scope, &block.body));
        }
        let is_none = |block: &&Block| {
            block.has_ident("dynamic") && resource::blocks(scope, block).1.is_empty()
        };
        if !names.is_empty() && blocks.iter().all(is_none) {
            let span = blocks.first().and_then(|block| block.span());
            self.note_null(scope, (name, span.unwrap_or_default()), place, names, None);
        }
    }

    /// Finds such arguments in nested blocks of a name.
    fn null_blocks<'a>(
        &mut self,
        scope: &Scope<'a>,
        (name, blocks): (&str, &[&'a Block]),
        (inner, place): (&'s BTreeMap<String, Attribute>, NullScope<'_, 's>),
        recorded: &[&'s Value],
    ) {
        let all = recorded.iter().flat_map(|value| match *value {
            Value::List(items) => items.iter().collect(),
            Value::Map(_) => vec![*value],
            _ => Vec::new(),
        });
        let all: Vec<&'s Value> = all.collect();
        if all.is_empty() {
            return;
        }
        let mut names = place.outer.clone();
        let mut number = 0;
        for block in blocks {
            let is_dynamic = block.has_ident("dynamic");
            let own = self.finder.of_body(scope, &block.body);
            let is_bare = own.is_empty() && place.outer.is_empty();
            let elements = match is_dynamic {
                true => element::of_block(scope, block),
                false => Some((vec![scope.clone()], &block.body)),
            };
            let Some((scopes, content)) = elements else {
                return;
            };
            let mut outer = place.outer.clone();
            if is_dynamic {
                outer.extend(own.iter().cloned());
            }
            for scope in scopes.iter().filter(|_| !is_bare) {
                let mut path = place.blocks.to_vec();
                path.push((name.to_owned(), number));
                let below = NullScope {
                    blocks: &path,
                    parts: inner,
                    outer: &outer,
                    ..place
                };
                let held = |name: &str| -> Vec<&'s Value> {
                    all.iter().map(|block| block.get(name)).collect()
                };
                self.null_arguments(scope, content, below, &held);
                number += 1;
            }
            if is_bare {
                number += scopes.len();
            }
            names.extend(own);
        }
        // The code writes no such block: AWS may have filled it in, or the collection is another one.
        if number == 0 && !names.is_empty() {
            let span = blocks.first().and_then(|block| block.span());
            self.note_null(scope, (name, span.unwrap_or_default()), place, names, None);
        }
    }

    fn note_null(
        &mut self,
        scope: &Scope<'_>,
        (name, span): (&str, std::ops::Range<usize>),
        place: NullScope<'_, 's>,
        names: Names,
        values: Option<(Value, Value)>,
    ) {
        let argument = NullArgument {
            blocks: place.blocks.to_vec(),
            name: name.to_owned(),
            source: scope.file.source(span),
            variables: names.iter().map(|name| name.to_string()).collect(),
        };
        for name in names {
            let known = self.null_values.entry(Rc::clone(&name)).or_default();
            if known.is_none() {
                known.clone_from(&values);
            }
        }
        self.nulls.add(place.address, argument);
    }
}

/// Returns whether a recorded value is one that a provider tells from none.
fn is_held(value: &Value) -> bool {
    let is_zero = matches!(value, Value::Number(number) if number.as_i64() == Some(0));
    !value.is_empty() && *value != Value::Bool(false) && !is_zero
}
