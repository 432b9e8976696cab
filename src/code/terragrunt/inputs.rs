//! Finds the values that a unit's inputs set variables to, and where each is defined.

use super::layers::{Layer, Strategy};
use super::unit::Unit;
use crate::code::context::Context;
use crate::code::expression::is_key;
use crate::code::folder::{ModuleFolder, Problem};
use crate::code::given::is_primitive;
use crate::code::handed_on::is_call;
use crate::code::instance::{Instance, Measured, SetBy, Setting};
use crate::code::scope::Scope;
use crate::code::trace::{Head, MAX_CHAIN, head, source};
use crate::code::typed::Typed;
use crate::code::variable::Variable;
use crate::model::{Source, Tree};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many names and reasons a message lists.
const MAX_LISTED: usize = 10;
/// The digits of a number that Terragrunt passes on unchanged.
const EXACT_DIGITS: usize = 15;

/// The variables that a unit's inputs set.
#[derive(Debug, Default)]
pub(in crate::code) struct Inputs<'a> {
    /// Its inputs, by variable.
    pub(in crate::code) settings: BTreeMap<String, Setting<'a>>,
    /// The place where an input may be added, by variable.
    pub(in crate::code) left_out: BTreeMap<String, Source>,
}

impl Layer {
    /// Returns the configuration as a module.
    fn folder(&self) -> ModuleFolder<'_> {
        ModuleFolder::new(Tree::folder(&self.file.path), vec![self.file.as_ref()])
    }
}

impl Unit {
    /// Returns the configurations as modules, for references to their locals.
    pub(in crate::code) fn folders(&self) -> Vec<ModuleFolder<'_>> {
        let layers = self.config.layers.iter();
        layers.map(Layer::folder).collect()
    }

    /// Returns the settings of a module's variables by the inputs, and records which are not known.
    pub(in crate::code) fn inputs<'a>(
        &'a self,
        folders: &'a [ModuleFolder<'a>],
        module: &ModuleFolder<'_>,
        context: &Rc<Context<'a>>,
    ) -> Inputs<'a> {
        let layers = self.config.layers.iter().zip(folders);
        let scopes = layers.map(|(layer, folder)| {
            let instance = Instance::root(folder, BTreeMap::new(), context);
            let instance = instance.configured(layer.scope.clone());
            (layer, instance.scope(layer.file.as_ref()))
        });
        let scopes: Vec<_> = scopes.collect();
        let (mut inputs, mut unknown) = (Inputs::default(), Vec::new());
        let own_inputs = self.own_inputs(&scopes);
        for variable in &module.variables {
            let name = variable.name;
            let value = match (&self.inputs, &self.unknown_arguments) {
                (_, Some(_)) | (Typed::Unknown(_), _) => Some(Typed::UNKNOWN),
                (inputs, None) => inputs
                    .entries()
                    .and_then(|entries| entries.get(name))
                    .cloned(),
            };
            let Some(value) = value else {
                let own = own_inputs.clone().map(|own| (name.to_owned(), own));
                inputs.left_out.extend(own);
                continue;
            };
            let value = handed_over(variable, value);
            if value.has_unknown() {
                unknown.push(name);
            }
            let defined = defined(&scopes, name).filter(|_| self.unknown_arguments.is_none());
            let by = match defined {
                Some((scope, expression)) => SetBy::Argument(scope, expression),
                None => SetBy::Inputs(self.inputs_place().into()),
            };
            let set = Setting {
                value: Measured::new(value),
                by: Some(by),
            };
            inputs.settings.insert(name.to_owned(), set);
        }
        if let Some(message) = self.not_known(&unknown) {
            let problem = scopes.first().map(|(layer, _)| {
                let inputs = layer.file.body.get_attribute("inputs");
                layer
                    .file
                    .problem(inputs.and_then(|inputs| inputs.span()), message)
            });
            problem
                .into_iter()
                .for_each(|problem: Problem| context.budget.report(problem));
        }
        inputs
    }

    /// Returns the file and line of the inputs.
    fn inputs_place(&self) -> String {
        let mut layers = self.config.layers.iter();
        let place = layers.find_map(|layer| {
            let inputs = layer.file.body.get_attribute("inputs")?;
            Some(layer.file.place(inputs.span()))
        });
        place.unwrap_or_else(|| self.path.clone())
    }

    /// Returns the literal map of the unit's own inputs, where an input may be added.
    fn own_inputs<'a>(&self, scopes: &[(&'a Layer, Scope<'a>)]) -> Option<Source> {
        let (layer, scope) = scopes.first()?;
        let inputs = &layer.file.body.get_attribute("inputs")?.value;
        matches!(inputs, Expression::Object(_)).then(|| source(scope, inputs))
    }

    /// Returns one message about the unknown parts of a unit.
    fn not_known(&self, names: &[&str]) -> Option<String> {
        let unusual = listed(self.unusual.iter().cloned(), "; ");
        let state = match names {
            [_] => "is not known, so what it sets is compared by state and AWS alone",
            _ => "are not known, so what they set is compared by state and AWS alone",
        };
        let noun = match names {
            [_] => "input",
            _ => "inputs",
        };
        let names = listed(names.iter().map(|name| format!("`{name}`")), ", ");
        Some(match (&self.unknown_arguments, names, unusual) {
            (Some(place), ..) => format!(
                "`extra_arguments` at {place} may set any variable, so what they set is compared by state and AWS alone"
            ),
            (None, Some(names), Some(unusual)) => {
                format!("the {noun} {names} {state}: {unusual}")
            }
            (None, Some(names), None) => format!("the {noun} {names} {state}"),
            (None, None, Some(unusual)) => format!("not evaluated of this unit: {unusual}"),
            (None, None, None) => return None,
        })
    }
}

/// Joins the first of these strings, with the number of further ones.
fn listed(texts: impl Iterator<Item = String>, separator: &str) -> Option<String> {
    let texts: Vec<_> = texts.collect();
    let more = texts.len().saturating_sub(MAX_LISTED);
    let first: Vec<_> = texts.into_iter().take(MAX_LISTED).collect();
    let joined = first.join(separator);
    match (joined.is_empty(), more) {
        (true, _) => None,
        (_, 0) => Some(joined),
        (_, more) => Some(format!("{joined} and {more} more")),
    }
}

/// Returns the expression that sets an input, where it is a single one.
fn defined<'a>(
    scopes: &[(&'a Layer, Scope<'a>)],
    name: &str,
) -> Option<(Scope<'a>, &'a Expression)> {
    for (at, (layer, scope)) in scopes.iter().enumerate() {
        let entries = match &layer.inputs {
            Typed::Null(_) => continue,
            inputs => inputs.entries()?,
        };
        let Some(value) = entries.get(name) else {
            continue;
        };
        let may_merge = |(above, _): &(&Layer, Scope<'_>)| {
            let has_it = above
                .inputs
                .entries()
                .is_none_or(|above| above.contains_key(name));
            above.strategy == Strategy::Deep && has_it && !above.inputs.is_null()
        };
        let is_whole = matches!(value, Typed::String(_) | Typed::Number(_) | Typed::Bool(_));
        if !is_whole && scopes.iter().skip(at + 1).any(may_merge) {
            return None;
        }
        let inputs = &layer.file.body.get_attribute("inputs")?.value;
        return entry(scope, inputs, name, MAX_CHAIN);
    }
    None
}

/// Returns the expression of an entry in a map, through `merge` and locals.
fn entry<'a>(
    scope: &Scope<'a>,
    map: &'a Expression,
    name: &str,
    left: usize,
) -> Option<(Scope<'a>, &'a Expression)> {
    let left = left.checked_sub(1)?;
    match map {
        Expression::Parenthesis(inner) => entry(scope, inner.inner(), name, left),
        Expression::Object(object) => {
            let entries = object.iter().filter(|(key, _)| is_key(scope, key, name));
            let (_, value) = entries.last()?;
            Some((scope.clone(), value.expr()))
        }
        Expression::FuncCall(call) if is_call(call, "merge") => {
            let arguments: Vec<_> = call.args.iter().collect();
            for argument in arguments.into_iter().rev() {
                match scope.known(argument) {
                    Typed::Null(_) => {}
                    value if value.entries()?.contains_key(name) => {
                        return entry(scope, argument, name, left);
                    }
                    _ => {}
                }
            }
            None
        }
        Expression::Traversal(traversal) if traversal.operators.len() == 1 => {
            match head(scope, traversal, map).ok()? {
                Head::Code(scope, inner, _) => entry(&scope, inner, name, left),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Converts a value as Terragrunt passes it: as a string in the environment, as JSON for a variable that is not
/// primitive.
fn handed_over(variable: &Variable<'_>, value: Typed) -> Typed {
    if let Typed::Null(_) = value {
        return value;
    }
    let is_whole = |value: &Typed| matches!(value, Typed::Unknown(_)) || value.as_text().is_some();
    match value {
        value if is_whole(&value) && variable.constraint.is_none() => match exact(value) {
            Typed::Unknown(of) => Typed::Unknown(of),
            value => {
                let is_secret = value.has_secret_text();
                let text = value.as_text().map_or(Typed::UNKNOWN, Typed::text);
                if is_secret { text.of_secret() } else { text }
            }
        },
        // Terraform takes it for the text that it is.
        _ if variable.constraint.is_none() => Typed::UNKNOWN,
        // Terraform takes it for code.
        Typed::String(_) if !is_primitive(variable.constraint) => Typed::UNKNOWN,
        value => exact(value),
    }
}

/// Converts a value as JSON does: lists and maps lose their types, and values that JSON or a template would change are
/// unknown.
fn exact(value: Typed) -> Typed {
    match value {
        Typed::Number(number) => {
            let text = number.to_string();
            match text.chars().filter(char::is_ascii_digit).count() > EXACT_DIGITS {
                true => Typed::UNKNOWN,
                false => Typed::Number(number),
            }
        }
        Typed::List(_, items) | Typed::Set(_, items) | Typed::Tuple(items) => {
            Typed::Tuple(items.into_iter().map(|item| plain(exact(item))).collect())
        }
        Typed::Map(_, entries) | Typed::Object(entries) => Typed::Object(
            entries
                .into_iter()
                .map(|(key, value)| (key, plain(exact(value))))
                .collect(),
        ),
        value => value,
    }
}

/// Returns a string within a list or a map; unknown where Terraform may take it for a template.
fn plain(value: Typed) -> Typed {
    match value {
        Typed::String(text) if text.contains("${") || text.contains("%{") => Typed::UNKNOWN,
        value => value,
    }
}
