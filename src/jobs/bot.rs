//! What acts for the App: the doors to GitHub, AWS and the database, and each job's own file for what it does there.

use super::ambient::{self, Owner};
use super::conceal;
use super::failure::Failure;
use crate::aws::{Access, Aws};
use crate::config::{Ambient, App, Config};
use crate::github::{
    CheckRun, GitHub, GithubError, Head, Limits, Proposed, Proposing, Repository, Reviewers,
};
use crate::model::{InstallationId, Redactor, RepositoryId, StackName, StackReport};
use crate::outbound::Outbound;
use crate::queue::RunContext;
use crate::queue::inbox::Inbox;
use crate::queue::job::{Errand, ErrandOrder, Job, JobError, Process, ScanOrder, Ticket};
use crate::queue::limit;
use crate::queue::redeliver::Redelivery;
use crate::queue::storage::Queue;
use crate::queue::{Metrics, now, unique_name};
use crate::report::PullRequestText;
use crate::scan::roles::derive;
use crate::settings;
use crate::state::StateBudget;
use crate::store::{Store, Tenant};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tracing::{Instrument, info, info_span};

/// Acts for the App's installations.
pub struct Bot {
    pub(super) github: GitHub,
    pub(super) store: Store,
    pub(super) queue: Queue,
    metrics: Arc<Metrics>,
    pub(super) aws: Aws,
    pub(super) outbound: Outbound,
    /// GitHub's pages, without a slash at their end.
    pub(super) pages_url: String,
    /// The most that a scan may take to read and compare.
    pub(super) limits: limit::Limits,
    /// Whose repositories are read with the server's own credentials where they name no role.
    pub(super) ambient: Ambient,
    /// How large the states may be of everything that is scanned.
    pub(super) states: StateBudget,
    key: secrecy::SecretString,
}

impl Bot {
    /// The bot of this server, which reads AWS with the process's own credentials and the roles that they may assume.
    ///
    /// # Errors
    /// When the App's key is none.
    pub async fn connect(config: &Config, app: &App, inbox: &Inbox) -> anyhow::Result<Self> {
        let own = Access {
            own: true,
            ..Access::default()
        };
        Self::new(config, app, inbox, Aws::connect(own, None).await)
    }

    /// The same with these doors to AWS.
    ///
    /// # Errors
    /// When the App's key is none.
    pub fn new(config: &Config, app: &App, inbox: &Inbox, aws: Aws) -> anyhow::Result<Self> {
        let limits = Limits {
            requests_at_once: config.github_requests,
            points_a_minute: config.github_points,
        };
        let ledger = Arc::new(inbox.store.clone());
        let (api, key) = (&config.api_url, &app.private_key);
        Ok(Self {
            github: GitHub::with(api, app.id, key, limits, ledger)?,
            store: inbox.store.clone(),
            queue: inbox.queue.clone(),
            metrics: inbox.metrics.clone(),
            aws,
            outbound: Outbound::new(config.private_addresses)?,
            pages_url: config.pages_url.clone(),
            limits: limit::Limits::of_scan(config.scan_timeout),
            ambient: config.ambient.clone(),
            states: StateBudget::of_server(config.state_limit),
            key: app.secret_key.clone(),
        })
    }

    pub(super) fn key(&self) -> &[u8] {
        self.key.expose_secret().as_bytes()
    }

    /// Fingerprints of one installation tell nothing to another.
    pub(super) fn redactor(&self, installation: InstallationId) -> Redactor {
        Redactor::new(&derive(self.key(), &format!("fingerprints/{installation}")))
    }

    /// A repository as it stands now: none where the installation no longer has it, or nothing was pushed to it yet.
    pub(super) async fn visit<'a>(
        &'a self,
        installation: InstallationId,
        id: RepositoryId,
        run: &'a RunContext,
    ) -> Result<Option<Visit<'a>>, JobError> {
        let tenant = run.store().of(installation);
        let Some(known) = tenant.repository(id).await? else {
            return Ok(None);
        };
        let github = self.github.behind(run.fence());
        let repository = github.repository(installation, id, known.name);
        let head = repository.head().await.map_err(judged)?;
        Ok(head.map(|head| Visit {
            repository: github.repository(installation, id, head.name.clone()),
            run,
            tenant,
            installation,
            id,
            head,
        }))
    }

    /// Whether the server's own AWS credentials are for a repository that names no role.
    pub(super) async fn is_ambient(&self, visit: &Visit<'_>) -> anyhow::Result<bool> {
        let owner = Owner {
            id: visit.head.owner,
            login: visit.head.name.owner(),
        };
        ambient::serves(&self.ambient, visit.run.store(), owner).await
    }

    /// Enqueues an errand for a repository; a key that was enqueued before is left alone. The queue's rows are beyond the
    /// reach of what guards the tables.
    pub(super) async fn send(
        &self,
        visit: &Visit<'_>,
        errand: Errand,
        key: String,
    ) -> anyhow::Result<()> {
        if !visit.run.may_write().await {
            return Err(GithubError::NotHeld(key).into());
        }
        let job = Job::Errand {
            installation: visit.installation,
            repository: visit.id,
            errand,
        };
        self.queue
            .push(&Ticket::new(job, key), Duration::ZERO)
            .await?;
        Ok(())
    }
}

/// A repository as it stands at one moment.
pub(super) struct Visit<'a> {
    /// The job that looks at it.
    pub run: &'a RunContext,
    pub tenant: Tenant<'a>,
    pub installation: InstallationId,
    pub id: RepositoryId,
    pub repository: Repository,
    pub head: Head,
}

/// How many scans of a stack are looked back for what one said.
pub(super) const LOOKED_BACK: u32 = 20;

impl Visit<'_> {
    /// Opens or updates a pull request that brings this text of the settings, on a branch of its own.
    pub(super) async fn propose_settings(
        &self,
        branch: &str,
        page: &PullRequestText,
        file: String,
        (labels, known): (&[String], Option<u64>),
    ) -> Result<Proposing, GithubError> {
        let wanted = Proposed {
            branch,
            base: &self.head.default_branch,
            commit: &self.head.commit,
            title: &page.title,
            body: &page.body,
            message: &page.message,
            files: &BTreeMap::from([(settings::FILE.to_owned(), file.into_bytes())]),
            labels,
            reviewers: &Reviewers::default(),
            draft: false,
            anew: false,
            known,
        };
        self.repository.propose(&wanted).await
    }

    /// Leaves a check run, and notes where: should the repository be made public, what it says is emptied.
    pub(super) async fn leave_check(&self, check: &CheckRun<'_>) -> Result<(), JobError> {
        self.tenant.note_published(self.id, check.commit).await?;
        self.repository.check(check).await.map_err(judged)
    }

    /// What the last scans of a stack said, and when, the newest first. One that was given up said nothing.
    pub(super) async fn reports(
        &self,
        stack: &StackName,
    ) -> anyhow::Result<Vec<(StackReport, i64)>> {
        self.newest_reports(stack, LOOKED_BACK).await
    }

    /// What the last scan of a stack said that said anything, and when. Earlier ones are read only where it did not.
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
        let told = scans.await?.into_iter().filter_map(|scan| {
            let report = serde_json::from_value(scan.outcome).ok()?;
            Some((report, scan.finished_at))
        });
        Ok(told.collect())
    }
}

impl Process for Bot {
    async fn scan(&self, order: ScanOrder, run: &RunContext) -> Result<(), JobError> {
        let span = info_span!(
            "scan",
            installation = %order.installation,
            repository = %order.repository,
            trigger = ?order.trigger,
            told = order.commit,
        );
        self.github.ready(order.installation, false)?;
        // Boxed, here and where others lead to a scan: it is too large to lie on the stack of whoever waits for it.
        let scanned = Box::pin(self.make(&order, run)).instrument(span).await;
        quietly(scanned.map(drop))
    }

    async fn run(&self, order: ErrandOrder, run: &RunContext) -> Result<(), JobError> {
        let span = info_span!("errand", installation = %order.installation, repository = %order.repository);
        let run = async {
            // These need nothing of GitHub, and nothing of GitHub's may hold them up.
            match &order.errand {
                Errand::Post { notification } => return self.post(&order, notification, run).await,
                Errand::Notify(notification) => {
                    return self.notify(&order, notification, run).await;
                }
                _ => {}
            }
            let answers = matches!(order.errand, Errand::Comment { .. });
            self.github.ready(order.installation, answers)?;
            let visit = self
                .visit(order.installation, order.repository, run)
                .await?;
            let Some(visit) = visit else {
                return Ok(());
            };
            match &order.errand {
                Errand::Comment { issue, comment, at } => {
                    self.answer(&visit, *issue, *comment, *at).await
                }
                Errand::Boxes {
                    issue,
                    ticked,
                    person,
                    at,
                } => self.boxes(&visit, *issue, ticked, (person, *at)).await,
                Errand::Review { pull } => self.review(&visit, *pull).await,
                Errand::Follow { pull, person, at } => {
                    self.follow(&visit, *pull, (person, *at)).await
                }
                Errand::Dashboard => self.refresh(&visit).await,
                Errand::Conceal => conceal::conceal(self, &visit).await,
                Errand::Post { .. } | Errand::Notify(_) => Ok(()),
                Errand::GivenUp { job, id, problem } => {
                    self.tell_failure(&visit, &Failure { job, id, problem })
                        .await
                }
            }
        };
        quietly(Box::pin(run).instrument(span).await)
    }

    async fn acknowledge(&self, order: &ErrandOrder) -> anyhow::Result<()> {
        let Errand::Comment { comment, .. } = order.errand else {
            return Ok(());
        };
        self.github.ready(order.installation, false)?;
        self.see(order.installation, order.repository, comment)
            .await
    }

    async fn recovered(&self) {
        self.github.recovered().await;
    }

    async fn redeliver(&self) -> anyhow::Result<()> {
        let redelivery = Redelivery {
            github: &self.github,
            store: &self.store,
            metrics: &self.metrics,
            holder: unique_name(),
            now: now(),
        };
        redelivery.run().await
    }
}

/// A job of an installation that was suspended meanwhile has nothing more to do: once that is taken back, all of its
/// repositories are scanned.
fn quietly(end: Result<(), JobError>) -> Result<(), JobError> {
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

/// GitHub's error as the end of a try: see `classify`.
pub(super) fn judged(error: GithubError) -> JobError {
    error.into()
}

/// The same of an error that may have GitHub's or the database's in it.
pub(super) fn weighed(error: anyhow::Error) -> JobError {
    error.into()
}
