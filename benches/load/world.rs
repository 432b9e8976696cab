//! GitHub with the organisation's repositories and people, which every start creates with the same ids.

use anyhow::{Context, Result};
use driftguard::model::{InstallationId, RepositoryId};
use driftguard::standin::github::{AppIdentity, GitHub};

/// How many repositories the organisation has.
pub const REPOSITORIES: usize = 200;
/// How many people look at pages.
pub const PEOPLE: usize = 200;
/// One person in so many reads one repository in ten alone.
const FEW_RIGHTS: usize = 5;
/// One person in so many owns the organisation.
const OWNERS: usize = 20;
/// The organisation.
pub const ORGANISATION: &str = "acme";

/// GitHub, and everybody in it.
pub struct World {
    pub github: GitHub,
    pub app: AppIdentity,
    pub installation: InstallationId,
    pub repositories: Vec<Repository>,
    /// The repository whose stack is scanned meanwhile.
    pub scanned: Repository,
}

/// A repository.
pub struct Repository {
    pub id: RepositoryId,
    /// `acme/service-007`.
    pub name: String,
}

impl World {
    /// Creates GitHub with all repositories and people, and the App installed.
    pub async fn create() -> Result<Self> {
        let app = AppIdentity::fresh(7, "a secret of the hook")?;
        let github = GitHub::start(&app, None).await?;
        let repositories: Vec<_> = (0..REPOSITORIES)
            .map(|number| {
                let name = format!("{ORGANISATION}/service-{number:03}");
                let id = RepositoryId(github.create_repository(&name, true));
                Repository { id, name }
            })
            .collect();
        let name = format!("{ORGANISATION}/scanned");
        let scanned = Repository {
            id: RepositoryId(github.create_repository(&name, true)),
            name,
        };
        let installation = InstallationId(github.install(ORGANISATION).await);
        for person in 0..PEOPLE {
            let login = login(person);
            let role = if person.is_multiple_of(OWNERS) {
                "admin"
            } else {
                "member"
            };
            github.set_member(ORGANISATION, &login, role, "active");
            for (number, repository) in repositories.iter().enumerate() {
                if !has_few_rights(person) || number % 10 == person % 10 {
                    github.permit(&repository.name, &login, "write");
                }
            }
        }
        Ok(Self {
            github,
            app,
            installation,
            repositories,
            scanned,
        })
    }

    /// Returns a repository that a person reads; the number chooses.
    pub fn repository_of(&self, person: usize, number: usize) -> Result<&Repository> {
        let number = match has_few_rights(person) {
            true => number / 10 * 10 + person % 10,
            false => number,
        };
        self.repositories
            .get(number % REPOSITORIES)
            .context("no repository")
    }
}

/// Returns the login of a person.
pub fn login(person: usize) -> String {
    format!("person{person}")
}

/// Returns whether a person owns the organisation.
pub fn is_owner(person: usize) -> bool {
    person.is_multiple_of(OWNERS)
}

fn has_few_rights(person: usize) -> bool {
    person % FEW_RIGHTS == 3
}
