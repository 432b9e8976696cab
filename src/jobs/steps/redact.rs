//! Redacts what DriftGuard published about drift in a repository that was made public.

use super::notification_secret;
use super::repository_settings;
use crate::github::{GithubError, Issue};
use crate::jobs::context::RepositoryContext;
use crate::model::{Proposal, ProposalState};
use crate::queue::job::JobError;
use crate::queue::now;
use crate::queue::pushes::{ONBOARDING, is_own};
use crate::report;
use std::collections::BTreeSet;

/// The text that replaces redacted texts.
const EMPTIED: &str = "This repository was made public, so DriftGuard emptied this text.";

/// How many requests may fail before a try ends: GitHub is down then, and another try does the rest.
const MOST_FAILURES: usize = 10;

/// Redacts all texts of DriftGuard that it can, and closes its open issues and pull requests. Returns why GitHub
/// refused some of it, if it did.
pub(in crate::jobs) async fn redact_published(
    context: &RepositoryContext<'_>,
) -> Result<Option<GithubError>, JobError> {
    notification_secret::withdraw_from_public(context).await?;
    if !context.head.private {
        context.tenant.note_unconcealed(context.id).await?;
    }
    let allowed = repository_settings::of_default_branch(context).await?;
    if context.head.private || allowed.is_some_and(|settings| settings.pull_requests.public) {
        context.tenant.note_concealed(context.id).await?;
        return Ok(None);
    }
    let mut work = Work::default();
    empty_issues(context, &mut work).await?;
    drop_branches(context, &mut work).await?;
    delete_comments(context, &mut work).await?;
    empty_checks(context, &mut work).await?;
    let refused = work.end()?;
    context.tenant.empty_scans(context.id).await?;
    if refused.is_none() {
        context.tenant.note_concealed(context.id).await?;
    }
    Ok(refused)
}

/// Redacts what is left: the delivery about the change may be lost, or GitHub may have refused some of it. What it
/// still refuses is left to the next scan.
pub(in crate::jobs) async fn make_up(context: &RepositoryContext<'_>) -> Result<(), JobError> {
    let (tenant, id) = (&context.tenant, context.id);
    let store = &context.services.store;
    store.inherit_published(id, context.installation).await?;
    let left = tenant.is_unconcealed(id).await?
        || tenant.is_secret_shown(id).await?
        || !tenant.published_commits(id).await?.is_empty();
    if left {
        redact_published(context).await?;
    }
    Ok(())
}

/// Empties and closes DriftGuard's issues and pull requests.
async fn empty_issues(context: &RepositoryContext<'_>, work: &mut Work) -> Result<(), JobError> {
    for issue in context.repository.own_issues().await? {
        work.note(empty_issue(context, &issue).await)?;
    }
    for proposal in context.tenant.proposals(context.id).await? {
        // The first settings alone say nothing of drift.
        if proposal.branch != ONBOARDING && proposal.state.is_open() {
            let closed = Proposal {
                state: ProposalState::Closed,
                changed_at: now(),
                ..proposal
            };
            context.tenant.keep_proposal(&closed).await?;
        }
    }
    Ok(())
}

/// Empties the text of an issue or pull request, and closes it. The dashboard keeps its marker, to be found again, and
/// the onboarding pull request stays open.
async fn empty_issue(context: &RepositoryContext<'_>, issue: &Issue) -> Result<(), GithubError> {
    let repository = &context.repository;
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
    repository.update_issue(issue, title, &body).await?;
    if issue.pull && issue.open && !sets_up {
        repository.close_issue(issue.number).await?;
    }
    Ok(())
}

/// Deletes DriftGuard's branches, except those that a person committed to, and the onboarding branch.
async fn drop_branches(context: &RepositoryContext<'_>, work: &mut Work) -> Result<(), JobError> {
    let repository = &context.repository;
    let proposals = context.tenant.proposals(context.id).await?;
    let theirs: BTreeSet<_> = proposals
        .iter()
        .filter(|proposal| proposal.state == ProposalState::TakenOver)
        .map(|proposal| proposal.branch.as_str())
        .collect();
    for (branch, tip) in repository.branches("driftguard").await? {
        if !is_own(&branch) || branch == ONBOARDING || theirs.contains(branch.as_str()) {
            continue;
        }
        let dropped = async {
            if repository.is_own(&repository.author(&tip).await?).await? {
                repository.delete_branch(&branch).await?;
            }
            Ok(())
        };
        work.note(dropped.await)?;
    }
    Ok(())
}

/// Deletes DriftGuard's comments, with their history.
async fn delete_comments(context: &RepositoryContext<'_>, work: &mut Work) -> Result<(), JobError> {
    let comments = context.repository.own_comments(None).await?;
    for comment in comments {
        work.note(context.repository.delete_comment(comment).await)?;
    }
    Ok(())
}

/// Empties DriftGuard's check runs, commit by commit. Check runs from before commits were recorded are looked for on
/// pull requests.
async fn empty_checks(context: &RepositoryContext<'_>, work: &mut Work) -> Result<(), JobError> {
    let (tenant, repository) = (&context.tenant, &context.repository);
    for head in repository.pull_heads().await? {
        tenant.suspect_published(context.id, &head).await?;
    }
    for commit in tenant.published_commits(context.id).await? {
        let mut all = true;
        let runs = match repository.own_check_runs(&commit, EMPTIED).await {
            Ok(runs) => runs,
            error => {
                work.note(error.map(drop))?;
                continue;
            }
        };
        for run in runs {
            all &= work.note(repository.empty_check_run(run, EMPTIED).await)?;
        }
        if all {
            tenant.note_emptied(context.id, &commit).await?;
        }
    }
    Ok(())
}

/// The progress of a try.
#[derive(Default)]
struct Work {
    failures: Vec<GithubError>,
    /// The first refusal by GitHub.
    refused: Option<GithubError>,
}

impl Work {
    /// Records the result of one step, and returns whether it succeeded. After a refusal the rest goes on; a rate limit
    /// ends the try, and so do many failures.
    fn note(&mut self, done: Result<(), GithubError>) -> Result<bool, JobError> {
        let error = match done {
            Ok(()) => return Ok(true),
            Err(error) => error,
        };
        let ends = matches!(
            error,
            GithubError::Limited { .. } | GithubError::Suspended(_)
        );
        if is_refused(&error) {
            tracing::warn!(error = format!("{error:#}"), "a text could not be emptied");
            self.refused.get_or_insert(error);
        } else if ends || self.failures.len() + 1 >= MOST_FAILURES {
            return Err(error.into());
        } else {
            self.failures.push(error);
        }
        Ok(false)
    }

    /// Returns a retryable error where a step failed, else the first refusal.
    fn end(self) -> Result<Option<GithubError>, JobError> {
        match self.failures.into_iter().next() {
            Some(error) => Err(error.into()),
            None => Ok(self.refused),
        }
    }
}

/// Returns whether GitHub answered and refused, for now or for good.
fn is_refused(error: &GithubError) -> bool {
    matches!(error, GithubError::NotFound(_) | GithubError::Gone { .. }) || error.is_refusal()
}
