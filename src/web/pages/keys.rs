//! Serves the keys of the API of an organisation, to its owners alone: GitHub is asked each time.

use super::orders::{Refusal, admit, refuse, unusable};
use super::{Fields, Names, Shared};
use crate::github::UserInstallation;
use crate::model::{
    ApiKey, ApiScope, AuditEntry, AuditVia, InstallationId, RepositoryId, RepositoryName,
};
use crate::queue::now;
use crate::report::day;
use crate::report::pages::{KeyRow, KeysPage, KeysUnknownPage, Message};
use crate::store::{ApiKeyRecord, KeyCreation, KeyOwner};
use crate::web::api::new_key;
use crate::web::page_error::PageError;
use crate::web::random::{could_be, unguessable};
use crate::web::sign_in::{Ownership, Session, Visitor};
use crate::web::site::Site;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};

/// How many repositories of a new key the audit log names.
const NAMED: usize = 10;

/// Shows the keys.
pub(super) async fn show(
    State(site): Shared,
    Visitor(session): Visitor,
    owner: Names<String>,
    Query(asked): Query<Fields>,
) -> Response {
    let page = async {
        let account = owned(&site, &session, owner).await?;
        let done = asked.get("done").is_some_and(|done| done == "revoke");
        Ok(page(&site, &session, &account, done, None).await?)
    };
    match page.await {
        Ok(html) => site.respond(Some(&session), Ok(html)),
        Err(refusal) => refuse(&site, &session, refusal),
    }
}

/// Creates a key, which this answer alone shows, or revokes one.
pub(super) async fn act(
    State(site): Shared,
    Visitor(session): Visitor,
    headers: HeaderMap,
    owner: Names<String>,
    Form(typed): Form<Fields>,
) -> Response {
    let answer = async {
        admit(&site, &session, &headers, &typed)?;
        let account = owned(&site, &session, owner).await?;
        match typed.get("act").map(String::as_str) {
            Some("create") => create(&site, &session, &account, &typed).await,
            Some("revoke") => revoke(&site, &session, &account, &typed).await,
            _ => Err(unusable("The form asks for nothing that can be done here.")),
        }
    };
    match answer.await {
        Ok(answer) => answer,
        Err(refusal) => refuse(&site, &session, refusal),
    }
}

/// Returns the installation on an account that the person owns, as GitHub says now.
async fn owned(
    site: &Site,
    session: &Session,
    owner: Names<String>,
) -> Result<UserInstallation, Refusal> {
    let Path(owner) = owner.map_err(PageError::from)?;
    let account = site.installation(session, &owner).await?;
    match site
        .rights()
        .ask_ownership(session, &account, now())
        .await?
    {
        Ownership::Owner => Ok(account),
        Ownership::Other => Err(PageError::NotFound.into()),
        Ownership::Unknown => {
            let page = KeysUnknownPage {
                frame: site.frame(Some(session)),
                installation: account.id,
                account: account.account,
                github_pages: site.github_pages.clone(),
            };
            let html = page.html().map_err(PageError::from)?;
            Err(Refusal::Shown(StatusCode::FORBIDDEN, html))
        }
    }
}

async fn create(
    site: &Site,
    session: &Session,
    account: &UserInstallation,
    typed: &Fields,
) -> Result<Response, Refusal> {
    let field = |name: &str| typed.get(name).map(|text| text.trim()).unwrap_or_default();
    let scope = ApiScope::named(field("scope"));
    let scope = scope.ok_or_else(|| unusable("The scope is read, write or events."))?;
    let days = match field("days") {
        "" => None,
        text => Some(ApiKey::parse_days(text).map_err(|reason| wrong("days", &reason))?),
    };
    let new = NewKey {
        scope,
        days,
        owner: KeyOwner::Organisation,
    };
    let key = save(site, session, (account.id, typed), new, &[]).await?;
    let html = page(site, session, account, false, Some(key)).await?;
    Ok(Html(html).into_response())
}

/// What a form asks for, checked.
pub(super) struct NewKey {
    pub scope: ApiScope,
    /// After how many days it expires; `None` for never.
    pub days: Option<u32>,
    pub owner: KeyOwner,
}

/// Creates a key that a form asks for, once, and writes it into the audit log.
pub(super) async fn save(
    site: &Site,
    session: &Session,
    (installation, typed): (InstallationId, &Fields),
    new: NewKey,
    repositories: &[(RepositoryId, RepositoryName)],
) -> Result<ApiKey, Refusal> {
    let field = |name: &str| typed.get(name).map(|text| text.trim()).unwrap_or_default();
    let id = field("id");
    if !could_be(id) {
        return Err(Refusal::Told(StatusCode::FORBIDDEN, Message::ForeignForm));
    }
    let name = ApiKey::parse_name(field("name")).map_err(|reason| wrong("name", &reason))?;
    let (now, key) = (now(), new_key(new.scope)?);
    let record = ApiKeyRecord {
        installation,
        owner: new.owner,
        prefix: key.prefix().to_owned(),
        name,
        scope: new.scope,
        created_by: session.login.clone(),
        created_at: now,
        expires_at: new.days.map(|days| ApiKey::expiry(now, days)),
        used_at: None,
    };
    // Another key that the same page asks for is a repetition.
    let entry = entry(
        session,
        "create key",
        format!("key/{}/{id}", session.key),
        describe(&record, repositories),
    );
    let ids: Vec<_> = repositories.iter().map(|(id, _)| *id).collect();
    let tenant = site.store.of(installation);
    match tenant.create_api_key(&key, &record, &ids, &entry).await? {
        KeyCreation::Created => Ok(key),
        KeyCreation::Repeated => Err(Refusal::Told(StatusCode::CONFLICT, Message::KeyCreated)),
        KeyCreation::TooMany => {
            let most = new.owner.max_keys();
            Err(unusable(&match new.owner {
                KeyOwner::Organisation => format!(
                    "An organisation has at most {most} keys: revoke those that nobody uses."
                ),
                KeyOwner::Person { .. } => format!(
                    "A person has at most {most} keys of an organisation: revoke those that you do not use."
                ),
            }))
        }
    }
}

async fn revoke(
    site: &Site,
    session: &Session,
    account: &UserInstallation,
    typed: &Fields,
) -> Result<Response, Refusal> {
    let keys = site.store.of(account.id).api_keys().await?;
    end(site, session, typed, keys).await?;
    let link = format!("/orgs/{}/keys?done=revoke", account.account);
    Ok(Redirect::to(&site.address.link(&link)).into_response())
}

/// Revokes the key that a form names, if it is among these.
pub(super) async fn end(
    site: &Site,
    session: &Session,
    typed: &Fields,
    mut keys: Vec<ApiKeyRecord>,
) -> Result<(), Refusal> {
    let prefix = typed.get("key").map(String::as_str).unwrap_or_default();
    keys.retain(|record| record.prefix == prefix);
    let gone = || Refusal::Told(StatusCode::CONFLICT, Message::KeyGone);
    let record = keys.pop().ok_or_else(gone)?;
    let key = format!("key/{prefix}/{}", now());
    let entry = entry(session, "revoke key", key, describe(&record, &[]));
    let tenant = site.store.of(record.installation);
    match tenant.revoke_api_key(prefix, &entry).await? {
        true => Ok(()),
        false => Err(gone()),
    }
}

/// Refuses a field of the form.
pub(super) fn wrong(field: &str, reason: &str) -> Refusal {
    unusable(&format!("The {field} cannot be used: {reason}."))
}

/// Describes a key for the audit log, without the key itself, and the first of the repositories that it was created for.
fn describe(record: &ApiKeyRecord, repositories: &[(RepositoryId, RepositoryName)]) -> String {
    let until = record
        .expires_at
        .map_or_else(String::new, |at| format!(", until {}", day(at)));
    let whose = match (record.owner, record.created_by.as_str()) {
        (KeyOwner::Person { .. }, login) if repositories.is_empty() => format!(", of {login}"),
        _ => String::new(),
    };
    let names = repositories
        .iter()
        .take(NAMED)
        .map(|(_, name)| name.to_string());
    let mut names: Vec<_> = names.collect();
    let others = repositories.len().saturating_sub(NAMED);
    names.extend((others > 0).then(|| format!("{others} more")));
    let reach = match names.is_empty() {
        true => String::new(),
        false => format!(", for {}", names.join(", ")),
    };
    let scope = record.scope.as_str();
    let (prefix, name) = (&record.prefix, &record.name);
    format!("`{prefix}` ({scope}{until}{whose}{reach}): {name}")
}

fn entry(session: &Session, action: &str, key: String, detail: String) -> AuditEntry {
    AuditEntry {
        key,
        at: now(),
        person: session.login.clone(),
        via: AuditVia::Page,
        action: action.to_owned(),
        stack: String::new(),
        finding: String::new(),
        detail,
    }
}

async fn page(
    site: &Site,
    session: &Session,
    account: &UserInstallation,
    is_revoked: bool,
    created: Option<ApiKey>,
) -> anyhow::Result<String> {
    let now = now();
    let keys = site.store.of(account.id).api_keys().await?;
    let rows = keys.into_iter().map(|record| row(record, now));
    let page = KeysPage {
        frame: site.frame(Some(session)),
        account: account.account.clone(),
        rows: rows.collect(),
        form_id: unguessable()?,
        created,
        is_revoked,
    };
    Ok(page.html()?)
}

/// Describes a key in a list.
pub(super) fn row(record: ApiKeyRecord, now: i64) -> KeyRow {
    KeyRow {
        is_expired: record.expires_at.is_some_and(|at| at <= now),
        repositories: match record.owner {
            KeyOwner::Organisation => None,
            KeyOwner::Person { repositories, .. } => Some(repositories),
        },
        prefix: record.prefix,
        name: record.name,
        scope: record.scope,
        created_by: record.created_by,
        created_at: record.created_at,
        expires_at: record.expires_at,
        used_at: record.used_at,
    }
}
