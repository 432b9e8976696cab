//! Writes a reference to another resource where AWS tells its id, if the code of the module declares it and no circle
//! of references arises.

use super::Stack;
use super::hcl_writer;
use super::location::File;
use super::refusal::Refusal;
use super::target::Target;
use crate::code;
use crate::model::{Address, Edit, ModuleStep, Source, Tree, Value};
use hcl_edit::expr::{Traversal, TraversalOperator};
use hcl_edit::structure::Body;
use hcl_edit::visit::{self, Visit};
use std::collections::{BTreeMap, BTreeSet};

/// The endings of attributes that hold ids or ARNs of other resources.
const ENDINGS: &[&str] = &["_id", "_ids", "_arn", "_arns", "security_groups", "subnets"];
/// The fewest characters of the part of an id that AWS draws.
const MIN_LENGTH: usize = 8;

/// A block that is edited: its module, the folder of that module's code, and its name as references write it.
pub(super) struct Place<'a> {
    modules: &'a [ModuleStep],
    folder: &'a str,
    node: String,
}

impl<'a> Target<'a> {
    /// Returns the block around these bytes, if it is the resource's own or a call that leads to it.
    pub(super) fn place(&'a self, file: &'a File<'_>, span: (usize, usize)) -> Option<Place<'a>> {
        let block = file.block_around(span)?;
        let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
        let modules = &self.address.modules;
        let (modules, node) = match (block.ident.as_str(), labels.as_slice()) {
            ("resource", [tf_type, name])
                if *tf_type == self.address.tf_type && *name == self.address.name =>
            {
                (modules.as_slice(), node_of(self.address))
            }
            ("module", [name]) => {
                let mut calls = modules.iter().enumerate();
                let (at, _) = calls.find(|(_, step)| step.name == *name)?;
                // Of two calls with one name it is not clear which is written here.
                let is_only = calls.all(|(_, step)| step.name != *name);
                (
                    modules.get(..at).filter(|_| is_only)?,
                    format!("module.{name}"),
                )
            }
            _ => return None,
        };
        Some(Place {
            modules,
            folder: Tree::folder(file.page.file),
            node,
        })
    }

    /// Writes a value of the target at a place, with references in place of ids; `None` where it holds none.
    pub(super) fn referring(
        &self,
        place: &Place<'_>,
        value: &Value,
        stack: &Stack<'_>,
    ) -> Option<String> {
        let name = self.last_name().filter(|_| !self.is_entry())?;
        place.written(name, value, stack)
    }

    /// Replaces a reference by one to another resource.
    pub(super) fn refer(
        &self,
        source: &Source,
        value: &Value,
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let file = File::open(stack.tree, &source.file)?;
        let place = self.place(&file, source.span);
        let text = place.and_then(|place| self.referring(&place, value, stack));
        let text = text.ok_or_else(|| Refusal::NotPlain {
            path: self.path.to_owned(),
            place: source.place(),
        })?;
        Ok(vec![file.page.edit(source.span.0..source.span.1, text)])
    }

    /// Writes a reference to a value in the style of a list's first item.
    pub(super) fn reference_like(
        &self,
        list: &str,
        value: &Value,
        stack: &Stack<'_>,
    ) -> Option<String> {
        let first = list.trim_start_matches(['[', ' ', '\n', '\r', '\t']);
        let end = first.find([',', ']', '\n'])?;
        let mut parts = first[..end].trim().split('.');
        let (tf_type, attribute) = (parts.next()?, parts.next_back()?);
        let named = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_');
        (named(tf_type) && named(attribute)).then_some(())?;
        let recorded = &stack.options.recorded;
        recorded.reference(&self.address.modules, (tf_type, attribute), value.as_str()?)
    }
}

impl<'a> Place<'a> {
    /// Returns the block of a resource in a file.
    pub(super) fn of_resource(address: &'a Address, file: &'a str) -> Self {
        Self {
            modules: &address.modules,
            folder: Tree::folder(file),
            node: node_of(address),
        }
    }

    /// Writes a value of an attribute, with references in place of ids; `None` where it holds none.
    pub(super) fn written(&self, name: &str, value: &Value, stack: &Stack<'_>) -> Option<String> {
        if !ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            return None;
        }
        match value {
            Value::String(text) => self.reference(text, stack),
            Value::List(items) => {
                let references: Vec<_> = items
                    .iter()
                    .map(|item| self.reference(item.as_str()?, stack))
                    .collect();
                references.iter().any(Option::is_some).then_some(())?;
                let written = items.iter().zip(references);
                let written = written.map(|(item, reference)| {
                    reference.or_else(|| super::literal::render(item, ""))
                });
                let written: Vec<_> = written.collect::<Option<_>>()?;
                Some(format!("[{}]", written.join(", ")))
            }
            _ => None,
        }
    }

    /// Returns a reference to the only resource of the module that has this id or ARN, if the code declares it and does
    /// not need what is edited here.
    pub(super) fn reference(&self, text: &str, stack: &Stack<'_>) -> Option<String> {
        let attributes: &[&str] = match text.starts_with("arn:") {
            true => &["arn", "id"],
            false if is_drawn(text) => &["id"],
            false => return None,
        };
        let recorded = &stack.options.recorded;
        let found = attributes.iter().find_map(|attribute| {
            let address = recorded.only(self.modules, attribute, text)?;
            Some((address, *attribute))
        });
        let (address, attribute) = found?;
        let is_declared = stack.declared.resources.contains_key(address);
        (is_declared && !self.leads_back(address, stack))
            .then(|| hcl_writer::reference(address, attribute))
    }

    /// Returns whether a resource needs the block that is edited, as far as that is certain.
    fn leads_back(&self, address: &Address, stack: &Stack<'_>) -> bool {
        let from = node_of(address);
        from == self.node
            || needs(
                &from,
                &self.node,
                (self.modules, self.folder),
                (stack.tree, stack),
            )
            .unwrap_or(true)
    }
}

/// Returns whether a block of a module needs another one, on whatever way; `None` where the code does not tell.
fn needs(
    from: &str,
    target: &str,
    (modules, folder): (&[ModuleStep], &str),
    (tree, stack): (&Tree, &Stack<'_>),
) -> Option<bool> {
    let found = reach(&graph(tree, folder)?, from, target);
    match modules.split_last() {
        _ if found.is_reached => Some(true),
        // What the call hands over may come from anywhere in the caller: even from this module's outputs.
        Some((own, callers)) if found.is_passed_in => {
            let mut resources = stack.declared.resources.iter();
            let (_, beside) = resources.find(|(address, _)| address.modules == callers)?;
            let call = format!("module.{}", own.name);
            let place = (callers, Tree::folder(&beside.file));
            needs(&call, &call, place, (tree, stack))
        }
        _ => Some(false),
    }
}

/// Returns whether a call of the module in a folder needs itself, in any caller.
pub(super) fn leads_back_above(folder: &str, tree: &Tree, stack: &Stack<'_>) -> bool {
    let resources = stack.declared.resources.iter();
    let own = resources.filter(|(_, resource)| Tree::folder(&resource.file) == folder);
    let modules: BTreeSet<&[ModuleStep]> =
        own.map(|(address, _)| address.modules.as_slice()).collect();
    modules.into_iter().any(|modules| {
        let Some((own, callers)) = modules.split_last() else {
            return false;
        };
        let mut resources = stack.declared.resources.iter();
        let beside = resources.find(|(address, _)| address.modules == callers);
        beside.is_some_and(|(_, beside)| {
            let call = format!("module.{}", own.name);
            let place = (callers, Tree::folder(&beside.file));
            needs(&call, &call, place, (tree, stack)).unwrap_or(false)
        })
    })
}

/// What each block and local value of a folder refers to.
pub(super) type Graph = BTreeMap<String, BTreeSet<String>>;

/// What the references from a block lead to.
pub(super) struct Reach {
    /// Whether they lead to the other block.
    pub is_reached: bool,
    /// Whether they lead to a variable of the module; not told once the other block is reached.
    pub is_passed_in: bool,
}

/// Follows the references from one block until they lead to another.
pub(super) fn reach(graph: &Graph, from: &str, target: &str) -> Reach {
    let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
    let mut is_passed_in = from.starts_with("var.");
    while let Some(node) = left.pop() {
        for next in graph.get(node).into_iter().flatten() {
            if next == target {
                return Reach {
                    is_reached: true,
                    is_passed_in,
                };
            }
            is_passed_in |= next.starts_with("var.");
            if seen.insert(next.as_str()) {
                left.push(next);
            }
        }
    }
    Reach {
        is_reached: false,
        is_passed_in,
    }
}

/// Returns what each block and local value of a folder refers to; `None` where a file cannot be read.
pub(super) fn graph(tree: &Tree, folder: &str) -> Option<Graph> {
    let mut graph = Graph::new();
    for path in code::code_paths(tree, folder) {
        let (path, _) = tree.files.get_key_value(&path)?;
        let file = File::open(tree, path).ok()?;
        for block in file.all_blocks() {
            let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
            let node = match (block.ident.as_str(), labels.as_slice()) {
                ("resource", [tf_type, name]) => format!("{tf_type}.{name}"),
                ("data", [tf_type, name]) => format!("data.{tf_type}.{name}"),
                ("module", [name]) => format!("module.{name}"),
                ("locals", _) => {
                    for local in block.body.attributes() {
                        let mut found = Named::default();
                        found.visit_expr(&local.value);
                        let node = format!("local.{}", local.key.as_str());
                        graph.entry(node).or_default().extend(found.0);
                    }
                    continue;
                }
                _ => continue,
            };
            graph.entry(node).or_default().extend(named(&block.body));
        }
    }
    Some(graph)
}

fn named(body: &Body) -> BTreeSet<String> {
    let mut found = Named::default();
    found.visit_body(body);
    found.0
}

/// The blocks, variables and local values that code names, as references begin.
#[derive(Default)]
struct Named(BTreeSet<String>);

impl Visit for Named {
    fn visit_traversal(&mut self, traversal: &Traversal) {
        if let Some(root) = traversal.expr.as_variable() {
            let operators = traversal.operators.iter().map(|operator| operator.value());
            let mut names = operators.map_while(|operator| match operator {
                TraversalOperator::GetAttr(name) => Some(name.as_str()),
                _ => None,
            });
            let mut parts = vec![root.as_str()];
            let more = if root.as_str() == "data" { 2 } else { 1 };
            parts.extend(names.by_ref().take(more));
            self.0.insert(parts.join("."));
        }
        visit::visit_traversal(self, traversal);
    }
}

/// Returns the name of a resource's block in references.
fn node_of(address: &Address) -> String {
    format!("{}.{}", address.tf_type, address.name)
}

/// Returns whether AWS drew a part of an id, so that no other resource has it: `igw-0a1b2c3d`.
fn is_drawn(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(prefix, drawn)| {
        !prefix.is_empty()
            && drawn.len() >= MIN_LENGTH
            && drawn.chars().all(|c| c.is_ascii_hexdigit())
    })
}
