//! Plans the fixes of a stack one after the other, and proves that they hold together: each may be right alone where two
//! of them break a validation, or refer to each other in a circle.

use super::direction::FixDirection;
use super::planned_fix::{PlannedFix, untried};
use super::planner::Planner;
use super::splice;
use super::verify::Plan;
use crate::model::{Edit, Finding, Fix, Tree};

/// The fixes of a stack. They are proven whenever their number has doubled, so that the proofs take about as long however
/// many fixes there are, and an interrupt costs no more than half of them.
pub(super) struct Together<'p, 'a> {
    planner: &'p Planner<'a>,
    tree: &'p Tree,
    /// The fixes, in the order of the findings.
    fixes: Vec<Option<Fix>>,
    /// The edits of all fixes.
    edits: Vec<Edit>,
    /// The plan of the fixes that are proven to hold together.
    proven: Plan,
    /// Their number.
    count: usize,
    /// The fixes that hold alone, and are not proven beside the others yet.
    pending: Vec<PendingFix<'p>>,
    /// The fixes that edit what a fix which was not proven then edits as well: it may not stay.
    waiting: Vec<PendingFix<'p>>,
}

/// A fix that is not proven beside the others yet.
struct PendingFix<'p> {
    /// The position of its finding.
    at: usize,
    finding: &'p Finding,
    direction: FixDirection,
    plan: Plan,
}

impl<'p, 'a> Together<'p, 'a> {
    pub(super) fn new(planner: &'p Planner<'a>, tree: &'p Tree) -> Self {
        Self {
            planner,
            tree,
            fixes: Vec::new(),
            edits: Vec::new(),
            proven: Plan::default(),
            count: 0,
            pending: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Plans the fix of the next finding; without a direction nothing is done about it.
    pub(super) fn add(&mut self, finding: &'p Finding, direction: Option<FixDirection>) {
        let at = self.fixes.len();
        let planned = direction
            .and_then(|direction| Some((direction, self.planner.fix(finding, direction)?)));
        let Some((direction, PlannedFix { fix, plan })) = planned else {
            self.fixes.push(None);
            return;
        };
        self.fixes.push(Some(fix));
        if plan.edits.is_empty() {
            return;
        }
        let fix = PendingFix {
            at,
            finding,
            direction,
            plan,
        };
        self.join(fix);
        if self.pending.len() > self.count {
            self.prove();
        }
    }

    /// Puts a fix beside the others. One that clashes with a proven one is refused, and one that clashes with another waits
    /// until it is known whether that stays.
    fn join(&mut self, fix: PendingFix<'p>) {
        if splice::join_in(self.tree, &mut self.edits, &fix.plan.edits).is_ok() {
            self.pending.push(fix);
            return;
        }
        let mut proven = self.proven.edits.clone();
        match splice::join_in(self.tree, &mut proven, &fix.plan.edits) {
            Ok(()) => self.waiting.push(fix),
            Err(clash) => {
                self.fixes[fix.at] = Some(self.planner.refused(fix.finding, &clash));
            }
        }
    }

    /// Returns the fixes, in the order of the findings, and the edits of all of them.
    pub(super) fn end(mut self) -> (Vec<Option<Fix>>, Vec<Edit>) {
        // What waits after a round clashes with what was pending in it: so there is an end.
        while !self.pending.is_empty() || !self.waiting.is_empty() {
            self.prove();
        }
        (self.fixes, self.edits)
    }

    /// Proves the pending fixes beside the others; plans those anew that break something there. What waited for them is
    /// pending then, or refused.
    fn prove(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        self.settle(pending);
        self.edits.clone_from(&self.proven.edits);
        for fix in std::mem::take(&mut self.waiting) {
            self.join(fix);
        }
    }

    /// Proves these fixes, or halves them until those are found that break something.
    fn settle(&mut self, mut pending: Vec<PendingFix<'p>>) {
        if pending.is_empty() {
            return;
        }
        let mut joined = self.proven.clone();
        let is_joined = pending
            .iter()
            .all(|fix| joined.add(&fix.plan, self.tree).is_ok());
        let is_alone = self.count == 0 && pending.len() == 1;
        if is_joined && (is_alone || self.planner.hold_together(&joined)) {
            self.proven = joined;
            self.count += pending.len();
            return;
        }
        if self.planner.is_interrupted() {
            for fix in pending {
                self.fixes[fix.at] = Some(untried());
            }
            return;
        }
        let later = pending.split_off(pending.len().div_ceil(2));
        match later.is_empty() {
            true => pending.into_iter().for_each(|fix| self.plan_anew(&fix)),
            false => {
                self.settle(pending);
                self.settle(later);
            }
        }
    }

    /// Plans a fix anew, so that it holds beside the others.
    fn plan_anew(&mut self, pending: &PendingFix<'p>) {
        let (finding, direction) = (pending.finding, pending.direction);
        let planned = self.planner.fix_beside(finding, direction, &self.proven);
        let is_added = |plan: &Plan| !plan.edits.is_empty();
        if let Some(planned) = &planned
            && is_added(&planned.plan)
            && self.proven.add(&planned.plan, self.tree).is_ok()
        {
            self.count += 1;
        }
        self.fixes[pending.at] = planned.map(|planned| planned.fix);
    }
}
