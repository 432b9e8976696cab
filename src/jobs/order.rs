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
use crate::queue::job::{Job, JobError, OrderOrigin, RepositoryTask, Trigger};
use crate::store::{OrderKey, Tenant};

/// Why an order of a person whose right ended is not done.
const NO_WRITER: &str = "GitHub says that this person may not write to the repository";

/// Why an order is not done whose repository GitHub does not show, or shows without a commit.
const GONE: &str =
    "the repository is empty, gone or out of the App's reach, or the App is suspended there";

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

/// Returns what an order's scan is requested by.
fn trigger(via: OrderOrigin) -> Trigger {
    match via {
        OrderOrigin::Page => Trigger::Command,
        OrderOrigin::Api => Trigger::Api,
    }
}

/// Records that nothing comes of an order whose job ended without it: its repository or installation is gone. One that
/// was run has its outcome.
pub(super) async fn close(tenant: &Tenant<'_>, task: &RepositoryTask) -> anyhow::Result<()> {
    let task = match task {
        RepositoryTask::GivenUp { job, .. } => match job.as_ref() {
            Job::Task { task, .. } => task,
            _ => return Ok(()),
        },
        task => task,
    };
    match task {
        RepositoryTask::Order {
            via: OrderOrigin::Api,
            id,
            ..
        } => tenant.abandon_api_decision(id, GONE).await,
        _ => Ok(()),
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
            let tenant = &context.tenant;
            tenant.abandon_api_decision(order.id, NO_WRITER).await?;
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
    let reasons = reasons.join(" ");
    if !reasons.is_empty() {
        record_not_done(context, &source, reasons.clone()).await?;
    }
    if order.via == OrderOrigin::Api {
        let end = match reasons.as_str() {
            "" => Ok(()),
            reason => Err(reason),
        };
        context.tenant.end_api_decision(order.id, end).await?;
    }
    if let Some(target) = &applied.scan {
        scan::run_for_command(context, target.stack(), trigger(order.via)).await?;
    }
    Ok(context.tenant.end_order(context.id, key).await?)
}
