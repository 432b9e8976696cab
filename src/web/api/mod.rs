//! Serves the API for programs, under `/api/v1`, and its description.
//!
//! Each answer is JSON, problems as RFC 9457 describes them. A key reaches the workspaces of one organisation, or some of
//! its repositories; anything else is the same 404 as what does not exist. Rows are read through `store::Reach` alone.

mod accept;
mod acting;
mod author;
mod caller;
mod coverage;
mod decision_outcome;
mod decisions;
mod docs;
mod findings;
mod key_rights;
mod limits;
mod me;
mod new_workspace;
mod page;
mod problem;
mod repeat;
mod scans;
mod schema;
mod sent;
mod start_scan;
mod upload;
mod workspaces;

use crate::model::{ApiKey, ApiScope};
use crate::queue::access_check::AccessChecker;
use crate::queue::api_scan::ApiScanner;
use crate::queue::inbox::Inbox;
use crate::store::Store;
use crate::web::random::random_bytes;
use crate::web::stylesheet;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use key_rights::KeyRights;
use limits::RequestLimits;
use problem::Problem;
use secrecy::SecretString;
use std::sync::Arc;
use upload::{MAX_BODY, UploadShares};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// How many of the process's connections to the database the API uses at once.
const CONNECTIONS: usize = 4;
/// The path of the description.
pub const DESCRIPTION_PATH: &str = "/api/v1/openapi.json";
/// The path of the page that shows the description to people.
pub const DOCS_PATH: &str = "/api/docs";
/// The path of that page's stylesheet.
const STYLE_PATH: &str = "/api/docs/style.css";
/// The path of the JSON Schema of reports.
pub const SCHEMA_PATH: &str = "/api/v1/scan.schema.json";

/// The JSON Schema of reports.
const SCHEMA: &str = include_str!("../../../docs/scan.schema.json");

/// The state of the API.
pub(super) struct Api {
    store: Store,
    inbox: Inbox,
    scanner: Option<Arc<dyn ApiScanner>>,
    limits: RequestLimits,
    rights: KeyRights,
    uploads: Arc<UploadShares>,
    /// The server's key, with which keys of repeated requests are hashed.
    secret_key: SecretString,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "DriftGuard",
        description = "Finds where live AWS differs from Terraform: workspaces, their scans, and what they found."
    ),
    modifiers(&Keys),
    security(("key" = []))
)]
struct Description;

/// Adds how requests are authenticated.
struct Keys;

impl Modify for Keys {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("dg_live_...")
            .description(Some(
                "A key of the organisation, which an owner created on its page of keys or `driftguard api-key create` printed, or a key of a person, which reaches some of the repositories that the person may write to. What changes something needs the scope `write`.",
            ));
        components.add_security_scheme("key", SecurityScheme::Http(key.build()));
    }
}

/// What the API has done elsewhere.
#[derive(Clone, Default)]
pub struct ApiServices {
    /// Scans workspaces; without it no scan of them can be started.
    pub scanner: Option<Arc<dyn ApiScanner>>,
    /// Asks GitHub about the people of keys; without it people's keys open nothing.
    pub access: Option<Arc<dyn AccessChecker>>,
}

/// Routes the API and its description.
pub fn router(
    inbox: &Inbox,
    secret_key: &SecretString,
    services: ApiServices,
) -> anyhow::Result<Router> {
    let store = inbox.store.share(CONNECTIONS);
    let api = Arc::new(Api {
        rights: KeyRights::new(store.clone(), services.access),
        store,
        inbox: inbox.clone(),
        scanner: services.scanner,
        limits: RequestLimits::default(),
        uploads: Arc::default(),
        secret_key: secret_key.clone(),
    });
    let (routes, _) = routes().split_for_parts();
    let text = description()?;
    let page = docs::page()?;
    let routes = routes
        .route(DESCRIPTION_PATH, get(async || json(text)))
        .route(SCHEMA_PATH, get(async || json(SCHEMA.to_owned())))
        .route(DOCS_PATH, get(async move || page.clone()))
        .route(STYLE_PATH, get(stylesheet::serve))
        .route("/api/{*rest}", get(missing).fallback(missing))
        .method_not_allowed_fallback(not_allowed)
        .layer(map_response(protect));
    Ok(routes.with_state(api))
}

/// The routes that need a key.
fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(me::show))
        .routes(routes!(workspaces::list, new_workspace::create))
        .routes(routes!(workspaces::show, workspaces::delete))
        .routes(routes!(start_scan::start).layer(DefaultBodyLimit::max(MAX_BODY)))
        .routes(routes!(scans::show))
        .routes(routes!(coverage::show))
        .routes(routes!(findings::list))
        .routes(routes!(decisions::decide))
        .routes(routes!(decision_outcome::show))
}

/// Returns the description of the API, as `DESCRIPTION_PATH` serves it.
pub fn description() -> serde_json::Result<String> {
    described().to_pretty_json()
}

fn described() -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    description.merge(routes().into_openapi());
    description
}

/// Returns the paths that need a key, as axum writes them.
pub fn paths() -> Vec<String> {
    routes().into_openapi().paths.paths.into_keys().collect()
}

/// Creates a key for this scope.
///
/// # Errors
/// The system gives no random bytes.
pub fn new_key(scope: ApiScope) -> anyhow::Result<ApiKey> {
    Ok(ApiKey::of_random(random_bytes()?, scope))
}

fn json(text: String) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, text).into_response()
}

async fn missing() -> Problem {
    Problem::not_found()
}

async fn not_allowed() -> Problem {
    let detail = format!("this method is not served here: see {DOCS_PATH}");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

/// Adds what each answer says to browsers: it is not kept, and it is what it says it is.
async fn protect(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, docs::POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let cached = headers.entry(header::CACHE_CONTROL);
    cached.or_insert(HeaderValue::from_static("no-store"));
    answer
}
