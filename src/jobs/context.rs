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

    /// Returns the last reports of a stack with the time of each scan, the newest first, which are read one by one: each
    /// may take megabytes. A scan that was given up has no report.
    pub(super) fn reports<'c>(&'c self, stack: &'c StackName) -> Reports<'c> {
        Reports {
            tenant: &self.tenant,
            id: self.id,
            stack,
            read: 0,
        }
    }

    /// Returns the last report of a stack and the time of its scan.
    pub(super) async fn report(
        &self,
        stack: &StackName,
    ) -> anyhow::Result<Option<(StackReport, i64)>> {
        self.reports(stack).next().await
    }
}

/// The last reports of a stack.
pub(super) struct Reports<'c> {
    tenant: &'c Tenant<'c>,
    id: RepositoryId,
    stack: &'c StackName,
    /// How many scans were read.
    read: u32,
}

impl Reports<'_> {
    /// Reads the next report, with the time of its scan.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<(StackReport, i64)>> {
        while self.read < MAX_REPORTS {
            let scan = self
                .tenant
                .nth_scan(self.id, self.stack.as_str(), self.read);
            let Some(scan) = scan.await? else {
                break;
            };
            self.read += 1;
            if let Ok(report) = serde_json::from_value(scan.outcome) {
                return Ok(Some((report, scan.finished_at)));
            }
        }
        Ok(None)
    }
}
