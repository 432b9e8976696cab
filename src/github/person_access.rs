//! Asks what a person may do in a repository, whatever its name is by now.

use super::app::GitHub;
use super::caller::Caller;
use super::comments::PersonAccess;
use super::error::GithubError;
use super::repository::Repository;
use crate::model::{InstallationId, RepositoryId, RepositoryName};
use serde::Deserialize;

/// The repositories of a token.
#[derive(Deserialize)]
struct Accessible {
    repositories: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: u64,
    full_name: RepositoryName,
}

impl GitHub {
    /// Returns what the person with this login and id may do now in a repository of an installation; `None` where the
    /// installation does not have the repository.
    ///
    /// # Errors
    /// As any request: see `GithubError`.
    pub async fn person_access(
        &self,
        (installation, id): (InstallationId, RepositoryId),
        login: &str,
        person: u64,
    ) -> Result<Option<PersonAccess>, GithubError> {
        let caller = Caller::Metadata(installation, id);
        // The token is for this repository alone, so no other one is in the list, whoever has its former name.
        let listed: Result<Accessible, _> = self.get(caller, "/installation/repositories").await;
        let listed = match listed {
            Ok(listed) => listed.repositories,
            Err(error) if is_lost(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(found) = listed.into_iter().find(|found| found.id == id.0) else {
            return Ok(None);
        };
        let repository = Repository::new(self.clone(), caller, found.full_name);
        repository.person_access(login, person).await.map(Some)
    }
}

/// Returns whether an error says that the installation does not have a repository: it gets no token for it.
fn is_lost(error: &GithubError) -> bool {
    error.is_missing() || matches!(error, GithubError::Invalid { .. })
}
