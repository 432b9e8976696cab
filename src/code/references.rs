//! Finds the root module's variables that an expression depends on, through locals, call arguments, `each` and policy
//! documents.

use super::handed_on::only_interpolation;
use super::instance::{Instance, SetBy};
use super::scope::Scope;
use super::{policy, policy_document};
use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use hcl_edit::structure::Body;
use hcl_edit::visit::{self, Visit};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Names of variables of the root module.
pub(super) type Names = BTreeSet<Rc<str>>;

/// The longest chain of references to a variable.
const MAX_CHAIN: usize = 64;

/// How an expression depends on a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Derivation {
    /// It is the variable.
    Variable,
    /// It is a template that contains the variable.
    Template,
    /// Anything else, such as a condition or a function call.
    Computed,
}

/// Finds the variables behind expressions. The references of one module instance are resolved once.
pub(super) struct Finder {
    /// The variables to find.
    searched: Names,
    /// The variables behind `var.x` and `local.x`, by kind and name, for each module instance on the way from the root.
    known: Vec<BTreeMap<(bool, String), Rc<Names>>>,
}

impl Finder {
    /// Creates a search for these variables.
    pub(super) fn new(searched: Names) -> Self {
        Self {
            searched,
            known: Vec::new(),
        }
    }

    /// Enters a module instance, and drops what is known of another one at its depth.
    pub(super) fn enter(&mut self, instance: &Instance<'_>) {
        self.known.truncate(instance.path.len());
        self.known
            .resize_with(instance.path.len() + 1, BTreeMap::new);
    }

    /// Returns the variables that an expression depends on.
    pub(super) fn of_expression(&mut self, scope: &Scope<'_>, expression: &Expression) -> Names {
        self.inner(scope, expression, MAX_CHAIN)
    }

    /// Returns the variables that anything in a block depends on.
    pub(super) fn of_body(&mut self, scope: &Scope<'_>, body: &Body) -> Names {
        self.inner_body(scope, body, MAX_CHAIN)
    }

    fn all(&mut self, scope: &Scope<'_>, references: References, left: usize) -> Names {
        let mut names = Names::new();
        for [root, first, second] in &references.0 {
            // Where the budget is spent, no more is found: then nothing is certain anyway.
            if scope.budget().work(1).is_err() || left == 0 {
                break;
            }
            let found = self.names_behind(scope, (root, first, second), left - 1);
            names.extend(found.iter().cloned());
        }
        names
    }

    fn names_behind(
        &mut self,
        scope: &Scope<'_>,
        (root, first, second): (&str, &str, &str),
        left: usize,
    ) -> Rc<Names> {
        let instance = &scope.instance;
        match root {
            "var" if instance.path.is_empty() => {
                let name = self.searched.get(first).cloned();
                Rc::new(name.into_iter().collect())
            }
            "var" | "local" => {
                let depth = instance.path.len();
                let key = (root == "var", first.to_owned());
                let known = self.known.get(depth).and_then(|known| known.get(&key));
                if let Some(known) = known {
                    return known.clone();
                }
                // One that leads back to itself finds nothing on its second way.
                self.keep(depth, key.clone(), Rc::default());
                let found = match root {
                    "var" => self.argument(instance, first, left),
                    _ => self.local(instance, first, left),
                };
                let found = Rc::new(found);
                self.keep(depth, key, found.clone());
                found
            }
            "each" => match &scope.each {
                Some(each) => {
                    let walked = &each.collection;
                    Rc::new(self.inner(&walked.scope, walked.expression, left))
                }
                None => Rc::default(),
            },
            "data" if first == policy_document::TYPE => match policy::document(scope, second) {
                Some((file, block)) => {
                    Rc::new(self.inner_body(&instance.scope(file), &block.body, left))
                }
                None => Rc::default(),
            },
            _ => Rc::default(),
        }
    }

    fn keep(&mut self, depth: usize, key: (bool, String), names: Rc<Names>) {
        if let Some(known) = self.known.get_mut(depth) {
            known.insert(key, names);
        }
    }

    fn argument(&mut self, instance: &Rc<Instance<'_>>, name: &str, left: usize) -> Names {
        let set = instance.variables.get(name).map(|setting| &setting.by);
        match set {
            Some(Some(SetBy::Argument(caller, argument))) => self.inner(caller, argument, left),
            _ => Names::new(),
        }
    }

    fn local(&mut self, instance: &Rc<Instance<'_>>, name: &str, left: usize) -> Names {
        match instance.local(name) {
            Some((file, local)) => self.inner(&instance.scope(file), local, left),
            None => Names::new(),
        }
    }

    fn inner(&mut self, scope: &Scope<'_>, expression: &Expression, left: usize) -> Names {
        let mut references = References::default();
        references.visit_expr(expression);
        self.all(scope, references, left)
    }

    fn inner_body(&mut self, scope: &Scope<'_>, body: &Body, left: usize) -> Names {
        let mut references = References::default();
        references.visit_body(body);
        self.all(scope, references, left)
    }
}

/// Returns how an expression depends on the variable behind it.
pub(super) fn derivation(scope: &Scope<'_>, expression: &Expression) -> Derivation {
    derivation_within(scope, expression, MAX_CHAIN)
}

fn derivation_within(scope: &Scope<'_>, expression: &Expression, left: usize) -> Derivation {
    let Some(left) = left.checked_sub(1) else {
        return Derivation::Computed;
    };
    match expression {
        Expression::Parenthesis(inner) => derivation_within(scope, inner.inner(), left),
        Expression::StringTemplate(template) => match only_interpolation(template.iter()) {
            Some(inner) => derivation_within(scope, inner, left),
            None => Derivation::Template,
        },
        Expression::Traversal(traversal) => {
            let Some([root, first, _]) = reference(traversal) else {
                return Derivation::Computed;
            };
            let instance = &scope.instance;
            match root.as_str() {
                _ if traversal.operators.len() != 1 => Derivation::Computed,
                "var" if instance.path.is_empty() => Derivation::Variable,
                "var" => match instance.variables.get(first.as_str()).map(|set| &set.by) {
                    Some(Some(SetBy::Argument(caller, argument))) => {
                        derivation_within(caller, argument, left)
                    }
                    _ => Derivation::Computed,
                },
                "local" => match instance.local(&first) {
                    Some((file, local)) => derivation_within(&instance.scope(file), local, left),
                    None => Derivation::Computed,
                },
                _ => Derivation::Computed,
            }
        }
        _ => Derivation::Computed,
    }
}

/// The references in an expression as written: the first three names of each.
#[derive(Default)]
struct References(BTreeSet<[String; 3]>);

impl Visit for References {
    fn visit_traversal(&mut self, traversal: &Traversal) {
        self.0.extend(reference(traversal));
        visit::visit_traversal(self, traversal);
    }
}

/// Returns the first three names of a reference: `data`, `aws_iam_policy_document` and `x`; missing ones are empty.
fn reference(traversal: &Traversal) -> Option<[String; 3]> {
    let root = traversal.expr.as_variable()?.as_str();
    let mut names = traversal
        .operators
        .iter()
        .map(|operator| match operator.value() {
            TraversalOperator::GetAttr(name) => name.as_str().to_owned(),
            _ => String::new(),
        });
    let mut next = || names.next().unwrap_or_default();
    Some([root.to_owned(), next(), next()])
}
