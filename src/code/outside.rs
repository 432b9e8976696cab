//! Finds the variables of a root module that are set outside the code, by `-var-file`, `TF_VAR_name` or HCP Terraform:
//! no file that Terraform loads by itself sets them, and their defaults do not lead to what the state recorded.

use super::context::Context;
use super::derivation::{Derivation, derivation};
use super::expression::certain_key;
use super::file::File;
use super::folder::ModuleIndex;
use super::instance::{Instance, SetBy};
use super::null_defaults::NullDefaults;
use super::null_search::{self, NullScope};
use super::outside_blocks::RecordedBlocks;
use super::outside_expected::Expected;
use super::outside_state::OutsideState;
use super::outside_variable::{NotGiven, OutsideVariable};
use super::overlay::Overlay;
use super::recorded::Recorded;
use super::references::{Finder, Names};
use super::root_code::RootCode;
use super::scope::Scope;
use super::{Options, call, candidates, folder, resource, variable};
use crate::model::{Address, Attribute, Catalog, Key, Resource, Schema, Shape, Tree, Type, Value};
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What code and state show of the variables of a root module that are set outside the code.
#[derive(Debug, Clone, Default)]
pub struct OutsideVariables {
    /// Those that are set outside, as far as code and state show.
    pub found: Vec<OutsideVariable>,
    /// The arguments of which it is not known, since AWS may have filled them in.
    pub null_defaults: NullDefaults,
}

impl OutsideVariables {
    /// Returns the names of those that are set outside.
    pub fn names(&self) -> BTreeSet<String> {
        let found = self.found.iter();
        found.map(|variable| variable.name.clone()).collect()
    }
}

/// The evidence in attributes that a variable is set outside the code.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// The first attribute that is the variable itself and was recorded with another value.
    pub differs: Option<(Value, Value)>,
    /// Whether a value computed from it was recorded differently.
    pub may_differ: bool,
    /// Whether a value that contains it was recorded as the default leads to it.
    pub agrees: bool,
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
) -> OutsideVariables {
    let mut outside = OutsideVariables::default();
    if options.recorded.is_empty() {
        return outside;
    }
    let code = Overlay::of(tree);
    let root_code = RootCode::find(&code, root, options);
    let Ok(folder) = &root_code.folder else {
        return outside;
    };
    let code = root_code.lay(code);
    let context = Context::new(options, code);
    let files = folder::LoadedModules::load(&code, folder, options, &context.budget);
    let folders = files.index();
    let configs = root_code.configs();
    if let Some(folder) = folders.get(folder) {
        let of_unit = (&root_code, configs.as_slice());
        let variables = variable::of_root(&code, folder, of_unit, options, &context);
        let required = without_value(folder, &variables.unset);
        let undecided = |(name, set): (&&str, &super::instance::Setting<'_>)| match set.by {
            Some(SetBy::Default(..)) => true,
            Some(_) => false,
            None => required.contains_key(name) && set.value.is_unknown(),
        };
        let undecided = variables
            .settings
            .iter()
            .filter(|(name, set)| undecided((name, set)));
        let names: Names = undecided.map(|(name, _)| Rc::from(*name)).collect();
        let mut search = Search {
            finder: Finder::new(names.clone()),
            recorded: &options.recorded,
            state: OutsideState::of(&options.recorded),
            catalog,
            evidence: BTreeMap::new(),
            never_null: null_search::never_null(folder),
            nulls: NullDefaults::default(),
            null_values: BTreeMap::new(),
        };
        let instance = Instance::root(folder, variables.settings, &context).calling(&folders);
        if !names.is_empty() && instance.hold().is_ok() {
            search.walk(&folders, &instance);
        }
        outside = search.result(&required);
    }
    let OutsideVariables {
        found,
        null_defaults,
    } = &mut outside;
    let unset: Vec<_> = found.iter_mut().chain(null_defaults.variables()).collect();
    candidates::find(unset, (&code, root), options, &context);
    drop(context.budget.end(0));
    outside
}

/// Returns the variables that nothing sets and that have no default either.
fn without_value<'a>(
    folder: &folder::ModuleFolder<'a>,
    unset: &BTreeSet<&str>,
) -> BTreeMap<&'a str, NotGiven> {
    let variables = folder.variables.iter();
    let unset = variables.filter(|variable| unset.contains(variable.name));
    unset
        .filter_map(|variable| Some((variable.name, variable.not_given()?)))
        .collect()
}

/// Returns whether an attribute is a map, whose entries are compared one by one.
pub(super) fn is_map(attribute: &Attribute) -> bool {
    matches!(attribute.shape, Shape::Plain(Type::Map(_)))
}

/// Compares values made from variables that no file sets with the state.
pub(super) struct Search<'s> {
    pub finder: Finder,
    pub recorded: &'s Recorded,
    state: OutsideState<'s>,
    catalog: &'s Catalog,
    pub evidence: BTreeMap<Rc<str>, Evidence>,
    /// The variables that take no null.
    pub never_null: BTreeSet<Rc<str>>,
    /// The arguments that are null by a default while the state holds a value, or the other way round.
    pub nulls: NullDefaults,
    /// The default and the recorded value of the variables behind these, where one argument is the variable itself.
    pub null_values: BTreeMap<Rc<str>, Option<(Value, Value)>>,
}

impl<'s> Search<'s> {
    /// Returns what was found. Variables without a value are set outside wherever the code uses them.
    fn result(self, required: &BTreeMap<&str, NotGiven>) -> OutsideVariables {
        let variable = |name: &str, differs, not_given| OutsideVariable {
            name: name.to_owned(),
            differs,
            not_given,
            files: Vec::new(),
        };
        let mut null_defaults = self.nulls;
        null_defaults.without_applied(|name| {
            let evidence = self.evidence.get(name);
            evidence.is_some_and(|evidence| evidence.agrees)
        });
        let found = self.evidence.into_iter().filter_map(|(name, evidence)| {
            let not_given = required.get(&*name).copied();
            let is_outside = not_given.is_some() || evidence.is_outside();
            is_outside.then(|| variable(&name, evidence.differs, not_given))
        });
        let found: Vec<_> = found.collect();
        let open = self.null_values.into_iter();
        let open = open.map(|(name, values)| variable(&name, values, None));
        null_defaults.describe(open.collect());
        OutsideVariables {
            found,
            null_defaults,
        }
    }

    fn walk<'a>(&mut self, folders: &'a ModuleIndex<'a>, instance: &Rc<Instance<'a>>) {
        self.finder.enter(instance);
        self.providers(instance);
        for (file, block) in instance.folder.blocks("data") {
            let mark = instance.context.budget.mark();
            self.uses(&instance.scope(file), &block.body);
            instance.context.budget.settle(mark, 0);
        }
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

    /// Records which variables a block uses.
    fn uses(&mut self, scope: &Scope<'_>, body: &Body) -> Names {
        let names = self.finder.of_body(scope, body);
        for name in &names {
            self.evidence.entry(name.clone()).or_default();
        }
        names
    }

    /// Compares the instances of one call, of which the state has some.
    fn call<'a>(&mut self, instance: &Rc<Instance<'a>>, file: &'a File, block: &'a Block) {
        let Some(name) = block.labels.first() else {
            return;
        };
        if !resource::is_repeated(&block.body) || instance.context.budget.is_over() {
            return;
        }
        let scope = instance.scope(file);
        self.count_of(&scope, &block.body);
        let Some(recorded) = self.state.keys(&instance.path, name.as_str()) else {
            return;
        };
        let mark = instance.context.budget.mark();
        let keys: BTreeSet<Option<Key>> = resource::keys(&scope, &block.body)
            .map(|(key, _)| key)
            .collect();
        instance.context.budget.settle(mark, 0);
        if !keys.contains(&None) && !keys.iter().flatten().eq(recorded.iter().copied().flatten()) {
            self.other_instances(&scope, &block.body);
        }
    }

    /// Compares the instances of one block, of which the state has some.
    fn block<'a>(&mut self, instance: &Rc<Instance<'a>>, file: &'a File, block: &'a Block) {
        let [tf_type, name] = block.labels.as_slice() else {
            return;
        };
        let scope = instance.scope(file);
        let names = self.uses(&scope, &block.body);
        if names.is_empty() && !resource::is_repeated(&block.body) {
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
                if !names.is_empty() {
                    let address = Address {
                        modules: instance.path.clone(),
                        tf_type: tf_type.as_str().to_owned(),
                        name: name.as_str().to_owned(),
                        key: key.clone(),
                    };
                    self.nulls_of(&scope, &block.body, (schema, *resource), &address);
                }
            }
            are_certain &= key.is_some();
            declared.extend(key);
        }
        if are_certain && !declared.iter().eq(recorded.keys().filter_map(|key| *key)) {
            self.other_instances(&scope, &block.body);
        }
    }

    /// Records which variables decide on the instances of a call.
    fn count_of(&mut self, scope: &Scope<'_>, body: &Body) {
        let counted = ["count", "for_each"].map(|name| body.get_attribute(name));
        for counted in counted.into_iter().flatten() {
            for name in self.finder.of_expression(scope, &counted.value) {
                self.evidence.entry(name).or_default();
            }
        }
    }

    /// Records that a value which depends on these variables was recorded otherwise.
    pub(super) fn may_differ(&mut self, names: Names) {
        for name in names {
            self.evidence.entry(name).or_default().may_differ = true;
        }
    }

    /// Records that the state has other instances of a block than the code.
    fn other_instances(&mut self, scope: &Scope<'_>, body: &Body) {
        let counted = ["count", "for_each"].map(|name| body.get_attribute(name));
        for counted in counted.into_iter().flatten() {
            let names = self.finder.of_expression(scope, &counted.value);
            self.may_differ(names);
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
            let place = RecordedBlocks {
                resource: recorded,
                schema,
                parts: &schema.attributes,
                outer: "",
            };
            self.blocks(scope, body, place, &|name| recorded.get(name));
        }
    }

    /// Finds the arguments of a resource that are null by a default while the state holds a value, or the other way round.
    fn nulls_of<'a>(
        &mut self,
        scope: &Scope<'a>,
        body: &'a Body,
        (schema, recorded): (Option<&'s Schema>, &'s Resource),
        address: &Address,
    ) {
        let Some(schema) = schema else {
            return;
        };
        let place = NullScope {
            address,
            blocks: &[],
            schema,
            parts: &schema.attributes,
            outer: &Names::new(),
        };
        self.null_arguments(scope, body, place, &|name| {
            Vec::from_iter(recorded.attributes.get(name))
        });
    }

    /// Compares one argument, or each entry of a literal map on its own.
    pub(super) fn argument(
        &mut self,
        scope: &Scope<'_>,
        expression: &Expression,
        expected: Expected<'_>,
    ) {
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
}
