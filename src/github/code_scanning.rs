//! Uploads results to code scanning.

use super::caller::Caller;
use super::error::GithubError;
use super::repository::Repository;
use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write;

impl Repository {
    /// Uploads a SARIF file as the results of a commit at a ref, such as `refs/heads/main`. Replaces the results of the
    /// same `automationDetails`, so uploading twice does no harm.
    ///
    /// # Errors
    /// `NoCodeScanning` where the repository has no code scanning or the App may not upload: the rest of the scan is
    /// not affected.
    pub async fn upload_sarif(
        &self,
        commit: &str,
        reference: &str,
        sarif: &str,
    ) -> Result<(), GithubError> {
        let caller = match self.caller {
            Caller::Installation(installation, repository) => {
                Caller::CodeScanning(installation, repository)
            }
            caller => caller,
        };
        let path = self.path("code-scanning/sarifs");
        let body = json!({
            "commit_sha": commit, "ref": reference, "sarif": packed(sarif)?, "tool_name": "DriftGuard",
        });
        let answer: Result<Value, _> = self.github.post(caller, &path, body, true).await;
        match answer {
            Ok(_) => Ok(()),
            Err(GithubError::Forbidden { message, .. }) => {
                Err(GithubError::NoCodeScanning(message))
            }
            Err(GithubError::Invalid { what, message }) if what.ends_with("/access_tokens") => {
                Err(GithubError::NoCodeScanning(message))
            }
            Err(error) => Err(error),
        }
    }
}

/// Compresses and encodes a text as the API expects it: gzip, then Base64.
fn packed(text: &str) -> anyhow::Result<String> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text.as_bytes()).context("while packing")?;
    let packed = packed.finish().context("while packing")?;
    Ok(STANDARD.encode(packed))
}
