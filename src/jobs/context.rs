//! Holds a repository at one commit: what every job and step works on.

use super::services::Services;
use crate::github::{Head, Repository};
use crate::model::{InstallationId, RepositoryId, StackName, StackReport};
use crate::queue::RunContext;
use crate::queue::job::JobError;
use crate::scan::roles::external_id;
use crate::store::Tenant;

/// How many scans of a stack are read to find one that has a report.
pub(super) const MAX_REPORTS: u32 = 20;

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

    /// Returns the last reports of a stack with the time of each scan, the newest first. A scan that was given up has
    /// no report.
    pub(super) async fn reports(
        &self,
        stack: &StackName,
    ) -> anyhow::Result<Vec<(StackReport, i64)>> {
        self.newest_reports(stack, MAX_REPORTS).await
    }

    /// Returns the last report of a stack and the time of its scan. Earlier scans are read only where the last one has
    /// no report.
    pub(super) async fn report(
        &self,
        stack: &StackName,
    ) -> anyhow::Result<Option<(StackReport, i64)>> {
        let mut newest = self.newest_reports(stack, 1).await?;
        if newest.is_empty() {
            newest = self.reports(stack).await?;
        }
        Ok(newest.into_iter().next())
    }

    async fn newest_reports(
        &self,
        stack: &StackName,
        most: u32,
    ) -> anyhow::Result<Vec<(StackReport, i64)>> {
        let scans = self.tenant.last_scans(self.id, stack.as_str(), most);
        let reports = scans.await?.into_iter().filter_map(|scan| {
            let report = serde_json::from_value(scan.outcome).ok()?;
            Some((report, scan.finished_at))
        });
        Ok(reports.collect())
    }
}
