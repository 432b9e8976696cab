//! Finds arguments that are null by the default of a variable while the state holds a value, or the other way round.

use super::derivation::{Derivation, derivation};
use super::element;
use super::expression::certain_key;
use super::folder::ModuleFolder;
use super::null_defaults::NullArgument;
use super::outside::{Search, is_map};
use super::outside_expected::Expected;
use super::overrides::block_name;
use super::references::Names;
use super::resource;
use super::scope::Scope;
use crate::model::{Address, Attribute, Schema, Shape, Value, ValueMap};
use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object};
use hcl_edit::structure::{Block, Body};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

/// Returns the names of a module's variables that take no null.
pub(super) fn never_null(folder: &ModuleFolder<'_>) -> BTreeSet<Rc<str>> {
    let variables = folder.variables.iter();
    let never = variables.filter(|variable| !variable.is_nullable);
    never.map(|variable| variable.name.into()).collect()
}

/// A resource, or a nested block of one.
#[derive(Clone, Copy)]
pub(super) struct NullScope<'r, 's> {
    /// The resource.
    pub address: &'r Address,
    /// The blocks around, each with its number.
    pub blocks: &'r [(String, usize)],
    /// The schema of its type.
    pub schema: &'s Schema,
    /// The attributes and blocks that the schema has there.
    pub parts: &'s BTreeMap<String, Attribute>,
    /// The variables that decide on the blocks around.
    pub outer: &'r Names,
}

impl NullScope<'_, '_> {
    /// Returns the path of a part, without indexes.
    fn plain_path(&self, name: &str) -> String {
        let blocks = self.blocks.iter().map(|(block, _)| format!("{block}."));
        blocks.collect::<String>() + name
    }
}

/// An argument that code sets, or an entry of a map.
#[derive(Clone, Copy)]
struct Written<'a> {
    name: &'a str,
    /// The key of the entry.
    entry: Option<&'a str>,
    value: &'a Expression,
}

/// A part of a resource, or of a nested block, whose value is open.
struct OpenPart<'a> {
    name: &'a str,
    /// The key of the entry of a map.
    entry: Option<&'a str>,
    span: Option<Range<usize>>,
    is_null_in_state: bool,
}

impl<'a> OpenPart<'a> {
    /// Creates the part that blocks of a name are, none of which the defaults make.
    fn of_blocks(name: &'a str, blocks: &[&Block]) -> Self {
        Self {
            name,
            entry: None,
            span: blocks.first().and_then(|block| block.span()),
            is_null_in_state: false,
        }
    }
}

impl<'s> Search<'s> {
    /// Finds such arguments of a resource or a nested block. `recorded` returns what the state holds of a name, if it knows
    /// that: of nested blocks that of each of them, since a set has no order.
    pub(super) fn null_arguments<'a>(
        &mut self,
        scope: &Scope<'a>,
        body: &'a Body,
        place: NullScope<'_, 's>,
        recorded: &dyn Fn(&str) -> Vec<&'s Value>,
    ) {
        for argument in body.attributes() {
            let written = Written {
                name: argument.key.as_str(),
                entry: None,
                value: &argument.value,
            };
            let Some(part) = place.parts.get(written.name) else {
                continue;
            };
            let held = recorded(written.name);
            match (&argument.value, held.as_slice()) {
                (Expression::Object(object), [Value::Map(held)]) if is_map(part) => {
                    self.null_entries(scope, (written.name, object), held, place);
                }
                (_, []) => {}
                (_, held) if held.iter().all(|value| value.is_null()) => {
                    self.null_in_state(scope, written, Some(part), place);
                }
                (_, held) if part.computed => {
                    if let Some(held) = held.iter().find(|value| is_held(value)) {
                        self.null_by_default(scope, written, held, place);
                    }
                }
                _ => {}
            }
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

    /// Records an argument that is null by a default while the state holds a value.
    fn null_by_default(
        &mut self,
        scope: &Scope<'_>,
        written: Written<'_>,
        held: &Value,
        place: NullScope<'_, 's>,
    ) {
        let mut names = self.finder.of_expression(scope, written.value);
        names.extend(place.outer.iter().cloned());
        if names.is_empty() || !scope.plain(written.value).is_null() {
            return;
        }
        let is_variable = derivation(scope, written.value) == Derivation::Variable;
        let values = is_variable.then(|| (Value::Null, held.clone()));
        let open = OpenPart {
            name: written.name,
            entry: None,
            span: written.value.span(),
            is_null_in_state: false,
        };
        self.note_null(scope, open, place, (names, values));
    }

    /// Records the entries of a literal map that defaults set while the state has none of them.
    fn null_entries(
        &mut self,
        scope: &Scope<'_>,
        (name, object): (&str, &Object),
        held: &ValueMap,
        place: NullScope<'_, 's>,
    ) {
        for (key, value) in object {
            let key = certain_key(scope, key);
            if let Some(key) = key.filter(|key| held.get(key).is_none_or(Value::is_null)) {
                let written = Written {
                    name,
                    entry: Some(&key),
                    value: value.expr(),
                };
                self.null_in_state(scope, written, None, place);
            }
        }
    }

    /// Records an argument, or an entry of a map, that a default sets while the state holds null: the variable may be set to
    /// null outside the code.
    fn null_in_state(
        &mut self,
        scope: &Scope<'_>,
        written: Written<'_>,
        attribute: Option<&'s Attribute>,
        place: NullScope<'_, 's>,
    ) {
        let path = place.plain_path(written.name);
        if place.schema.rules.never_read.contains(&path.as_str()) {
            return;
        }
        let names = self.finder.of_expression(scope, written.value);
        if names.is_empty() || !may_be_null(written.value) {
            return;
        }
        let derivation = derivation(scope, written.value);
        // A template is never null, and neither is a variable that takes no null.
        let is_never_null = match derivation {
            Derivation::Template => true,
            Derivation::Variable => names.iter().all(|name| self.never_null.contains(name)),
            Derivation::Computed => false,
        };
        if is_never_null {
            return;
        }
        let value = scope.plain(written.value);
        let expected = Expected {
            schema: Some(place.schema),
            attribute,
            path: &path,
            recorded: &Value::Null,
            is_kept: true,
        };
        if value.has_unknown() || value.has_secret() || expected.is_left_out(&value) {
            return;
        }
        let values = (derivation == Derivation::Variable).then_some((value, Value::Null));
        let open = OpenPart {
            name: written.name,
            entry: written.entry,
            span: written.value.span(),
            is_null_in_state: true,
        };
        self.note_null(scope, open, place, (names, values));
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
            let open = OpenPart::of_blocks(name, blocks);
            self.note_null(scope, open, place, (names, None));
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
                    let known = all.iter().filter_map(|block| block.as_map()?.get(name));
                    known.collect()
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
            let open = OpenPart::of_blocks(name, blocks);
            self.note_null(scope, open, place, (names, None));
        }
    }

    fn note_null(
        &mut self,
        scope: &Scope<'_>,
        open: OpenPart<'_>,
        place: NullScope<'_, 's>,
        (names, values): (Names, Option<(Value, Value)>),
    ) {
        let argument = NullArgument {
            blocks: place.blocks.to_vec(),
            name: open.name.to_owned(),
            entry: open.entry.map(str::to_owned),
            is_null_in_state: open.is_null_in_state,
            source: scope.file.source(open.span.unwrap_or_default()),
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

/// Functions whose result may be null.
const NULL_RESULT: &[&str] = &[
    "element", "lookup", "one", "tobool", "tolist", "tomap", "tonumber", "toset", "tostring", "try",
];

/// Returns whether an expression may be null, whatever its variables are: no list, object or operation is.
fn may_be_null(expression: &Expression) -> bool {
    match expression {
        Expression::Parenthesis(inner) => may_be_null(inner.inner()),
        Expression::FuncCall(call) => NULL_RESULT.contains(&call.name.name.as_str()),
        Expression::Traversal(_) | Expression::Conditional(_) | Expression::StringTemplate(_) => {
            true
        }
        _ => false,
    }
}

/// Returns whether a recorded value is one that a provider tells from none.
fn is_held(value: &Value) -> bool {
    let is_zero = matches!(value, Value::Number(number) if number.as_i64() == Some(0));
    !value.is_empty() && *value != Value::Bool(false) && !is_zero
}
