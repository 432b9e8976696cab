//! Health, metrics, set-up.

/// What the server says of itself.
mod health;
/// From nothing to an App.
pub mod setup;

pub use health::{alive, router};

use anyhow::Context;
use axum::Router;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long open requests may take to end once the server is told to stop.
const FAREWELL: Duration = Duration::from_secs(5);

/// Answers until `stop` ends, and a little longer what is being answered.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    stop: impl Future<Output = ()> + Clone + Send + 'static,
) -> anyhow::Result<()> {
    let serving = axum::serve(listener, routes).with_graceful_shutdown(stop.clone());
    let farewell = async {
        stop.await;
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        served = serving.into_future() => served.context("while serving"),
        () = farewell => Ok(()),
    }
}
