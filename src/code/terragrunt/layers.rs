//! Represents a configuration: its own layer and those that it includes, in order of precedence.

use super::merge;
use super::unit_context::ConfigScope;
use crate::code::budget::{Budget, Excess};
use crate::code::file::File;
use crate::code::folder::Problem;
use crate::code::size::{ENTRY, Size};
use crate::code::typed::Typed;
use crate::model::escape_name;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// The parts of a configuration that are not visible to other configurations.
const OTHER_PARTS: &[&str] = &[
    "dependency",
    "dependencies",
    "terraform",
    "iam_role",
    "retryable_errors",
    "skip",
];

/// A value with its location.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LocatedValue {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) value: Typed,
}

/// How a configuration is merged with one that it includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    NoMerge,
    Shallow,
    Deep,
}

/// The content of one file, without its includes.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// The file.
    pub(super) file: Arc<File>,
    /// The scope of its functions.
    pub(super) scope: Rc<ConfigScope>,
    /// How it is merged with the one that includes it.
    pub(super) strategy: Strategy,
    /// `inputs`; null where it has none.
    pub(super) inputs: Typed,
    pub(super) locals: Typed,
    /// `terraform.source`.
    pub(super) source: Option<LocatedValue>,
    /// `remote_state`: backend, config, generate.
    pub(super) remote_state: Option<LocatedValue>,
    /// `generate` blocks by label.
    pub(super) generated: BTreeMap<String, LocatedValue>,
    /// `extra_arguments` blocks by label.
    pub(super) arguments: BTreeMap<String, LocatedValue>,
}

/// A configuration and those that it includes, in order of precedence.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) layers: Vec<Layer>,
    /// All included configurations, merged or not.
    pub(super) included: BTreeSet<String>,
}

impl Config {
    /// Returns the configuration as others see it: a copy, which counts until the whole unit is evaluated.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(super) fn value(&self, budget: &Budget) -> Result<Typed, Excess> {
        budget.keep(self.layers.iter().map(Layer::bytes).sum())?;
        let own = self.layers.first();
        let locals = own.map_or(Typed::NULL, |own| own.locals.clone());
        let inputs = match self.inputs() {
            Typed::Null(_) => Typed::Object(BTreeMap::new()),
            inputs => inputs,
        };
        let mut parts: BTreeMap<String, Typed> = OTHER_PARTS
            .iter()
            .map(|name| ((*name).to_owned(), Typed::UNKNOWN))
            .collect();
        let remote_state = self.first(|layer| layer.remote_state.clone());
        let remote_state = remote_state.map_or(Typed::NULL, |state| state.value);
        let generated = self.generated().into_iter();
        let generated = generated.map(|(label, placed)| (label, placed.value));
        parts.insert("locals".to_owned(), locals);
        parts.insert("inputs".to_owned(), inputs);
        parts.insert("remote_state".to_owned(), remote_state);
        parts.insert("generate".to_owned(), Typed::Object(generated.collect()));
        Ok(Typed::Object(parts))
    }

    /// Returns the merged `inputs`; null where there are none.
    pub(super) fn inputs(&self) -> Typed {
        let mut layers = self.layers.iter();
        let own = layers.next().map_or(Typed::NULL, |own| own.inputs.clone());
        layers.fold(own, |own, layer| {
            // An included configuration says how it is merged with what includes it.
            let above = layer.inputs.clone();
            match layer.strategy {
                Strategy::Deep => merge::deep(above, own),
                Strategy::Shallow | Strategy::NoMerge => merge::shallow(above, own),
            }
        })
    }

    /// Returns a part of the first layer that has it.
    pub(super) fn first<T>(&self, part: impl Fn(&Layer) -> Option<T>) -> Option<T> {
        self.layers.iter().find_map(part)
    }

    /// Returns the `generate` blocks by label.
    pub(super) fn generated(&self) -> BTreeMap<String, LocatedValue> {
        self.merged(|layer| &layer.generated)
    }

    /// Returns the `extra_arguments` by label.
    pub(super) fn arguments(&self) -> BTreeMap<String, LocatedValue> {
        self.merged(|layer| &layer.arguments)
    }

    fn merged(
        &self,
        part: impl Fn(&Layer) -> &BTreeMap<String, LocatedValue>,
    ) -> BTreeMap<String, LocatedValue> {
        let mut merged = BTreeMap::new();
        for layer in self.layers.iter().rev() {
            merged.extend(part(layer).clone());
        }
        merged
    }
}

impl Layer {
    /// Returns the bytes that its values take.
    fn bytes(&self) -> usize {
        let values = [&self.inputs, &self.locals].into_iter();
        let values = values.chain(self.remote_state.iter().map(|placed| &placed.value));
        let values = values.chain(self.generated.values().map(|placed| &placed.value));
        let sizes = values.map(|value| ENTRY + Size::of_typed(value).bytes);
        sizes.sum()
    }
}

impl LocatedValue {
    pub(super) fn place(&self) -> String {
        format!("{}:{}", escape_name(&self.file), self.line)
    }

    pub(super) fn problem(&self, message: String) -> Problem {
        Problem {
            file: self.file.clone(),
            line: self.line,
            message,
        }
    }
}
