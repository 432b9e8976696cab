//! Iterates over the actions on the pull requests of a stack.

use super::{PullAction, Situation, decide};
use crate::model::Proposal;
use std::collections::{BTreeSet, VecDeque};

/// Returns one action after the other. If GitHub does not carry one out, the remaining ones are decided again.
#[derive(Debug)]
pub struct Pass<'s, 'f> {
    situation: Situation<'s, 'f>,
    proposals: Vec<Proposal>,
    refused: BTreeSet<String>,
    /// The branches that were handled.
    handled: BTreeSet<String>,
    actions: VecDeque<PullAction<'f>>,
}

impl<'s, 'f> Pass<'s, 'f> {
    /// Decides the actions.
    pub fn new(situation: Situation<'s, 'f>) -> Self {
        Self {
            actions: decide(&situation).into(),
            proposals: situation.proposals.to_vec(),
            refused: situation.refused.clone(),
            handled: BTreeSet::new(),
            situation,
        }
    }

    /// Returns the next action; `None` once all are done.
    pub fn next_action(&mut self) -> Option<PullAction<'f>> {
        let action = self.actions.pop_front()?;
        self.handled.extend(action.branch().map(str::to_owned));
        Some(action)
    }

    /// Records a pull request as it is after an action.
    pub fn record(&mut self, after: Proposal) {
        let mut proposals = self.proposals.iter_mut();
        let known = proposals.find(|known| known.branch == after.branch);
        let Some(known) = known else {
            self.proposals.push(after);
            return;
        };
        // What was to be updated was closed meanwhile, and opened again: it counts for the hour.
        let was_opened_again = known.state.is_open() && known.opened_at != after.opened_at;
        *known = after;
        if was_opened_again {
            self.decide_rest();
        }
    }

    /// Records that GitHub refused the pull request of a branch.
    pub fn record_refusal(&mut self, branch: &str) {
        self.refused.insert(branch.to_owned());
        self.decide_rest();
    }

    fn decide_rest(&mut self) {
        let situation = Situation {
            proposals: &self.proposals,
            refused: &self.refused,
            ..self.situation
        };
        let mut actions = decide(&situation);
        // What it was time to say came first, and was said.
        let is_left = |branch: Option<&str>| branch.is_some_and(|at| !self.handled.contains(at));
        actions.retain(|action| is_left(action.branch()));
        self.actions = actions.into();
    }
}
