//! Redacts what DriftGuard published about drift in a repository that was made public.

use super::notification_secret;
use super::redact_checks::{Search, empty_noted, search};
use super::redact_progress::Progress;
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

/// The result of a try to redact everything.
#[derive(Debug)]
pub(in crate::jobs) enum Redaction {
    /// Nothing is left that can be redacted.
    Complete,
    /// GitHub refused some of it.
    Refused(GithubError),
    /// More commits are searched for check runs by the next try.
    Unfinished,
}

/// Redacts all texts of DriftGuard that it can, and closes its open issues and pull requests.
pub(in crate::jobs) async fn redact_published(
    context: &RepositoryContext<'_>,
) -> Result<Redaction, JobError> {
    notification_secret::withdraw_from_public(context).await?;
    if !context.head.private {
        context.tenant.record_unconcealed(context.id).await?;
    }
    let allowed = repository_settings::of_default_branch(context).await?;
    if context.head.private || allowed.is_some_and(|settings| settings.pull_requests.public) {
        context.tenant.record_concealed(context.id).await?;
        return Ok(Redaction::Complete);
    }
    let mut progress = Progress::default();
    empty_issues(context, &mut progress).await?;
    drop_branches(context, &mut progress).await?;
    delete_comments(context, &mut progress).await?;
    empty_noted(context, EMPTIED, &mut progress).await?;
    let searched = search(context, EMPTIED, &mut progress).await?;
    let refused = progress.end()?;
    context.tenant.empty_scans(context.id).await?;
    Ok(match (refused, searched) {
        (_, Search::Unfinished) => Redaction::Unfinished,
        (Some(refused), Search::Ended) => Redaction::Refused(refused),
        (None, Search::Ended) => {
            context.tenant.record_concealed(context.id).await?;
            Redaction::Complete
        }
    })
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
async fn empty_issues(
    context: &RepositoryContext<'_>,
    progress: &mut Progress,
) -> Result<(), JobError> {
    for issue in context.repository.own_issues().await? {
        progress.record(empty_issue(context, &issue).await)?;
    }
    for proposal in context.tenant.proposals(context.id).await? {
        // The first settings alone say nothing of drift.
        if proposal.branch != ONBOARDING && proposal.state.is_open() {
            let closed = Proposal {
                state: ProposalState::Closed,
                changed_at: now(),
                ..proposal
            };
            context.tenant.save_proposal(&closed).await?;
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
async fn drop_branches(
    context: &RepositoryContext<'_>,
    progress: &mut Progress,
) -> Result<(), JobError> {
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
        progress.record(dropped.await)?;
    }
    Ok(())
}

/// Deletes DriftGuard's comments, with their history.
async fn delete_comments(
    context: &RepositoryContext<'_>,
    progress: &mut Progress,
) -> Result<(), JobError> {
    let comments = context.repository.own_comments(None).await?;
    for comment in comments {
        progress.record(context.repository.delete_comment(comment).await)?;
    }
    Ok(())
}
