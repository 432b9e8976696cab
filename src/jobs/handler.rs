//! Dispatches each job of the queue to its file.

use super::api_scan::ApiScans;
use super::context::RepositoryContext;
use super::given_up::GivenUp;
use super::services::Services;
use super::write_access::AppAccess;
use super::{
    boxes, comment, conceal, dashboard, follow, given_up, notification, order, review, scan,
};
use crate::aws::Aws;
use crate::config::{App, Config};
use crate::github::GithubError;
use crate::queue::inbox::Inbox;
use crate::queue::job::{JobError, JobHandler, RepositoryTask, ScanJob, TaskJob};
use crate::queue::redeliver::Redelivery;
use crate::queue::{RunContext, unique_name};
use std::sync::Arc;
use tracing::{Instrument, info, info_span};

/// Runs the jobs of the App's installations.
pub struct AppHandler {
    services: Services,
}

impl AppHandler {
    /// Connects to GitHub and AWS. Reads AWS with the process's own credentials and the roles that they may assume.
    ///
    /// # Errors
    /// The App's private key is invalid.
    pub async fn connect(config: &Config, app: &App, inbox: &Inbox) -> anyhow::Result<Self> {
        let services = Services::connect(config, app, inbox).await?;
        Ok(Self { services })
    }

    /// Creates the handler with these sessions of AWS.
    ///
    /// # Errors
    /// The App's private key is invalid.
    pub fn new(config: &Config, app: &App, inbox: &Inbox, aws: Aws) -> anyhow::Result<Self> {
        let services = Services::new(config, app, inbox, aws)?;
        Ok(Self { services })
    }

    /// Returns what runs the scans of the API, with the same connections and limits.
    pub fn api_scans(&self) -> Arc<ApiScans> {
        Arc::new(ApiScans::of_app(&self.services))
    }

    /// Returns what asks GitHub about the people of keys of the API, with the same connections and limits.
    pub fn access(&self) -> Arc<AppAccess> {
        Arc::new(AppAccess::of_app(&self.services))
    }

    async fn run_scan(&self, job: &ScanJob, run: &RunContext) -> Result<(), JobError> {
        let (services, installation) = (&self.services, job.installation);
        let context = RepositoryContext::open(services, installation, job.repository, run);
        match context.await? {
            Some(context) => scan::run(&context, job.stack.as_ref(), job.trigger)
                .await
                .map(drop),
            None => Ok(()),
        }
    }

    async fn do_task(&self, job: &TaskJob, run: &RunContext) -> Result<(), JobError> {
        let services = &self.services;
        // These need nothing of GitHub, and nothing of GitHub's may hold them up.
        match &job.task {
            RepositoryTask::Post { notification } => {
                return notification::post_kept(services, job, notification, run).await;
            }
            RepositoryTask::Notify(notification) => {
                return notification::post(services, job, notification, run).await;
            }
            _ => {}
        }
        let answers = matches!(job.task, RepositoryTask::Comment { .. });
        services.github.ready(job.installation, answers)?;
        let context = RepositoryContext::open(services, job.installation, job.repository, run);
        let Some(context) = context.await? else {
            return Ok(());
        };
        run_task(&context, &job.task).await
    }
}

/// Runs a task for a repository that GitHub still shows.
async fn run_task(context: &RepositoryContext<'_>, task: &RepositoryTask) -> Result<(), JobError> {
    match task {
        RepositoryTask::Comment { issue, comment, at } => {
            comment::run(context, *issue, *comment, *at).await
        }
        RepositoryTask::Order {
            command,
            person,
            at,
            via,
            id,
            stack,
            key,
        } => {
            let order = order::Order {
                command,
                person,
                at: *at,
                via: *via,
                id,
                stack: stack.as_ref(),
                key: key.as_ref(),
            };
            order::run(context, &order).await
        }
        RepositoryTask::Boxes {
            issue,
            ticked,
            person,
            at,
        } => {
            let change = boxes::Change {
                issue: *issue,
                ticked,
                person,
                at: *at,
            };
            boxes::run(context, &change).await
        }
        RepositoryTask::Review { pull } => review::run(context, *pull).await,
        RepositoryTask::Follow { pull, person, at } => {
            follow::run(context, *pull, person, *at).await
        }
        RepositoryTask::Dashboard => dashboard::run(context).await,
        RepositoryTask::Conceal => conceal::run(context).await,
        RepositoryTask::Post { .. } | RepositoryTask::Notify(_) => Ok(()),
        RepositoryTask::GivenUp { job, id, problem } => {
            given_up::run(context, &GivenUp { job, id, problem }).await
        }
    }
}

impl JobHandler for AppHandler {
    async fn scan(&self, job: ScanJob, run: &RunContext) -> Result<(), JobError> {
        let span = info_span!(
            "scan",
            installation = %job.installation,
            repository = %job.repository,
            trigger = ?job.trigger,
            commit = job.commit,
        );
        self.services.github.ready(job.installation, false)?;
        // Boxed, here and where others lead to a scan: it is too large to lie on the stack of whoever waits for it.
        let scanned = Box::pin(self.run_scan(&job, run)).instrument(span);
        unless_suspended(scanned.await)
    }

    async fn run(&self, job: TaskJob, run: &RunContext) -> Result<(), JobError> {
        let span =
            info_span!("task", installation = %job.installation, repository = %job.repository);
        let done = Box::pin(self.do_task(&job, run)).instrument(span);
        unless_suspended(done.await)?;
        let tenant = run.store().of(job.installation);
        Ok(order::close(&tenant, &job.task).await?)
    }

    async fn acknowledge(&self, job: &TaskJob) -> anyhow::Result<()> {
        let RepositoryTask::Comment { comment, .. } = job.task else {
            return Ok(());
        };
        self.services.github.ready(job.installation, false)?;
        comment::acknowledge(&self.services, job.installation, job.repository, comment).await
    }

    async fn recovered(&self) {
        self.services.github.recovered().await;
    }

    async fn redeliver(&self) -> anyhow::Result<bool> {
        let redelivery = Redelivery {
            github: &self.services.github,
            store: &self.services.store,
            metrics: &self.services.metrics,
            holder: unique_name(),
            now: self.services.store.now().await?,
        };
        redelivery.run().await
    }
}

/// Ends the job of an installation that was suspended meanwhile: once the suspension ends, all of its repositories are
/// scanned.
fn unless_suspended(end: Result<(), JobError>) -> Result<(), JobError> {
    let suspended =
        |error: &anyhow::Error| matches!(error.downcast_ref(), Some(GithubError::Suspended(_)));
    match end {
        Err(JobError::Fatal(error)) if suspended(&error) => {
            info!(error = format!("{error:#}"), "nothing to do");
            Ok(())
        }
        end => end,
    }
}
