//! Serves the set-up mode: `/setup` sends the manifest to GitHub; GitHub sends the browser back with a code, and
//! `/setup/created` shows, once, the environment to start the server with. Nothing of it is stored.

mod choices;
mod environment;
mod manifest;
mod pages;
mod request;
mod tokens;

use super::address::PublicAddress;
use super::html::{Protection, protect};
use super::random::unguessable;
use super::senders::{Sender, Senders};
use crate::config::Config;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, Query, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::middleware::map_response_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use choices::Choices;
use pages::{Refusal, RenderedPage};
use request::{browser, is_from_elsewhere, reached_by_tls};
use secrecy::SecretString;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;
use tokens::{StateUse, Tokens};

/// The cookie that ties a browser's attempts together.
const COOKIE: &str = "driftguard_setup";
/// The largest form that is read, in bytes.
const MAX_FORM_BYTES: usize = 16 * 1024;
/// How many codes a sender may bring within an hour; one is enough. GitHub allows sixty per address.
const MAX_CODES: usize = 10;
/// What browsers may do with an answer that allows nothing by itself.
const PROTECTION: Protection = Protection {
    policy: "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    referrer: "no-referrer",
};

/// Exchanges GitHub's code for the created App.
pub trait Exchange: Clone + Send + Sync + 'static {
    /// Returns the App of a code. A code is valid once.
    fn exchange(&self, code: &str) -> impl Future<Output = Result<NewApp, ExchangeError>> + Send;
}

/// A created App.
#[derive(Debug)]
pub struct NewApp {
    /// The App's id.
    pub id: u64,
    /// The private key, in PEM.
    pub private_key: SecretString,
    /// The webhook secret.
    pub webhook_secret: SecretString,
    /// The client id, for the sign-in to the pages.
    pub client_id: String,
    /// The client secret.
    pub client_secret: SecretString,
    /// The App's page at GitHub.
    pub page: String,
}

/// A failed exchange.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// GitHub does not know the code.
    #[error("GitHub does not know the code")]
    UnknownCode,
    /// Another error, without secrets.
    #[error("{0}")]
    Other(String),
}

/// The state of the set-up routes.
struct Setup<E> {
    exchange: E,
    tokens: Tokens,
    senders: Senders,
    places: Places,
}

/// The addresses of GitHub and this server.
struct Places {
    /// GitHub's pages, without a trailing slash.
    pages: String,
    /// GitHub's API, without a trailing slash.
    api: String,
    /// This server's public address, without a trailing slash, if the settings name it.
    public: Option<String>,
}

type Shared<E> = State<Arc<Setup<E>>>;
type Fields = HashMap<String, String>;

/// Routes `/setup` and `/setup/created`.
///
/// # Errors
/// When `DRIFTGUARD_PUBLIC_URL` is more than an address that paths can be appended to.
pub fn router<E: Exchange>(config: &Config, exchange: E) -> anyhow::Result<Router> {
    let public = config.public_url.as_ref().map(PublicAddress::new);
    let setup = Setup {
        exchange,
        tokens: Tokens::new()?,
        senders: Senders::new(MAX_CODES),
        places: Places {
            pages: config.pages_url.clone(),
            api: config.api_url.clone(),
            public: public.transpose()?.map(|address| address.url),
        },
    };
    // A program that only looks where a link leads must not use its code up.
    let created = get(created::<E>).head(StatusCode::METHOD_NOT_ALLOWED);
    Ok(Router::new()
        .route("/setup", get(begin::<E>).post(choose::<E>))
        .route("/setup/created", created)
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(map_response_with_state(PROTECTION, protect))
        .with_state(Arc::new(setup)))
}

/// Shows the form, or the button that sends the manifest. Reads nothing from the link: its author could choose where
/// GitHub delivers.
async fn begin<E: Exchange>(State(setup): Shared<E>, headers: HeaderMap) -> Response {
    let choices = Choices::read(&Fields::new(), setup.places.public.as_deref());
    answered(setup.begin(&choices, &headers))
}

/// Reads the form, and shows the button that sends the manifest.
async fn choose<E: Exchange>(
    State(setup): Shared<E>,
    headers: HeaderMap,
    Form(typed): Form<Fields>,
) -> Response {
    let token = typed.get("token").map(String::as_str).unwrap_or_default();
    let public = setup.places.public.as_deref();
    let own = browser(&headers).is_some_and(|browser| setup.tokens.is_form(token, browser));
    answered(match own && !is_from_elsewhere(&headers, public) {
        true => setup.begin(&Choices::read(&typed, public), &headers),
        false => setup.refuse(Refusal::ForeignForm),
    })
}

fn answered(page: anyhow::Result<Response>) -> Response {
    page.unwrap_or_else(|error| {
        tracing::error!(
            error = format!("{error:#}"),
            "a page of the set-up cannot be made"
        );
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

impl<E: Exchange> Setup<E> {
    fn begin(&self, choices: &Choices, headers: &HeaderMap) -> anyhow::Result<Response> {
        let browser = match browser(headers) {
            Some(browser) => browser.to_owned(),
            None => unguessable()?,
        };
        let mut secure = "";
        let begun = match choices.chosen() {
            Some(chosen) => {
                if reached_by_tls(headers, chosen.public_url) {
                    secure = "; Secure";
                }
                let state = self.tokens.state(&browser, chosen.public_url)?;
                let manifest = manifest::manifest(chosen.name, chosen.public_url)?;
                Some((chosen, manifest, state))
            }
            None => None,
        };
        let status = match choices.wrong() {
            true => StatusCode::UNPROCESSABLE_ENTITY,
            false => StatusCode::OK,
        };
        let token = self.tokens.form(&browser);
        let mut page = RenderedPage::form(choices, &token, begun, &self.places)?.answer(status);
        // No path: the browser sends it to what is beside this page, wherever a proxy has put it. Not `Strict`: it has to
        // come along when GitHub sends the browser back. No other site's form brings it.
        let cookie = format!("{COOKIE}={browser}; Max-Age=3600; HttpOnly; SameSite=Lax{secure}");
        page.headers_mut()
            .insert(header::SET_COOKIE, cookie.parse()?);
        Ok(page)
    }

    /// Answers the browser that GitHub sent back.
    async fn created(
        &self,
        (code, state): (&str, &str),
        browser: &str,
        sender: IpAddr,
    ) -> anyhow::Result<Response> {
        let public_url = match self.tokens.take(state, browser) {
            StateUse::Fresh { public_url } => public_url,
            StateUse::Used => return self.refuse(Refusal::Shown),
            StateUse::Unknown => return self.refuse(Refusal::NotBegunHere),
        };
        if !self.senders.admit(sender, Instant::now()) {
            return self.refuse(Refusal::TooMany);
        }
        let app = match self.exchange.exchange(code).await {
            Ok(app) => app,
            Err(ExchangeError::UnknownCode) => return self.refuse(Refusal::UnknownCode),
            Err(ExchangeError::Other(why)) => {
                tracing::warn!(why, "GitHub did not hand over the App");
                return self.refuse(Refusal::NotHandedOver(why));
            }
        };
        tracing::info!(
            app = app.id,
            "GitHub made the App: start again with the environment that the page shows"
        );
        let environment = environment::lines(&app, &public_url, &self.places)?;
        Ok(RenderedPage::environment(&app, &environment)?.answer(StatusCode::OK))
    }

    fn refuse(&self, refusal: Refusal) -> anyhow::Result<Response> {
        let status = refusal.status();
        Ok(RenderedPage::refusal(refusal, &self.places)?.answer(status))
    }
}

/// Exchanges GitHub's code, and shows the environment.
async fn created<E: Exchange>(
    State(setup): Shared<E>,
    headers: HeaderMap,
    extensions: Extensions,
    Query(asked): Query<Fields>,
) -> Response {
    let part = |name: &str| {
        let text = asked.get(name).map(String::as_str);
        text.filter(|text| !text.is_empty())
    };
    answered(match (part("code"), part("state")) {
        (Some(code), Some(state)) => {
            let browser = browser(&headers).unwrap_or_default();
            let sender = Sender::of(&headers, &extensions);
            let created = setup.created((code, state), browser, sender.address());
            created.await
        }
        _ => setup.refuse(Refusal::Incomplete),
    })
}
