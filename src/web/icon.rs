//! Serves the icon that browsers show beside a page's title.

use super::html::{Protection, protect};
use axum::Router;
use axum::http::header;
use axum::middleware::map_response_with_state;
use axum::response::IntoResponse;
use axum::routing::get;

const ICON: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/templates/pages/icon.svg"
));

/// The path that pages name.
pub const ICON_PATH: &str = "/favicon.svg";
/// The path that browsers try where a page names none.
const DEFAULT_PATH: &str = "/favicon.ico";

/// What browsers may do with the icon: show it.
const PROTECTION: Protection = Protection {
    policy: "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    referrer: "same-origin",
};

/// Routes the icon.
pub fn router() -> Router {
    Router::new()
        .route(ICON_PATH, get(serve))
        .route(DEFAULT_PATH, get(serve))
        .layer(map_response_with_state(PROTECTION, protect))
}

/// Answers with the icon, which browsers may keep for a day: its name does not change with it.
async fn serve() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "public, max-age=86400"),
    ];
    (headers, ICON)
}
