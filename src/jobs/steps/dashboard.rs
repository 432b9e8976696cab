//! Updates the issue that shows the status of a repository.

use super::repository_settings::{self, may_publish};
use super::stack_statuses::stack_statuses;
use super::tasks::enqueue;
use crate::github::{GithubError, Issue};
use crate::jobs::context::RepositoryContext;
use crate::model::{FailedScan, ParkedJob, StackStatus, boxes};
use crate::queue::job::{JobError, RepositoryTask};
use crate::queue::{now, stopped};
use crate::report::{self, DashboardContent, Detail};
use crate::settings::Settings;
use crate::store::StoppedState;

/// The text of a dashboard that was turned off.
const OFF: &str = "`dashboard: false` in `.driftguard.yml` turns this dashboard off.";

/// Updates the dashboard from what is stored, without a scan.
pub(in crate::jobs) async fn refresh(context: &RepositoryContext<'_>) -> Result<(), JobError> {
    match repository_settings::of_default_branch(context).await? {
        Some(settings) if may_publish(context, &settings) => update_now(context, &settings).await,
        _ => Ok(()),
    }
}

/// Updates the dashboard after a scan. If GitHub refuses it, the scan still succeeds, and a job of its own tries again.
pub(in crate::jobs) async fn update(
    context: &RepositoryContext<'_>,
    settings: &Settings,
) -> Result<(), JobError> {
    let refused = |error: &anyhow::Error| {
        let error = error.downcast_ref();
        error.is_some_and(|error: &GithubError| error.is_refusal() || error.is_missing())
    };
    match update_now(context, settings).await {
        Err(JobError::Retry(error)) if refused(&error) => {
            tracing::warn!(error = format!("{error:#}"), "the dashboard comes later");
            let key = format!("dashboard/{}@{}", context.id, now());
            Ok(enqueue(context, RepositoryTask::Dashboard, key).await?)
        }
        updated => updated,
    }
}

/// Updates the dashboard. A repository without issues has none.
async fn update_now(context: &RepositoryContext<'_>, settings: &Settings) -> Result<(), JobError> {
    match update_issue(context, settings).await {
        Err(JobError::Fatal(error)) => {
            tracing::info!(error = format!("{error:#}"), "there is no dashboard");
            Ok(())
        }
        updated => updated,
    }
}

async fn update_issue(
    context: &RepositoryContext<'_>,
    settings: &Settings,
) -> Result<(), JobError> {
    let noted = context.tenant.dashboard(context.id).await?;
    if !settings.dashboard && noted.is_none() {
        return Ok(());
    }
    let known = known_issue(context).await?;
    if !settings.dashboard {
        return match known.filter(|issue| issue.open) {
            Some(issue) => turn_off(context, &issue).await,
            None => Ok(()),
        };
    }
    let stacks = stack_statuses(context).await?;
    let content = DashboardContent {
        failed: failed(context, &stacks).await?,
        stacks,
        parked: parked(context).await?,
    };
    let Some(issue) = open_issue(context, known, &content).await? else {
        return Ok(());
    };
    context
        .tenant
        .save_dashboard(context.id, issue.number)
        .await?;
    write(context, &issue, &content).await
}

/// How long a dashboard that a bot closed stays closed, in milliseconds: a bot that closes every issue of an App closes
/// one a day.
const REST: i64 = 24 * 60 * 60 * 1000;

/// What the closing of a dashboard means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    /// A person closed it, who wants none.
    Final,
    /// A bot closed it lately: its text is updated, and it stays closed for now.
    Resting,
    /// A bot closed it some time ago, or DriftGuard did while the settings turned it off.
    Over,
}

impl Closing {
    /// Decides about a closed issue; `own` is whether DriftGuard closed it.
    fn of(issue: &Issue, own: bool, now: i64) -> Self {
        let rests = |closed_at: i64| now < closed_at.saturating_add(REST);
        if own {
            Self::Over
        } else if !issue.closed_by_bot {
            Self::Final
        } else if issue.closed_at.is_some_and(rests) {
            Self::Resting
        } else {
            Self::Over
        }
    }
}

/// Returns the dashboard's issue, and opens it where there is none; `None` where a person closed it, or there is
/// nothing to show.
async fn open_issue(
    context: &RepositoryContext<'_>,
    known: Option<Issue>,
    content: &DashboardContent,
) -> Result<Option<Issue>, JobError> {
    let repository = &context.repository;
    match known {
        Some(issue) if issue.open => Ok(Some(issue)),
        Some(issue) => {
            let own = repository.is_own(&issue.closed_by).await?;
            match Closing::of(&issue, own, now()) {
                Closing::Final => return Ok(None),
                Closing::Resting => {}
                Closing::Over => repository.reopen_issue(issue.number).await?,
            }
            Ok(Some(issue))
        }
        None if content.stacks.is_empty() && content.parked.is_empty() => Ok(None),
        None => {
            let body = report::dashboard(content, now(), Detail::Count);
            let number = repository.open_issue(report::DASHBOARD, &body).await?;
            Ok(repository.issue(number).await?)
        }
    }
}

/// Writes as much detail as GitHub accepts.
async fn write(
    context: &RepositoryContext<'_>,
    issue: &Issue,
    content: &DashboardContent,
) -> Result<(), JobError> {
    for detail in Detail::ALL {
        let body = report::dashboard(content, now(), detail);
        if !report::fits(&body) && detail != Detail::Count {
            continue;
        }
        let body = boxes::carry(&issue.body, &body);
        let repository = &context.repository;
        let written = repository.update_issue(issue, report::DASHBOARD, &body);
        if written.await? {
            return Ok(());
        }
    }
    let number = issue.number;
    tracing::warn!(number, "GitHub does not keep the dashboard's text");
    Ok(())
}

/// Returns the dashboard as it is at GitHub. One that an interrupted try opened is found by its marker.
async fn known_issue(context: &RepositoryContext<'_>) -> Result<Option<Issue>, JobError> {
    if let Some(number) = context.tenant.dashboard(context.id).await?
        && let Some(issue) = context.repository.issue(number).await?
    {
        return Ok(Some(issue));
    }
    let found = context.repository.find_issue(report::DASHBOARD_MARKER);
    Ok(found.await?)
}

async fn turn_off(context: &RepositoryContext<'_>, issue: &Issue) -> Result<(), JobError> {
    let repository = &context.repository;
    let body = format!("{OFF}\n\n{}", report::DASHBOARD_MARKER);
    let written = repository.update_issue(issue, report::DASHBOARD, &body);
    written.await?;
    Ok(repository.close_issue(issue.number).await?)
}

/// Returns the parked jobs of a repository: those that crashed processes first.
async fn parked(context: &RepositoryContext<'_>) -> anyhow::Result<Vec<ParkedJob>> {
    let mut jobs = context.tenant.parked_jobs(context.id).await?;
    jobs.retain(|job| job.state == StoppedState::Parked);
    jobs.sort_by_key(|job| job.deaths == 0);
    let parked = jobs.into_iter().map(|job| ParkedJob {
        work: stopped::read(&job)
            .map(|queued| queued.job.to_string())
            .unwrap_or_default(),
        culprit: job.deaths > 0,
        id: job.id,
    });
    Ok(parked.collect())
}

/// Returns the given-up scans that were followed by no successful one: of the repository, and of single stacks.
async fn failed(
    context: &RepositoryContext<'_>,
    stacks: &[StackStatus],
) -> anyhow::Result<Vec<FailedScan>> {
    let newest = stacks.iter().map(|status| status.scanned_at).max();
    let stacks = stacks
        .iter()
        .map(|status| (status.report.name.as_str(), status.scanned_at));
    let whole = ("", newest.unwrap_or_default());
    let mut failed = Vec::new();
    for (stack, scanned_at) in std::iter::once(whole).chain(stacks) {
        let last = context.tenant.last_scan(context.id, stack).await?;
        let given_up = last.filter(|last| last.finished_at > scanned_at);
        failed.extend(given_up.and_then(|last| {
            Some(FailedScan {
                problem: last.outcome["error"].as_str()?.to_owned(),
                stack: last.stack,
                at: last.finished_at,
            })
        }));
    }
    Ok(failed)
}
