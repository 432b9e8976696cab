//! Runs the order that a person sent from a page or by the API. What came of it is for the next scan and the audit log to
//! show: nothing is written to an issue or pull request.

use super::context::RepositoryContext;
use super::scan;
use super::steps::audit::{Act, EffectSource, record};
use super::steps::effects::apply_effects;
use super::steps::orders::{CommandText, parse_once};
use crate::model::AuditVia;
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
}

/// Runs an order once. Whoever enqueued it has asked GitHub whether the person may write; where that ended while the order
/// waited, nothing is done. What a key of the API may do is for the API alone: its name may be no login.
pub(super) async fn run(
    context: &RepositoryContext<'_>,
    order: &Order<'_>,
) -> Result<(), JobError> {
    let person = order.person;
    let source = EffectSource {
        issue: None,
        person,
        at: order.at,
        via: match order.via {
            OrderOrigin::Page => AuditVia::Page,
            OrderOrigin::Api => AuditVia::Api,
        },
        key: format!("order/{}", order.id),
    };
    if order.via == OrderOrigin::Page && !context.repository.may_write(person).await? {
        return Ok(refuse(context, &source, NO_WRITER.to_owned()).await?);
    }
    let key = OrderKey::Sent(order.id);
    let commands = CommandText {
        key,
        text: &format!("/driftguard {}", order.command),
        person,
        at: order.at,
    };
    let Some(answer) = parse_once(context, commands).await? else {
        return Ok(());
    };
    let applied = apply_effects(context, &source, &answer.effects).await?;
    let reasons = match answer.effects.is_empty() {
        true => answer.reply,
        false => applied.problems,
    };
    if !reasons.is_empty() {
        refuse(context, &source, reasons.join(" ")).await?;
    }
    if let Some(target) = &applied.scan {
        scan::run_for_command(context, target.stack()).await?;
    }
    Ok(context.tenant.end_order(context.id, key).await?)
}

/// Writes into the audit log why nothing came of an order: nobody is answered.
async fn refuse(
    context: &RepositoryContext<'_>,
    source: &EffectSource<'_>,
    reason: String,
) -> anyhow::Result<()> {
    let refused = Act {
        detail: reason,
        ..Act::new("not done", "")
    };
    record(context, source, refused).await
}
