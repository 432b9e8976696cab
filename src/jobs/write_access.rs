//! Asks GitHub, as the App, whether the person of a key of the API may still write to a repository.

use super::services::Services;
use crate::config::{App, Config};
use crate::github::{GitHub, GithubError, PersonAccess};
use crate::queue::access_check::{
    AccessAnswer, AccessChecker, AccessUnknown, WriteAccess, WriteCheck,
};
use std::time::Duration;

/// After how long GitHub may be asked again that did not answer.
const RETRY: Duration = Duration::from_secs(2);

/// GitHub, as the App asks it.
pub struct AppAccess {
    github: GitHub,
}

impl AppAccess {
    /// Shares the connections and limits of a server's jobs.
    pub(super) fn of_app(services: &Services) -> Self {
        Self {
            github: services.github.clone(),
        }
    }

    /// Connects to GitHub for this alone.
    ///
    /// # Errors
    /// The App's private key is invalid.
    pub fn connect(config: &Config, app: &App) -> anyhow::Result<Self> {
        let github = GitHub::new(&config.api_url, app.id, &app.private_key)?;
        Ok(Self { github })
    }

    async fn ask(&self, asked: &WriteCheck) -> Result<WriteAccess, GithubError> {
        let WriteCheck {
            installation,
            repository,
            ..
        } = *asked;
        let found = self
            .github
            .repository(installation, repository, asked.name.clone());
        // A name that was given up may be another repository's.
        let name = match found.current_name().await {
            Ok(name) => name,
            Err(error) if is_lost(&error) => return Ok(WriteAccess::RepositoryLost),
            Err(error) => return Err(error),
        };
        let found = self.github.repository(installation, repository, name);
        Ok(
            match found.person_access(&asked.login, asked.person).await? {
                PersonAccess::Write => WriteAccess::Granted,
                PersonAccess::Less => WriteAccess::Denied,
                PersonAccess::SomebodyElse => WriteAccess::NobodyThere,
            },
        )
    }
}

/// Returns whether an error says that the App does not see a repository. A token for one that the installation lost is
/// refused as invalid.
fn is_lost(error: &GithubError) -> bool {
    error.is_missing() || matches!(error, GithubError::Invalid { .. })
}

impl AccessChecker for AppAccess {
    fn write_access(&self, asked: WriteCheck) -> AccessAnswer<'_> {
        Box::pin(async move {
            self.ask(&asked).await.map_err(|error| {
                let retry_after = match &error {
                    GithubError::Limited { pause, .. } => *pause,
                    _ => RETRY,
                };
                AccessUnknown {
                    reason: format!("{error:#}"),
                    retry_after,
                }
            })
        })
    }
}
