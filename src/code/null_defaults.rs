//! Arguments by the default of a variable of which code and state do not agree whether they are null: null in code and set
//! in the state, which AWS may have filled in, or set in code and null in the state, which may not have been applied. Else
//! the variable is set outside the code.

use super::outside_variable::OutsideVariable;
use crate::model::{
    Address, Declared, DeclaredResource, Definition, Parts, Site, Source, Uneditable, Value,
    entry_path,
};
use std::collections::BTreeMap;

/// The arguments of all resources that are null by the default of a variable while the state holds a value, or the other way
/// round.
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
    /// The key, where it is an entry of a map.
    pub entry: Option<String>,
    /// Whether it is null in the state, and not by the default.
    pub is_null_in_state: bool,
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
        let path = blocks + &self.name;
        match &self.entry {
            Some(key) => entry_path(&path, key),
            None => path,
        }
    }
}

impl NullDefaults {
    /// Adds an argument of a resource.
    pub(super) fn add(&mut self, address: &Address, argument: NullArgument) {
        let arguments = self.arguments.entry(address.clone()).or_default();
        arguments.push(argument);
    }

    /// Drops the arguments that are null only in the state, if the state holds the defaults of all their variables
    /// elsewhere.
    pub(super) fn without_applied(&mut self, is_applied: impl Fn(&str) -> bool) {
        for arguments in self.arguments.values_mut() {
            arguments.retain(|argument| {
                let mut variables = argument.variables.iter();
                !argument.is_null_in_state || !variables.all(|name| is_applied(name))
            });
        }
        self.arguments.retain(|_, arguments| !arguments.is_empty());
    }

    /// Returns the variables.
    pub(super) fn variables(&mut self) -> impl Iterator<Item = &mut OutsideVariable> {
        self.variables.values_mut()
    }

    /// Describes the variables.
    pub(super) fn describe(&mut self, variables: Vec<OutsideVariable>) {
        let variables = variables.into_iter();
        let by_name = variables.map(|variable| (variable.name.clone(), variable));
        self.variables = by_name.collect();
    }

    /// Makes the values of these arguments unknown, where code still sets them as it did.
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
    let known = resource.attributes.get(&path);
    let is_set = known.is_some_and(|definition| !definition.value.is_empty());
    if is_set && !argument.is_null_in_state {
        return;
    }
    let mut steps: Vec<Step<'_>> = Vec::new();
    for (name, at) in &argument.blocks {
        steps.extend([Step::Name(name), Step::Block(*at)]);
    }
    steps.push(Step::Name(&argument.name));
    steps.extend(argument.entry.as_deref().map(Step::Name));
    if let [Step::Name(outer), rest @ ..] = steps.as_slice()
        && !rest.is_empty()
    {
        let around = resource.attributes.get_mut(*outer);
        let Some(around) = around.map(|definition| &mut definition.value) else {
            return;
        };
        if !forget_in(around, rest, argument.is_null_in_state) {
            return;
        }
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
    resource.attributes.insert(path, definition);
}

/// A step from an attribute to a part of it.
#[derive(Clone, Copy)]
enum Step<'a> {
    /// A block, by its number.
    Block(usize),
    /// An argument of a block, or an entry of a map.
    Name(&'a str),
}

/// Makes a part of an attribute unknown; `false` where there is no such block, or the part is set and must not be.
fn forget_in(around: &mut Value, steps: &[Step<'_>], may_be_set: bool) -> bool {
    match (steps, around) {
        ([Step::Block(at), rest @ ..], Value::List(items)) => match items.get_mut(*at) {
            Some(block) => forget_in(block, rest, may_be_set),
            None => false,
        },
        ([Step::Name(name)], Value::Map(parts)) => {
            let is_set = parts.get(name).is_some_and(|value| !value.is_empty());
            let is_open = may_be_set || !is_set;
            if is_open {
                parts.insert((*name).to_owned(), Value::Unknown);
            }
            is_open
        }
        ([Step::Name(name), rest @ ..], Value::Map(parts)) => match parts.get_mut(name) {
            Some(inner) => forget_in(inner, rest, may_be_set),
            None => false,
        },
        _ => false,
    }
}
