//! Arguments that are null by the default of a variable, and that the state holds nevertheless: either AWS filled them in,
//! or the variable is set outside the code.

use super::outside_variable::OutsideVariable;
use crate::model::{
    Address, Declared, DeclaredResource, Definition, Parts, Site, Source, Uneditable, Value,
};
use std::collections::BTreeMap;

/// The arguments of all resources that are null by the default of a variable while the state holds a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NullDefaults {
    arguments: BTreeMap<Address, Vec<NullArgument>>,
    variables: BTreeMap<String, OutsideVariable>,
}

/// One such argument, or nested blocks that code does not write for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NullArgument {
    /// The blocks around it, each with its number.
    pub blocks: Vec<(String, usize)>,
    /// Its name.
    pub name: String,
    /// Where code sets it.
    pub source: Source,
    /// The variables that its value depends on.
    pub variables: Vec<String>,
}

impl NullArgument {
    /// Returns its path, as Terraform writes it.
    fn path(&self) -> String {
        let blocks = self.blocks.iter();
        let blocks: String = blocks.map(|(name, at)| format!("{name}[{at}].")).collect();
        blocks + &self.name
    }
}

impl NullDefaults {
    /// Adds an argument of a resource.
    pub(super) fn add(&mut self, address: &Address, argument: NullArgument) {
        let arguments = self.arguments.entry(address.clone()).or_default();
        arguments.push(argument);
    }

    /// Returns the variables.
    pub(super) fn variables(&self) -> Vec<OutsideVariable> {
        self.variables.values().cloned().collect()
    }

    /// Describes the variables.
    pub(super) fn describe(&mut self, variables: Vec<OutsideVariable>) {
        let variables = variables.into_iter();
        let by_name = variables.map(|variable| (variable.name.clone(), variable));
        self.variables = by_name.collect();
    }

    /// Makes the values of these arguments unknown, where they are still null.
    pub(super) fn apply(&self, declared: &mut Declared) {
        for (address, arguments) in &self.arguments {
            if let Some(resource) = declared.resources.get_mut(address) {
                arguments
                    .iter()
                    .for_each(|argument| forget(resource, argument));
            }
        }
    }

    /// Returns the variables behind an attribute whose value they leave open.
    pub fn behind<'n>(
        &'n self,
        address: &Address,
        path: &str,
    ) -> impl Iterator<Item = &'n OutsideVariable> {
        let mut block = address.block();
        let exact = self.arguments.get(address);
        let found = exact.or_else(|| {
            let of_block = self.arguments.get(&block);
            of_block.or_else(|| {
                block.modules.iter_mut().for_each(|step| step.key = None);
                self.arguments.get(&block)
            })
        });
        let is_part = |outer: &str, inner: &str| {
            let rest = inner.strip_prefix(outer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let found = found.into_iter().flatten().filter(|argument| {
            let own = argument.path();
            is_part(&own, path) || is_part(path, &own)
        });
        let names: Vec<_> = found.flat_map(|argument| &argument.variables).collect();
        names
            .into_iter()
            .filter_map(move |name| self.variables.get(name))
    }
}

/// Makes the value of an argument unknown.
fn forget(resource: &mut DeclaredResource, argument: &NullArgument) {
    let path = argument.path();
    let is_set = |definition: &Definition| !definition.value.is_empty();
    if resource.attributes.get(&path).is_some_and(is_set) {
        return;
    }
    let variable = argument.variables.first().cloned().unwrap_or_default();
    let definition = Definition {
        value: Value::Unknown,
        source: argument.source.clone(),
        site: Site::Refused(Box::new(Uneditable::SetOutside {
            name: variable,
            place: argument.source.place(),
        })),
        parts: Parts::Whole,
        alternatives: None,
    };
    if let Some((outer, rest)) = argument.blocks.split_first() {
        let around = resource.attributes.get_mut(&outer.0);
        let Some(around) = around.map(|definition| &mut definition.value) else {
            return;
        };
        if !forget_in(around, (outer.1, rest), &argument.name) {
            return;
        }
    }
    resource.attributes.insert(path, definition);
}

/// Makes an argument of a block unknown; `false` where there is no such block, or the argument is set.
fn forget_in(blocks: &mut Value, (at, rest): (usize, &[(String, usize)]), name: &str) -> bool {
    let Value::List(items) = blocks else {
        return false;
    };
    let Some(Value::Map(parts)) = items.get_mut(at) else {
        return false;
    };
    match rest.split_first() {
        Some((inner, rest)) => match parts.get_mut(&inner.0) {
            Some(blocks) => forget_in(blocks, (inner.1, rest), name),
            None => false,
        },
        None if parts.get(name).is_some_and(|value| !value.is_empty()) => false,
        None => {
            parts.insert(name.to_owned(), Value::Unknown);
            true
        }
    }
}
