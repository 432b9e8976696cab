//! Finds the resources that the next apply removes from the state: by a `removed` block, or because no code declares
//! them.

use super::Evaluated;
use super::endpoint::{Endpoint, MODULE};
use super::moves::BlockPath;
use crate::model::{Address, Declared, Key};
use hcl_edit::structure::Block;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Why the next apply removes a resource from the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// A `removed` block names it.
    Block(RemovedBlock),
    /// No code declares it.
    NotDeclared,
}

/// A `removed` block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedBlock {
    /// Whether the resource in AWS is destroyed as well.
    pub destroys: bool,
    /// The file and line of the block.
    pub place: String,
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(RemovedBlock { destroys, place }) => {
                let what = match destroys {
                    true => "destroys it",
                    false => "leaves it in AWS and drops it from the state",
                };
                write!(f, "the `removed` block at {place}: the next apply {what}")
            }
            Self::NotDeclared => {
                f.write_str("the code declares it no longer: the next apply destroys it")
            }
        }
    }
}

/// The `removed` blocks of a root module and of the modules that it calls, by what they name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RemovedBlocks(BTreeMap<BlockPath, RemovedBlock>);

impl RemovedBlocks {
    /// Adds a block of the module that calls of these names lead to. Terraform allows no keys in it.
    pub(super) fn add(&mut self, names: &[String], block: &Block, place: String) {
        let from = block.body.get_attribute("from");
        let from = from.and_then(|from| Endpoint::literal(&from.value));
        let Some(Endpoint { modules, resource }) = from else {
            return;
        };
        let mut names: Vec<_> = names.to_vec();
        names.extend(modules.into_iter().map(|step| step.name));
        let path = match resource {
            Some(resource) => (names, resource.tf_type, resource.name),
            None => {
                let name = names.pop().unwrap_or_default();
                (names, MODULE.to_owned(), name)
            }
        };
        let lifecycle = block.body.get_blocks("lifecycle").next();
        let destroy = lifecycle.and_then(|block| block.body.get_attribute("destroy"));
        let destroys = destroy.and_then(|destroy| destroy.value.as_bool());
        let destroys = destroys.unwrap_or(true);
        let removed = RemovedBlock { destroys, place };
        self.0.entry(path).or_insert(removed);
    }

    /// Returns the block that names a resource or a module above it; the outermost one where there are several.
    pub(super) fn get(&self, address: &Address) -> Option<&RemovedBlock> {
        if self.0.is_empty() {
            return None;
        }
        let names: Vec<_> = address.modules.iter().map(|step| &step.name).collect();
        let above = |depth: usize| names.iter().take(depth).map(|name| (*name).clone());
        let modules = names.iter().enumerate().map(|(depth, name)| {
            let path = (above(depth).collect(), MODULE.to_owned(), name.to_string());
            self.0.get(&path)
        });
        let own = || {
            let names = above(names.len()).collect();
            let path = (names, address.tf_type.clone(), address.name.clone());
            self.0.get(&path)
        };
        modules.flatten().next().or_else(own)
    }
}

/// The resources that the code certainly does not declare.
pub struct Undeclared<'a> {
    /// The declared instances of each block; `None` where some code was not evaluated and may declare anything.
    blocks: Option<BTreeMap<BlockPath, Instances<'a>>>,
}

/// The keys of an instance and of the module calls above it; `None` where there is none, or it is not known.
type Keys<'a> = Vec<Option<&'a Key>>;

/// The declared instances of a block, by which of their keys are known.
type Instances<'a> = BTreeMap<Vec<bool>, BTreeSet<Keys<'a>>>;

impl<'a> Undeclared<'a> {
    /// Indexes the evaluated code.
    pub fn of(code: &'a Evaluated) -> Self {
        let is_whole = code.problems.is_empty() && code.invalid.is_empty();
        Self {
            blocks: is_whole.then(|| blocks(&code.declared)),
        }
    }

    /// Returns whether the code is certain not to declare a resource of the state. An instance whose key is not known
    /// may be any.
    pub fn contain(&self, address: &Address) -> bool {
        let Some(blocks) = &self.blocks else {
            return false;
        };
        let keys = keys(address);
        let may_be = |(known, declared): (&Vec<bool>, &BTreeSet<Keys<'_>>)| {
            let own = keys.iter().zip(known);
            let own: Keys<'_> = own.map(|(key, known)| key.filter(|_| *known)).collect();
            declared.contains(&own)
        };
        let mut same = blocks.get(&path(address)).into_iter().flatten();
        !same.any(may_be)
    }
}

fn blocks(declared: &Declared) -> BTreeMap<BlockPath, Instances<'_>> {
    let mut blocks: BTreeMap<_, Instances<'_>> = BTreeMap::new();
    for address in declared.resources.keys() {
        let keys = keys(address);
        let known = keys.iter().map(Option::is_some).collect();
        let instances = blocks.entry(path(address)).or_default();
        instances.entry(known).or_default().insert(keys);
    }
    blocks
}

fn keys(address: &Address) -> Keys<'_> {
    let modules = address.modules.iter().map(|step| step.key.as_ref());
    modules.chain([address.key.as_ref()]).collect()
}

fn path(address: &Address) -> BlockPath {
    let names = address.modules.iter().map(|step| step.name.clone());
    (
        names.collect(),
        address.tf_type.clone(),
        address.name.clone(),
    )
}
