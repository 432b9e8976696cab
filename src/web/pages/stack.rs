//! Serves the page of a stack: its findings, what is set aside, coverage and pull requests.

use super::{Fields, Shared};
use crate::queue::now;
use crate::report::pages::{FindingFilter, StackContext, StackPage};
use crate::web::sign_in::{Session, Visitor};
use crate::web::site::{PageError, Site};
use axum::extract::{Path, Query, State};
use axum::response::Response;

/// Shows a stack.
pub(super) async fn show(
    State(site): Shared,
    Visitor(session): Visitor,
    Path((owner, repository, stack)): Path<(String, String, String)>,
    Query(asked): Query<Fields>,
) -> Response {
    let page = page(&site, &session, (&owner, &repository, &stack), &asked).await;
    site.respond(Some(&session), page)
}

async fn page(
    site: &Site,
    session: &Session,
    names: (&str, &str, &str),
    asked: &Fields,
) -> Result<String, PageError> {
    let found = site.stack(session, names).await?;
    let (repository, stack) = (found.listed.repository, &found.listed.stack);
    let tenant = site.store.of(found.account.installation);
    let last = tenant.last_report(repository, stack.as_str()).await?;
    let mut proposals = tenant.proposals(repository).await?;
    proposals.retain(|proposal| proposal.stack == stack.as_str());
    let (report, scan) = last.unzip();
    let field = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let context = StackContext {
        account: &found.account.name,
        repository: &found.name,
        stack,
        github_pages: &site.github_pages,
        commit: scan.as_ref().map_or("", |scan| scan.commit.as_str()),
        scanned_at: scan.as_ref().map_or(0, |scan| scan.finished_at),
        next_at: found.listed.next_at,
        now: now(),
    };
    let filter = FindingFilter::new(
        field("severity"),
        field("type"),
        field("q"),
        field("page").parse().unwrap_or(1),
    );
    let frame = site.frame(Some(session));
    let page = StackPage::new(frame, &context, report.as_ref(), &proposals, filter);
    Ok(page.html()?)
}
