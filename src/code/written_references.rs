//! Collects the references in expressions as they are written.

use super::handed_on::is_call;
use hcl_edit::expr::{Expression, ForExpr, FuncCall, ObjectKey, Traversal, TraversalOperator};
use hcl_edit::template::ForTemplateExpr;
use hcl_edit::visit::{self, Visit};
use std::collections::{BTreeMap, BTreeSet};

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

/// The functions whose result has the elements of what they are called with.
const PASSING: &[&str] = &["values", "merge", "concat", "reverse", "slice", "tolist"];

/// The functions that read nothing but the keys of a collection.
const COUNTING: &[&str] = &["keys", "length"];

/// The wildcard step of a path: each element of a collection.
pub(super) const EACH: &str = "*";

/// The step below `EACH` where nothing of the elements is read but their keys.
pub(super) const NOTHING: &str = "-";

/// A resource, by its type and name, or a called module, a local value or a variable, by its root and its name.
type Repeated = [String; 2];

/// The references in an expression as written: the first four names of each, and the files that it reads.
#[derive(Default)]
pub(super) struct References {
    pub names: BTreeSet<[String; 4]>,
    /// The attributes that are read of each instance of a resource or a module, or of each element of a local value or a
    /// variable; an empty one where it is all of them.
    pub instances: BTreeMap<Repeated, BTreeSet<String>>,
    pub files: Vec<FileRead>,
    /// The variables of `for` around, innermost last.
    bound: Vec<Bound>,
}

/// A call of a function that reads a file.
pub(super) struct FileRead {
    pub function: String,
    /// The expression that names the file.
    pub path: Option<Expression>,
}

/// A variable of `for`.
struct Bound {
    name: String,
    /// The resources and module calls whose instances it stands for; other elements are read as a whole.
    instances: Vec<Repeated>,
}

impl References {
    /// Collects the references in an expression.
    pub(super) fn of(expression: &Expression) -> Self {
        let mut references = Self::default();
        references.visit_expr(expression);
        references
    }

    /// Creates one reference.
    pub(super) fn to(names: [String; 4]) -> Self {
        let mut references = Self::default();
        references.names.insert(names);
        references
    }

    /// Creates references to one attribute of each instance.
    pub(super) fn to_each(instances: Repeated, attribute: &str) -> Self {
        let mut references = Self::default();
        references.read(vec![instances], attribute);
        references
    }

    fn read(&mut self, instances: Vec<Repeated>, attribute: &str) {
        for of in instances {
            let attributes = self.instances.entry(of).or_default();
            attributes.insert(attribute.to_owned());
        }
    }

    fn read_keys(&mut self, instances: &[Repeated]) {
        for of in instances {
            self.instances.entry(of.clone()).or_default();
        }
    }

    /// Returns the resources and module calls whose instances a variable of `for` stands for; `None` for another name.
    fn bound(&self, name: &str) -> Option<Vec<Repeated>> {
        let mut bound = self.bound.iter().rev();
        let found = bound.find(|bound| bound.name == name)?;
        Some(found.instances.clone())
    }

    /// Returns whose instances are the elements of a collection. What its other elements depend on is read as a whole.
    fn elements(&mut self, walked: &Expression) -> Vec<Repeated> {
        match walked {
            Expression::Parenthesis(inner) => self.elements(inner.inner()),
            Expression::FuncCall(call) if PASSING.iter().any(|name| is_call(call, name)) => {
                let arguments = call.args.iter();
                arguments
                    .flat_map(|argument| self.elements(argument))
                    .collect()
            }
            Expression::Conditional(choice) => {
                self.visit_expr(&choice.cond_expr);
                let mut elements = self.elements(&choice.true_expr);
                elements.extend(self.elements(&choice.false_expr));
                elements
            }
            Expression::Traversal(traversal) => match collection(traversal) {
                Some(of) if self.bound(&of[0]).is_none() => vec![of],
                _ => {
                    self.visit_traversal(traversal);
                    Vec::new()
                }
            },
            other => {
                self.visit_expr(other);
                Vec::new()
            }
        }
    }

    /// Visits what a `for` repeats.
    fn repeat(
        &mut self,
        collection: &Expression,
        names: [Option<&str>; 2],
        visit: impl FnOnce(&mut Self),
    ) {
        let instances = self.elements(collection);
        // Its keys are read in any case.
        self.read_keys(&instances);
        let outer = self.bound.len();
        let [key, value] = names.map(|name| name.map(str::to_owned));
        let key = key.map(|name| (name, Vec::new()));
        let value = value.map(|name| (name, instances));
        let bound = key.into_iter().chain(value);
        self.bound
            .extend(bound.map(|(name, instances)| Bound { name, instances }));
        visit(self);
        self.bound.truncate(outer);
    }
}

impl Visit for References {
    fn visit_expr(&mut self, expression: &Expression) {
        match expression.as_variable() {
            Some(name) => {
                let instances = self.bound(name.as_str());
                self.read(instances.unwrap_or_default(), "");
            }
            None => visit::visit_expr(self, expression),
        }
    }

    fn visit_traversal(&mut self, traversal: &Traversal) {
        let root = traversal.expr.as_variable().map(|name| name.as_str());
        let bound = root.and_then(|root| self.bound(root));
        let mut operators = traversal.operators.iter().map(|operator| operator.value());
        let attribute = |operator: Option<&TraversalOperator>| match operator {
            Some(TraversalOperator::GetAttr(name)) => name.as_str().to_owned(),
            _ => String::new(),
        };
        match (bound, root) {
            (Some(instances), _) => self.read(instances, &attribute(operators.next())),
            (None, Some(_)) => self.names.extend(reference(traversal)),
            // An element of a function's result, or its elements.
            (None, None) if attribute(operators.next()).is_empty() => {
                let instances = self.elements(&traversal.expr);
                self.read(instances, &attribute(operators.next()));
            }
            (None, None) => self.visit_expr(&traversal.expr),
        }
        for operator in &traversal.operators {
            self.visit_traversal_operator(operator);
        }
    }

    fn visit_for_expr(&mut self, each: &ForExpr) {
        let key = each.intro.key_var.as_ref().map(|name| name.as_str());
        let names = [key, Some(each.intro.value_var.as_str())];
        self.repeat(&each.intro.collection_expr, names, |inner| {
            if let Some(key) = &each.key_expr {
                inner.visit_expr(key);
            }
            inner.visit_expr(&each.value_expr);
            if let Some(condition) = &each.cond {
                inner.visit_expr(&condition.expr);
            }
        });
    }

    fn visit_for_template_expr(&mut self, each: &ForTemplateExpr) {
        let key = each.key_var.as_ref().map(|name| name.as_str());
        let names = [key, Some(each.value_var.as_str())];
        self.repeat(&each.collection_expr, names, |inner| {
            inner.visit_template(&each.template);
        });
    }

    fn visit_object_key(&mut self, key: &ObjectKey) {
        // A name is a key, whatever a variable is called.
        if !matches!(key, ObjectKey::Expression(Expression::Variable(_))) {
            visit::visit_object_key(self, key);
        }
    }

    fn visit_func_call(&mut self, call: &FuncCall) {
        let function = call.name.name.as_str();
        if function.contains("file") {
            self.files.push(FileRead {
                function: function.to_owned(),
                path: call.args.iter().next().cloned(),
            });
        }
        if !COUNTING.iter().any(|name| is_call(call, name)) {
            return visit::visit_func_call(self, call);
        }
        for argument in &call.args {
            let counted = self.elements(argument);
            self.read_keys(&counted);
        }
    }
}

/// Returns the resource, or the called module, that a traversal refers to with all its instances; `None` where it names
/// more, or something else.
pub(super) fn repeated(traversal: &Traversal) -> Option<Repeated> {
    let found = collection(traversal)?;
    let is_value = ["var", "local"].contains(&found[0].as_str());
    (!is_value).then_some(found)
}

/// Returns the resource, the called module, the local value or the variable that a traversal refers to with all its
/// elements; `None` where it names more, or something else.
fn collection(traversal: &Traversal) -> Option<Repeated> {
    let root = traversal.expr.as_variable()?.as_str();
    let mut operators = traversal.operators.iter().map(|operator| operator.value());
    let Some(TraversalOperator::GetAttr(name)) = operators.next() else {
        return None;
    };
    let is_splat = |operator: &TraversalOperator| {
        matches!(
            operator,
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_)
        )
    };
    let is_all = operators.next().is_none_or(is_splat) && operators.next().is_none();
    let is_repeated = ["module", "var", "local"].contains(&root) || !NO_RESOURCES.contains(&root);
    (is_all && is_repeated).then(|| [root, name.as_str()].map(str::to_owned))
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

/// Returns the first four names of a reference, up to an index that is no key of a value: `data`, `aws_iam_policy_document`, `x` and `json`; missing
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
            TraversalOperator::Index(Expression::String(key))
                if ["var", "local"].contains(&root) && ![EACH, NOTHING].contains(&key.as_str()) =>
            {
                let Some(next) = names.get_mut(at) else {
                    break;
                };
                *next = key.to_string();
                at += 1;
            }
            // The index of an instance.
            _ if at == 2 && (root == "module" || !NO_RESOURCES.contains(&root)) => {}
            _ => break,
        }
    }
    Some(names)
}
