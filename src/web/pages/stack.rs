//! Serves the page of a stack: its findings, what is set aside, coverage and pull requests.

use super::{Fields, Names, Shared};
use crate::model::{RepositoryId, ScanPoint, StackName};
use crate::queue::now;
use crate::report::pages::{FindingFilter, StackActions, StackHistory, StackPage};
use crate::store::{REPAIR_PERIOD, Tenant};
use crate::web::page_error::PageError;
use crate::web::sign_in::{Session, Visitor};
use crate::web::site::Site;
use axum::extract::{Path, Query, State};
use axum::response::Response;

/// How many of the newest scans the charts show; beyond, the last one of each day.
const NEWEST_SCANS: u32 = 200;
/// How many findings that ended are listed.
const MAX_ENDED: u32 = 20;

/// Shows a stack.
pub(super) async fn show(
    State(site): Shared,
    Visitor(session): Visitor,
    names: Names<(String, String, String)>,
    Query(asked): Query<Fields>,
) -> Response {
    let page = page(&site, &session, names, &asked).await;
    site.respond(Some(&session), page)
}

async fn page(
    site: &Site,
    session: &Session,
    names: Names<(String, String, String)>,
    asked: &Fields,
) -> Result<String, PageError> {
    let Path((owner, repository, stack)) = names?;
    let names = (owner.as_str(), repository.as_str(), stack.as_str());
    let found = site.stack(session, names).await?;
    let (repository, stack) = (found.listed.repository, &found.listed.stack);
    let tenant = site.store.of(found.account.installation);
    let last = tenant.reports(repository, stack).next().await?;
    let proposals = tenant.proposals(repository).await?;
    let decisions = tenant.decisions(repository).await?;
    let scans = scans_to_chart(&tenant, repository, stack).await?;
    let ended = tenant.ended_occurrences(repository, stack, MAX_ENDED);
    let ended = ended.await?;
    let now = now();
    let since = now.saturating_sub(REPAIR_PERIOD);
    let repairs = tenant.mean_time_to_repair(repository, stack, since);
    let history = StackHistory {
        scans: &scans,
        ended: &ended,
        mean_time_to_repair: repairs.await?,
    };
    let (report, scan) = last.unzip();
    let actions = StackActions::new(stack, report.as_ref(), proposals, decisions);
    let field = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let context = found.context(site, scan.as_ref(), now);
    let filter = FindingFilter::new(
        field("severity"),
        field("type"),
        field("q"),
        field("page").parse().unwrap_or(1),
    );
    let frame = site.frame(Some(session));
    let page = StackPage::new(frame, &context, report.as_ref(), &actions, filter);
    let page = page.with_history(&history).map_err(anyhow::Error::from)?;
    Ok(page.with_orders(found.orders(asked)?).html()?)
}

/// Returns the scans that the charts show, the newest first: of a stack that is scanned each hour there are thousands.
async fn scans_to_chart(
    tenant: &Tenant<'_>,
    repository: RepositoryId,
    stack: &StackName,
) -> anyhow::Result<Vec<ScanPoint>> {
    let mut points = tenant.scan_points(repository, stack, NEWEST_SCANS).await?;
    let is_cut = u32::try_from(points.len()).is_ok_and(|count| count == NEWEST_SCANS);
    if let Some(oldest) = points.last().filter(|_| is_cut) {
        let before = oldest.finished_at;
        points.extend(tenant.daily_points(repository, stack, before).await?);
    }
    Ok(points)
}
