//! Holds a repository at one commit: what every job and step works on.

use super::services::Services;
use crate::github::{Head, Repository};
use crate::model::{EventKey, InstallationId, RepositoryId, StackName, StackReport};
use crate::queue::RunContext;
use crate::queue::job::JobError;
use crate::scan::roles::external_id;
use crate::store::{Reports, Tenant};

/// A repository at one commit, the job that works on it, and the services that the job may use.
pub(super) struct RepositoryContext<'a> {
    pub services: &'a Services,
    /// The running job.
    pub run: &'a RunContext,
    pub tenant: Tenant<'a>,
    pub installation: InstallationId,
    pub id: RepositoryId,
    pub repository: Repository,
    pub head: Head,
}

impl<'a> RepositoryContext<'a> {
    /// Asks GitHub for the current repository; `None` where the installation lost access to it, or it has no commit.
    pub(super) async fn open(
        services: &'a Services,
        installation: InstallationId,
        id: RepositoryId,
        run: &'a RunContext,
    ) -> Result<Option<Self>, JobError> {
        let tenant = run.store().of(installation);
        let Some(known) = tenant.repository(id).await? else {
            return Ok(None);
        };
        let github = services.github.guarded_by(run.fence());
        let repository = github.repository(installation, id, known.name);
        let head = repository.head().await?;
        Ok(head.map(|head| Self {
            services,
            repository: github.repository(installation, id, head.name.clone()),
            run,
            tenant,
            installation,
            id,
            head,
        }))
    }

    /// Returns the external id with which the repository's roles are assumed.
    pub(super) fn external_id(&self) -> String {
        external_id(self.services.key(), self.head.owner, self.id.0)
    }

    /// Returns the key of the hashes by which events find the stacks; `None` where nobody tells of events.
    pub(super) async fn event_key(&self) -> anyhow::Result<Option<EventKey>> {
        let tells = self.tenant.has_event_key().await?;
        Ok(tells.then(|| EventKey::new(self.services.key(), self.installation)))
    }

    /// Returns the last reports of a stack with their scans, the newest first.
    pub(super) fn reports<'c>(&'c self, stack: &'c StackName) -> Reports<'c> {
        self.tenant.reports(self.id, stack)
    }

    /// Returns the last report of a stack and the time of its scan.
    pub(super) async fn report(
        &self,
        stack: &StackName,
    ) -> anyhow::Result<Option<(StackReport, i64)>> {
        let last = self.reports(stack).next().await?;
        Ok(last.map(|(report, scan)| (report, scan.finished_at)))
    }
}
