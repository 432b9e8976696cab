//! Applies the effects of commands.

use super::notification_secret::{self, Request};
use crate::commands::Effect;
use crate::jobs::context::RepositoryContext;
use crate::model::StackName;
use crate::queue::job::JobError;

/// Why an order from elsewhere does not do what is about an issue or pull request.
const NEEDS_ISSUE: &str =
    "Only a comment on an issue or pull request can ask for this: it is answered there.";

/// The result of applying effects.
#[derive(Default)]
pub(in crate::jobs) struct Applied {
    /// What was done, in Markdown.
    pub done: Vec<String>,
    /// What could not be done, as sentences.
    pub problems: Vec<String>,
    /// What to scan now.
    pub scan: Option<ScanTarget>,
}

/// The stacks that a person asked to scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::jobs) enum ScanTarget {
    Repository,
    Stack(StackName),
}

impl ScanTarget {
    /// Returns the stack; `None` for the whole repository.
    pub(in crate::jobs) fn stack(&self) -> Option<&StackName> {
        match self {
            Self::Repository => None,
            Self::Stack(stack) => Some(stack),
        }
    }
}

/// Applies the effects of commands, except for the scan that they ask for. Applying them twice has the same result. The
/// issue is the issue or pull request that the commands are on; `None` where they are on none.
pub(in crate::jobs) async fn apply_effects(
    context: &RepositoryContext<'_>,
    issue: Option<u64>,
    effects: &[Effect],
) -> Result<Applied, JobError> {
    let mut applied = Applied {
        scan: scan_target(effects),
        ..Applied::default()
    };
    for effect in effects {
        match effect {
            Effect::Decide(decision) => context.tenant.save_decision(context.id, decision).await?,
            Effect::Assign(_) | Effect::RotateSecret { .. } if issue.is_none() => {
                applied.problems.push(NEEDS_ISSUE.to_owned());
            }
            Effect::Assign(person) => {
                let Some(issue) = issue else { continue };
                if !context.repository.assign(issue, person).await? {
                    applied.problems.push(format!(
                        "{person} cannot be assigned here: only people with access to the repository can."
                    ));
                }
            }
            Effect::RotateSecret { person, at } => {
                let Some(issue) = issue else { continue };
                let request = Request {
                    issue,
                    person,
                    at: *at,
                };
                let answer = notification_secret::rotate(context, &request).await?;
                applied.done.push(answer);
            }
            Effect::Scan(_) => {}
        }
    }
    Ok(applied)
}

/// Returns what to scan after these effects: one stack, or all where the effects concern several.
fn scan_target(effects: &[Effect]) -> Option<ScanTarget> {
    let stack = |stack: &StackName| ScanTarget::Stack(stack.clone());
    let mut targets = effects.iter().filter_map(|effect| match effect {
        Effect::Scan(None) => Some(ScanTarget::Repository),
        Effect::Scan(Some(name)) => Some(stack(name)),
        Effect::Decide(decision) => Some(stack(&decision.stack)),
        Effect::Assign(_) | Effect::RotateSecret { .. } => None,
    });
    let first = targets.next()?;
    if targets.all(|target| target == first) {
        Some(first)
    } else {
        Some(ScanTarget::Repository)
    }
}
