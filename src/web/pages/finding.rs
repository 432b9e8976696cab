//! Serves the page of a finding.

use super::{Fields, Names, Shared};
use crate::model::FindingId;
use crate::queue::now;
use crate::report::pages::{FindingContext, FindingPage, PastFindingPage, StackActions};
use crate::web::page_error::PageError;
use crate::web::sign_in::{Session, Visitor};
use crate::web::site::Site;
use axum::extract::{Path, Query, State};
use axum::response::Response;

/// Shows a finding of a stack's last scan, or what the history knows of an earlier one.
pub(super) async fn show(
    State(site): Shared,
    Visitor(session): Visitor,
    names: Names<(String, String, String, String)>,
    Query(asked): Query<Fields>,
) -> Response {
    let page = page(&site, &session, names, &asked).await;
    site.respond(Some(&session), page)
}

async fn page(
    site: &Site,
    session: &Session,
    names: Names<(String, String, String, String)>,
    asked: &Fields,
) -> Result<String, PageError> {
    let Path((owner, repository, stack, id)) = names?;
    let names = (owner.as_str(), repository.as_str(), stack.as_str());
    let found = site.stack(session, names).await?;
    let (repository, stack) = (found.listed.repository, &found.listed.stack);
    let tenant = site.store.of(found.account.installation);
    let id = FindingId(id);
    let occurrences = tenant.occurrences(repository, stack, &id).await?;
    let last = tenant.reports(repository, stack).next().await?;
    let scanned = last
        .as_ref()
        .and_then(|(report, _)| report.outcome.as_ref().ok());
    let all = scanned
        .iter()
        .flat_map(|it| it.findings.iter().chain(&it.set_aside));
    let finding = all.into_iter().find(|finding| finding.id == id);
    let (Some(finding), Some((_, scan))) = (finding, &last) else {
        // The last scan does not report it: the history may.
        let context = found.context(site, None, now());
        let page = PastFindingPage::new(site.frame(Some(session)), &context, &occurrences);
        return Ok(page.ok_or(PageError::NotFound)?.html()?);
    };
    let history_begins = tenant.history_begins(repository, stack).await?;
    let proposals = tenant.proposals(repository).await?;
    let decisions = tenant.decisions(repository).await?;
    let actions = StackActions::new(
        stack,
        last.as_ref().map(|(report, _)| report),
        proposals,
        decisions,
    );
    let proposals = actions.proposals_of(&finding.id);
    let context = FindingContext {
        stack: found.context(site, Some(scan), now()),
        occurrences: &occurrences,
        history_begins,
        proposals: &proposals,
        decision: actions.decision(&finding.id),
        coverage: scanned.map_or(&[], |scanned| &scanned.coverage),
    };
    let page = FindingPage::new(site.frame(Some(session)), &context, finding);
    Ok(page.with_orders(found.orders(asked)?).html()?)
}
