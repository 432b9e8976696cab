//! Serves the audit log of an organisation: of the repositories that the person sees, and to its owners of the keys of
//! the API.

use super::repository_choice::{RepositoryChoice, field};
use super::visible_part::visible_part;
use super::{Fields, Names, Shared};
use crate::model::RepositoryId;
use crate::queue::now;
use crate::report::pages::{AuditPage, AuditRow};
use crate::store::{AuditFilter, AuditPlace, AuditRecord};
use crate::web::page_error::PageError;
use crate::web::sign_in::{Ownership, Session, VisibleRepositories, Visitor};
use crate::web::site::Site;
use axum::extract::{Path, Query, State};
use axum::response::Response;

/// Shows the audit log.
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
    let (repository, person) = (
        RepositoryChoice::of(&account, asked),
        field(asked, "person"),
    );
    let after = asked.get("after").and_then(|text| place(text));
    let filter = AuditFilter {
        repository: repository.id,
        person: person.clone(),
    };
    let tenant = site.store.of(account.installation);
    let ownership = site.rights().ownership(session, &account.found, now());
    let seen = SeenEntries {
        repositories: &account.repositories,
        is_owner: ownership.await? == Ownership::Owner,
    };
    let (entries, next) = match repository.is_nowhere() {
        true => (Vec::new(), None),
        false => {
            let (tenant, filter) = (&tenant, &filter);
            let listed = visible_part(
                after.clone(),
                |behind, most| async move { tenant.audit_log(filter, behind.as_ref(), most).await },
                |record: &AuditRecord| &record.place,
                |record| seen.include(record.repository),
            );
            listed.await?
        }
    };
    let rows = entries.iter().filter_map(|record| {
        if record.repository == RepositoryId::NONE {
            return Some(AuditRow::of_organisation(&record.entry));
        }
        let name = account.repositories.name(record.repository)?;
        Some(AuditRow::new(&record.entry, name))
    });
    let page = AuditPage {
        frame: site.frame(Some(session)),
        rows: rows.collect(),
        account: account.name,
        repository: repository.text,
        person,
        is_first: after.is_none(),
        next: next.map(|place| written(&place)),
    };
    Ok(page.html()?)
}

/// Which entries a person may look at.
struct SeenEntries<'a> {
    repositories: &'a VisibleRepositories,
    /// Whether the person owns the organisation, and sees what is about it as a whole.
    is_owner: bool,
}

impl SeenEntries<'_> {
    fn include(&self, repository: RepositoryId) -> bool {
        match repository {
            RepositoryId::NONE => self.is_owner,
            id => self.repositories.name(id).is_some(),
        }
    }
}

/// Writes a place as the page's address has it: `1795537800000.123.page/...`.
fn written(place: &AuditPlace) -> String {
    format!("{}.{}.{}", place.at, place.repository, place.entry)
}

/// Reads a place; `None` for a text that is none.
fn place(text: &str) -> Option<AuditPlace> {
    let (at, rest) = text.split_once('.')?;
    let (repository, entry) = rest.split_once('.')?;
    let is_place = repository.bytes().all(|b| b.is_ascii_digit()) && !entry.contains('\0');
    Some(AuditPlace {
        at: at.parse().ok().filter(|_| is_place)?,
        repository: repository.to_owned(),
        entry: entry.to_owned(),
    })
}
