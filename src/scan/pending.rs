//! Finds the changes that the next apply makes to the state by itself: `import` blocks, `removed` blocks, and resources
//! that the code no longer declares.

use super::load::Stack;
use crate::code::{Evaluated, ImportTarget, Moves, Removal, Undeclared, is_code};
use crate::model::{Address, Resource, Tree};
use crate::state::State;
use std::collections::{BTreeMap, BTreeSet};

/// How many addresses a note lists.
const NAMED: usize = 5;
/// The most notes about resources that leave the state.
const NOTES: usize = 20;

/// The prefix of the AWS provider's types: only they are looked up in the state.
const AWS: &str = "aws_";

/// The changes that the next apply makes to the state.
#[derive(Debug, Default)]
pub struct Pending {
    /// The imports of resources that are not in the state.
    pub imports: Vec<ImportTarget>,
    moves: Moves,
    /// Whether it is certain which resources the code does not declare: all code was read, and the state belongs to it.
    is_certain: bool,
    /// Whether the code declares no resource of the state.
    is_foreign: bool,
}

/// The reference to the workspace in code.
const WORKSPACE: &str = "terraform.workspace";

impl Pending {
    /// Compares a stack's code with its state, whose resources have their new addresses by then.
    pub(super) fn of(
        stack: &Stack,
        code: &Evaluated,
        (state, moves): (&State, Moves),
        tree: &Tree,
    ) -> Self {
        let addresses = state.resources.iter().map(|resource| &resource.address);
        let known: BTreeSet<_> = addresses.collect();
        let imports = code.imports.iter();
        let imports = imports
            .filter(|target| target.to.tf_type.starts_with(AWS) && !known.contains(&target.to));
        let is_read = !tree.too_large.keys().any(|path| is_code(path));
        let is_own = declares_any(code, state);
        Self {
            imports: imports.cloned().collect(),
            moves,
            is_certain: is_read && is_own && is_workspace_known(stack, tree),
            // Where a state came without code, that is another note.
            is_foreign: !is_own && !state.resources.is_empty() && !tree.files.is_empty(),
        }
    }

    /// Finds the resources that the code does not declare.
    pub(super) fn removals<'a>(&'a self, code: &'a Evaluated) -> Removals<'a> {
        Removals {
            code,
            moves: &self.moves,
            undeclared: self.is_certain.then(|| Undeclared::of(code)),
        }
    }

    /// Returns notes about the changes that no apply has made yet.
    pub(super) fn notes(&self, code: &Evaluated, resources: &[Resource]) -> Vec<String> {
        let mut notes = Vec::new();
        let is_whole = code.problems.is_empty() && code.invalid.is_empty();
        if self.is_foreign && is_whole {
            notes.push(format!(
                "the code declares none of the {} resources of the state, so they are compared by state and AWS alone: is \
                 it the state of another root module or workspace?",
                resources.len()
            ));
        }
        let targets: Vec<_> = self.imports.iter().map(|target| &target.to).collect();
        if !targets.is_empty() {
            notes.push(format!(
                "`import` blocks that no apply has carried out yet: {}: until then nothing of it is compared",
                named(&targets)
            ));
        }
        let removals = self.removals(code);
        let mut leaving: BTreeMap<String, Vec<&Address>> = BTreeMap::new();
        for resource in resources {
            if let Some(removal) = removals.get(&resource.address) {
                let addresses = leaving.entry(removal.to_string()).or_default();
                addresses.push(&resource.address);
            }
        }
        let more = leaving.len().saturating_sub(NOTES);
        let lines = leaving.iter().take(NOTES);
        notes.extend(lines.map(|(why, addresses)| format!("{}: {why}", named(addresses))));
        notes.extend((more > 0).then(|| {
            format!("{more} more `removed` blocks name resources that are in the state until the next apply")
        }));
        notes
    }
}

/// Returns whether the code declares any resource of the state. If not, the state belongs to another root module or
/// workspace.
fn declares_any(code: &Evaluated, state: &State) -> bool {
    let mut resources = state.resources.iter();
    resources.any(|resource| code.declared.get(&resource.address).is_some())
}

/// Returns whether the code is evaluated for the state's own workspace, which is not known of a state given by
/// `--state`.
fn is_workspace_known(stack: &Stack, tree: &Tree) -> bool {
    let mut code = tree.files.keys().filter(|path| is_code(path));
    let names_it = |path: &String| tree.text(path).is_some_and(|text| text.contains(WORKSPACE));
    stack.given.is_none() || !code.any(names_it)
}

/// The resources that the next apply removes from a state.
pub(super) struct Removals<'a> {
    code: &'a Evaluated,
    moves: &'a Moves,
    undeclared: Option<Undeclared<'a>>,
}

impl Removals<'_> {
    /// Returns the `removed` block by which a resource leaves the state; `None` where there is none, or where the resource
    /// is declared, which Terraform refuses.
    pub(super) fn by_block(&self, address: &Address) -> Option<Removal> {
        let is_declared = self.code.declared.get(address).is_some();
        let block = self.moves.removed(address).filter(|_| !is_declared);
        block.map(|block| Removal::Block(block.clone()))
    }

    /// Returns why a resource of the state leaves it with the next apply; `None` where it stays, or where that is not
    /// certain.
    fn get(&self, address: &Address) -> Option<Removal> {
        let undeclared = self.undeclared.as_ref();
        let is_undeclared = || undeclared.is_some_and(|undeclared| undeclared.contain(address));
        let block = self.by_block(address);
        block.or_else(|| is_undeclared().then_some(Removal::NotDeclared))
    }
}

/// Lists addresses, the first ones by name.
fn named(addresses: &[&Address]) -> String {
    let names = addresses.iter().take(NAMED).map(ToString::to_string);
    let names = names.collect::<Vec<_>>().join(", ");
    match addresses.len().saturating_sub(NAMED) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}
