//! Finds references to instances of resources that edited code no longer declares: Terraform refuses to plan with them.

use super::context::Context;
use super::file::File;
use super::instance::Instance;
use super::resource::{blocks, is_meta, keys};
use super::scope::Scope;
use super::written_references::NO_RESOURCES;
use crate::model::{Address, Source};
use hcl_edit::Span;
use hcl_edit::expr::{Traversal, TraversalOperator};
use hcl_edit::structure::Block;
use std::ops::Range;
use std::rc::Rc;

/// The most references that are kept.
const MAX_FOUND: usize = 100;

/// A reference to an instance that the code does not declare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DanglingReference {
    /// The reference.
    pub source: Source,
    /// The instance; where the reference computes its key, an instance of the same block.
    pub address: Address,
}

/// The references that were found so far.
#[derive(Debug, Default)]
pub(super) struct DanglingReferences {
    /// Those that Terraform evaluates in any case.
    certain: Vec<DanglingReference>,
    /// Those of the expression that is being evaluated: it may catch the error, or take another arm.
    pending: Vec<DanglingReference>,
}

impl DanglingReferences {
    fn add(&mut self, found: DanglingReference) {
        if self.pending.len() < MAX_FOUND {
            self.pending.push(found);
        }
    }

    /// Returns the number of references whose errors may still be caught.
    pub(super) fn mark(&self) -> usize {
        self.pending.len()
    }

    /// Drops the references since a mark: their errors were caught.
    pub(super) fn catch(&mut self, mark: usize) {
        self.pending.truncate(mark);
    }

    /// Drops the references since a mark, but for these.
    pub(super) fn catch_all_but(&mut self, mark: usize, kept: Range<usize>) {
        let kept = self.pending.get(kept).unwrap_or_default().to_vec();
        self.pending.truncate(mark);
        self.pending.extend(kept);
    }

    /// Makes the references since a mark certain: nothing around them catches their errors.
    pub(super) fn settle(&mut self, mark: usize) {
        let room = MAX_FOUND.saturating_sub(self.certain.len());
        let found = self.pending.drain(mark.min(self.pending.len())..);
        self.certain.extend(found.take(room));
    }

    /// Takes all references out.
    pub(super) fn take(&mut self) -> Vec<DanglingReference> {
        self.settle(0);
        std::mem::take(&mut self.certain)
    }
}

/// Notes a reference to a resource if it leads to an instance that edits removed: to one without a key in any case, to
/// others if Terraform refuses the reference.
pub(super) fn note(scope: &Scope<'_>, traversal: &Traversal, is_refused: bool) {
    let context = &scope.instance.context;
    if !context.recorded.is_any_gone() {
        return;
    }
    let root = traversal.expr.as_variable().map(|root| root.as_str());
    let first = traversal.operators.first().map(|first| first.value());
    let (Some(root), Some(TraversalOperator::GetAttr(name))) = (root, first) else {
        return;
    };
    if NO_RESOURCES.contains(&root) || scope.name(root).is_some() {
        return;
    }
    let block = (scope.instance.path.as_slice(), root, name.as_str());
    let mut gone = context.recorded.gone(block);
    let found = gone.find(|address| is_refused || address.key.is_none());
    if let Some(address) = found {
        let source = scope.file.source(traversal.span().unwrap_or_default());
        context.dangling.borrow_mut().add(DanglingReference {
            source,
            address: address.clone(),
        });
    }
}

/// Evaluates what Terraform evaluates in any case: what refers to it from elsewhere catches none of its errors.
pub(super) fn apart<T>(context: &Context<'_>, evaluate: impl FnOnce() -> T) -> T {
    let mark = context.dangling.borrow().mark();
    let value = evaluate();
    context.dangling.borrow_mut().settle(mark);
    value
}

/// Evaluates the code of a module instance that declares no resource: its local values, outputs, calls, data sources and
/// provider configurations may hold such references as well.
pub(super) fn evaluate<'a>(instance: &Rc<Instance<'a>>) {
    let budget = &instance.context.budget;
    let folder = instance.folder;
    for name in folder.locals.keys() {
        instance.local_value(name, 0);
    }
    let kinds = ["output", "module", "data", "provider"];
    let all = kinds.into_iter().flat_map(|kind| folder.blocks(kind));
    for (file, block) in all {
        if budget.is_over() {
            return;
        }
        let mark = budget.mark();
        evaluate_block(instance, file, block);
        budget.settle(mark, 0);
    }
}

fn evaluate_block<'a>(instance: &Rc<Instance<'a>>, file: &'a File, block: &'a Block) {
    for (_, scope) in keys(&instance.scope(file), &block.body) {
        let arguments = block.body.attributes();
        for argument in arguments.filter(|argument| !is_meta(argument.key.as_str())) {
            scope.known(&argument.value);
        }
        for inner in block.body.blocks() {
            blocks(&scope, inner);
        }
    }
}
