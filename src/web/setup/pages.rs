//! Renders the set-up pages, with their security headers.

use super::choices::{Choices, ValidChoices};
use super::{NewApp, Places};
use crate::web::html::html_with_policy;
use crate::web::random::unguessable;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

/// A page with what its style and its forms need.
pub(super) struct RenderedPage {
    html: String,
    nonce: String,
    /// Where a form may send, besides this server.
    sends_to: Option<String>,
}

/// Why a browser that GitHub sent back is not shown the environment.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The code or the state is missing.
    Incomplete,
    /// The form was not shown to this browser, or comes from another site's page.
    ForeignForm,
    /// The attempt was not started here, not in this browser, or long ago.
    NotBegunHere,
    /// The sender brought too many codes within an hour.
    TooMany,
    /// The environment was shown before.
    Shown,
    /// GitHub does not know the code.
    UnknownCode,
    /// GitHub did not return the App, for this reason.
    NotHandedOver(String),
}

#[derive(Template)]
#[template(path = "setup/form.html")]
struct FormPage<'a> {
    nonce: &'a str,
    /// The token that proves that the form was shown to this browser.
    token: &'a str,
    choices: &'a Choices,
    begun: Option<ManifestPage<'a>>,
}

/// What is sent to GitHub, as it is shown before.
struct ManifestPage<'a> {
    owner: String,
    name: &'a str,
    public_url: &'a str,
    hook: String,
    permissions: Vec<(String, String)>,
    action: String,
    manifest: String,
}

#[derive(Template)]
#[template(path = "setup/created.html")]
struct Created<'a> {
    nonce: &'a str,
    id: u64,
    environment: &'a str,
    page: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "setup/refused.html")]
struct Refused<'a> {
    nonce: &'a str,
    title: &'static str,
    reason: String,
    /// Whether GitHub has an App now whose key nobody has.
    app_left: bool,
    apps: String,
    again: String,
}

impl RenderedPage {
    /// Renders the form, and the button once there is something to send.
    pub fn form(
        choices: &Choices,
        token: &str,
        begun: Option<(ValidChoices<'_>, Value, String)>,
        places: &Places,
    ) -> anyhow::Result<Self> {
        let nonce = unguessable()?;
        let begun = begun
            .map(|(chosen, manifest, state)| ManifestPage::new(chosen, &manifest, &state, places));
        let page = FormPage {
            nonce: &nonce,
            token,
            choices,
            begun,
        };
        Ok(Self {
            html: page.render()?,
            sends_to: Some(Url::parse(&places.pages)?.origin().ascii_serialization()),
            nonce,
        })
    }

    /// Renders the environment, the only time that it is shown.
    pub fn environment(app: &NewApp, environment: &SecretString) -> anyhow::Result<Self> {
        let nonce = unguessable()?;
        let page = Url::parse(&app.page).ok();
        let page = page.filter(|url| matches!(url.scheme(), "http" | "https"));
        let page = Created {
            nonce: &nonce,
            id: app.id,
            environment: environment.expose_secret(),
            page: page.as_ref().map(Url::as_str),
        };
        Ok(Self {
            html: page.render()?,
            sends_to: None,
            nonce,
        })
    }

    /// Renders a refusal, with the remedy.
    pub fn refusal(refusal: Refusal, places: &Places) -> anyhow::Result<Self> {
        let nonce = unguessable()?;
        let again = match (&places.public, &refusal) {
            (Some(public), _) => format!("{public}/setup"),
            (None, Refusal::ForeignForm) => "setup".to_owned(),
            (None, _) => "../setup".to_owned(),
        };
        let page = Refused {
            nonce: &nonce,
            title: refusal.title(),
            app_left: !matches!(refusal, Refusal::Incomplete | Refusal::ForeignForm),
            reason: refusal.reason(),
            apps: format!("{}/settings/apps", places.pages),
            again,
        };
        Ok(Self {
            html: page.render()?,
            sends_to: None,
            nonce,
        })
    }

    /// Returns a page as a response: it loads nothing, and sends to GitHub and this server alone.
    pub fn answer(self, status: StatusCode) -> Response {
        let sends_to = self.sends_to.as_deref().unwrap_or_default();
        let policy = format!(
            "default-src 'none'; style-src 'nonce-{}'; form-action 'self' {sends_to}; base-uri 'none'; frame-ancestors 'none'",
            self.nonce
        );
        html_with_policy(status, self.html, &policy)
    }
}

impl<'a> ManifestPage<'a> {
    fn new(chosen: ValidChoices<'a>, manifest: &Value, state: &str, places: &Places) -> Self {
        let pages = &places.pages;
        let owner = match chosen.organization {
            Some(organization) => format!("the organisation {organization}"),
            None => "your own account".to_owned(),
        };
        let settings = match chosen.organization {
            Some(organization) => format!("{pages}/organizations/{organization}/settings/apps/new"),
            None => format!("{pages}/settings/apps/new"),
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let permissions = manifest["default_permissions"].as_object();
        let permissions = permissions
            .into_iter()
            .flatten()
            .map(|(name, level)| (name.replace('_', " "), text(level)));
        Self {
            owner,
            name: chosen.name,
            public_url: chosen.public_url,
            hook: text(&manifest["hook_attributes"]["url"]),
            permissions: permissions.collect(),
            action: format!("{settings}?state={state}"),
            manifest: manifest.to_string(),
        }
    }
}

impl Refusal {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Incomplete => StatusCode::BAD_REQUEST,
            Self::ForeignForm | Self::NotBegunHere => StatusCode::FORBIDDEN,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Shown | Self::UnknownCode => StatusCode::GONE,
            Self::NotHandedOver(_) => StatusCode::BAD_GATEWAY,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Incomplete => "Something is missing in this address",
            Self::ForeignForm => "This form was not sent from this page",
            Self::NotBegunHere => "This was not begun here",
            Self::TooMany => "Too many Apps within an hour",
            Self::Shown => "This was shown once already",
            Self::UnknownCode => "GitHub does not know this code",
            Self::NotHandedOver(_) => "GitHub did not hand over the App",
        }
    }

    fn reason(self) -> String {
        let reason = match self {
            Self::Incomplete => {
                "GitHub sends you to this page after it has made the App, and adds a code and a state to the address. \
                 They are not there."
            }
            Self::ForeignForm => {
                "The form does not belong to this browser, or its page was shown by another site, before the server was \
                 started, or longer ago than an hour. Nothing was sent to GitHub. Open the set-up page again; behind a \
                 proxy, set DRIFTGUARD_PUBLIC_URL to the address in your browser."
            }
            Self::TooMany => {
                "From where you are, ten answers of GitHub were used within the last hour. GitHub counts them all as this \
                 server's, so the next one is taken in an hour."
            }
            Self::NotBegunHere => {
                "What GitHub sent back does not belong to an App that was begun in this browser within the last hour, \
                 since the server was started. It was not used: it could be an App of somebody else. Open the set-up \
                 page at the very address that GitHub sends you back to, and stay in one browser."
            }
            Self::Shown => {
                "The App's key and secrets are shown once and kept nowhere. If you saved them, start the server with them."
            }
            Self::UnknownCode => {
                "A code is good once, and for an hour. If this one is fresh, check that GITHUB_API_URL is the API of the \
                 GitHub that GITHUB_URL names."
            }
            Self::NotHandedOver(why) => {
                return format!(
                    "{why}. A code is good once, so it was not tried again. Check that this server reaches GITHUB_API_URL."
                );
            }
        };
        reason.to_owned()
    }
}
