//! Empties DriftGuard's check runs in a repository that was made public.
//!
//! Each commit on which one is created is noted before. What an earlier version created, or a server whose database was
//! lost, is searched for: on the commits of pull requests, and on the history of the default branch.

use super::redact_progress::Progress;
use crate::jobs::context::RepositoryContext;
use crate::queue::job::JobError;
use crate::store::PublishedSearch;
use std::collections::BTreeSet;

/// How many commits a try searches. Other jobs take their turn before the next one.
const MAX_COMMITS: usize = 1_000;

/// How far the search has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// To the end, or as far as GitHub allows it.
    Ended,
    /// The next try continues.
    Unfinished,
}

/// Empties the check runs on the commits that are noted.
pub(super) async fn empty_noted(
    context: &RepositoryContext<'_>,
    emptied: &str,
    progress: &mut Progress,
) -> Result<(), JobError> {
    let tenant = &context.tenant;
    for commit in tenant.published_commits(context.id).await? {
        if empty_commit(context, &commit, emptied, progress).await? {
            tenant.record_emptied(context.id, &commit).await?;
        }
    }
    Ok(())
}

/// Empties the check runs that are not noted. Continues where the last try stopped, and notes the commits whose check
/// runs GitHub does not let go.
pub(super) async fn search(
    context: &RepositoryContext<'_>,
    emptied: &str,
    progress: &mut Progress,
) -> Result<Search, JobError> {
    let tenant = &context.tenant;
    let mut at = tenant.published_search(context.id).await?;
    let mut seen = BTreeSet::new();
    while at != PublishedSearch::Done {
        if seen.len() >= MAX_COMMITS {
            return Ok(Search::Unfinished);
        }
        let Some((commits, next)) = page(context, &at, progress).await? else {
            return Ok(Search::Ended);
        };
        for commit in commits {
            if seen.insert(commit.clone())
                && !empty_commit(context, &commit, emptied, progress).await?
            {
                tenant
                    .record_possibly_published(context.id, &commit)
                    .await?;
            }
        }
        tenant.save_published_search(context.id, &next).await?;
        at = next;
    }
    Ok(Search::Ended)
}

/// Returns a page of commits, and where the search continues; `None` where GitHub refuses the page.
async fn page(
    context: &RepositoryContext<'_>,
    at: &PublishedSearch,
    progress: &mut Progress,
) -> Result<Option<(Vec<String>, PublishedSearch)>, JobError> {
    let repository = &context.repository;
    let found = match at {
        PublishedSearch::Pulls { page } => repository.pull_commits(*page).await,
        PublishedSearch::History { head, page } => repository.history(head, *page).await,
        PublishedSearch::Done => return Ok(None),
    };
    let found = match found {
        Ok(found) => found,
        // A branch that was overwritten loses the commits of its former history.
        Err(error) if error.is_missing() && !is_current(context, at) => {
            return Ok(Some((Vec::new(), history(context))));
        }
        Err(error) => {
            progress.record(Err(error))?;
            return Ok(None);
        }
    };
    let next = match at {
        PublishedSearch::Pulls { page } if !found.is_last => {
            PublishedSearch::Pulls { page: page + 1 }
        }
        PublishedSearch::History { head, page } if !found.is_last => PublishedSearch::History {
            head: head.clone(),
            page: page + 1,
        },
        PublishedSearch::Pulls { .. } => history(context),
        PublishedSearch::History { .. } | PublishedSearch::Done => PublishedSearch::Done,
    };
    Ok(Some((found.commits, next)))
}

/// Returns the beginning of the default branch's history.
fn history(context: &RepositoryContext<'_>) -> PublishedSearch {
    PublishedSearch::History {
        head: context.head.commit.clone(),
        page: 1,
    }
}

/// Returns whether the search does not depend on a former head of the default branch.
fn is_current(context: &RepositoryContext<'_>, at: &PublishedSearch) -> bool {
    match at {
        PublishedSearch::History { head, .. } => *head == context.head.commit,
        PublishedSearch::Pulls { .. } | PublishedSearch::Done => true,
    }
}

/// Empties the check runs on a commit. Returns whether none is left.
async fn empty_commit(
    context: &RepositoryContext<'_>,
    commit: &str,
    emptied: &str,
    progress: &mut Progress,
) -> Result<bool, JobError> {
    let repository = &context.repository;
    let runs = match repository.own_check_runs(commit, emptied).await {
        Ok(runs) => runs,
        Err(error) => return progress.record(Err(error)),
    };
    let mut all = true;
    for run in runs {
        all &= progress.record(repository.empty_check_run(run, emptied).await)?;
    }
    Ok(all)
}
