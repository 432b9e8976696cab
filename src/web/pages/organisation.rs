//! Serves the page of an organisation: its stacks, the most urgent first.

use super::visible_part::visible_part;
use super::waits::what_waits;
use super::{Fields, Names, Shared};
use crate::github::UserInstallation;
use crate::model::{InstallationId, RepositoryName, StackName, StackSummary, Urgency};
use crate::queue::now;
use crate::report::pages::{
    OrderForms, OrganisationPage, StackContext, StackFacts, StackFilter, StackRow,
};
use crate::store::{ListedStack, ScanRecord, StackPlace, Tenant};
use crate::web::page_error::PageError;
use crate::web::random::unguessable;
use crate::web::sign_in::{Ownership, Session, VisibleRepositories, Visitor};
use crate::web::site::Site;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use std::sync::Arc;

/// How many stacks that an earlier version scanned are summarized for a page.
const MAX_SUMMARIZED: u32 = 20;

/// Shows an organisation.
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
    let field = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let after = place(field("after"));
    let filter = StackFilter::new(field("q"), field("drift"));
    let account = site.account(session, &owner).await?;
    let tenant = site.store.of(account.installation);
    if after.is_none() {
        summarize(&tenant).await?;
    }
    let tenant = &tenant;
    let listed = visible_part(
        after.clone(),
        |behind, most| async move {
            let batch = tenant.stacks_by_urgency(behind.as_ref(), most).await?;
            Ok((batch.stacks, batch.next))
        },
        |stack: &ListedStack| &stack.place,
        |stack| {
            let name = account.repositories.name(stack.repository);
            name.is_some_and(|name| filter.fits(&stack.stack, name, stack.summary.as_ref()))
        },
    );
    let (listed, next) = listed.await?;
    let waits = match after {
        None => Some(what_waits(site, session, &account, None).await?),
        Some(_) => None,
    };
    let ownership = site.rights().ownership(session, &account.found, now());
    let ownership = ownership.await?;
    let rows = listed.iter().filter_map(|stack| {
        let name = account.repositories.name(stack.repository)?;
        Some(StackRow::new(stack_facts(stack), name, now()))
    });
    let page = OrganisationPage {
        frame: site.frame(Some(session)),
        waits,
        rows: rows.collect(),
        name: account.name,
        // Where GitHub does not tell, their page says why.
        shows_keys: ownership != Ownership::Other,
        is_first: after.is_none(),
        is_cut: account.repositories.is_cut,
        filter,
        next: next.map(|place| written(&place)),
    };
    Ok(page.html()?)
}

/// What a person may look at of an account.
pub(super) struct Account {
    /// The login, as GitHub spells it.
    pub name: String,
    pub installation: InstallationId,
    /// The installation, as GitHub lists it.
    pub found: UserInstallation,
    pub repositories: Arc<VisibleRepositories>,
}

impl Site {
    /// Returns the account with this login, if the person sees an installation on it.
    pub(super) async fn account(
        &self,
        session: &Session,
        owner: &str,
    ) -> Result<Account, PageError> {
        let found = self.installation(session, owner).await?;
        let repositories = self.rights().repositories(session, found.id, now()).await?;
        Ok(Account {
            name: found.account.clone(),
            installation: found.id,
            found,
            repositories,
        })
    }

    /// Returns the installation on the account with this login, if the person sees it.
    pub(super) async fn installation(
        &self,
        session: &Session,
        owner: &str,
    ) -> Result<UserInstallation, PageError> {
        let installations = self.rights().installations(session, now()).await?;
        let mut all = installations.items.iter();
        let found = all.find(|found| found.account.eq_ignore_ascii_case(owner));
        found.cloned().ok_or(PageError::NotFound)
    }

    /// Returns the account, and the stack that these parts of an address name, if the person may look at it.
    pub(super) async fn stack(
        &self,
        session: &Session,
        (owner, repository, stack): (&str, &str, &str),
    ) -> Result<FoundStack, PageError> {
        let account = self.account(session, owner).await?;
        let name = RepositoryName::new(&format!("{owner}/{repository}"));
        let name = name.ok_or(PageError::NotFound)?;
        let id = account.repositories.id(&name).ok_or(PageError::NotFound)?;
        let stack = StackName::new(stack).ok_or(PageError::NotFound)?;
        let tenant = self.store.of(account.installation);
        let listed = tenant.listed_stack(id, &stack).await?;
        let listed = listed.ok_or(PageError::NotFound)?;
        Ok(FoundStack {
            account,
            name,
            listed,
        })
    }
}

/// A stack that a person may look at.
pub(super) struct FoundStack {
    pub account: Account,
    /// The repository's name.
    pub name: RepositoryName,
    pub listed: ListedStack,
}

impl FoundStack {
    /// Returns what the pages show of the stack beside a report.
    pub fn context<'a>(
        &'a self,
        site: &'a Site,
        scan: Option<&'a ScanRecord>,
        now: i64,
    ) -> StackContext<'a> {
        StackContext {
            account: &self.account.name,
            repository: &self.name,
            stack: &self.listed.stack,
            github_pages: &site.github_pages,
            commit: scan.map_or("", |scan| scan.commit.as_str()),
            scanned_at: scan.map_or(0, |scan| scan.finished_at),
            next_at: self.listed.next_at,
            failure: self.failure(scan),
            now,
        }
    }

    /// Returns the forms of a page about the stack. `asked` is the query of its address.
    pub fn orders(&self, asked: &Fields) -> anyhow::Result<OrderForms> {
        let may_write = self.account.repositories.may_write(self.listed.repository);
        let asked = asked.get("asked").map(String::as_str).unwrap_or_default();
        Ok(OrderForms::new(may_write, unguessable()?, asked))
    }

    /// Returns why the last scan was given up, where it came after the one that left the report.
    fn failure(&self, scan: Option<&ScanRecord>) -> Option<&str> {
        let reported_at = scan.map_or(0, |scan| scan.finished_at);
        let summary = self.listed.summary.as_ref();
        let error = summary.and_then(|last| last.error.as_deref());
        error.filter(|_| self.listed.scanned_at > reported_at)
    }
}

/// Summarizes some of the stacks that an earlier version scanned.
async fn summarize(tenant: &Tenant<'_>) -> anyhow::Result<()> {
    for (repository, stack) in tenant.unsummarized_stacks(MAX_SUMMARIZED).await? {
        let last = tenant.reports(repository, &stack).next().await?;
        let (summary, at) = match last {
            Some((report, scan)) => (StackSummary::of(&report), scan.finished_at),
            None => {
                let failed = StackSummary {
                    error: Some("None of its last scans was finished.".to_owned()),
                    ..StackSummary::default()
                };
                (failed, 0)
            }
        };
        tenant
            .save_summary(repository, &stack, &summary, at)
            .await?;
    }
    Ok(())
}

pub(super) fn stack_facts(stack: &ListedStack) -> StackFacts<'_> {
    StackFacts {
        name: &stack.stack,
        summary: stack.summary.as_ref(),
        scanned_at: stack.scanned_at,
        next_at: stack.next_at,
    }
}

/// Writes a place as the page's address has it: `1.123.production`.
pub(super) fn written(place: &StackPlace) -> String {
    format!("{}.{}.{}", place.rank, place.repository, place.stack)
}

/// Reads a place; `None` for a text that is none.
pub(super) fn place(text: &str) -> Option<StackPlace> {
    let (rank, rest) = text.split_once('.')?;
    let (repository, stack) = rest.split_once('.')?;
    let rank = rank.parse().ok()?;
    let last = Urgency::NoDrift.rank();
    let is_place = (0..=last).contains(&rank)
        && repository.bytes().all(|b| b.is_ascii_digit())
        && StackName::new(stack).is_some();
    is_place.then(|| StackPlace {
        rank,
        repository: repository.to_owned(),
        stack: stack.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let known = StackPlace {
            rank: 2,
            repository: "123".to_owned(),
            stack: "infra-production".to_owned(),
        };
        assert_eq!(place(&written(&known)), Some(known));
        for wrong in [
            "", "1", "1.2", "7.2.a", "-1.2.a", "1.x.a", "1.2.A", "1.2.a/b",
        ] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }
}
