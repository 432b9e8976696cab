//! Gathers the status of each stack of a repository between scans.

use crate::jobs::context::RepositoryContext;
use crate::model::{FindingId, Proposal, ScanError, StackName, StackReport, StackStatus};
use crate::pulls::undecided;
use crate::queue::now;
use crate::scan::report_limit::ReportRoom;

/// Returns the status of each stack of a repository, by name.
pub(in crate::jobs) async fn stack_statuses(
    context: &RepositoryContext<'_>,
) -> anyhow::Result<Vec<StackStatus>> {
    let (tenant, id) = (&context.tenant, context.id);
    let decisions = tenant.decisions(id).await?;
    let proposals = tenant.proposals(id).await?;
    let (mut statuses, mut room) = (Vec::new(), ReportRoom::of_repository());
    for scheduled in tenant.stacks(id).await? {
        let stack = &scheduled.stack;
        let report = context.report(stack).await?;
        let (report, scanned_at) = report
            .map(|(report, at)| (room.keep(report), at))
            .unwrap_or_else(|| (unscanned(stack), 0));
        let of_stack = proposals.iter();
        let of_stack = of_stack.filter(|proposal| proposal.stack == stack.as_str());
        let open = of_stack.clone().filter(|proposal| proposal.state.is_open());
        let carried = open
            .clone()
            .flat_map(|proposal| ids(proposal).map(|id| (id, proposal.number)));
        let resting = of_stack.filter_map(|proposal| Some((proposal, undecided(proposal, now())?)));
        let resting =
            resting.flat_map(|(proposal, rest)| ids(proposal).map(move |id| (id, rest.clone())));
        let decided = decisions.iter().filter(|decision| decision.stack == *stack);
        statuses.push(StackStatus {
            report,
            scanned_at,
            next_scan: scheduled.next_at,
            carried: carried.collect(),
            undecided: resting.collect(),
            pulls: open.map(|proposal| proposal.number).collect(),
            decisions: decided.cloned().collect(),
        });
    }
    Ok(statuses)
}

fn ids(proposal: &Proposal) -> impl Iterator<Item = FindingId> {
    proposal.findings.iter().cloned().map(FindingId)
}

/// Returns the report of a stack that was never scanned.
fn unscanned(stack: &StackName) -> StackReport {
    StackReport {
        name: stack.clone(),
        path: String::new(),
        backend: None,
        outcome: Err(ScanError {
            kind: "unscanned".into(),
            message: "It was not scanned yet.".to_owned(),
        }),
    }
}
