//! Records that a pull request of DriftGuard's was closed, merged or reopened.

use super::context::RepositoryContext;
use super::steps::dashboard;
use super::steps::outcome::{Closing, record_outcome};
use crate::model::ProposalState;
use crate::queue::job::JobError;

/// Records the state of a pull request, and updates the dashboard. `person` changed the state, in a delivery that
/// arrived at `at`.
pub(super) async fn run(
    context: &RepositoryContext<'_>,
    number: u64,
    person: &str,
    at: i64,
) -> Result<(), JobError> {
    let proposal = context.tenant.proposal_of(context.id, number).await?;
    let Some(proposal) = proposal else {
        return Ok(());
    };
    let Some(pull) = context.repository.issue(number).await? else {
        return Ok(());
    };
    let person = match pull.closed_by.as_str() {
        closed_by if !pull.open && !closed_by.is_empty() => closed_by,
        _ => person,
    };
    // GitHub tells the second. What was decided in it, before the delivery came, is older.
    let closed_at = pull.closed_at.filter(|_| !pull.open);
    let at = closed_at.map_or(at, |closed_at| at.min(closed_at + 999));
    let state = record_outcome(context, proposal, &pull, Closing { person, at }).await?;
    // Whatever else DriftGuard closes one for, it shows.
    if state == ProposalState::Closed {
        return Ok(());
    }
    dashboard::refresh(context).await
}
