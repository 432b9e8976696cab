//! Edits the code to follow AWS, attribute by attribute: each has its own edits, or its own refusal.

use super::dependents::{Dependents, parts_behind};
use super::left_out::{self, LeftOutValue};
use super::reasons::Unproven;
use super::refusal::Refusal;
use super::siblings::Siblings;
use super::target::{Slot, Target};
use super::verify::ExpectedValue;
use super::{Stack, blocks, own_tags, removals};
use crate::model::{Difference, Edit, Finding, Location, Parts, Site, Source, Value};

/// Edits, and the values that the code has after them.
#[derive(Debug, Clone, Default)]
pub(super) struct Attempt {
    pub edits: Vec<Edit>,
    pub expected: Vec<ExpectedValue>,
    /// Why the edit that a person would make first is impossible, where it is another one.
    pub better: Option<Refusal>,
    /// The place of the map that gains entries.
    pub map: Option<Location>,
    /// The place of the value whose entry is removed.
    pub removed: Option<Source>,
    /// The value, where its place lacks it and may lack others as well.
    pub left_out: Option<LeftOutValue>,
}

/// Attributes that are written together: almost always one.
#[derive(Clone)]
pub(super) struct Part {
    pub paths: Vec<String>,
    /// The possible edits, the best first; at least one.
    pub attempts: Result<Vec<Attempt>, Refusal>,
    /// The parts that it joins, each of which may be written without the others.
    pub members: Vec<Part>,
}

impl Part {
    /// Creates a part whose attributes are written together, or not at all.
    fn new(paths: Vec<String>, attempts: Result<Vec<Attempt>, Refusal>) -> Self {
        Self {
            paths,
            attempts,
            members: Vec::new(),
        }
    }

    /// Returns the place of the map that gains entries by the best edits.
    fn map(&self) -> Option<&Location> {
        self.attempts.as_ref().ok()?.first()?.map.as_ref()
    }
}

/// What the edits of a finding are made from.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// The findings that are fixed in the same direction.
    pub siblings: &'a Siblings<'a>,
    pub dependents: &'a Dependents<'a>,
    pub stack: &'a Stack<'a>,
}

/// Returns the parts after which the code has the values of AWS.
pub(super) fn plan(finding: &Finding, context: Context<'_>) -> Vec<Part> {
    let own = own_tags::of(finding);
    let parts = plan_written(own.as_ref().unwrap_or(finding), context);
    own_tags::as_found(parts, finding)
}

fn plan_written(finding: &Finding, context: Context<'_>) -> Vec<Part> {
    let schema = context.stack.catalog.get(&finding.tf_type);
    let written_as = schema.and_then(|schema| schema.rules.written_as);
    let (mut parts, mut plain) = (Vec::new(), Vec::new());
    for difference in &finding.attributes {
        let path = &difference.path;
        if let Some(reason) = context.siblings.disproved(finding.address.as_ref(), path) {
            let why = Unproven::ByProvider(reason.to_owned());
            parts.push(Part::new(vec![path.clone()], Err(why.into())));
            continue;
        }
        let other = written_as.and_then(|of| of(&difference.path, &finding.after));
        let target = other.and_then(|(path, value)| {
            let target = Target::find(finding, path, context.stack).ok()?;
            target.definition().is_some().then_some((target, value))
        });
        match target {
            Some((target, value)) => parts.push(Part::new(
                vec![difference.path.clone()],
                in_other_words(&target, &value, context),
            )),
            None => plain.push(difference),
        }
    }
    parts.extend(write(finding, &plain, context, |difference| {
        Some(&difference.live)
    }));
    parts
}

/// Writes AWS's value by another attribute, of which several differing attributes are parts.
fn in_other_words(
    target: &Target<'_>,
    value: &Value,
    context: Context<'_>,
) -> Result<Vec<Attempt>, Refusal> {
    let attempts = target.slots().into_iter().map(|slot| {
        target.alone(&slot, context.dependents)?;
        Ok(Attempt {
            edits: target.write(&slot, value, context.stack)?,
            expected: target.expected_values(&slot, value, context.dependents),
            ..Attempt::default()
        })
    });
    possible(attempts)
}

/// Returns the parts after which the code has the value that `new_value` picks from each difference; `None` leaves the
/// attribute as it is.
pub(super) fn write<'a>(
    finding: &'a Finding,
    differences: &[&'a Difference],
    context: Context<'a>,
    new_value: impl Fn(&Difference) -> Option<&Value>,
) -> Vec<Part> {
    let writer = Writer {
        finding,
        context,
        new_value: &new_value,
    };
    let all = differences.iter().copied();
    let mut left: Vec<_> = all
        .filter(|difference| new_value(difference).is_some())
        .collect();
    let mut parts = Vec::new();
    while !left.is_empty() {
        let first = left.remove(0);
        let mut together = vec![first];
        if let Some(map) = writer.map_without(first) {
            let beside = left.iter().copied();
            together
                .extend(beside.filter(|difference| writer.map_without(difference) == Some(map)));
        }
        if together.len() > 1
            && let Ok(attempts) = writer.attempts(&together)
        {
            left.retain(|difference| !together.contains(difference));
            let paths = together.iter().map(|difference| difference.path.clone());
            parts.push(Part::new(paths.collect(), Ok(attempts)));
            continue;
        }
        let attempts = writer.attempts(&[first]);
        parts.push(Part::new(vec![first.path.clone()], attempts));
    }
    joined(writer.joined(parts, differences), finding, context.stack)
}

/// Joins parts of which one edit does the work: what is left out of one place, and what is taken out of it.
pub(super) fn joined(parts: Vec<Part>, finding: &Finding, stack: &Stack<'_>) -> Vec<Part> {
    removals::joined(left_out::joined(parts, finding, stack), stack)
}

/// Writes the attributes of one finding.
pub(super) struct Writer<'a> {
    pub finding: &'a Finding,
    pub context: Context<'a>,
    pub new_value: &'a dyn Fn(&Difference) -> Option<&Value>,
}

impl<'a> Writer<'a> {
    /// Returns the map that lacks the entry of a difference, so that all missing entries are added at once; `None`
    /// where the difference is no missing entry.
    fn map_without(&self, difference: &'a Difference) -> Option<&'a str> {
        let target = Target::find(self.finding, &difference.path, self.context.stack).ok()?;
        (target.is_entry() && target.definition().is_none()).then_some(target.name)
    }

    /// Returns the possible edits that write these attributes together.
    fn attempts(&self, differences: &[&Difference]) -> Result<Vec<Attempt>, Refusal> {
        let stack = self.context.stack;
        let targets: Result<Vec<_>, _> = differences
            .iter()
            .map(|difference| Target::find(self.finding, &difference.path, stack))
            .collect();
        let targets = targets?;
        let all: Vec<_> = targets.iter().zip(differences.iter().copied()).collect();
        if let [(target, difference)] = all.as_slice()
            && let Some(switch) = self.switch(target, difference)
        {
            return Ok(vec![self.switched(target, switch)?]);
        }
        let slots = targets.first().map(Target::slots).unwrap_or_default();
        possible(slots.into_iter().map(|slot| self.attempt(&slot, &all)))
    }

    /// Joins the parts whose best edits add entries to one map: each alone would edit the same bytes.
    fn joined(&self, parts: Vec<Part>, differences: &[&Difference]) -> Vec<Part> {
        let mut joined: Vec<Part> = Vec::new();
        for part in parts {
            let map = part.map().cloned();
            let is_same = |other: &Part| map.is_some() && other.map() == map.as_ref();
            let both = joined.iter().position(is_same).and_then(|at| {
                let own = joined[at].paths.iter().chain(&part.paths);
                let paths: Vec<String> = own.cloned().collect();
                let attempt = self.added(map.clone()?, &paths, differences);
                Some((at, paths, attempt.ok()?))
            });
            match both {
                Some((at, paths, attempt)) => joined[at] = Part::new(paths, Ok(vec![attempt])),
                None => joined.push(part),
            }
        }
        joined
    }

    /// Adds the attributes at these paths as entries to a map.
    fn added(
        &self,
        map: Location,
        paths: &[String],
        differences: &[&Difference],
    ) -> Result<Attempt, Refusal> {
        let stack = self.context.stack;
        let of_paths = differences.iter().copied();
        let of_paths: Vec<_> = of_paths
            .filter(|difference| paths.contains(&difference.path))
            .collect();
        let targets: Result<Vec<_>, _> = of_paths
            .iter()
            .map(|difference| Target::find(self.finding, &difference.path, stack))
            .collect();
        let targets = targets?;
        let all: Vec<_> = targets.iter().zip(of_paths.iter().copied()).collect();
        self.attempt(&Slot::Entry(map), &all)
    }

    fn attempt(&self, slot: &Slot, all: &[(&Target<'_>, &Difference)]) -> Result<Attempt, Refusal> {
        for (target, _) in all {
            slot.check(target.resource, self.context.stack)?;
        }
        let Context {
            siblings,
            dependents,
            stack,
        } = self.context;
        let mut attempt = Attempt::default();
        let mut entries = Vec::new();
        for (target, difference) in all {
            let value = (self.new_value)(difference).unwrap_or(&Value::Null);
            let same = |other: &Difference| (self.new_value)(other) == Some(value);
            let agreed = target.agree(slot, (dependents, siblings), &same);
            if let Err(shared) = agreed {
                // Its own parts may stand elsewhere.
                return self
                    .outside_of_shared(target, slot, difference)
                    .ok_or(shared);
            }
            self.is_in_force(target, slot, difference)?;
            let after = target.json_after(slot, value);
            let expected =
                target.expected_values(slot, after.as_ref().unwrap_or(value), dependents);
            attempt.expected.extend(expected);
            match target.block(stack) {
                Some(parts) if *value == difference.live => {
                    let edits =
                        blocks::plan(self.finding, difference, &parts, (stack, dependents))?;
                    attempt.edits.extend(edits);
                }
                _ if matches!(slot, Slot::Value(_) | Slot::Reference(_)) || !target.is_entry() => {
                    attempt.edits.extend(target.write(slot, value, stack)?);
                    attempt.left_out = left_out::value(slot, value);
                    let is_removed = value.is_null() && target.is_entry();
                    let location = slot.location().filter(|_| is_removed);
                    attempt.removed = location.map(|location| location.source.clone());
                }
                _ => entries.extend(target.entry(value)),
            }
        }
        if let (Some((target, _)), false) = (all.first(), entries.is_empty()) {
            attempt
                .edits
                .extend(target.add_entries(slot, &entries, stack)?);
            attempt.map = slot.location().cloned();
        }
        Ok(attempt)
    }

    /// Returns the edits of a policy, or of blocks, with a shared text, if they lie outside that text: in the literals
    /// that its parts refer to. Other attributes that those literals set must need the same edit.
    fn outside_of_shared(
        &self,
        target: &Target<'_>,
        slot: &Slot,
        difference: &Difference,
    ) -> Option<Attempt> {
        let Context {
            siblings,
            dependents,
            stack,
        } = self.context;
        let value = (self.new_value)(difference)?;
        let definition = target.definition()?;
        let source = &slot.location()?.source;
        let (edits, text) = match (target.block(stack), &definition.parts) {
            (Some(parts), _) if *value == difference.live => {
                let edits =
                    blocks::plan(self.finding, difference, &parts, (stack, dependents)).ok()?;
                (edits, target.span(stack)?)
            }
            (None, Parts::Policy(_) | Parts::Json(_)) => {
                let outside = Target {
                    steps: target.steps.clone(),
                    is_shared: true,
                    ..*target
                };
                (outside.write(slot, value, stack).ok()?, source.span)
            }
            _ => return None,
        };
        let is_outside = |edit: &Edit| {
            edit.file != source.file || edit.range.end <= text.0 || text.1 <= edit.range.start
        };
        if edits.is_empty() || !edits.iter().all(is_outside) {
            return None;
        }
        let after = target.json_after(slot, value);
        let own = after.as_ref().unwrap_or(value);
        let mut expected = vec![ExpectedValue::of(target.address, target.path, own)?];
        for part in parts_behind(definition) {
            for (address, path) in dependents.part(&part.source) {
                let mut differences = siblings.differences(address);
                let other = differences.find(|difference| difference.path == path);
                let value = other.and_then(|other| (self.new_value)(other));
                let is_edited = edits.iter().any(|edit| {
                    edit.file == part.source.file && edit.range.start == part.source.span.0
                });
                if is_edited && address != target.address {
                    expected.push(ExpectedValue::of(address, path, value?)?);
                }
            }
        }
        Some(Attempt {
            edits,
            expected,
            ..Attempt::default()
        })
    }

    /// Checks that the default of a variable gives the recorded value: if not, something outside the code sets it.
    ///
    /// # Errors
    /// The value is set from outside.
    fn is_in_force(
        &self,
        target: &Target<'_>,
        slot: &Slot,
        difference: &Difference,
    ) -> Result<(), Refusal> {
        let (Slot::Value(location), Some(definition)) = (slot, target.definition()) else {
            return Ok(());
        };
        let schema = self.context.stack.catalog.get(&self.finding.tf_type);
        let known = schema.and_then(|schema| Some((schema, schema.attributes.get(target.name)?)));
        let is_same = known.is_none_or(|(schema, attribute)| {
            let normal = |value| schema.normal(attribute, target.name, value);
            normal(&definition.value) == normal(&difference.recorded)
        });
        if location.site != Site::VariableDefault || !target.steps.is_empty() || is_same {
            return Ok(());
        }
        let source = &location.source;
        Err(Refusal::Overridden {
            name: super::defaults::variable(source, self.context.stack).unwrap_or_default(),
            place: source.place(),
            overridden: "the state holds another value, so something outside the code sets it"
                .to_owned(),
        })
    }
}

/// Returns the possible attempts; if there are none, why the first one is impossible.
fn possible(
    attempts: impl Iterator<Item = Result<Attempt, Refusal>>,
) -> Result<Vec<Attempt>, Refusal> {
    let (mut found, mut refusal) = (Vec::new(), None);
    for attempt in attempts {
        match attempt {
            Ok(attempt) => found.push(Attempt {
                better: refusal.clone(),
                ..attempt
            }),
            Err(why) => refusal = refusal.or(Some(why)),
        }
    }
    match refusal {
        Some(why) if found.is_empty() => Err(why),
        _ => Ok(found),
    }
}
