//! Runs the order that a person sent from a page or by the API. What came of it is for the next scan and the audit log to
//! show: nothing is written to an issue or pull request.

use super::context::RepositoryContext;
use super::scan;
use super::steps::audit::{EffectSource, record_not_done};
use super::steps::effects::apply_effects;
use super::steps::orders::{CommandText, applied_effects, parse_once};
use crate::commands::Effect;
use crate::github::{GithubError, PersonAccess};
use crate::model::{ApiKeyUse, StackName};
use crate::queue::job::{JobError, OrderOrigin};
use crate::store::OrderKey;

/// Why an order of a person whose right ended is not done.
const NO_WRITER: &str = "GitHub says that this person may not write to the repository";

/// An order.
pub(super) struct Order<'a> {
    /// The command, without `/driftguard`.
    pub command: &'a str,
    /// The login of the person.
    pub person: &'a str,
    /// When it was sent, in epoch milliseconds.
    pub at: i64,
    /// Where it came from.
    pub via: OrderOrigin,
    /// The id of the order.
    pub id: &'a str,
    /// The stack that it is about; `None` in orders of an earlier version.
    pub stack: Option<&'a StackName>,
    /// The key of the API that it was sent with; `None` from a page, and in orders of an earlier version.
    pub key: Option<&'a ApiKeyUse>,
}

impl Order<'_> {
    /// Returns whether GitHub says that the person may write, or it needs nobody's permission.
    async fn is_permitted(&self, context: &RepositoryContext<'_>) -> Result<bool, GithubError> {
        let repository = &context.repository;
        match self.key.and_then(|key| key.person) {
            Some(person) => {
                let access = repository.person_access(self.person, person).await?;
                Ok(access == PersonAccess::Write)
            }
            None if self.via == OrderOrigin::Page => repository.may_write(self.person).await,
            None => Ok(true),
        }
    }

    /// Returns whether an effect is on the stack that the order is about: another stack may have the same finding.
    fn includes(&self, effect: &Effect) -> bool {
        match (self.stack, effect) {
            (Some(stack), Effect::Decide(decision)) => decision.stack == *stack,
            _ => true,
        }
    }
}

/// Runs an order once. Whoever enqueued it has asked GitHub whether the person may write; where that ended while the order
/// waited, nothing is done but the scan after what an earlier try decided. What an organisation's key of the API may do is for
/// the API alone: its name may be no login.
pub(super) async fn run(
    context: &RepositoryContext<'_>,
    order: &Order<'_>,
) -> Result<(), JobError> {
    let person = order.person;
    let source = EffectSource::of_order(person, order.at, order.via, order.id);
    let source = source.with_key(order.key);
    let key = OrderKey::Sent(order.id);
    let is_refused = !order.is_permitted(context).await?;
    let mut standing = Vec::new();
    if is_refused {
        standing = applied_effects(context, &source, key).await?;
        if standing.is_empty() {
            return Ok(record_not_done(context, &source, NO_WRITER.to_owned()).await?);
        }
    }
    let commands = CommandText {
        key,
        text: &format!("/driftguard {}", order.command),
        person,
        at: order.at,
    };
    let Some(mut answer) = parse_once(context, commands).await? else {
        return Ok(());
    };
    answer.effects.retain(|effect| order.includes(effect));
    if is_refused {
        let asked = answer.effects.len();
        answer.effects.retain(|effect| standing.contains(effect));
        if answer.effects.len() < asked {
            record_not_done(context, &source, NO_WRITER.to_owned()).await?;
        }
    }
    let applied = apply_effects(context, &source, &answer.effects).await?;
    let reasons = match answer.effects.is_empty() {
        true => answer.reply,
        false => applied.problems,
    };
    if !reasons.is_empty() {
        record_not_done(context, &source, reasons.join(" ")).await?;
    }
    if let Some(target) = &applied.scan {
        scan::run_for_command(context, target.stack()).await?;
    }
    Ok(context.tenant.end_order(context.id, key).await?)
}
