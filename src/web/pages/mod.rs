//! Serves the pages for people: what the last scans found, as far as each person may look at it.

mod accepted;
mod audit;
mod finding;
mod findings;
mod keys;
mod orders;
mod organisation;
mod own_keys;
mod repository;
mod repository_choice;
mod scans;
mod server;
mod stack;
mod visible_part;
mod waits;

use super::address::PublicAddress;
use super::html::{Protection, protect};
use super::order_rate::OrderRate;
use super::page_error::PageError;
use super::sign_in::{self, SignIn, Visitor};
use super::site::Site;
use super::stylesheet;
use crate::config::{App, Config};
use crate::github::UserAccess;
use crate::queue::inbox::Inbox;
use crate::queue::now;
use crate::report::pages::{Organisation, OrganisationsPage};
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::map_response_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use std::collections::HashMap;
use std::sync::Arc;

/// How many of the process's connections to the database the pages use at once.
const CONNECTIONS: usize = 8;
/// How many entries a page of a list shows.
const PAGE: usize = 100;
/// The largest form that is read, in bytes.
const MAX_FORM_BYTES: usize = 4 * 1024;

/// What browsers may do with an answer: load the stylesheet, and send forms to this server. The referrer policy is not
/// `no-referrer`: with that a browser names no origin where a form is sent.
const PROTECTION: Protection = Protection {
    policy: "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    referrer: "same-origin",
};

type Shared = State<Arc<Site>>;
type Fields = HashMap<String, String>;
/// The parts of an address; an error where they are not written in UTF-8.
type Names<T> = Result<Path<T>, PathRejection>;

/// The paths of the pages that a person must be signed in for, as axum writes them.
pub const PATHS: [&str; 10] = [
    "/",
    "/orgs/{owner}",
    "/orgs/{owner}/findings",
    "/orgs/{owner}/audit",
    "/orgs/{owner}/accepted",
    "/orgs/{owner}/keys",
    "/orgs/{owner}/{repository}",
    "/orgs/{owner}/{repository}/{stack}",
    "/orgs/{owner}/{repository}/{stack}/scans",
    "/orgs/{owner}/{repository}/{stack}/findings/{finding}",
];

/// The path of a person's own keys of the API.
pub const OWN_KEYS_PATH: &str = "/keys";

/// The path of the server's own state, which its operators alone see.
pub const SERVER_PATH: &str = "/server";

/// The paths of the sign-in, as axum writes them.
pub const SIGN_IN_PATHS: [&str; 4] = [
    "/sign-in",
    "/sign-in/github",
    "/sign-in/callback",
    "/sign-out",
];

/// Routes the pages and the sign-in; `None` where the settings name no client of GitHub's sign-in, or no public address.
///
/// # Errors
/// When `DRIFTGUARD_PUBLIC_URL` is more than an address that paths can be appended to.
pub fn router(config: &Config, app: &App, inbox: Inbox) -> anyhow::Result<Option<Router>> {
    let (Some(client), Some(public)) = (&config.oauth_client, &config.public_url) else {
        return Ok(None);
    };
    let github = UserAccess::new(
        &config.api_url,
        &config.pages_url,
        &client.id,
        client.secret.clone(),
    )?;
    let store = inbox.store.share(CONNECTIONS);
    let site = Site {
        inbox,
        orders: OrderRate::default(),
        operators: config.operators.clone(),
        sign_in: SignIn::new(client, &app.secret_key, store.clone(), github)?,
        store,
        address: PublicAddress::new(public)?,
        github_pages: config.pages_url.clone(),
    };
    let [
        organisations_path,
        organisation_path,
        findings_path,
        audit_path,
        accepted_path,
        keys_path,
        repository_path,
        stack_path,
        scans_path,
        finding_path,
    ] = PATHS;
    Ok(Some(
        Router::new()
            .route(organisations_path, get(organisations))
            .route(organisation_path, get(organisation::show))
            .route(findings_path, get(findings::show))
            .route(audit_path, get(audit::show))
            .route(accepted_path, get(accepted::show))
            .route(keys_path, get(keys::show).post(keys::act))
            .route(repository_path, get(repository::show))
            // Of one that is named like a page of the organisation.
            .route(&format!("{repository_path}/"), get(repository::show))
            .route(scans_path, get(scans::show))
            .route(stack_path, get(stack::show).post(orders::of_stack))
            .route(finding_path, get(finding::show).post(orders::of_finding))
            .route(OWN_KEYS_PATH, get(own_keys::show).post(own_keys::act))
            .route(SERVER_PATH, get(server::show).post(server::act))
            .merge(sign_in_router())
            .route(stylesheet::path(), get(stylesheet::serve))
            .fallback(missing)
            .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
            .layer(map_response_with_state(PROTECTION, protect))
            .with_state(Arc::new(site)),
    ))
}

/// Routes the sign-in and the sign-out.
fn sign_in_router() -> Router<Arc<Site>> {
    let [sign_in_path, start_path, callback_path, sign_out_path] = SIGN_IN_PATHS;
    // A program that only looks where a link leads must not use its code up.
    let callback = get(sign_in::callback).head(StatusCode::METHOD_NOT_ALLOWED);
    Router::new()
        .route(sign_in_path, get(sign_in::show))
        .route(start_path, get(sign_in::start))
        .route(callback_path, callback)
        .route(sign_out_path, post(sign_in::leave))
}

/// Answers for an address that is no page's.
async fn missing(State(site): Shared, headers: HeaderMap) -> Response {
    match site.session(&headers).await {
        Ok(session) => site.respond(session.as_ref(), Err(PageError::NotFound)),
        Err(error) => site.respond(None, Err(PageError::Internal(error))),
    }
}

/// Lists the organisations that a person sees.
async fn organisations(State(site): Shared, Visitor(session): Visitor) -> Response {
    let page = async {
        let listed = site.rights().installations(&session, now()).await?;
        let mut organisations: Vec<_> = (listed.items.iter())
            .map(|found| Organisation {
                name: found.account.clone(),
            })
            .collect();
        organisations.sort_by_key(|found| found.name.to_lowercase());
        let page = OrganisationsPage {
            frame: site.frame(Some(&session)),
            organisations,
            is_cut: listed.is_cut,
            is_operator: server::is_operator(&site, &session),
        };
        Ok(page.html()?)
    };
    site.respond(Some(&session), page.await)
}
