//! Builds the manifest: `app-manifest.yml`, with the name and the addresses of this server.

use anyhow::Context;
use serde_json::{Value, json};

/// The App's permissions and events, which are defined nowhere else.
const MANIFEST: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/app-manifest.yml"));

/// Returns the manifest of an App with this name, on a server with this public address.
pub(super) fn manifest(name: &str, public_url: &str) -> anyhow::Result<Value> {
    let mut manifest: Value =
        serde_saphyr::from_str(MANIFEST).context("while reading the App's manifest")?;
    manifest["name"] = name.into();
    manifest["hook_attributes"] =
        json!({"url": format!("{public_url}/webhooks/github"), "active": true});
    manifest["callback_urls"] = json!([format!("{public_url}/sign-in/callback")]);
    manifest["redirect_url"] = format!("{public_url}/setup/created").into();
    Ok(manifest)
}
