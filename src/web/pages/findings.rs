//! Serves the findings of an organisation, across its stacks, of the repositories that the person sees.

use super::{Fields, Names, PAGE, Shared};
use crate::model::{Severity, StackName};
use crate::report::pages::{FindingSearch, FindingsPage, FoundRow};
use crate::store::{FindingFilter, FindingPlace, ListedFinding, Tenant};
use crate::web::page_error::PageError;
use crate::web::sign_in::{Session, VisibleRepositories, Visitor};
use crate::web::site::Site;
use axum::extract::{Path, Query, State};
use axum::response::Response;

/// How many searches are made for a page, each of a bounded number of findings: beyond, it goes on behind them. One for
/// each severity is enough where there are not very many.
const MAX_SEARCHES: usize = Severity::ALL.len();

/// A place in the list: the list goes on behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    severity: Severity,
    place: FindingPlace,
}

/// Shows the findings.
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
    let field = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let search = FindingSearch::new(field);
    let behind = place(field("after"));
    let is_first = behind.is_none();
    let tenant = site.store.of(account.installation);
    let filter = filter(&search, &account.repositories);
    let (listed, next) = part(&tenant, &filter, behind).await?;
    let rows = listed.iter().filter_map(|found| {
        let name = account.repositories.name(found.workspace.repository)?;
        let place = (name, &found.workspace.stack);
        Some(FoundRow::new(&found.occurrence, place))
    });
    let page = FindingsPage {
        frame: site.frame(Some(session)),
        rows: rows.collect(),
        account: account.name,
        search,
        is_first,
        is_cut: account.repositories.is_cut,
        next: next.map(|place| written(&place)),
    };
    Ok(page.html()?)
}

/// Returns which findings fit a search: those of repositories that the person sees.
fn filter(search: &FindingSearch, visible: &VisibleRepositories) -> FindingFilter {
    FindingFilter {
        repositories: Some(visible.ids(&search.repository)),
        severity: search.severity,
        tf_type: Some(search.tf_type.clone()).filter(|name| !name.is_empty()),
        kind: search.kind,
        ending: search.ending,
        text: search.text.clone(),
        ..FindingFilter::default()
    }
}

/// Returns a part of the findings, the most severe first, and where the list goes on. One severity is read after the
/// other, since each has its place in an index.
async fn part(
    tenant: &Tenant<'_>,
    filter: &FindingFilter,
    behind: Option<Place>,
) -> anyhow::Result<(Vec<ListedFinding>, Option<Place>)> {
    let (from, mut at) = match behind {
        Some(Place { severity, place }) => (severity, place),
        None => (Severity::Critical, FindingPlace::default()),
    };
    let chosen = |severity: &Severity| filter.severity.is_none_or(|only| only == *severity);
    let all = Severity::ALL.into_iter().filter(|it| *it <= from);
    let mut severities = all.filter(chosen).peekable();
    if severities.peek().is_some_and(|first| *first != from) {
        at = FindingPlace::default();
    }
    let mut listed: Vec<ListedFinding> = Vec::new();
    for _ in 0..MAX_SEARCHES {
        let Some(severity) = severities.peek().copied() else {
            return Ok((listed, None));
        };
        let filter = FindingFilter {
            severity: Some(severity),
            ..filter.clone()
        };
        let most = u32::try_from(PAGE + 1 - listed.len())?;
        let found = tenant.findings(&filter, &at, most).await?;
        listed.extend(found.findings);
        if listed.len() > PAGE {
            listed.truncate(PAGE);
            let last = listed.last().map(|last| Place {
                severity: last.occurrence.severity,
                place: last.place(),
            });
            return Ok((listed, last));
        }
        at = found.next.unwrap_or_else(|| {
            severities.next();
            FindingPlace::default()
        });
    }
    let next = severities.next().map(|severity| Place {
        severity,
        place: at,
    });
    Ok((listed, next))
}

/// Writes a place as the page's address has it: `critical.1795537800000.123.production.f-1c9e`.
fn written(place: &Place) -> String {
    let FindingPlace {
        repository,
        stack,
        finding,
        first_seen,
    } = &place.place;
    let severity = place.severity.as_str();
    format!("{severity}.{first_seen}.{repository}.{stack}.{finding}")
}

/// Reads a place; `None` for a text that is none.
fn place(text: &str) -> Option<Place> {
    let parts: Vec<_> = text.splitn(5, '.').collect();
    let [severity, first_seen, repository, stack, finding] = parts.try_into().ok()?;
    let severity = Severity::named(severity)?;
    // The beginning of a severity is a place as well.
    let is_start = (repository, stack, finding) == ("", "", "");
    let is_place = !repository.is_empty()
        && repository.bytes().all(|b| b.is_ascii_digit())
        && StackName::new(stack).is_some()
        && !finding.contains(char::is_control);
    let place = FindingPlace {
        repository: repository.to_owned(),
        stack: stack.to_owned(),
        finding: finding.to_owned(),
        first_seen: first_seen.parse().ok()?,
    };
    (is_start || is_place).then_some(Place { severity, place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let known = Place {
            severity: Severity::High,
            place: FindingPlace {
                repository: "123".to_owned(),
                stack: "infra-production".to_owned(),
                finding: "f-1c9e.2".to_owned(),
                first_seen: 7,
            },
        };
        let start = Place {
            severity: Severity::Low,
            place: FindingPlace::default(),
        };
        for known in [known, start] {
            assert_eq!(place(&written(&known)), Some(known));
        }
        for wrong in [
            "",
            "high",
            "huge.7.1.a.f",
            "high.x.1.a.f",
            "high.7.x.a.f",
            "high.7.1.A.f",
            "high.7.1.a.\0",
        ] {
            assert_eq!(place(wrong), None, "{wrong:?}");
        }
    }
}
