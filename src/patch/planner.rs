//! Plans the fixes of a stack's findings one by one, each attribute by itself, and verifies every plan.

use super::adopt::{Attempt, Context, Part};
use super::dependents::Dependents;
use super::direction::FixDirection;
use super::import::{self, Importer};
use super::planned_fix::{PlannedFix, output_note, untried};
use super::reasons::Unproven;
use super::refusal::Refusal;
use super::siblings::Siblings;
use super::verify::{Plan, Verifier};
use super::{AdoptedValues, Stack, adopt, by_hand, remove, restore, splice};
use crate::code::Evaluated;
use crate::model::{
    self, Difference, Disproved, Finding, Fix, FixKind, Kind, RefusedAttribute, Value,
};

/// The most values in the differences of a resource that is fixed, since lists and sets are compared value by value.
const MAX_VALUES: usize = 10_000;

/// Plans the fixes of a stack's findings.
pub(super) struct Planner<'a> {
    adopted: Siblings<'a>,
    restored: Siblings<'a>,
    stack: &'a Stack<'a>,
    dependents: &'a Dependents<'a>,
    verifier: Verifier<'a>,
    importer: Importer<'a>,
}

/// The kind of a fix, its plan, and a note for the reader; or why there is none.
type Planned = Result<(FixKind, Plan, Option<&'static str>), Refusal>;

impl<'a> Planner<'a> {
    /// Creates the planner of these findings, each with its direction.
    pub(super) fn new(
        all: &'a [Finding],
        directions: &[Option<FixDirection>],
        (stack, dependents): (&'a Stack<'a>, &'a Dependents<'a>),
        before: &'a Evaluated,
        disproved: &'a Disproved,
    ) -> Self {
        // One literal may set several resources, so all of them must be fixed in one direction.
        let going = |direction| -> Siblings<'_> {
            let all = all.iter().zip(directions);
            let going = all.filter(|(_, other)| **other == Some(direction));
            Siblings::new(going.map(|(finding, _)| finding), disproved)
        };
        let adopted = all.iter().zip(directions);
        let adopted = adopted.filter(|(_, other)| **other == Some(FixDirection::Adopt));
        let adopted = adopted.map(|(finding, _)| finding);
        Self {
            adopted: going(FixDirection::Adopt),
            restored: going(FixDirection::Restore),
            stack,
            dependents,
            verifier: Verifier::new(stack, before, AdoptedValues::of(adopted)),
            importer: Importer::new(all, directions, (stack, dependents), before),
        }
    }

    /// Returns the fix of one finding; `None` where nothing is to be done.
    pub(super) fn fix(&self, finding: &Finding, direction: FixDirection) -> Option<PlannedFix> {
        if self.is_interrupted() {
            return Some(untried().into());
        }
        if size(finding) > MAX_VALUES {
            return Some(self.refused(finding, &Refusal::TooLarge).into());
        }
        let planned = match (direction, finding.kind) {
            (FixDirection::Adopt, Kind::Modified) => self.in_parts(
                finding,
                FixKind::Adopt,
                adopt::plan(finding, self.context(direction)),
            ),
            (FixDirection::Restore, Kind::Modified) => self.in_parts(
                finding,
                FixKind::Restore,
                restore::plan(finding, self.context(direction)),
            ),
            _ => self.whole(finding, self.plan(finding, direction)?),
        };
        // What was evaluated half proves nothing.
        Some(
            match self.is_interrupted() && planned.fix.edits.is_empty() {
                true => untried().into(),
                false => planned,
            },
        )
    }

    /// Returns the fix of one finding that holds beside the plan of the others.
    pub(super) fn fix_beside(
        &self,
        finding: &Finding,
        direction: FixDirection,
        others: &Plan,
    ) -> Option<PlannedFix> {
        self.verifier
            .beside(others, || self.fix(finding, direction))
    }

    /// Returns whether the plans of several fixes, each of which holds alone, hold together.
    pub(super) fn hold_together(&self, plan: &Plan) -> bool {
        self.verifier.check_together(plan).is_ok()
    }

    /// Returns whether there is no time left.
    pub(super) fn is_interrupted(&self) -> bool {
        self.stack.options.interrupt.is_raised()
    }

    fn context(&self, direction: FixDirection) -> Context<'_> {
        Context {
            siblings: match direction {
                FixDirection::Restore => &self.restored,
                FixDirection::Adopt | FixDirection::Import => &self.adopted,
            },
            dependents: self.dependents,
            stack: self.stack,
        }
    }

    /// Returns a refused fix, with what a person would write or run.
    pub(super) fn refused(&self, finding: &Finding, why: &Refusal) -> Fix {
        Fix::refused(model::Refusal {
            reason: why.to_string(),
            kind: why.kind(),
            block: self.block(finding),
            command: by_hand::command(finding, self.stack.catalog),
        })
    }

    /// Plans a finding that is fixed as a whole.
    fn plan(&self, finding: &Finding, direction: FixDirection) -> Option<Planned> {
        Some(match (direction, finding.kind) {
            (FixDirection::Import, Kind::Unmanaged) => self.importer.plan(finding).map(|plan| {
                let reason = (!plan.created.is_empty()).then_some(import::TAKEN);
                (FixKind::Import, plan, reason)
            }),
            (_, Kind::Unmanaged) => {
                let parent = finding.under.as_ref().map(ToString::to_string);
                Err(Refusal::Unasked(parent.unwrap_or_default()))
            }
            (FixDirection::Adopt, Kind::Deleted) => {
                let plan = remove::plan(finding, &self.adopted, (self.stack, self.dependents));
                plan.map(|plan| (FixKind::Remove, plan, None))
            }
            (FixDirection::Restore, Kind::Deleted) => {
                Ok((FixKind::Restore, Plan::default(), Some(restore::MADE_ANEW)))
            }
            _ => return None,
        })
    }

    fn whole(&self, finding: &Finding, planned: Planned) -> PlannedFix {
        let verified = planned.and_then(|(kind, plan, reason)| {
            self.verifier.check(&plan)?;
            let fix = Fix {
                reason: reason
                    .map(str::to_owned)
                    .or_else(|| output_note(&self.verifier.changed_outputs(&plan))),
                imported: plan.imported.clone().map(Box::new),
                ..Fix::of(kind, plan.edits.clone())
            };
            Ok(PlannedFix { fix, plan })
        });
        verified.unwrap_or_else(|why| self.refused(finding, &why).into())
    }

    /// Plans a finding whose attributes each have their own edits, or their own refusal.
    fn in_parts(&self, finding: &Finding, kind: FixKind, parts: Vec<Part>) -> PlannedFix {
        let (planned, refused) = self.proven(finding, parts);
        if kind == FixKind::Adopt && planned.edits.is_empty() && refused.is_empty() {
            return self.refused(finding, &Refusal::SaidAlready).into();
        }
        if let Some((_, first)) = refused.first()
            && refused.len() == finding.attributes.len()
        {
            let fix = Fix {
                reason: Some(joined(&refused)),
                refused: listed(&refused),
                ..self.refused(finding, first)
            };
            return fix.into();
        }
        let reason = match (kind, planned.edits.is_empty()) {
            (FixKind::Restore, true) => Some(restore::REASON.to_owned()),
            (FixKind::Restore, false) => Some(restore::PINNED.to_owned()),
            _ => {
                let notes = [
                    self.set_again(finding, &planned),
                    output_note(&self.verifier.changed_outputs(&planned)),
                ];
                let notes: Vec<_> = notes.into_iter().flatten().collect();
                (!notes.is_empty()).then(|| notes.join("; "))
            }
        };
        let fix = Fix {
            reason,
            refused: listed(&refused),
            block: self.block_of(finding, &refused),
            ..Fix::of(kind, planned.edits.clone())
        };
        PlannedFix { fix, plan: planned }
    }

    /// Returns the note of a fix that writes what the provider never reads: an apply must note it in the state.
    fn set_again(&self, finding: &Finding, planned: &Plan) -> Option<String> {
        let schema = self.stack.catalog.get(&finding.tf_type)?;
        let own = planned
            .expected
            .iter()
            .filter(|value| Some(&value.address) == finding.address.as_ref());
        let mut names = own.map(|value| value.name.as_str());
        let name = names.find(|name| schema.rules.never_read.contains(name))?;
        Some(format!(
            "the provider never reads `{name}`: the next plan still sets it, to what AWS has already"
        ))
    }

    /// Returns the parts that can be fixed together, and why the others cannot: first all are verified at once, each
    /// with its best edits. Each verification evaluates the code again.
    fn proven(&self, finding: &Finding, parts: Vec<Part>) -> (Plan, Vec<(String, Refusal)>) {
        let mut refused = Vec::new();
        let mut possible = Vec::new();
        for part in parts {
            match part.attempts {
                Ok(attempts) => possible.push((part.paths, attempts, part.members)),
                Err(why) => refused.extend(part.paths.into_iter().map(|path| (path, why.clone()))),
            }
        }
        if possible.len() > 1 {
            let mut best = possible
                .iter()
                .filter_map(|(_, attempts, _)| attempts.first());
            if let Ok(plan) = best
                .try_fold(Plan::default(), |plan, attempt| self.with(plan, attempt))
                .and_then(|plan| self.checked(plan))
            {
                return (plan, refused);
            }
        }
        let mut plan = Plan::default();
        for (paths, attempts, members) in possible {
            match self.added(&plan, &attempts) {
                Ok(more) => plan = more,
                Err(_) if !members.is_empty() => {
                    refused.extend(self.add_apart(finding, &mut plan, members));
                }
                Err(why) => refused.extend(paths.into_iter().map(|path| (path, why.clone()))),
            }
        }
        (plan, refused)
    }

    /// Adds those of a joined part's members to a plan that can be fixed without the others: by their best edits together,
    /// where that is possible, else one after the other. Returns why the others cannot.
    fn add_apart(
        &self,
        finding: &Finding,
        plan: &mut Plan,
        members: Vec<Part>,
    ) -> Vec<(String, Refusal)> {
        fn attempts(part: &Part) -> &[Attempt] {
            part.attempts.as_deref().unwrap_or_default()
        }
        let is_possible = |member: &Part| {
            let best = attempts(member).get(..1).unwrap_or_default();
            self.added(plan, best).is_ok()
        };
        let (together, mut left): (Vec<_>, Vec<_>) = members.into_iter().partition(is_possible);
        for part in adopt::joined(together, finding, self.stack) {
            match self.added(plan, attempts(&part)) {
                Ok(more) => *plan = more,
                Err(_) if part.members.is_empty() => left.push(part),
                Err(_) => left.extend(part.members),
            }
        }
        let mut refused = Vec::new();
        for member in left {
            match self.added(plan, attempts(&member)) {
                Ok(more) => *plan = more,
                Err(why) => {
                    refused.extend(member.paths.into_iter().map(|path| (path, why.clone())))
                }
            }
        }
        refused
    }

    /// Adds an attempt to a plan.
    ///
    /// # Errors
    /// Both edit the same bytes.
    fn with(&self, mut plan: Plan, attempt: &Attempt) -> Result<Plan, Refusal> {
        splice::join_in(self.stack.tree, &mut plan.edits, &attempt.edits)?;
        plan.expected.extend(attempt.expected.iter().cloned());
        Ok(plan)
    }

    /// Adds the first of these attempts that passes the verification to a plan.
    ///
    /// # Errors
    /// Why the first attempt fails; where its edits miss their mark, why a better one is impossible.
    fn added(&self, plan: &Plan, attempts: &[Attempt]) -> Result<Plan, Refusal> {
        let mut refusal = None;
        for attempt in attempts {
            match self
                .with(plan.clone(), attempt)
                .and_then(|plan| self.checked(plan))
            {
                Ok(plan) => return Ok(plan),
                Err(Refusal::Unproven(Unproven::Changes(_))) if attempt.better.is_some() => {
                    refusal = refusal.or(attempt.better.clone());
                }
                Err(why) => refusal = refusal.or(Some(why)),
            }
        }
        Err(refusal.unwrap_or(Refusal::SaidAlready))
    }

    /// # Errors
    /// What the plan breaks.
    fn checked(&self, plan: Plan) -> Result<Plan, Refusal> {
        self.verifier.check(&plan)?;
        Ok(plan)
    }

    /// Returns what a person writes for the attributes that a fix leaves as they are.
    fn block_of(&self, finding: &Finding, refused: &[(String, Refusal)]) -> Option<String> {
        if refused.is_empty() {
            return None;
        }
        let is_left =
            |difference: &&Difference| refused.iter().any(|(path, _)| *path == difference.path);
        let left = finding.attributes.iter().filter(is_left);
        by_hand::block(
            &Finding {
                address: finding.address.clone(),
                attributes: left.cloned().collect(),
                ..Finding::new(finding.kind, finding.verdict, &finding.tf_type)
            },
            self.stack.catalog,
        )
    }

    /// Returns what a person writes for a finding that is not fixed.
    fn block(&self, finding: &Finding) -> Option<String> {
        if size(finding) > MAX_VALUES {
            return None;
        }
        let drafted = self.importer.block(finding);
        drafted.or_else(|| by_hand::block(finding, self.stack.catalog))
    }
}

/// Joins the refusals into one text: each with its attribute, where they are not all the same.
fn joined(refused: &[(String, Refusal)]) -> String {
    let mut reasons: Vec<_> = refused.iter().map(|(_, why)| why.to_string()).collect();
    reasons.dedup();
    match reasons.as_slice() {
        [only] => only.clone(),
        _ => {
            let each = refused.iter().map(|(path, why)| format!("`{path}`: {why}"));
            each.collect::<Vec<_>>().join("; ")
        }
    }
}

fn listed(refused: &[(String, Refusal)]) -> Vec<RefusedAttribute> {
    let refused_attribute = |(path, why): &(String, Refusal)| RefusedAttribute {
        path: path.clone(),
        reason: why.to_string(),
        kind: why.kind(),
    };
    refused.iter().map(refused_attribute).collect()
}

/// Counts the values in the differences of a resource.
fn size(finding: &Finding) -> usize {
    let differences = finding.attributes.iter();
    let of = |difference: &Difference| values(&difference.recorded).max(values(&difference.live));
    differences.map(of).sum()
}

/// Counts the values within a value; a long text counts as several.
fn values(value: &Value) -> usize {
    /// The approximate length of one value of a policy.
    const TEXT: usize = 64;
    match value {
        Value::List(items) => items.iter().map(values).sum(),
        Value::Map(entries) => entries.values().map(values).sum(),
        Value::String(text) => 1 + text.len() / TEXT,
        _ => 1,
    }
}
