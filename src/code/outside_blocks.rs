//! Compares nested blocks with those that the state recorded, for the search of variables that are set outside the code.

use super::derivation::{Derivation, derivation};
use super::outside::Search;
use super::outside_expected::Expected;
use super::overrides::block_name;
use super::references::Names;
use super::resource;
use super::scope::Scope;
use crate::model::{Attribute, Nesting, Resource, Schema, Shape, Value};
use hcl_edit::structure::{Block, Body};
use std::collections::BTreeMap;

/// What blocks are compared with.
#[derive(Clone, Copy)]
pub(super) struct RecordedBlocks<'r, 's> {
    /// The resource.
    pub resource: &'s Resource,
    /// The schema of its type.
    pub schema: &'s Schema,
    /// The attributes and blocks of the block around them.
    pub parts: &'s BTreeMap<String, Attribute>,
    /// The path of the block around them, without indexes; empty for the resource.
    pub outer: &'r str,
}

impl RecordedBlocks<'_, '_> {
    fn path(&self, name: &str) -> String {
        match self.outer {
            "" => name.to_owned(),
            outer => format!("{outer}.{name}"),
        }
    }
}

impl<'s> Search<'s> {
    /// Compares nested blocks: argument by argument where it is certain which recorded block each is, else all blocks of a
    /// name together.
    pub(super) fn blocks(
        &mut self,
        scope: &Scope<'_>,
        body: &Body,
        place: RecordedBlocks<'_, 's>,
        recorded: &dyn Fn(&str) -> &'s Value,
    ) {
        let mut named: BTreeMap<&str, Vec<&Block>> = BTreeMap::new();
        for block in body.blocks() {
            named.entry(block_name(block)).or_default().push(block);
        }
        for (name, blocks) in named {
            let Some(attribute) = place.parts.get(name) else {
                continue;
            };
            let found = recorded(name);
            let are_static = !blocks.iter().any(|block| block.has_ident("dynamic"));
            let all = found.as_list().unwrap_or_default();
            match &attribute.shape {
                Shape::Block(nesting, inner)
                    if are_static && (*nesting == Nesting::List || all.len() == 1) =>
                {
                    let path = place.path(name);
                    for (block, found) in blocks.iter().zip(all) {
                        let below = RecordedBlocks {
                            parts: inner,
                            outer: &path,
                            ..place
                        };
                        self.arguments(scope, &block.body, below, found);
                    }
                }
                _ => self.together(scope, (name, &blocks), place, (attribute, found)),
            }
        }
    }

    /// Compares the arguments and blocks of one nested block.
    fn arguments(
        &mut self,
        scope: &Scope<'_>,
        body: &Body,
        place: RecordedBlocks<'_, 's>,
        found: &'s Value,
    ) {
        for argument in body.attributes() {
            let name = argument.key.as_str();
            let expected = Expected {
                schema: Some(place.schema),
                attribute: place.parts.get(name),
                path: &place.path(name),
                recorded: found.get(name),
                is_kept: true,
            };
            self.argument(scope, &argument.value, expected);
        }
        self.blocks(scope, body, place, &|name| found.get(name));
    }

    /// Compares all blocks of a name together: where they differ, any variable in them may be the reason.
    fn together(
        &mut self,
        scope: &Scope<'_>,
        (name, blocks): (&str, &[&Block]),
        place: RecordedBlocks<'_, 's>,
        (attribute, recorded): (&'s Attribute, &'s Value),
    ) {
        let mut names = Names::new();
        for block in blocks {
            names.extend(self.finder.of_body(scope, &block.body));
        }
        if names.is_empty() {
            return;
        }
        let expected = Expected {
            schema: Some(place.schema),
            attribute: Some(attribute),
            path: &place.path(name),
            recorded,
            is_kept: true,
        };
        let value = evaluated(scope, blocks);
        let is_shared = || place.outer.is_empty() && self.is_shared(name, place);
        match expected.blocks_agree(&value) {
            Some(true) => self.agreeing(scope, blocks),
            Some(false) if is_shared() && expected.holds_all(&value) => {}
            Some(false) => self.may_differ(names),
            None => {}
        }
    }

    /// Records that static blocks were recorded as their variables' defaults lead to them.
    fn agreeing(&mut self, scope: &Scope<'_>, blocks: &[&Block]) {
        let blocks = blocks.iter().filter(|block| !block.has_ident("dynamic"));
        for argument in blocks.flat_map(|block| block.body.attributes()) {
            if derivation(scope, &argument.value) != Derivation::Computed {
                for name in self.finder.of_expression(scope, &argument.value) {
                    self.evidence.entry(name).or_default().agrees = true;
                }
            }
        }
    }

    /// Returns whether other resources of the state are items of an attribute as well.
    fn is_shared(&self, name: &str, place: RecordedBlocks<'_, 's>) -> bool {
        let owners = place.schema.rules.owners.iter();
        let owners: Vec<_> = owners.filter(|owner| owner.path == name).collect();
        let mut others = self.recorded.resources();
        !owners.is_empty()
            && others.any(|other| owners.iter().any(|owner| owner.is(other, place.resource)))
    }
}

/// Evaluates all blocks of a name to one list.
fn evaluated(scope: &Scope<'_>, blocks: &[&Block]) -> Value {
    let mut all = Vec::new();
    for block in blocks {
        match resource::blocks(scope, block) {
            (_, Value::List(values)) => all.extend(values),
            _ => return Value::Unknown,
        }
    }
    Value::List(all)
}
