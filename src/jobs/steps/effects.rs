//! Applies the effects of commands.

use super::audit::{Act, EffectSource, record};
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

/// Applies the effects of commands, except for the scan that they ask for, and writes them into the audit log. Applying
/// them twice has the same result.
pub(in crate::jobs) async fn apply_effects(
    context: &RepositoryContext<'_>,
    source: &EffectSource<'_>,
    effects: &[Effect],
) -> Result<Applied, JobError> {
    let mut applied = Applied {
        scan: scan_target(effects),
        ..Applied::default()
    };
    for effect in effects {
        if apply(context, source, effect, &mut applied).await? {
            record(context, source, Act::of(effect)).await?;
        }
    }
    Ok(applied)
}

/// Applies an effect. False where it cannot be: the problem is told.
async fn apply(
    context: &RepositoryContext<'_>,
    source: &EffectSource<'_>,
    effect: &Effect,
    applied: &mut Applied,
) -> Result<bool, JobError> {
    match (effect, source.issue) {
        (Effect::Scan(_), _) => {}
        (Effect::Decide(decision), _) => {
            context.tenant.save_decision(context.id, decision).await?;
        }
        (Effect::Assign(_) | Effect::RotateSecret { .. }, None) => {
            applied.problems.push(NEEDS_ISSUE.to_owned());
            return Ok(false);
        }
        (Effect::Assign(person), Some(issue)) => {
            if !context.repository.assign(issue, person).await? {
                applied.problems.push(format!(
                    "{person} cannot be assigned here: only people with access to the repository can."
                ));
                return Ok(false);
            }
        }
        (Effect::RotateSecret { person, at }, Some(issue)) => {
            let at = *at;
            let request = Request { issue, person, at };
            let rotated = notification_secret::rotate(context, &request).await?;
            let is_done = rotated.is_some();
            let text = rotated.unwrap_or_else(|| notification_secret::NOT_PERMITTED.to_owned());
            applied.done.push(text);
            return Ok(is_done);
        }
    }
    Ok(true)
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
