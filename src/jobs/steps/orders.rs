//! Parses what a person asks for once: run again, a job does what was understood the first time.

use super::audit::{EffectSource, is_applied};
use super::stack_statuses::stack_statuses;
use crate::commands::{self, Answer, CommandContext, Effect};
use crate::jobs::context::RepositoryContext;
use crate::store::OrderKey;
use anyhow::Context;

/// Commands of a person.
#[derive(Debug, Clone, Copy)]
pub(in crate::jobs) struct CommandText<'a> {
    /// What they are stored under.
    pub key: OrderKey<'a>,
    /// The text with the commands.
    pub text: &'a str,
    /// The login of the person.
    pub person: &'a str,
    /// When the person asked, in epoch milliseconds.
    pub at: i64,
}

/// Returns the answer to commands as they were first parsed; `None` where all of it is done.
pub(in crate::jobs) async fn parse_once(
    context: &RepositoryContext<'_>,
    commands: CommandText<'_>,
) -> anyhow::Result<Option<Answer>> {
    let stack_statuses = stack_statuses(context).await?;
    let command_context = CommandContext {
        person: commands.person,
        stacks: &stack_statuses,
        now: commands.at,
    };
    let parsed = commands::answer(commands.text, &command_context).unwrap_or_default();
    let parsed = serde_json::to_string(&parsed).context("while writing an answer")?;
    let order = context.tenant.save_order(context.id, commands.key, &parsed);
    let order = order.await?;
    if order.done {
        return Ok(None);
    }
    let answer = serde_json::from_str(&order.answer).context("while reading an answer")?;
    Ok(Some(answer))
}

/// Returns the effects that an earlier try of the job applied: what was decided then stands, whatever the person may do by
/// now.
pub(in crate::jobs) async fn applied_effects(
    context: &RepositoryContext<'_>,
    source: &EffectSource<'_>,
    key: OrderKey<'_>,
) -> anyhow::Result<Vec<Effect>> {
    let Some(order) = context.tenant.order(context.id, key).await? else {
        return Ok(Vec::new());
    };
    let answer: Answer = serde_json::from_str(&order.answer).context("while reading an answer")?;
    let mut applied = Vec::new();
    for effect in answer.effects {
        if is_applied(context, source, &effect).await? {
            applied.push(effect);
        }
    }
    Ok(applied)
}
