//! Indexes what the state recorded of calls and blocks, for the search of variables that are set outside the code.

use super::recorded::{Block, Recorded};
use crate::model::{Key, ModuleStep, Resource};
use std::collections::{BTreeMap, BTreeSet};

/// The names of the modules around a block, its type and its name.
type Names<'s> = (Vec<&'s str>, &'s str, &'s str);

/// The recorded instances of calls, and the recorded resources of modules with keys.
#[derive(Debug, Default)]
pub(super) struct OutsideState<'s> {
    /// The keys of the instances of each call, by the modules around it and its name.
    calls: BTreeMap<(&'s [ModuleStep], &'s str), BTreeSet<Option<&'s Key>>>,
    /// The resources below module instances with keys.
    keyed: BTreeMap<Names<'s>, Vec<&'s Resource>>,
}

impl<'s> OutsideState<'s> {
    /// Indexes a state.
    pub(super) fn of(recorded: &'s Recorded) -> Self {
        let mut state = Self::default();
        for resource in recorded.resources() {
            let address = &resource.address;
            let modules = address.modules.as_slice();
            for (depth, step) in modules.iter().enumerate() {
                let around = (&modules[..depth], step.name.as_str());
                let keys = state.calls.entry(around).or_default();
                keys.insert(step.key.as_ref());
            }
            if modules.iter().any(|step| step.key.is_some()) {
                let block = (modules, address.tf_type.as_str(), address.name.as_str());
                state.keyed.entry(names(block)).or_default().push(resource);
            }
        }
        state
    }

    /// Returns the keys of the recorded instances of a call.
    pub(super) fn keys<'k>(
        &'k self,
        around: &'k [ModuleStep],
        name: &'k str,
    ) -> Option<&'k BTreeSet<Option<&'k Key>>> {
        self.calls.get(&(around, name))
    }

    /// Returns the recorded instances of a block by key. Where the instances of a module around it are not certain, those
    /// of one recorded module stand for all.
    pub(super) fn instances(
        &self,
        recorded: &'s Recorded,
        block: Block<'_>,
    ) -> BTreeMap<Option<&'s Key>, &'s Resource> {
        let by_key = |resource: &'s Resource| (resource.address.key.as_ref(), resource);
        let exact: BTreeMap<_, _> = recorded.instances(block).map(by_key).collect();
        let (path, ..) = block;
        if !exact.is_empty() || path.is_empty() {
            return exact;
        }
        let below = self.keyed.get(&names(block)).into_iter().flatten().copied();
        let mut below = below
            .filter(|resource| may_be(path, &resource.address.modules))
            .peekable();
        let first = below
            .peek()
            .map(|resource| resource.address.modules.as_slice());
        below
            .filter(|resource| Some(resource.address.modules.as_slice()) == first)
            .map(by_key)
            .collect()
    }
}

/// Returns whether a path leads to a recorded module instance: a step without a key leads to every instance.
fn may_be(path: &[ModuleStep], recorded: &[ModuleStep]) -> bool {
    let mut steps = path.iter().zip(recorded);
    steps.all(|(step, recorded)| step.key.is_none() || step.key == recorded.key)
}

fn names<'n>((modules, tf_type, name): Block<'n>) -> Names<'n> {
    let modules = modules.iter().map(|step| step.name.as_str()).collect();
    (modules, tf_type, name)
}
