//! Runs the order that a person sent from a page or by the API. What came of it is for the next scan to show: nothing is
//! written to an issue or pull request.

use super::context::RepositoryContext;
use super::scan;
use super::steps::effects::apply_effects;
use super::steps::orders::{CommandText, parse_once};
use crate::queue::job::{JobError, OrderOrigin};
use crate::store::OrderKey;

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

/// Runs an order once. The door has asked GitHub whether the person may write; a person whose right ended while the order
/// waited gets nothing done. What a key of the API may do is for the door alone: its name may be no login.
pub(super) async fn run(
    context: &RepositoryContext<'_>,
    order: &Order<'_>,
) -> Result<(), JobError> {
    let person = order.person;
    if order.via == OrderOrigin::Page && !context.repository.may_write(person).await? {
        tracing::warn!(person, "may write no more: an order is not run");
        return Ok(());
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
    let applied = apply_effects(context, None, &answer.effects).await?;
    if let Some(target) = &applied.scan {
        scan::run_for_command(context, target.stack()).await?;
    }
    Ok(context.tenant.end_order(context.id, key).await?)
}
