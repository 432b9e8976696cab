//! Evaluates the conditions under which Terraform plans: validations of variables, and preconditions and postconditions.
//! `check` blocks only warn.

use super::convert::convert;
use super::fault::Fault;
use super::file::File;
use super::instance::Instance;
use super::resource;
use super::scope::Scope;
use super::typed::Typed;
use super::types::Type;
use super::written_references::References;
use crate::model::{Address, Source};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The most conditions that are kept.
const MAX_UNMET: usize = 1_000;
/// The longest message that is kept, in characters.
const MAX_MESSAGE: usize = 300;

/// A condition that does not hold, or is not known to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmetCondition {
    /// The block that it is a part of: the variable, the output or the resource.
    pub source: Source,
    /// What it checks.
    pub subject: Subject,
    /// Whether it is certain that a plan fails.
    pub is_certain: bool,
    /// Its message, where that is known and no secret.
    pub message: Option<String>,
}

/// What a condition checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The value of a variable.
    Variable(String),
    /// An output or a resource, by its name.
    Block(String),
}

/// The conditions that are not met: by module instance, block, kind and number.
pub type UnmetConditions = BTreeMap<String, UnmetCondition>;

/// Adds the unmet conditions of a module instance, as far as the budget allows.
pub(super) fn evaluate<'a>(instance: &Rc<Instance<'a>>, unmet: &mut UnmetConditions) {
    let mut found = Found {
        instance,
        path: instance
            .path
            .iter()
            .map(|step| format!("{step:?}/"))
            .collect(),
        unmet,
    };
    for (file, block) in instance.folder.blocks("variable") {
        let name = label(block);
        let subject = Subject::Variable(name.to_owned());
        let scope = instance.scope(file);
        found.all(
            &scope,
            (block, block),
            &["validation"],
            (&format!("var.{name}"), &subject),
        );
    }
    for (file, block) in instance.folder.blocks("output") {
        let name = format!("output.{}", label(block));
        let subject = Subject::Block(name.clone());
        let scope = instance.scope(file);
        found.all(&scope, (block, block), &["precondition"], (&name, &subject));
    }
    for (file, block) in instance.folder.blocks("resource") {
        found.of_resource(file, block);
    }
}

/// The conditions of one module instance.
struct Found<'a, 'u> {
    instance: &'u Rc<Instance<'a>>,
    path: String,
    unmet: &'u mut UnmetConditions,
}

impl<'a> Found<'a, '_> {
    fn of_resource(&mut self, file: &'a File, block: &'a Block) {
        let [tf_type, name] = block.labels.as_slice() else {
            return;
        };
        let conditions = ["precondition", "postcondition"];
        let lifecycles = block.body.get_blocks("lifecycle");
        let lifecycles: Vec<_> = lifecycles
            .filter(|lifecycle| {
                conditions
                    .iter()
                    .any(|name| lifecycle.body.has_blocks(name))
            })
            .collect();
        if lifecycles.is_empty() {
            return;
        }
        for (key, scope) in resource::keys(&self.instance.scope(file), &block.body) {
            let address = Address {
                modules: self.instance.path.clone(),
                tf_type: tf_type.as_str().to_owned(),
                name: name.as_str().to_owned(),
                key,
            };
            let name = address.to_string();
            let subject = Subject::Block(name.clone());
            for lifecycle in &lifecycles {
                let named = (name.as_str(), &subject);
                self.all(&scope, (block, lifecycle), &conditions[..1], named);
                let own = own_object(&scope, block, lifecycle, &address);
                let after = scope.with("self", own);
                self.all(&after, (block, lifecycle), &conditions[1..], named);
            }
            if self.instance.context.budget.is_over() {
                return;
            }
        }
    }

    /// Adds the unmet conditions of a block that stand in another.
    fn all(
        &mut self,
        scope: &Scope<'a>,
        (block, body): (&'a Block, &'a Block),
        kinds: &[&str],
        (name, subject): (&str, &Subject),
    ) {
        for kind in kinds {
            for (number, condition) in body.body.get_blocks(kind).enumerate() {
                let Some(expression) = condition.body.get_attribute("condition") else {
                    continue;
                };
                let budget = scope.budget();
                let mark = budget.mark();
                let is_certain = match holds(scope, &expression.value) {
                    Some(true) => None,
                    Some(false) => Some(true),
                    None => Some(false),
                };
                if let Some(is_certain) = is_certain
                    && self.unmet.len() < MAX_UNMET
                {
                    let key = format!("{}{name} {kind} {number}", self.path);
                    let unmet = UnmetCondition {
                        source: scope.file.source(block.span().unwrap_or_default()),
                        subject: subject.clone(),
                        is_certain,
                        message: message(scope, condition),
                    };
                    self.unmet.insert(key, unmet);
                }
                budget.settle(mark, 0);
            }
        }
    }
}

/// Returns whether a condition holds: not one that Terraform refuses; `None` where that is not known.
fn holds(scope: &Scope<'_>, condition: &Expression) -> Option<bool> {
    let Ok(value) = scope.value(condition) else {
        return Some(false);
    };
    match convert(value, &Type::Bool, scope.budget()) {
        Ok(Typed::Bool(holds)) => Some(holds),
        Ok(Typed::Unknown(_)) => None,
        Err(Fault::Excess(_)) => None,
        Ok(_) | Err(_) => Some(false),
    }
}

fn message(scope: &Scope<'_>, condition: &Block) -> Option<String> {
    let text = condition.body.get_attribute("error_message")?;
    let Typed::String(text) = scope.known(&text.value) else {
        return None;
    };
    let is_shown = !text.is_secret();
    let words: Vec<_> = text.split_whitespace().collect();
    let shown = words.join(" ").chars().take(MAX_MESSAGE).collect();
    is_shown.then_some(shown)
}

/// Returns the attributes of `self` that the postconditions in a block read: as the code has them, else as the state
/// recorded them.
fn own_object(scope: &Scope<'_>, block: &Block, lifecycle: &Block, address: &Address) -> Typed {
    let postconditions = lifecycle.body.get_blocks("postcondition");
    let expressions = postconditions.flat_map(|block| block.body.attributes());
    let names = expressions.flat_map(|argument| References::of(&argument.value).names);
    let own = names.filter(|[root, ..]| root == "self");
    let of = |name: String| {
        let written = block.body.get_attribute(&name);
        let value = match written {
            Some(argument) => scope.known(&argument.value),
            None if block.body.has_blocks(&name) => Typed::UNKNOWN,
            None => scope.instance.context.recorded.attribute(address, &name),
        };
        (name, value)
    };
    Typed::Object(own.map(|[_, name, ..]| of(name)).collect())
}

fn label(block: &Block) -> &str {
    block.labels.first().map_or("", |label| label.as_str())
}
