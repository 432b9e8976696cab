//! What a command leads to, done.

use super::bot::{Bot, Visit, judged};
use super::notification_secret;
use super::scan::Made;
use crate::commands::Effect;
use crate::model::{Decision, StackName};
use crate::queue::job::{JobError, ScanOrder, Trigger};

/// What came of the effects of commands.
#[derive(Default)]
pub(super) struct Acted {
    /// The stacks that were scanned.
    pub made: Vec<Made>,
    /// What was done beside scans, in Markdown.
    pub done: Vec<String>,
    /// What could not be done, as sentences.
    pub problems: Vec<String>,
}

impl Bot {
    /// Does what commands on an issue or pull request lead to. Done again, it has the same end.
    pub(super) async fn act(
        &self,
        visit: &Visit<'_>,
        issue: u64,
        effects: &[Effect],
    ) -> Result<Acted, JobError> {
        let mut acted = Acted::default();
        for effect in effects {
            match effect {
                Effect::Decide(decision) => self.decide(visit, decision).await?,
                Effect::Assign(person) => {
                    let assigned = visit.repository.assign(issue, person).await;
                    if !assigned.map_err(judged)? {
                        acted.problems.push(format!(
                            "{person} cannot be assigned here: only people with access to the repository can."
                        ));
                    }
                }
                Effect::RotateSecret { person, at } => {
                    let asked = (person.as_str(), *at);
                    let rotated = notification_secret::rotate(self.key(), visit, issue, asked);
                    acted.done.push(rotated.await?);
                }
                Effect::Scan(_) => {}
            }
        }
        if let Some(stack) = scanned(effects) {
            let _slot = visit.run.begin_scan(visit.installation)?;
            let order = ScanOrder {
                installation: visit.installation,
                repository: visit.id,
                stack,
                commit: None,
                trigger: Trigger::Command,
            };
            match Box::pin(self.make(&order, visit.run)).await {
                Ok(scanned) => {
                    acted.made = scanned.made;
                    acted.problems.extend(scanned.problems);
                }
                Err(JobError::Fatal(error)) => {
                    tracing::error!(error = format!("{error:#}"), "a scan failed for good");
                    acted.problems.push(format!("The scan failed: {error:#}."));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(acted)
    }

    async fn decide(&self, visit: &Visit<'_>, decision: &Decision) -> anyhow::Result<()> {
        visit.tenant.decide(visit.id, decision).await
    }
}

/// What is to be scanned after these effects: one stack, all (the inner none), or nothing.
fn scanned(effects: &[Effect]) -> Option<Option<StackName>> {
    let mut stacks = effects.iter().filter_map(|effect| match effect {
        Effect::Scan(stack) => Some(stack.clone()),
        Effect::Decide(decision) => Some(Some(decision.stack.clone())),
        Effect::Assign(_) | Effect::RotateSecret { .. } => None,
    });
    let first = stacks.next()?;
    match stacks.all(|stack| stack == first) {
        true => Some(first),
        false => Some(None),
    }
}
