//! Serves the page of a finding.

use super::{Fields, Names, Shared};
use crate::queue::now;
use crate::report::pages::{FindingContext, FindingPage, StackActions};
use crate::web::page_error::PageError;
use crate::web::sign_in::{Session, Visitor};
use crate::web::site::Site;
use axum::extract::{Path, Query, State};
use axum::response::Response;

/// Shows a finding of a stack's last scan.
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
    let last = tenant.reports(repository, stack).next().await?;
    let (report, scan) = last.ok_or(PageError::NotFound)?;
    let scanned = report.outcome.as_ref().map_err(|_| PageError::NotFound)?;
    let mut all = scanned.findings.iter().chain(&scanned.set_aside);
    let finding = all.find(|finding| finding.id.0 == id);
    let finding = finding.ok_or(PageError::NotFound)?;
    let occurrences = tenant.occurrences(repository, stack, &finding.id).await?;
    let history_begins = tenant.history_begins(repository, stack).await?;
    let proposals = tenant.proposals(repository).await?;
    let decisions = tenant.decisions(repository).await?;
    let actions = StackActions::new(stack, Some(&report), proposals, decisions);
    let proposals = actions.proposals_of(&finding.id);
    let context = FindingContext {
        stack: found.context(site, Some(&scan), now()),
        occurrences: &occurrences,
        history_begins,
        proposals: &proposals,
        decision: actions.decision(&finding.id),
    };
    let page = FindingPage::new(site.frame(Some(session)), &context, finding);
    Ok(page.with_orders(found.orders(asked)?).html()?)
}
