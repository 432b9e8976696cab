//! Finds the variables of a root module that are set outside the code, by `-var-file`, `TF_VAR_name` or HCP Terraform:
//! no file that Terraform loads by itself sets them, and their defaults do not lead to what the state recorded.

use super::context::Context;
use super::derivation::{Derivation, derivation};
use super::expression::certain_key;
use super::file::File;
use super::folder::ModuleIndex;
use super::instance::{Instance, SetBy};
use super::outside_state::OutsideState;
use super::outside_variable::{OutsideVariable, as_text};
use super::overlay::Overlay;
use super::recorded::Recorded;
use super::references::{Finder, Names};
use super::root_code::RootCode;
use super::scope::Scope;
use super::{Options, call, candidates, folder, provider, resource, variable};
use crate::model::{Attribute, Catalog, Key, Nesting, Resource, Schema, Shape, Tree, Type, Value};
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The evidence in attributes that a variable is set outside the code.
#[derive(Debug, Default)]
struct Evidence {
    /// The first attribute that is the variable itself and was recorded with another value.
    differs: Option<(Value, Value)>,
    /// Whether a value computed from it was recorded differently.
    may_differ: bool,
    /// Whether a value that contains it was recorded as the default leads to it.
    agrees: bool,
}

impl Evidence {
    /// Returns whether the last apply used another value than the default.
    fn is_outside(&self) -> bool {
        self.differs.is_some() || (self.may_differ && !self.agrees)
    }
}

/// Returns the variables of a root module that are set outside the code, as far as code and state show; none without a
/// state.
pub fn outside_variables(
    tree: &Tree,
    root: &str,
    options: &Options,
    catalog: &Catalog,
) -> Vec<OutsideVariable> {
    if options.recorded.is_empty() {
        return Vec::new();
    }
    let code = Overlay::of(tree);
    let root_code = RootCode::find(&code, root, options);
    let Ok(folder) = &root_code.folder else {
        return Vec::new();
    };
    let code = root_code.lay(code);
    let context = Context::new(options, code);
    let files = folder::LoadedModules::load(&code, folder, options, &context.budget);
    let folders = files.index();
    let configs = root_code.configs();
    let found = folders.get(folder).map(|folder| {
        let of_unit = (&root_code, configs.as_slice());
        let variables = variable::of_root(&code, folder, of_unit, options, &context).settings;
        let required = folder
            .variables
            .iter()
            .filter(|variable| variable.is_required());
        let required: BTreeSet<&str> = required.map(|variable| variable.name).collect();
        let undecided = |(name, set): (&&str, &super::instance::Setting<'_>)| match set.by {
            Some(SetBy::Default(..)) => true,
            Some(_) => false,
            None => required.contains(name) && set.value.is_unknown(),
        };
        let undecided = variables
            .iter()
            .filter(|(name, set)| undecided((name, set)));
        let names: Names = undecided.map(|(name, _)| Rc::from(*name)).collect();
        let mut search = Search {
            finder: Finder::new(names.clone()),
            recorded: &options.recorded,
            state: OutsideState::of(&options.recorded),
            catalog,
            evidence: BTreeMap::new(),
        };
        let instance = Instance::root(folder, variables, &context).calling(&folders);
        if !names.is_empty() && instance.hold().is_ok() {
            search.providers(&instance);
            search.walk(&folders, &instance);
        }
        let outside = search.evidence.into_iter().filter_map(|(name, evidence)| {
            let has_default = !required.contains(&*name);
            (!has_default || evidence.is_outside()).then(|| OutsideVariable {
                name: name.to_string(),
                differs: evidence.differs,
                has_default,
                files: Vec::new(),
            })
        });
        outside.collect::<Vec<_>>()
    });
    let mut found = found.unwrap_or_default();
    candidates::find(&mut found, (&code, root), options, &context);
    drop(context.budget.end(0));
    found
}

/// Compares values made from variables that no file sets with the state.
struct Search<'s> {
    finder: Finder,
    recorded: &'s Recorded,
    state: OutsideState<'s>,
    catalog: &'s Catalog,
    evidence: BTreeMap<Rc<str>, Evidence>,
}

/// The recorded value of one attribute, and how to compare it.
#[derive(Clone, Copy)]
struct Expected<'s> {
    schema: Option<&'s Schema>,
    attribute: Option<&'s Attribute>,
    /// Its path without indexes.
    path: &'s str,
    recorded: &'s Value,
    /// Whether the provider records the value exactly as written, which is not known of types that are not read.
    is_kept: bool,
}

impl<'s> Search<'s> {
    fn walk<'a>(&mut self, folders: &'a ModuleIndex<'a>, instance: &Rc<Instance<'a>>) {
        self.finder.enter(instance);
        for (file, block) in instance.folder.blocks("resource") {
            if instance.context.budget.is_over() {
                return;
            }
            let mark = instance.context.budget.mark();
            self.block(instance, file, block);
            instance.context.budget.settle(mark, 0);
        }
        for (file, block) in instance.folder.blocks("module") {
            self.call(instance, file, block);
        }
        call::for_each_instance(folders, instance, &mut |called| self.walk(folders, called));
    }

    /// Compares the instances of one call, of which the state has some.
    fn call<'a>(&mut self, instance: &Rc<Instance<'a>>, file: &'a File, block: &'a Block) {
        let Some(name) = block.labels.first() else {
            return;
        };
        let Some(recorded) = self.state.keys(&instance.path, name.as_str()) else {
            return;
        };
        if !resource::is_repeated(&block.body) || instance.context.budget.is_over() {
            return;
        }
        let scope = instance.scope(file);
        let mark = instance.context.budget.mark();
        let keys: BTreeSet<Option<Key>> = resource::keys(&scope, &block.body)
            .map(|(key, _)| key)
            .collect();
        instance.context.budget.settle(mark, 0);
        if keys.contains(&None) {
            self.uncertain_instances(&scope, &block.body);
        } else if !keys.iter().flatten().eq(recorded.iter().copied().flatten()) {
            self.other_instances(&scope, &block.body);
        }
    }

    /// Compares the instances of one block, of which the state has some.
    fn block<'a>(&mut self, instance: &Rc<Instance<'a>>, file: &'a File, block: &'a Block) {
        let [tf_type, name] = block.labels.as_slice() else {
            return;
        };
        let scope = instance.scope(file);
        if self.finder.of_body(&scope, &block.body).is_empty()
            && !resource::is_repeated(&block.body)
        {
            return;
        }
        let block_name = (instance.path.as_slice(), tf_type.as_str(), name.as_str());
        let recorded: BTreeMap<Option<&Key>, &'s Resource> =
            self.state.instances(self.recorded, block_name);
        if recorded.is_empty() {
            return;
        }
        let mut declared = BTreeSet::new();
        let mut are_certain = true;
        for (key, scope) in resource::keys(&scope, &block.body) {
            if let Some(resource) = recorded.get(&key.as_ref()) {
                let schema = self.catalog.get(tf_type.as_str());
                self.resource(&scope, &block.body, schema, resource);
            }
            are_certain &= key.is_some();
            declared.extend(key);
        }
        if are_certain && !declared.iter().eq(recorded.keys().filter_map(|key| *key)) {
            self.other_instances(&scope, &block.body);
        }
    }

    /// Records which variables decide on instances that are not certain.
    fn uncertain_instances(&mut self, scope: &Scope<'_>, body: &Body) {
        let counted = ["count", "for_each"].map(|name| body.get_attribute(name));
        for counted in counted.into_iter().flatten() {
            for name in self.finder.of_expression(scope, &counted.value) {
                self.evidence.entry(name).or_default();
            }
        }
    }

    /// Records that the state has other instances of a block than the code.
    fn other_instances(&mut self, scope: &Scope<'_>, body: &Body) {
        let counted = ["count", "for_each"].map(|name| body.get_attribute(name));
        for counted in counted.into_iter().flatten() {
            for name in self.finder.of_expression(scope, &counted.value) {
                self.evidence.entry(name).or_default().may_differ = true;
            }
        }
    }

    fn resource(
        &mut self,
        scope: &Scope<'_>,
        body: &Body,
        schema: Option<&'s Schema>,
        recorded: &'s Resource,
    ) {
        for argument in body.attributes() {
            let name = argument.key.as_str();
            let expected = Expected {
                schema,
                attribute: schema.and_then(|schema| schema.attributes.get(name)),
                path: name,
                recorded: recorded.get(name),
                is_kept: schema.is_some(),
            };
            self.argument(scope, &argument.value, expected);
        }
        if let Some(schema) = schema {
            let parts = &schema.attributes;
            self.blocks(scope, body, (schema, parts, ""), &|name| recorded.get(name));
        }
    }

    /// Compares nested blocks, where it is certain which recorded block each is.
    fn blocks(
        &mut self,
        scope: &Scope<'_>,
        body: &Body,
        (schema, parts, outer): (&Schema, &BTreeMap<String, Attribute>, &str),
        recorded: &dyn Fn(&str) -> &'s Value,
    ) {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        for block in body.blocks() {
            let name = block.ident.as_str();
            let number = numbers.entry(name).or_default();
            let at = std::mem::replace(number, *number + 1);
            let Some(Shape::Block(nesting, inner)) = parts.get(name).map(|part| &part.shape) else {
                continue;
            };
            let all = recorded(name).as_list().unwrap_or_default();
            let are_told_apart = *nesting == Nesting::List || all.len() == 1;
            let Some(found) = all.get(at).filter(|_| are_told_apart) else {
                continue;
            };
            let outer = match outer {
                "" => name.to_owned(),
                outer => format!("{outer}.{name}"),
            };
            for argument in block.body.attributes() {
                let name = argument.key.as_str();
                let expected = Expected {
                    schema: Some(schema),
                    attribute: inner.get(name),
                    path: &format!("{outer}.{name}"),
                    recorded: found.get(name),
                    is_kept: true,
                };
                self.argument(scope, &argument.value, expected);
            }
            let below = (schema, inner, outer.as_str());
            self.blocks(scope, &block.body, below, &|name| found.get(name));
        }
    }

    /// Compares one argument, or each entry of a literal map on its own.
    fn argument(&mut self, scope: &Scope<'_>, expression: &Expression, expected: Expected<'_>) {
        let is_map = |attribute: &Attribute| matches!(attribute.shape, Shape::Plain(Type::Map(_)));
        let is_map = expected.path == "tags" || expected.attribute.is_some_and(is_map);
        if let (Expression::Object(object), true) = (expression, is_map) {
            for (key, value) in object {
                if let Some(key) = certain_key(scope, key) {
                    let entry = Expected {
                        attribute: None,
                        recorded: expected.recorded.get(&key),
                        is_kept: true,
                        ..expected
                    };
                    self.argument(scope, value.expr(), entry);
                }
            }
            return;
        }
        let names = self.finder.of_expression(scope, expression);
        if names.is_empty() {
            return;
        }
        let value = scope.plain(expression);
        let agrees = expected.agrees(&value);
        let derivation = derivation(scope, expression);
        for name in names {
            let evidence = self.evidence.entry(name).or_default();
            match (agrees, derivation) {
                (None, _) | (Some(true), Derivation::Computed) => {}
                (Some(true), _) => evidence.agrees = true,
                (Some(false), Derivation::Variable) => {
                    let differs = || (value.clone(), expected.recorded.clone());
                    evidence.differs.get_or_insert_with(differs);
                }
                (Some(false), _) => evidence.may_differ = true,
            }
        }
    }

    /// Compares the tags that the root module's providers add with those that the state recorded.
    fn providers(&mut self, root: &Rc<Instance<'_>>) {
        self.finder.enter(root);
        for (file, block) in root.folder.blocks("provider") {
            let scope = root.scope(file);
            for tags in provider::blocks_of_tags(block) {
                for name in self.finder.of_body(&scope, &tags.body) {
                    self.evidence.entry(name).or_default();
                }
            }
            let Some((key, tags)) = provider::default_tags(&scope, block) else {
                continue;
            };
            for (tag, value) in tags {
                let mut of_provider = self
                    .recorded
                    .resources()
                    .filter(|resource| resource.provider == key);
                let added = of_provider.find_map(|resource| {
                    let added = resource.get("tags").get(&tag).is_null();
                    let recorded = resource.get("tags_all").get(&tag);
                    (added && !recorded.is_null()).then_some(recorded)
                });
                let recorded = added.unwrap_or(&Value::Null);
                let expected = Expected {
                    schema: None,
                    attribute: None,
                    path: "tags_all",
                    recorded,
                    is_kept: true,
                };
                self.argument(&scope, value, expected);
            }
        }
    }
}

impl Expected<'_> {
    /// Returns whether a value equals the recorded one; `None` where the comparison is not conclusive.
    fn agrees(&self, value: &Value) -> Option<bool> {
        let recorded = self.recorded;
        if value.has_unknown() || recorded.is_null() || recorded.has_secret() {
            return None;
        }
        match (self.schema, self.attribute) {
            // What the provider fills in where the code leaves it out tells nothing of the code.
            (_, Some(attribute)) if value.is_null() && attribute.computed => None,
            (Some(schema), Some(attribute)) => {
                let form = |value| schema.normal(attribute, self.path, value);
                let (asked, recorded) = (form(value), form(recorded));
                Some(asked == recorded || attribute.is_satisfied(&asked, &recorded))
            }
            _ => {
                let agrees = as_text(value)? == as_text(recorded)?;
                let is_text = matches!(recorded, Value::String(_));
                (agrees || self.is_kept || !is_text).then_some(agrees)
            }
        }
    }
}
