//! Serves what people accept in an organisation, of the repositories that the person sees.

use super::repository_choice::RepositoryChoice;
use super::visible_part::visible_part;
use super::{Fields, Names, Shared};
use crate::model::StackName;
use crate::queue::now;
use crate::report::pages::{AcceptedPage, AcceptedRow};
use crate::store::{AcceptedPlace, AcceptedRecord};
use crate::web::page_error::PageError;
use crate::web::sign_in::{Session, Visitor};
use crate::web::site::Site;
use axum::extract::{Path, Query, State};
use axum::response::Response;

/// Shows what people accept.
pub(super) async fn show(
    State(site): Shared,
    Visitor(session): Visitor,
    owner: Names<String>,
    Query(asked): Query<Fields>,
) -> Response {
    let page = page(&site, &session, owner, &asked).await;
    site.respond(Some(&session), page)
}

async fn page(
    site: &Site,
    session: &Session,
    owner: Names<String>,
    asked: &Fields,
) -> Result<String, PageError> {
    let Path(owner) = owner?;
    let account = site.account(session, &owner).await?;
    let after = asked.get("after").and_then(|text| place(text));
    let repository = RepositoryChoice::of(&account, asked);
    let tenant = site.store.of(account.installation);
    let (tenant, only) = (&tenant, &repository);
    let listed = visible_part(
        after.clone(),
        |behind, most| async move {
            match only.is_nowhere() {
                true => Ok((Vec::new(), None)),
                false => tenant.accepted(only.id, behind.as_ref(), most).await,
            }
        },
        |record: &AcceptedRecord| &record.place,
        |record| account.repositories.name(record.repository).is_some(),
    );
    let (listed, next) = listed.await?;
    let rows = listed.iter().filter_map(|record| {
        let name = account.repositories.name(record.repository)?;
        let place = (name, &record.stack);
        Some(AcceptedRow::new(&record.difference, place, now()))
    });
    let page = AcceptedPage {
        frame: site.frame(Some(session)),
        rows: rows.collect(),
        account: account.name,
        repository: repository.text,
        is_first: after.is_none(),
        next: next.map(|place| written(&place)),
    };
    Ok(page.html()?)
}

/// Writes a place as the page's address has it: `2027-03-31.123.production.f-1c9e`.
fn written(place: &AcceptedPlace) -> String {
    let AcceptedPlace {
        until,
        repository,
        stack,
        finding,
    } = place;
    format!("{until}.{repository}.{stack}.{finding}")
}

/// Reads a place; `None` for a text that is none.
fn place(text: &str) -> Option<AcceptedPlace> {
    let parts: Vec<_> = text.splitn(4, '.').collect();
    let [until, repository, stack, finding] = parts.try_into().ok()?;
    let is_plain = |text: &str| !text.contains(char::is_control);
    let is_place = repository.bytes().all(|b| b.is_ascii_digit())
        && StackName::new(stack).is_some()
        && is_plain(until)
        && is_plain(finding);
    is_place.then(|| AcceptedPlace {
        until: until.to_owned(),
        repository: repository.to_owned(),
        stack: stack.to_owned(),
        finding: finding.to_owned(),
    })
}
