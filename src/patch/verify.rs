//! Verifies every fix by both parsers and the evaluator.

use super::alike::{is_same_json, is_same_text};
use super::callers::Callers;
use super::conditions;
use super::cycles;
use super::others::{AdoptedValues, Others};
use super::parses::parses;
use super::path::{self, Step};
use super::reasons::Unproven;
use super::refusal::Refusal;
use super::removal_refusal::RemovalRefusal;
use super::{Changed, Stack, outputs, splice, valid};
use crate::code::{
    self, EditedPlaces, Evaluated, Options, Problem, SearchUnfinished, UnseenReader,
};
use crate::model::{Address, Attributes, Edit, Imported, Tree, Value, credentials};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

/// How many checked plans are kept.
const KEPT: usize = 16;

/// A value that the code must have after the edits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ExpectedValue {
    pub address: Address,
    pub name: String,
    pub steps: Vec<Step>,
    pub value: Value,
}

impl ExpectedValue {
    /// Creates the expectation of a value at a path; `None` where the path cannot be parsed.
    pub(super) fn of(address: &Address, path: &str, value: &Value) -> Option<Self> {
        let (name, steps) = path::parse(path)?;
        Some(Self {
            address: address.clone(),
            name: name.to_owned(),
            steps,
            value: value.clone(),
        })
    }
}

/// Edits, and their expected effect on the code.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Plan {
    pub edits: Vec<Edit>,
    /// The values that the code must have.
    pub expected: Vec<ExpectedValue>,
    /// The resources that must be gone from the code.
    pub gone: Vec<Address>,
    /// The resources that must be new in the code, with all their attributes.
    pub created: Vec<(Address, Attributes)>,
    /// The same resource, as AWS has it.
    pub imported: Option<Imported>,
}

impl Plan {
    /// Adds the edits of another plan, and what they must make of the code.
    ///
    /// # Errors
    /// Both edit the same bytes.
    pub(super) fn add(&mut self, other: &Self, tree: &Tree) -> Result<(), Refusal> {
        splice::join_in(tree, &mut self.edits, &other.edits)?;
        self.expected.extend(other.expected.iter().cloned());
        self.gone.extend(other.gone.iter().cloned());
        self.created.extend(other.created.iter().cloned());
        Ok(())
    }
}

/// The outputs of the root module that edits change.
pub(super) type Outputs = Vec<String>;

/// Verifies edits.
pub(super) struct Verifier<'a> {
    stack: &'a Stack<'a>,
    /// The evaluated code before the edits, with its conditions and outputs.
    before: &'a Evaluated,
    callers: Callers,
    others: Others<'a>,
    /// The options of an evaluation of edited code.
    options: Options,
    /// What the fixes of the stack adopt: the code may follow AWS there as well.
    adopted: AdoptedValues,
    /// The plan of the other fixes, beside which each plan must hold; empty where each is checked alone.
    beside: RefCell<Plan>,
    /// The last plans that were checked, with what each broke: findings that one literal sets have the same edits.
    checked: RefCell<VecDeque<(Plan, Result<Outputs, Refusal>)>>,
}

impl<'a> Verifier<'a> {
    pub(super) fn new(stack: &'a Stack<'a>, before: &'a Evaluated, adopted: AdoptedValues) -> Self {
        Self {
            stack,
            before,
            callers: Callers::default(),
            others: Others::new(stack),
            options: conditions::options(stack.options),
            adopted,
            beside: RefCell::default(),
            checked: RefCell::default(),
        }
    }

    /// Checks every plan beside the plan of other fixes, as long as this work takes.
    pub(super) fn beside<T>(&self, others: &Plan, work: impl FnOnce() -> T) -> T {
        let before = self.beside.replace(others.clone());
        let done = work();
        self.beside.replace(before);
        done
    }

    /// Checks that the edits have the expected effect and change nothing else: alone, and beside those of other fixes.
    ///
    /// # Errors
    /// What the edits break.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), Refusal> {
        self.check_alone(plan)?;
        let others = self.beside.borrow();
        if others.edits.is_empty() || plan.edits.is_empty() {
            return Ok(());
        }
        let mut both = others.clone();
        both.add(plan, self.stack.tree)?;
        self.check_together(&both)
            .map_err(|why| Refusal::Together(Box::new(why)))
    }

    /// Returns the outputs of the root module that a plan changes, if it holds.
    pub(super) fn changed_outputs(&self, plan: &Plan) -> Outputs {
        self.check_alone(plan).unwrap_or_default()
    }

    /// Checks that edits hold together, each of which was checked alone.
    ///
    /// # Errors
    /// What they break.
    pub(super) fn check_together(&self, plan: &Plan) -> Result<(), Refusal> {
        let edited = self.edited(plan)?;
        self.evaluates(plan, &edited)?;
        self.others.check(&edited, self)?;
        let is_whole = !self.stack.options.interrupt.is_raised();
        is_whole.then_some(()).ok_or(Unproven::Interrupted.into())
    }

    fn check_alone(&self, plan: &Plan) -> Result<Outputs, Refusal> {
        if plan.edits.is_empty() {
            return Ok(Outputs::new());
        }
        let checked = self.checked.borrow();
        if let Some((_, result)) = checked.iter().find(|(other, _)| other == plan) {
            return result.clone();
        }
        drop(checked);
        let result = self.check_anew(plan);
        if !self.stack.options.interrupt.is_raised() {
            let mut checked = self.checked.borrow_mut();
            checked.truncate(KEPT - 1);
            checked.push_front((plan.clone(), result.clone()));
        }
        result
    }

    fn check_anew(&self, plan: &Plan) -> Result<Outputs, Refusal> {
        for edit in &plan.edits {
            self.holds_no_new_credential(edit)?;
        }
        self.callers.check(&plan.edits, self.stack)?;
        outputs::check(&plan.edits, &self.callers, self.stack)?;
        let edited = self.edited(plan)?;
        // What reads all instances of a resource is told first, by its place.
        let is_removal = !plan.gone.is_empty();
        if is_removal {
            self.is_seen(plan)?;
        }
        let outputs = self.evaluates(plan, &edited)?;
        if !is_removal {
            self.is_seen(plan)?;
        }
        self.others.check(&edited, self)?;
        Ok(outputs)
    }

    /// Returns the edited files, which both parsers and the provider's schema accept.
    fn edited(&self, plan: &Plan) -> Result<Changed, Refusal> {
        let interrupt = &self.stack.options.interrupt;
        let edited = splice::files(self.stack.tree, &plan.edits);
        for (file, bytes) in &edited {
            if interrupt.is_raised() {
                return Err(Unproven::Interrupted.into());
            }
            let before = self.stack.tree.text(file).unwrap_or_default();
            parses(file, before, bytes, interrupt)?;
            valid::check(file, (before, bytes), self.stack.catalog)?;
        }
        Ok(edited)
    }

    /// Checks what the edited code evaluates to, and returns the outputs that change.
    fn evaluates(&self, plan: &Plan, edited: &Changed) -> Result<Outputs, Refusal> {
        cycles::check(&plan.edits, edited, self.stack)?;
        let (tree, folder) = (self.stack.tree, self.stack.folder);
        let options = Options {
            recorded: self.options.recorded.without(&plan.gone),
            ..self.options.clone()
        };
        let after = code::evaluate_edited(tree, edited, folder, &options);
        let is_new = |problem: &&Problem| !self.before.invalid.contains(problem);
        if let Some(problem) = after.invalid.iter().find(is_new) {
            return Err(Unproven::NotValid {
                file: problem.file.clone(),
                problem: problem.message.clone(),
            }
            .into());
        }
        if self.before.providers != after.providers {
            return Err(Unproven::Providers.into());
        }
        if let Some(found) = after.dangling.first() {
            return Err(Refusal::Removal(RemovalRefusal::Referenced {
                user: conditions::place(&found.source, &plan.edits, self.stack),
                address: Box::new(found.address.clone()),
            }));
        }
        self.makes(plan, &after)?;
        conditions::check(&plan.edits, (self.before, &after), self.stack)?;
        Ok(conditions::changed_outputs(self.before, &after))
    }

    /// Checks that nothing depends on the edited code whose values are not evaluated.
    ///
    /// # Errors
    /// The first code that does.
    fn is_seen(&self, plan: &Plan) -> Result<(), Refusal> {
        let mut places = EditedPlaces::default();
        for edit in &plan.edits {
            places.add(&edit.file, edit.range.clone(), &edit.text);
        }
        let created = plan.created.iter().map(|(address, _)| address);
        for address in plan.gone.iter().chain(created) {
            places.resize(address);
        }
        let (tree, folder) = (self.stack.tree, self.stack.folder);
        match code::unseen_reader(tree, folder, self.stack.options, places) {
            Ok(Some(UnseenReader { place, name })) => Err(Unproven::Unseen { place, name }.into()),
            Ok(None) => Ok(()),
            Err(SearchUnfinished) => Err(Refusal::NoTime),
        }
    }

    /// Checks that the edited code has the expected values, and is otherwise unchanged.
    fn makes(&self, plan: &Plan, after: &Evaluated) -> Result<(), Refusal> {
        let mut expected = values(self.before);
        for gone in &plan.gone {
            expected.remove(gone);
        }
        for (address, attributes) in &plan.created {
            let attributes = attributes.iter();
            let attributes = attributes.map(|(name, value)| (name.as_str(), Cow::Borrowed(value)));
            expected.insert(address, attributes.collect());
        }
        let mut whole = BTreeSet::new();
        for expected_value in &plan.expected {
            if let Some(resource) = expected.get_mut(&expected_value.address) {
                if expected_value.steps.is_empty() {
                    whole.insert((&expected_value.address, expected_value.name.as_str()));
                }
                let value = resource.entry(&expected_value.name).or_default().to_mut();
                if !path::set(value, &expected_value.steps, &expected_value.value) {
                    return Err(Refusal::Unproven(Unproven::NoPlace {
                        address: Box::new(expected_value.address.clone()),
                        name: expected_value.name.clone(),
                    }));
                }
            }
        }
        let found = values(after);
        let unlike = |address: &&Address| {
            let (Some(expected), Some(found)) = (expected.get(*address), found.get(*address))
            else {
                return true;
            };
            let names = expected.keys().chain(found.keys()).copied();
            names.into_iter().any(|name| {
                let live = whole.contains(&(*address, name));
                let attribute = (*address, name);
                let [expected, found] = [expected, found]
                    .map(|values| values.get(name).map_or(&Value::Null, Cow::as_ref));
                !self.alike(attribute, found, expected, live)
                    && !self.follows(attribute, found, expected)
            })
        };
        match expected.keys().chain(found.keys()).copied().find(unlike) {
            Some(address) => Err(Unproven::Changes(Box::new(address.clone())).into()),
            None => Ok(()),
        }
    }

    /// Returns whether an attribute that was not asked for has AWS's value now, which another fix adopts.
    fn follows(&self, attribute: (&Address, &str), found: &Value, expected: &Value) -> bool {
        let followed = self.adopted.followed(attribute, expected, found);
        followed != *expected && self.alike(attribute, found, &followed, true)
    }

    /// Checks that an edit writes no credential, except those that the file holds already.
    ///
    /// # Errors
    /// What to do with the credential.
    fn holds_no_new_credential(&self, edit: &Edit) -> Result<(), Refusal> {
        let before = self.stack.tree.text(&edit.file).unwrap_or_default();
        let is_new = |range: &Range<usize>| {
            let credential = edit.text.get(range.clone()).unwrap_or_default();
            !before.contains(credential)
        };
        match credentials(&edit.text).iter().any(is_new) {
            true => Err(Refusal::Credential {
                file: edit.file.clone(),
                line: edit.line,
            }),
            false => Ok(()),
        }
    }

    /// Returns whether an attribute has its expected value, as the provider compares: a block may leave out what the
    /// provider chooses, if AWS has that value.
    pub(super) fn alike(
        &self,
        (address, name): (&Address, &str),
        found: &Value,
        expected: &Value,
        live: bool,
    ) -> bool {
        if is_same_text(found, expected) || is_same_json(found, expected) {
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

/// The attributes of each resource, including entries of maps and parts of blocks.
pub(super) type Values<'a> = BTreeMap<&'a Address, BTreeMap<&'a str, Cow<'a, Value>>>;

pub(super) fn values(evaluated: &Evaluated) -> Values<'_> {
    let resources = evaluated.declared.resources.iter();
    resources
        .map(|(address, resource)| {
            let whole = resource.attributes.iter();
            let whole = whole.filter(|(name, _)| !name.contains('['));
            let value = whole.map(|(name, found)| (name.as_str(), Cow::Borrowed(&found.value)));
            (address, value.collect())
        })
        .collect()
}
