//! Asks which account an installation is on.

use super::app::GitHub;
use super::caller::Caller;
use super::error::GithubError;
use crate::model::InstallationId;
use anyhow::Context;
use serde::Deserialize;

/// The account that an installation is on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct InstallationAccount {
    /// The id, which survives a change of the login.
    pub id: u64,
    /// The current login.
    pub login: String,
}

impl GitHub {
    /// Returns the account that an installation is on; `None` where the installation is gone.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn installation_account(
        &self,
        installation: InstallationId,
    ) -> Result<Option<InstallationAccount>, GithubError> {
        #[derive(Deserialize)]
        struct Installation {
            account: InstallationAccount,
        }
        let path = format!("/app/installations/{installation}");
        let answer = match self.response(Caller::App, &path).await {
            Err(GithubError::NotFound(_)) => return Ok(None),
            answer => answer?,
        };
        let read: Installation = serde_json::from_slice(&answer.body)
            .context("while reading GitHub's answer about an installation")?;
        Ok(Some(read.account))
    }
}
