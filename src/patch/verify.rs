//! Nothing is offered that was not tried: both parsers, and the evaluator.

use super::path::{self, Step};
use super::{Changed, Stack, splice};
use crate::code::{self, Evaluated};
use crate::model::{Address, Attributes, Edit, Tree, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What the code is to say after the edits.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub address: Address,
    pub name: String,
    pub steps: Vec<Step>,
    pub value: Value,
}

/// Edits, and what they make of the code.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub edits: Vec<Edit>,
    /// What the code is to say.
    pub wanted: Vec<Wanted>,
    /// The resource that is to be out of the code.
    pub gone: Option<Address>,
    /// The resource that is to be new in it, and all that it says.
    pub made: Option<(Address, Attributes)>,
}

impl Plan {
    /// Edits after which the code is to say this.
    pub(super) fn of((edits, wanted): (Vec<Edit>, Vec<Wanted>)) -> Self {
        Self {
            edits,
            wanted,
            ..Self::default()
        }
    }
}

/// Tries edits.
pub(super) struct Verifier<'a> {
    stack: &'a Stack<'a>,
    /// What the code says without them.
    before: &'a Evaluated,
    /// The files, in which the edited ones take the place of their own for as long as they are tried.
    tree: RefCell<Tree>,
}

impl<'a> Verifier<'a> {
    pub(super) fn new(stack: &'a Stack<'a>, before: &'a Evaluated) -> Self {
        Self {
            stack,
            before,
            tree: RefCell::new(stack.tree.clone()),
        }
    }

    /// Whether the edits make what is wanted and change nothing else.
    ///
    /// # Errors
    /// What they break.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), String> {
        if plan.edits.is_empty() {
            return Ok(());
        }
        let changed = splice::files(self.stack.tree, &plan.edits);
        for (file, bytes) in &changed {
            let before = self.stack.tree.text(file).unwrap_or_default();
            parses(file, before, bytes)?;
        }
        let after = self.evaluated_with(changed);
        let mut expected: BTreeMap<&Address, BTreeMap<&str, Value>> = values(self.before);
        if let Some(gone) = &plan.gone {
            expected.remove(gone);
        }
        if let Some((address, said)) = &plan.made {
            let said = said
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone()));
            expected.insert(address, said.collect());
        }
        let mut whole = BTreeSet::new();
        for one in &plan.wanted {
            if let Some(resource) = expected.get_mut(&one.address) {
                if one.steps.is_empty() {
                    whole.insert((&one.address, one.name.as_str()));
                }
                let value = resource.entry(&one.name).or_default();
                if !path::set(value, &one.steps, &one.value) {
                    return Err(format!(
                        "the code of {} has no place for `{}`",
                        one.address, one.name
                    ));
                }
            }
        }
        let found = values(&after);
        let unlike = |address: &&Address| {
            let (Some(expected), Some(found)) = (expected.get(*address), found.get(*address))
            else {
                return true;
            };
            let names = expected.keys().chain(found.keys()).copied();
            let get = |all: &BTreeMap<&str, Value>, name: &str| {
                all.get(name).cloned().unwrap_or_default()
            };
            names.into_iter().any(|name| {
                let live = whole.contains(&(*address, name));
                !self.alike(
                    (address, name),
                    &get(found, name),
                    &get(expected, name),
                    live,
                )
            })
        };
        match expected.keys().chain(found.keys()).copied().find(unlike) {
            Some(address) => Err(format!(
                "the edit would not leave {address} as it should be"
            )),
            None => Ok(()),
        }
    }

    /// What the code says with these files in place of its own.
    fn evaluated_with(&self, changed: Changed) -> Evaluated {
        let mut tree = self.tree.borrow_mut();
        let own: Vec<_> = changed
            .into_iter()
            .map(|(file, bytes)| (file.clone(), tree.files.insert(file, bytes)))
            .collect();
        let evaluated = code::evaluate(&tree, self.stack.folder, self.stack.options);
        for (file, bytes) in own {
            match bytes {
                Some(bytes) => drop(tree.files.insert(file, bytes)),
                None => drop(tree.files.remove(&file)),
            }
        }
        evaluated
    }

    /// Whether the code says of an attribute what it should, as the provider compares: where that is AWS's own value, it
    /// may leave out of blocks what the provider chooses.
    fn alike(
        &self,
        (address, name): (&Address, &str),
        found: &Value,
        expected: &Value,
        live: bool,
    ) -> bool {
        if found == expected {
            return true;
        }
        let schema = self.stack.catalog.get(&address.tf_type);
        let known = schema.and_then(|schema| Some((schema, schema.attributes.get(name)?)));
        let Some((schema, attribute)) = known else {
            return false;
        };
        let [found, expected] =
            [found, expected].map(|value| schema.normal(attribute, name, value));
        found == expected
            || (live && !found.has_unknown() && attribute.is_satisfied(&found, &expected))
    }
}

/// Whether both parsers accept a file. The second one knows less of HCL: what it refused before the edit as well says
/// nothing of the edit.
fn parses(file: &str, before: &str, bytes: &[u8]) -> Result<(), String> {
    let refused = || format!("the edited {file} would not be valid HCL");
    let text = std::str::from_utf8(bytes).map_err(|_| refused())?;
    hcl_edit::parser::parse_body(text).map_err(|_| refused())?;
    let mut parser = tree_sitter::Parser::new();
    parser
        .set_language(&tree_sitter_hcl::LANGUAGE.into())
        .map_err(|_| refused())?;
    let mut accepts = |text: &str| {
        let tree = parser.parse(text, None);
        tree.is_some_and(|tree| !tree.root_node().has_error())
    };
    if accepts(text) || !accepts(before) {
        Ok(())
    } else {
        Err(refused())
    }
}

/// The attributes of each resource: entries of maps and parts of blocks are in them.
fn values(evaluated: &Evaluated) -> BTreeMap<&Address, BTreeMap<&str, Value>> {
    let resources = evaluated
        .declared
        .resources
        .iter()
        .map(|(address, resource)| {
            let attributes = resource
                .attributes
                .iter()
                .filter(|(name, _)| !name.contains('['));
            let attributes =
                attributes.map(|(name, definition)| (name.as_str(), definition.value.clone()));
            (address, attributes.collect())
        });
    resources.collect()
}
