//! Serves the scans of a stack.

use super::{Fields, Names, PAGE, Shared};
use crate::queue::now;
use crate::report::pages::ScansPage;
use crate::web::page_error::PageError;
use crate::web::sign_in::{Session, Visitor};
use crate::web::site::Site;
use axum::extract::{Path, Query, State};
use axum::response::Response;

/// Shows the scans of a stack.
pub(super) async fn show(
    State(site): Shared,
    Visitor(session): Visitor,
    names: Names<(String, String, String)>,
    Query(asked): Query<Fields>,
) -> Response {
    let before = asked.get("before").and_then(|text| text.parse().ok());
    let page = page(&site, &session, names, before).await;
    site.respond(Some(&session), page)
}

async fn page(
    site: &Site,
    session: &Session,
    names: Names<(String, String, String)>,
    before: Option<i64>,
) -> Result<String, PageError> {
    let Path((owner, repository, stack)) = names?;
    let names = (owner.as_str(), repository.as_str(), stack.as_str());
    let found = site.stack(session, names).await?;
    let tenant = site.store.of(found.account.installation);
    let (repository, stack) = (found.listed.repository, &found.listed.stack);
    let most = u32::try_from(PAGE).unwrap_or(u32::MAX);
    let scans = tenant.scans_before(repository, stack, before.unwrap_or(i64::MAX), most);
    let scans = scans.await?;
    let last = scans.last().filter(|_| scans.len() == PAGE);
    let next = last.map(|scan| scan.finished_at.to_string());
    let context = found.context(site, None, now());
    let frame = site.frame(Some(session));
    let page = ScansPage::new(frame, &context, &scans, before.is_none(), next);
    Ok(page.html()?)
}
