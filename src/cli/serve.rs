//! `driftguard serve`: receiver, worker and pages in one process.

use super::process::{listen, stop_signal, worker};
use crate::aws::{Access, Aws};
use crate::config::{App, Config};
use crate::github::{ManifestError, Manifests};
use crate::jobs::api_scan::ApiScans;
use crate::jobs::handler::AppHandler;
use crate::queue::inbox::Inbox;
use crate::queue::job::JobHandler;
use crate::queue::now;
use crate::web;
use crate::web::api::ApiServices;
use crate::web::setup::{Exchange, ExchangeError, NewApp};
use crate::webhook::{self, BodyStore, WebhookState, signature::Secrets};
use futures::FutureExt;
use secrecy::{ExposeSecret, SecretString};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// The pause between two sweeps of a server without an App.
const SWEPT: Duration = Duration::from_secs(60 * 60);

/// Serves until SIGTERM or SIGINT.
pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    start(config, None, stop_signal()?).await
}

/// Serves until `stop` ends. `handler` runs the jobs; the API has done elsewhere what `services` do.
pub async fn run_until(
    config: Config,
    handler: impl JobHandler,
    services: ApiServices,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let Some(app) = &config.app else {
        return set_up(&config, None, stop.shared()).await;
    };
    config.prepare()?;
    let inbox = Inbox::connect(config.database_url.expose_secret()).await?;
    serve(&config, app, inbox, (handler, services), stop).await
}

/// Serves until `stop` ends, with these sessions of AWS.
pub async fn run_with(
    config: Config,
    aws: Aws,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    start(config, Some(aws), stop).await
}

/// Serves until `stop` ends, with these sessions of AWS, else with the process's own.
async fn start(
    config: Config,
    aws: Option<Aws>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let Some(app) = &config.app else {
        let api = Alone::connect(&config, aws).await?;
        return set_up(&config, api, stop.shared()).await;
    };
    config.prepare()?;
    let inbox = Inbox::connect(config.database_url.expose_secret()).await?;
    let handler = match aws {
        Some(aws) => AppHandler::new(&config, app, &inbox, aws)?,
        None => AppHandler::connect(&config, app, &inbox).await?,
    };
    let services = ApiServices {
        scanner: Some(handler.api_scans()),
        access: Some(handler.access()),
    };
    serve(&config, app, inbox, (handler, services), stop).await
}

async fn serve(
    config: &Config,
    app: &App,
    inbox: Inbox,
    (handler, services): (impl JobHandler, ApiServices),
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let listener = listen("DRIFTGUARD_LISTEN", config.listen).await?;
    let stop = stop.shared();
    let webhook = WebhookState {
        inbox: inbox.clone(),
        secrets: Secrets::new(app.webhook_secrets.clone()),
        bodies: BodyStore::new(config.spool_folder()),
    };
    let mut routes = web::router(inbox.clone()).merge(webhook::router(webhook));
    routes = routes.merge(web::events::router(&inbox, &app.secret_key));
    routes = routes.merge(web::api::router(&inbox, &app.secret_key, services)?);
    match web::pages::router(config, app, inbox.clone())? {
        Some(pages) => routes = routes.merge(pages),
        None => tracing::info!(
            "no pages: they need GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET and DRIFTGUARD_PUBLIC_URL"
        ),
    }
    let metrics = web::metrics(inbox.clone());
    let metrics = match config.metrics_listen {
        Some(address) => {
            let listener = listen("DRIFTGUARD_METRICS_LISTEN", address).await?;
            web::serve(listener, metrics, stop.clone()).boxed()
        }
        None => {
            routes = routes.merge(metrics);
            async { Ok(()) }.boxed()
        }
    };
    tracing::info!(address = %config.listen, "serving");
    let (served, measured, worked) = tokio::join!(
        web::serve(listener, routes, stop.clone()),
        metrics,
        worker(inbox.clone(), handler, config.retention).run(stop),
    );
    inbox.close().await;
    served.and(measured).and(worked)
}

/// What a server without an App serves besides the set-up: the API, for `local` alone.
struct Alone {
    inbox: Inbox,
    key: SecretString,
    scans: Arc<ApiScans>,
}

impl Alone {
    /// Connects to the database and to AWS; `None` where the server has no key, and so no API.
    async fn connect(config: &Config, aws: Option<Aws>) -> anyhow::Result<Option<Self>> {
        let Some(key) = &config.key_alone else {
            return Ok(None);
        };
        config.prepare()?;
        let inbox = Inbox::connect(config.database_url.expose_secret()).await?;
        let aws = match aws {
            Some(aws) => aws,
            None => Aws::connect(Access::own(), None).await,
        };
        Ok(Some(Self {
            scans: Arc::new(ApiScans::alone(config, key, &inbox, aws)?),
            key: key.clone(),
            inbox,
        }))
    }
}

/// Serves the set-up page, that the process runs, and the API where the server has a key, until `stop` ends.
async fn set_up(
    config: &Config,
    api: Option<Alone>,
    stop: impl Future<Output = ()> + Clone + Send + 'static,
) -> anyhow::Result<()> {
    let pages = web::setup::router(config, ManifestExchange(Manifests::new(&config.api_url)?))?;
    let listener = listen("DRIFTGUARD_LISTEN", config.listen).await?;
    let here = format!("http://{}", config.listen);
    let public = config.public_url.as_ref().map(ToString::to_string);
    let page = public.unwrap_or(here);
    tracing::info!(
        "no GITHUB_APP_ID: open {}/setup to create the App",
        page.trim_end_matches('/')
    );
    let Some(Alone { inbox, key, scans }) = api else {
        return web::serve(listener, web::alive().merge(pages), stop).await;
    };
    tracing::info!("the API serves the organisation `local`");
    let services = ApiServices {
        scanner: Some(scans),
        access: None,
    };
    let routes = web::api::router(&inbox, &key, services)?;
    let routes = routes.merge(web::router(inbox.clone())).merge(pages);
    let served = tokio::select! {
        served = web::serve(listener, routes, stop) => served,
        never = sweep(&inbox, config.retention) => match never {},
    };
    inbox.close().await;
    served
}

/// Sweeps the database again and again: a server without an App has no worker that does.
async fn sweep(inbox: &Inbox, retention: Duration) -> Infallible {
    loop {
        if let Err(error) = inbox.sweep(now(), retention).await {
            tracing::warn!(error = format!("{error:#}"), "there was no sweep");
        }
        tokio::time::sleep(SWEPT).await;
    }
}

/// GitHub, which makes the App.
#[derive(Clone)]
struct ManifestExchange(Manifests);

impl Exchange for ManifestExchange {
    async fn exchange(&self, code: &str) -> Result<NewApp, ExchangeError> {
        let converted = self.0.convert(code).await;
        let app = converted.map_err(|error| match error {
            ManifestError::UnknownCode => ExchangeError::UnknownCode,
            ManifestError::NotHandedOver(why) => ExchangeError::Other(why),
        })?;
        Ok(NewApp {
            id: app.id,
            private_key: app.private_key,
            webhook_secret: app.webhook_secret,
            client_id: app.client_id,
            client_secret: app.client_secret,
            page: app.page,
        })
    }
}
