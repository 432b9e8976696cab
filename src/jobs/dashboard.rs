//! The issue that shows how a repository stands.

use super::bot::{Bot, Visit, judged};
use super::decline;
use crate::github::{GithubError, Issue};
use crate::model::{
    FailedScan, FindingId, ParkedJob, ScanError, StackName, StackReport, Standing, boxes,
};
use crate::queue::job::{Errand, JobError};
use crate::queue::{now, stopped};
use crate::report::{self, Detail, Overview};
use crate::settings::{self, Settings};
use crate::store::StoppedState;

/// What a dashboard says that was turned off.
const OFF: &str = "`dashboard: false` in `.driftguard.yml` turns this dashboard off.";

impl Bot {
    /// How each stack of a repository stands, by name.
    pub(super) async fn standings(&self, visit: &Visit<'_>) -> anyhow::Result<Vec<Standing>> {
        let (tenant, id) = (&visit.tenant, visit.id);
        let decisions = tenant.decisions(id).await?;
        let proposals = tenant.proposals(id).await?;
        let mut standings = Vec::new();
        for scheduled in tenant.stacks(id).await? {
            let told = visit.report(&scheduled.stack).await?;
            let (report, scanned_at) = told.unzip();
            let open: Vec<_> = proposals
                .iter()
                .filter(|one| one.stack == scheduled.stack.as_str() && one.state.is_open())
                .collect();
            let carried = open.iter().flat_map(|one| {
                let ids = one.findings.iter();
                ids.map(|id| (FindingId(id.clone()), one.number))
            });
            let closed = proposals
                .iter()
                .filter(|one| one.stack == scheduled.stack.as_str());
            let undecided = closed.filter_map(|one| Some((one, decline::undecided(one, now())?)));
            let undecided = undecided.flat_map(|(one, undecided)| {
                let ids = one.findings.iter();
                ids.map(move |id| (FindingId(id.clone()), undecided.clone()))
            });
            let decided = decisions.iter().filter(|one| one.stack == scheduled.stack);
            standings.push(Standing {
                report: report.unwrap_or_else(|| unscanned(&scheduled.stack)),
                scanned_at: scanned_at.unwrap_or_default(),
                next_scan: scheduled.next_at,
                carried: carried.collect(),
                undecided: undecided.collect(),
                pulls: open.iter().map(|one| one.number).collect(),
                decisions: decided.cloned().collect(),
            });
        }
        Ok(standings)
    }

    /// The settings of the default branch, as they are now; none where it has none, or they cannot be read.
    pub(super) async fn settings(&self, visit: &Visit<'_>) -> Result<Option<Settings>, JobError> {
        let file = visit.repository.file(&visit.head.commit, settings::FILE);
        let file = file.await.map_err(judged)?;
        Ok(file.and_then(|bytes| super::scan::read(&bytes).ok()))
    }

    /// Whether something about drift may be told in a repository.
    pub(super) fn tells(visit: &Visit<'_>, settings: &Settings) -> bool {
        visit.head.private || settings.pull_requests.public
    }

    /// Brings the dashboard to what is known, without a scan.
    pub(super) async fn refresh(&self, visit: &Visit<'_>) -> Result<(), JobError> {
        match self.settings(visit).await? {
            Some(settings) if Self::tells(visit, &settings) => {
                self.show_now(visit, &settings).await
            }
            _ => Ok(()),
        }
    }

    /// Brings the dashboard to what is known, after a scan. Where GitHub refuses it, the scan stands all the same, and a
    /// job of its own tries again.
    pub(super) async fn show(
        &self,
        visit: &Visit<'_>,
        settings: &Settings,
    ) -> Result<(), JobError> {
        let refused = |error: &anyhow::Error| {
            let error = error.downcast_ref();
            error.is_some_and(|error: &GithubError| error.is_refusal() || error.is_missing())
        };
        match self.show_now(visit, settings).await {
            Err(JobError::Retry(error)) if refused(&error) => {
                tracing::warn!(error = format!("{error:#}"), "the dashboard comes later");
                let key = format!("dashboard/{}@{}", visit.id, now());
                Ok(self.send(visit, Errand::Dashboard, key).await?)
            }
            shown => shown,
        }
    }

    /// Brings the dashboard to what is known. A repository without issues has none.
    async fn show_now(&self, visit: &Visit<'_>, settings: &Settings) -> Result<(), JobError> {
        match self.show_in(visit, settings).await {
            Err(JobError::Fatal(error)) => {
                tracing::info!(error = format!("{error:#}"), "there is no dashboard");
                Ok(())
            }
            shown => shown,
        }
    }

    async fn show_in(&self, visit: &Visit<'_>, settings: &Settings) -> Result<(), JobError> {
        let noted = visit.tenant.dashboard(visit.id).await?;
        if !settings.dashboard && noted.is_none() {
            return Ok(());
        }
        let known = self.known_dashboard(visit).await.map_err(judged)?;
        if !settings.dashboard {
            return match known.filter(|issue| issue.open) {
                Some(issue) => self.turn_off(visit, &issue).await,
                None => Ok(()),
            };
        }
        let standings = self.standings(visit).await?;
        let overview = Overview {
            failed: failed(visit, &standings).await?,
            standings,
            parked: parked(visit).await?,
        };
        let issue = match known {
            // A person who closes it wants none; we did, while the settings wanted none.
            Some(issue) if !issue.open => {
                let own = visit.repository.is_own(&issue.closed_by).await;
                if !own.map_err(judged)? {
                    return Ok(());
                }
                let reopened = visit.repository.reopen_issue(issue.number).await;
                reopened.map_err(judged)?;
                issue
            }
            Some(issue) => issue,
            None if overview.standings.is_empty() && overview.parked.is_empty() => return Ok(()),
            None => {
                let body = report::dashboard(&overview, now(), Detail::Count);
                let number = visit.repository.open_issue(report::DASHBOARD, &body);
                let number = number.await.map_err(judged)?;
                let opened = visit.repository.issue(number).await.map_err(judged)?;
                let Some(issue) = opened else {
                    return Ok(());
                };
                issue
            }
        };
        visit.tenant.keep_dashboard(visit.id, issue.number).await?;
        for detail in Detail::ALL {
            let body = report::dashboard(&overview, now(), detail);
            if body.chars().count() > report::LONGEST && detail != Detail::Count {
                continue;
            }
            let body = boxes::carry(&issue.body, &body);
            let written = visit
                .repository
                .write_issue(&issue, report::DASHBOARD, &body);
            if written.await.map_err(judged)? {
                return Ok(());
            }
        }
        let number = issue.number;
        tracing::warn!(number, "GitHub does not keep the dashboard's text");
        Ok(())
    }

    /// The dashboard as it is at GitHub; one that was opened by a try which did not end is found by its marker.
    async fn known_dashboard(&self, visit: &Visit<'_>) -> Result<Option<Issue>, GithubError> {
        if let Some(number) = visit.tenant.dashboard(visit.id).await?
            && let Some(issue) = visit.repository.issue(number).await?
        {
            return Ok(Some(issue));
        }
        visit.repository.find_issue(report::DASHBOARD_MARKER).await
    }

    async fn turn_off(&self, visit: &Visit<'_>, issue: &Issue) -> Result<(), JobError> {
        let repository = &visit.repository;
        let body = format!("{OFF}\n\n{}", report::DASHBOARD_MARKER);
        let written = repository.write_issue(issue, report::DASHBOARD, &body);
        written.await.map_err(judged)?;
        repository.close_issue(issue.number).await.map_err(judged)
    }
}

/// The parked jobs of a repository: those that took processes down first.
async fn parked(visit: &Visit<'_>) -> anyhow::Result<Vec<ParkedJob>> {
    let mut jobs = visit.tenant.parked_jobs(visit.id).await?;
    jobs.retain(|job| job.state == StoppedState::Parked);
    jobs.sort_by_key(|job| job.deaths == 0);
    let parked = jobs.into_iter().map(|job| ParkedJob {
        work: stopped::read(&job)
            .map(|ticket| ticket.job.to_string())
            .unwrap_or_default(),
        culprit: job.deaths > 0,
        id: job.id,
    });
    Ok(parked.collect())
}

/// The scans that were given up with none that came through since: of the whole repository, and of single stacks.
async fn failed(visit: &Visit<'_>, standings: &[Standing]) -> anyhow::Result<Vec<FailedScan>> {
    let stacks = standings
        .iter()
        .map(|one| (one.report.name.as_str(), one.scanned_at));
    let newest = standings.iter().map(|one| one.scanned_at).max();
    let whole = ("", newest.unwrap_or_default());
    let mut failed = Vec::new();
    for (stack, scanned_at) in std::iter::once(whole).chain(stacks) {
        let last = visit.tenant.last_scan(visit.id, stack).await?;
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

/// A stack that was never scanned to the end.
fn unscanned(stack: &StackName) -> StackReport {
    StackReport {
        name: stack.clone(),
        path: String::new(),
        backend: None,
        outcome: Err(ScanError {
            kind: "unscanned".into(),
            message: "It was not scanned yet.".to_owned(),
        }),
    }
}
