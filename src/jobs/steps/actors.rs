//! Names who made the changes of a scan's findings: as an earlier scan of the stack has it, else as CloudTrail says.

use crate::model::{FindingId, RepositoryId};
use crate::queue::now;
use crate::scan::actors::{self, ActorSearch};
use crate::scan::scan_result::ScanResult;
use crate::settings::Who;
use crate::store::Tenant;
use crate::who::{Earlier, History};
use std::collections::BTreeMap;

/// Names who made the changes. Takes the actor of a known finding from the last report, so that its texts stay the same.
/// Asks CloudTrail about new findings only, since the last scan that found the resource without drift.
///
/// # Errors
/// When the store fails.
pub(in crate::jobs) async fn name_actors(
    result: &mut ScanResult,
    who: &Who,
    (tenant, repository): (&Tenant<'_>, RepositoryId),
) -> anyhow::Result<()> {
    if !who.is_on() {
        return Ok(());
    }
    let now = now();
    let mut since = BTreeMap::new();
    for stack in &mut result.report.stacks {
        let Ok(scanned) = &mut stack.outcome else {
            continue;
        };
        let mut history = History::new(&scanned.findings, now);
        let mut reports = tenant.reports(repository, &stack.name);
        while history.needs_more()
            && let Some((report, scan)) = reports.next().await?
        {
            history.add_earlier(&report, scan.finished_at);
        }
        let mut earlier = history.finish();
        let mut new: BTreeMap<FindingId, i64> = BTreeMap::new();
        for finding in &mut scanned.findings {
            match earlier.remove(&finding.id) {
                Some(Earlier::Known(actor)) => finding.actor = Some(actor),
                Some(Earlier::New(since)) => {
                    new.insert(finding.id.clone(), since);
                }
                Some(Earlier::Settled) | None => {}
            }
        }
        since.insert(stack.name.clone(), new);
    }
    let search = ActorSearch {
        who,
        now,
        // What no state claims is not published.
        since: &|stack, finding| since.get(stack?)?.get(&finding.id).copied(),
    };
    actors::name_actors(result, &search).await;
    Ok(())
}
