//! Serves the stylesheet, under a name that changes with it.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::header;
use axum::response::IntoResponse;
use std::sync::LazyLock;

const STYLESHEET: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/templates/pages/style.css"
));

/// Returns the path.
pub(super) fn path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| {
        let hash = hex::encode(digest(&SHA256, STYLESHEET.as_bytes()));
        format!("/assets/{}.css", &hash[..16])
    });
    &PATH
}

/// Answers with the stylesheet, which browsers may keep for a year.
pub(super) async fn serve() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, STYLESHEET)
}
