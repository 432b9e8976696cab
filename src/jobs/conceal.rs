//! A repository that was made public: what was published of its drift is emptied.

use super::bot::{Bot, Visit, judged};
use super::job::JobError;
use super::now;
use super::pushes::ONBOARDING;
use crate::github::{GithubError, Issue};
use crate::report;
use crate::store::{Proposal, ProposalState};

/// What stands where something about drift stood.
const EMPTIED: &str = "This repository was made public, so DriftGuard emptied this text.";

impl Bot {
    /// Empties every text of ours, and closes what is open. Repeated, it finds nothing left to do. What cannot be emptied is
    /// passed over, and the rest tried again later.
    pub(super) async fn conceal(&self, visit: &Visit<'_>) -> Result<(), JobError> {
        let allowed = self.settings(visit).await?;
        if visit.head.private || allowed.is_some_and(|one| one.pull_requests.public) {
            return Ok(());
        }
        let repository = &visit.repository;
        let mut left = None;
        for issue in repository.own_issues().await.map_err(judged)? {
            keep_going(self.empty(visit, &issue).await, &mut left);
        }
        for proposal in visit.tenant.proposals(visit.id).await? {
            // The first settings alone say nothing of drift; what a person committed is that person's.
            if proposal.branch == ONBOARDING || proposal.state == ProposalState::TakenOver {
                continue;
            }
            keep_going(repository.drop_branch(&proposal.branch).await, &mut left);
            if proposal.state.is_open() {
                let closed = Proposal {
                    state: ProposalState::Closed,
                    changed_at: now(),
                    ..proposal
                };
                visit.tenant.keep_proposal(&closed).await?;
            }
        }
        for comment in repository.own_comments().await.map_err(judged)? {
            keep_going(repository.delete_comment(comment.id).await, &mut left);
        }
        let mut commits = visit.tenant.scanned_commits(visit.id).await?;
        commits.extend(repository.pull_heads().await.map_err(judged)?);
        for commit in commits {
            keep_going(repository.empty_checks(&commit, EMPTIED).await, &mut left);
        }
        match left {
            Some(error) => Err(JobError::Retry(anyhow::Error::new(error))),
            None => Ok(visit.tenant.empty_scans(visit.id).await?),
        }
    }

    /// Empties the text of an issue or pull request, and closes it. The dashboard keeps its marker, to be found again, and
    /// the pull request that brings the settings stays open.
    async fn empty(&self, visit: &Visit<'_>, issue: &Issue) -> Result<(), GithubError> {
        let repository = &visit.repository;
        let sets_up = issue.open && issue.title == report::SET_UP;
        let (title, body) = match (issue.body.contains(report::DASHBOARD_MARKER), issue.pull) {
            (true, _) => {
                let body = format!("{EMPTIED}\n\n{}", report::DASHBOARD_MARKER);
                (report::DASHBOARD, body)
            }
            (false, true) if sets_up => (report::SET_UP, EMPTIED.to_owned()),
            (false, true) => (report::EMPTIED, EMPTIED.to_owned()),
            (false, false) => return Ok(()),
        };
        repository.write_issue(issue, title, &body).await?;
        if issue.pull && issue.open && !sets_up {
            repository.close_issue(issue.number).await?;
        }
        Ok(())
    }
}

/// Notes what went wrong. What GitHub refuses for good, such as another App's check, is no reason to try again.
fn keep_going(done: Result<(), GithubError>, left: &mut Option<GithubError>) {
    match done {
        Ok(()) => {}
        Err(error @ (GithubError::Forbidden { .. } | GithubError::NotFound(_))) => {
            tracing::warn!(error = format!("{error:#}"), "a text could not be emptied");
        }
        Err(error) => *left = Some(error),
    }
}
