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
        let repository = (asked.installation, asked.repository);
        let access = self
            .github
            .person_access(repository, &asked.login, asked.person);
        Ok(match access.await? {
            Some(PersonAccess::Write) => WriteAccess::Granted,
            Some(PersonAccess::Less) => WriteAccess::Denied,
            Some(PersonAccess::SomebodyElse) => WriteAccess::NobodyThere,
            None => WriteAccess::RepositoryLost,
        })
    }
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
