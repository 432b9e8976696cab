//! Boxes that a person ticked: on the dashboard, in a pull request's description.

use super::bot::{Bot, Visit, judged};
use crate::commands::{self, Effect, Scene};
use crate::model::{StackName, boxes};
use crate::queue::job::JobError;
use crate::queue::pushes::ONBOARDING;
use crate::report;
use crate::store::Proposal;

impl Bot {
    /// Does what the ticked boxes of an issue or pull request of ours ask for, and empties them.
    pub(super) async fn boxes(
        &self,
        visit: &Visit<'_>,
        number: u64,
        ordered: &[String],
        (person, at): (&str, i64),
    ) -> Result<(), JobError> {
        let repository = &visit.repository;
        let Some(issue) = repository.issue(number).await.map_err(judged)? else {
            return Ok(());
        };
        let own = repository.is_own(&issue.author).await.map_err(judged)?;
        // A text that was written anew meanwhile may have lost a tick that was told.
        let mut ticked = boxes::ticked(&issue.body);
        for order in ordered {
            if !ticked.contains(order) {
                ticked.push(order.clone());
            }
        }
        if !own || !issue.open || ticked.is_empty() {
            return Ok(());
        }
        if repository.may_write(person).await.map_err(judged)? {
            self.tick(visit, number, &ticked, person, at).await?;
        }
        // As it is by now: what was ticked meanwhile is not ours to empty.
        let Some(issue) = repository.issue(number).await.map_err(judged)? else {
            return Ok(());
        };
        let body = boxes::untick(&issue.body, &ticked);
        let written = repository.write_issue(&issue, &issue.title, &body);
        written.await.map_err(judged)?;
        Ok(())
    }

    async fn tick(
        &self,
        visit: &Visit<'_>,
        number: u64,
        ticked: &[String],
        person: &str,
        at: i64,
    ) -> Result<(), JobError> {
        let proposal = visit.tenant.proposal_of(visit.id, number).await?;
        let mut effects = Vec::new();
        if let Some(proposal) = proposal {
            if proposal.branch == ONBOARDING {
                let _slot = visit.run.begin_scan(visit.installation)?;
                return Box::pin(self.start_quiet(visit, ticked)).await;
            }
            if ticked.iter().any(|order| order == report::RETRY) {
                effects
                    .extend(StackName::new(&proposal.stack).map(|stack| Effect::Scan(Some(stack))));
                let anew = Proposal {
                    anew: true,
                    ..proposal
                };
                visit.tenant.keep_proposal(&anew).await?;
            }
        }
        let commands: Vec<_> = ticked
            .iter()
            .filter(|order| *order != report::RETRY)
            .map(|order| format!("/driftguard {order}"))
            .collect();
        let standings = self.standings(visit).await?;
        let scene = Scene {
            person,
            stacks: &standings,
            now: at,
        };
        for command in commands {
            let answer = commands::answer(&command, &scene).unwrap_or_default();
            effects.extend(answer.effects);
        }
        self.act(visit, number, &effects).await.map(drop)
    }
}
