//! Serves a person's own keys of the API, each for repositories that the person may write to: GitHub is asked when one is
//! created.

use super::keys::{NewKey, end, row, save, wrong};
use super::orders::{Refusal, admit, refuse, unusable};
use super::{Fields, Shared};
use crate::github::{Listed, UserInstallation};
use crate::model::{ApiKey, ApiScope, InstallationId, RepositoryId, RepositoryName};
use crate::queue::now;
use crate::report::pages::{OwnKeyForm, OwnKeyRow, OwnKeysPage};
use crate::store::{ApiKeyRecord, KeyOwner};
use crate::web::page_error::PageError;
use crate::web::random::unguessable;
use crate::web::sign_in::{Session, VisibleRepositories, Visitor};
use crate::web::site::Site;
use axum::extract::{Form, Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Redirect, Response};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many repositories a key reaches at most, and how many a form lists.
const MAX_REPOSITORIES: usize = 100;

/// A repository to choose.
type Choice = (RepositoryId, RepositoryName);

/// Shows the person's keys, and a form for another one.
pub(super) async fn show(
    State(site): Shared,
    Visitor(session): Visitor,
    Query(asked): Query<Fields>,
) -> Response {
    let chosen = asked.get("org").map(String::as_str);
    let is_revoked = asked.get("done").is_some_and(|done| done == "revoke");
    let page = page(&site, &session, chosen, is_revoked, None).await;
    site.respond(Some(&session), page)
}

/// Creates a key, which this answer alone shows, or revokes one.
pub(super) async fn act(
    State(site): Shared,
    Visitor(session): Visitor,
    headers: HeaderMap,
    Form(typed): Form<Fields>,
) -> Response {
    let answer = async {
        admit(&site, &session, &headers, &typed)?;
        match typed.get("act").map(String::as_str) {
            Some("create") => create(&site, &session, &typed).await,
            Some("revoke") => {
                // Whatever GitHub says of the person: a key can always be given up.
                let keys = site.store.keys_of_person(session.person).await?;
                end(&site, &session, &typed, keys).await?;
                Ok(Redirect::to(&site.address.link("/keys?done=revoke")).into_response())
            }
            _ => Err(unusable("The form asks for nothing that can be done here.")),
        }
    };
    match answer.await {
        Ok(answer) => answer,
        Err(refusal) => refuse(&site, &session, refusal),
    }
}

async fn create(site: &Site, session: &Session, typed: &Fields) -> Result<Response, Refusal> {
    let field = |name: &str| typed.get(name).map(|text| text.trim()).unwrap_or_default();
    let account = site.installation(session, field("org")).await?;
    let scope = ApiScope::named(field("scope")).filter(|scope| *scope != ApiScope::Events);
    let scope = scope.ok_or_else(|| unusable("The scope is read or write."))?;
    let days = ApiKey::parse_person_days(field("days")).map_err(|why| wrong("days", &why))?;
    let asked = site.rights().ask_repositories(session, account.id, now());
    let visible = asked.await?;
    let writable = writable(site, account.id, &visible).await?;
    let repositories = chosen(writable, typed)?;
    let new = NewKey {
        scope,
        days: Some(days),
        owner: KeyOwner::Person {
            id: session.person,
            repositories: u32::try_from(repositories.len()).unwrap_or(u32::MAX),
        },
    };
    let key = save(site, session, (account.id, typed), new, &repositories).await?;
    let html = page(site, session, Some(&account.account), false, Some(key)).await?;
    Ok(Html(html).into_response())
}

/// Returns the repositories that a form chooses, all of which the person may write to.
fn chosen(writable: Vec<Choice>, typed: &Fields) -> Result<Vec<Choice>, Refusal> {
    let names = typed.keys().filter_map(|name| name.strip_prefix('r'));
    let ticked: BTreeSet<RepositoryId> = names
        .filter_map(|id| Some(RepositoryId(id.parse().ok()?)))
        .collect();
    let chosen: Vec<_> = match typed.get("which").map(String::as_str) {
        Some("all") => writable,
        Some("some") => {
            let writable = writable.into_iter();
            let chosen: Vec<_> = writable.filter(|(id, _)| ticked.contains(id)).collect();
            if chosen.len() < ticked.len() {
                return Err(unusable(
                    "GitHub says that you may not write to all of these repositories, or DriftGuard does not know one.",
                ));
            }
            chosen
        }
        _ => return Err(unusable("Choose repositories.")),
    };
    match chosen.len() {
        0 => Err(unusable(
            "Choose a repository: a key without any opens nothing.",
        )),
        1..=MAX_REPOSITORIES => Ok(chosen),
        _ => Err(unusable(&format!(
            "A key reaches at most {MAX_REPOSITORIES} repositories: choose some."
        ))),
    }
}

/// Returns the repositories that the person may write to and that DriftGuard knows, those with stacks first.
async fn writable(
    site: &Site,
    installation: InstallationId,
    visible: &VisibleRepositories,
) -> anyhow::Result<Vec<Choice>> {
    let tenant = site.store.of(installation);
    let known = tenant.repositories().await?.into_iter();
    let known: BTreeSet<_> = known.map(|known| known.id).collect();
    let with_stacks = tenant.repositories_with_stacks().await?.into_iter();
    let with_stacks: BTreeSet<_> = with_stacks.collect();
    let all = visible.writable().into_iter();
    let all = all.filter(|(id, _)| known.contains(id));
    let mut all: Vec<_> = all.map(|(id, name)| (id, name.clone())).collect();
    // By name they are already.
    all.sort_by_key(|(id, _)| !with_stacks.contains(id));
    Ok(all)
}

async fn page(
    site: &Site,
    session: &Session,
    chosen: Option<&str>,
    is_revoked: bool,
    created: Option<ApiKey>,
) -> Result<String, PageError> {
    let installations = site.rights().installations(session, now()).await?;
    let page = OwnKeysPage {
        frame: site.frame(Some(session)),
        rows: rows(site, session, &installations).await?,
        form: form(site, session, &installations, chosen).await?,
        accounts: accounts(&installations),
        created,
        is_revoked,
    };
    Ok(page.html()?)
}

fn accounts(installations: &Listed<UserInstallation>) -> Vec<String> {
    let all = installations.items.iter();
    let mut all: Vec<_> = all.map(|found| found.account.clone()).collect();
    all.sort_by_key(|account| account.to_lowercase());
    all
}

/// Returns the form for the account that was chosen, or for the only one.
async fn form(
    site: &Site,
    session: &Session,
    installations: &Listed<UserInstallation>,
    chosen: Option<&str>,
) -> Result<Option<OwnKeyForm>, PageError> {
    let account = match (chosen, installations.items.as_slice()) {
        (None, [only]) => only.clone(),
        (None, _) => return Ok(None),
        (Some(chosen), _) => site.installation(session, chosen).await?,
    };
    let choices = match visible(site, session, account.id).await? {
        Some(visible) => writable(site, account.id, &visible).await?,
        None => Vec::new(),
    };
    let listed = choices.iter().take(MAX_REPOSITORIES);
    Ok(Some(OwnKeyForm {
        account: account.account,
        id: unguessable()?,
        choices: listed
            .map(|(id, name)| (id.to_string(), name.to_string()))
            .collect(),
        writable: choices.len(),
        most: MAX_REPOSITORIES,
    }))
}

async fn rows(
    site: &Site,
    session: &Session,
    installations: &Listed<UserInstallation>,
) -> Result<Vec<OwnKeyRow>, PageError> {
    let keys = site.store.keys_of_person(session.person).await?;
    let mut rows = Vec::new();
    for record in keys {
        let mut all = installations.items.iter();
        let account = all.find(|found| found.id == record.installation);
        let names = match account {
            Some(_) => names(site, session, &record).await?,
            None => Vec::new(),
        };
        rows.push(OwnKeyRow {
            account: account.map(|found| found.account.clone()),
            names,
            key: row(record, now()),
        });
    }
    Ok(rows)
}

/// Returns the names of a key's repositories that the person sees.
async fn names(
    site: &Site,
    session: &Session,
    record: &ApiKeyRecord,
) -> Result<Vec<String>, PageError> {
    let Some(visible) = visible(site, session, record.installation).await? else {
        return Ok(Vec::new());
    };
    let repositories = site.store.key_repositories(&record.prefix).await?;
    let names = repositories
        .iter()
        .filter_map(|known| visible.name(known.id));
    Ok(names.map(ToString::to_string).collect())
}

/// Returns what the person may look at of an installation; `None` where that is nothing.
async fn visible(
    site: &Site,
    session: &Session,
    installation: InstallationId,
) -> Result<Option<Arc<VisibleRepositories>>, PageError> {
    let asked = site.rights().repositories(session, installation, now());
    match asked.await {
        Ok(visible) => Ok(Some(visible)),
        Err(PageError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}
