//! Guards the other stacks of the same code, which are its other workspaces and sets of variables: an edit for one of
//! them must not change what the others declare.

use super::path;
use super::reasons::Unproven;
use super::refusal::Refusal;
use super::verify::{Verifier, values};
use super::{Changed, Stack};
use crate::code::{self, Evaluated, Options};
use crate::model::{Address, Finding, Tree, Value};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// How many stacks are kept as they are evaluated before the edits: their values take memory.
const KEPT: usize = 8;

/// Another stack that runs the code of a root module.
pub struct OtherStack<'a> {
    /// Its name.
    pub name: &'a str,
    /// The options of its evaluation.
    pub options: &'a Options,
    /// What its own fixes adopt, where it is scanned as well: its declarations may change to that.
    pub adopted: Option<&'a AdoptedValues>,
}

/// The differences that a stack's fixes adopt: their paths and live values, by resource.
#[derive(Debug, Clone, Default)]
pub struct AdoptedValues(BTreeMap<Address, Vec<(String, Value)>>);

impl AdoptedValues {
    /// Collects the differences of findings.
    pub fn of<'f>(adopted: impl IntoIterator<Item = &'f Finding>) -> Self {
        let mut all = BTreeMap::<_, Vec<_>>::new();
        for finding in adopted {
            let differences = finding.attributes.iter();
            let values =
                differences.map(|difference| (difference.path.clone(), difference.live.clone()));
            if let Some(address) = &finding.address {
                all.entry(address.clone()).or_default().extend(values);
            }
        }
        Self(all)
    }

    /// Returns an attribute's old value with those of its differences that the new one follows.
    pub(super) fn followed(
        &self,
        (address, name): (&Address, &str),
        old: &Value,
        new: &Value,
    ) -> Value {
        let mut expected = old.clone();
        for (path, live) in self.0.get(address).into_iter().flatten() {
            let Some((_, steps)) = path::parse(path).filter(|(own, _)| *own == name) else {
                continue;
            };
            let mut followed = new.clone();
            if steps.is_empty() || path::set(&mut followed, &steps, live) && followed == *new {
                path::set(&mut expected, &steps, live);
            }
        }
        expected
    }
}

/// Checks edits against the other stacks of the same code.
pub(super) struct Others<'a> {
    stack: &'a Stack<'a>,
    /// The first stacks as they are evaluated before the edits.
    before: Vec<OnceCell<Evaluated>>,
}

impl<'a> Others<'a> {
    pub(super) fn new(stack: &'a Stack<'a>) -> Self {
        let kept = stack.others.len().min(KEPT);
        Self {
            stack,
            before: (0..kept).map(|_| OnceCell::new()).collect(),
        }
    }

    /// Checks that no other stack declares anything else after the edits, but for what its own fixes adopt as well.
    ///
    /// # Errors
    /// The first other stack that does.
    pub(super) fn check(&self, edited: &Changed, verifier: &Verifier<'_>) -> Result<(), Refusal> {
        for (at, other) in self.stack.others.iter().enumerate() {
            let Some(file) = edited.keys().find(|file| self.reads(other, file)) else {
                continue;
            };
            let options = Options {
                interrupt: self.stack.options.interrupt.clone(),
                ..other.options.clone()
            };
            let (tree, folder) = (self.stack.tree, self.stack.folder);
            let evaluate = || code::evaluate(tree, folder, &options);
            let own;
            let before = match self.before.get(at) {
                Some(kept) => kept.get_or_init(evaluate),
                None => {
                    own = evaluate();
                    &own
                }
            };
            let after = code::evaluate_edited(tree, edited, folder, &options);
            if options.interrupt.is_raised() {
                return Err(Unproven::Interrupted.into());
            }
            let changed = first_change((before, &after), (other, verifier));
            if changed.is_some() || before.providers != after.providers {
                return Err(Unproven::OtherStack {
                    file: file.clone(),
                    stack: other.name.to_owned(),
                    address: changed.map(Box::new),
                }
                .into());
            }
        }
        Ok(())
    }

    /// Returns whether another stack reads a file: of the files of variables only those that Terraform loads by itself,
    /// and those that its settings name.
    fn reads(&self, other: &OtherStack<'_>, file: &str) -> bool {
        if !file.contains(".tfvars") {
            return true;
        }
        let name = file.rsplit('/').next().unwrap_or(file);
        let own = name.strip_suffix(".json").unwrap_or(name);
        let is_loaded = own == "terraform.tfvars" || own.ends_with(".auto.tfvars");
        let mut named = other.options.var_files.iter();
        is_loaded
            || named.any(|named| Tree::join(self.stack.folder, named).as_deref() == Some(file))
    }
}

/// Returns the first resource that a stack declares otherwise after the edits.
fn first_change(
    (before, after): (&Evaluated, &Evaluated),
    (other, verifier): (&OtherStack<'_>, &Verifier<'_>),
) -> Option<Address> {
    let (before, after) = (values(before), values(after));
    let is_changed = |address: &&&Address| {
        let (Some(old), Some(new)) = (before.get(**address), after.get(**address)) else {
            return true;
        };
        let mut names = old.keys().chain(new.keys());
        names.any(|name| {
            let [old, new] =
                [old, new].map(|values| values.get(name).map_or(&Value::Null, Cow::as_ref));
            let is_adopted = || {
                let attribute = (**address, *name);
                other.adopted.is_some_and(|adopted| {
                    let expected = adopted.followed(attribute, old, new);
                    verifier.alike(attribute, new, &expected, true)
                })
            };
            old != new && !is_adopted()
        })
    };
    let mut all = before.keys().chain(after.keys());
    all.find(is_changed).map(|address| (*address).clone())
}
