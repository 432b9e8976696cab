//! Collects the references in expressions as they are written.

use hcl_edit::expr::{Expression, FuncCall, Traversal, TraversalOperator};
use hcl_edit::visit::{self, Visit};
use std::collections::BTreeSet;

/// The roots of references that name no resource.
pub(super) const NO_RESOURCES: &[&str] = &[
    "var",
    "local",
    "module",
    "data",
    "each",
    "count",
    "path",
    "terraform",
    "self",
    "ephemeral",
];

/// The references in an expression as written: the first four names of each, and whether it calls functions that read
/// files.
#[derive(Default)]
pub(super) struct References {
    pub names: BTreeSet<[String; 4]>,
    pub reads_files: bool,
}

impl References {
    /// Collects the references in an expression.
    pub(super) fn of(expression: &Expression) -> Self {
        let mut references = Self::default();
        references.visit_expr(expression);
        references
    }
}

impl Visit for References {
    fn visit_traversal(&mut self, traversal: &Traversal) {
        self.names.extend(reference(traversal));
        visit::visit_traversal(self, traversal);
    }

    fn visit_func_call(&mut self, call: &FuncCall) {
        self.reads_files |= call.name.name.as_str().contains("file");
        visit::visit_func_call(self, call);
    }
}

/// Returns the names of a reference to an entry of what a traversal refers to; `None` where it is no local value, variable
/// or output as a whole.
pub(super) fn reference_to_entry(traversal: &Traversal, entry: &str) -> Option<[String; 4]> {
    let mut names = reference(traversal)?;
    let at = match names[0].as_str() {
        "var" | "local" => 2,
        "module" => 3,
        _ => return None,
    };
    let has_index =
        |operator: &&TraversalOperator| !matches!(operator, TraversalOperator::GetAttr(_));
    let operators = traversal.operators.iter().map(|operator| operator.value());
    let indexes = operators.clone().filter(has_index).count();
    let instances = usize::from(at == 3);
    let is_whole = operators.count() - indexes == at - 1 && indexes <= instances;
    let place = names.get_mut(at).filter(|_| is_whole)?;
    *place = entry.to_owned();
    Some(names)
}

/// Returns the first four names of a reference, up to an index: `data`, `aws_iam_policy_document`, `x` and `json`; missing
/// ones are empty. The index of an instance is left out.
pub(super) fn reference(traversal: &Traversal) -> Option<[String; 4]> {
    let root = traversal.expr.as_variable()?.as_str();
    let mut names = [root.to_owned(), String::new(), String::new(), String::new()];
    let mut at = 1;
    for operator in &traversal.operators {
        match operator.value() {
            TraversalOperator::GetAttr(name) => {
                let Some(next) = names.get_mut(at) else {
                    break;
                };
                *next = name.as_str().to_owned();
                at += 1;
            }
            // The index of an instance.
            _ if at == 2 && (root == "module" || !NO_RESOURCES.contains(&root)) => {}
            _ => break,
        }
    }
    Some(names)
}
