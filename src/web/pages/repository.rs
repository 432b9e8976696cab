//! Serves the page of a repository: its stacks, the most urgent first, and what waits there.

use super::organisation::{place, stack_facts, written};
use super::waits::what_waits;
use super::{Fields, Names, PAGE, Shared};
use crate::model::RepositoryName;
use crate::queue::now;
use crate::report::pages::{MAX_ENDED_PULLS, RepositoryFacts, RepositoryPage, StackRow};
use crate::web::page_error::PageError;
use crate::web::sign_in::{Session, Visitor};
use crate::web::site::Site;
use axum::extract::{Path, Query, State};
use axum::response::Response;

/// Shows a repository.
pub(super) async fn show(
    State(site): Shared,
    Visitor(session): Visitor,
    names: Names<(String, String)>,
    Query(asked): Query<Fields>,
) -> Response {
    let page = page(&site, &session, names, &asked).await;
    site.respond(Some(&session), page)
}

async fn page(
    site: &Site,
    session: &Session,
    names: Names<(String, String)>,
    asked: &Fields,
) -> Result<String, PageError> {
    let Path((owner, repository)) = names?;
    let account = site.account(session, &owner).await?;
    let name = RepositoryName::new(&format!("{owner}/{repository}"));
    let name = name.ok_or(PageError::NotFound)?;
    let id = account.repositories.id(&name).ok_or(PageError::NotFound)?;
    let tenant = site.store.of(account.installation);
    let after = asked.get("after").and_then(|text| place(text));
    let most = u32::try_from(PAGE).unwrap_or(u32::MAX);
    let listed = tenant.stacks_of(id, after.as_ref(), most).await?;
    let rows = listed.stacks.iter();
    let rows = rows.map(|stack| StackRow::new(stack_facts(stack), &name, now()));
    let known = tenant.repository(id).await?;
    let problems = tenant.repository_problems(Some(id)).await?;
    let ended = tenant.ended_proposals(id, MAX_ENDED_PULLS + 1).await?;
    let context = RepositoryFacts {
        account: &account.name,
        name: &name,
        github_pages: &site.github_pages,
        default_branch: known.as_ref().and_then(|it| it.default_branch.as_deref()),
        dashboard: tenant.dashboard(id).await?,
        problem: problems.first().map(|it| (it.problem.as_str(), it.since)),
        ended: &ended,
    };
    let waits = what_waits(site, session, &account, Some(id)).await?;
    let next = listed.next.as_ref().map(written);
    let frame = site.frame(Some(session));
    let page = RepositoryPage::new(
        frame,
        &context,
        waits,
        rows.collect(),
        after.is_none(),
        next,
    );
    Ok(page.html()?)
}
