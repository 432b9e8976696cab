//! Proposes a change of `.driftguard.yml`, on a branch of its own.

use crate::github::{GithubError, ProposeOutcome, ProposedPullRequest, Reviewers};
use crate::jobs::context::RepositoryContext;
use crate::report::PullRequestText;
use crate::settings;
use std::collections::BTreeMap;

/// A pull request that changes the settings.
pub(super) struct SettingsPull<'a> {
    pub branch: &'a str,
    pub text: &'a PullRequestText,
    /// The new text of the settings.
    pub file: String,
    pub labels: &'a [String],
    /// The number of the open pull request, if its labels are set already.
    pub known: Option<u64>,
}

/// Opens or updates a pull request that changes the settings.
pub(super) async fn propose(
    context: &RepositoryContext<'_>,
    pull: SettingsPull<'_>,
) -> Result<ProposeOutcome, GithubError> {
    let files = BTreeMap::from([(settings::FILE.to_owned(), pull.file.into_bytes())]);
    let proposed = ProposedPullRequest {
        branch: pull.branch,
        base: &context.head.default_branch,
        commit: &context.head.commit,
        title: &pull.text.title,
        body: &pull.text.body,
        message: &pull.text.message,
        files: &files,
        labels: pull.labels,
        reviewers: &Reviewers::default(),
        draft: false,
        recreate: false,
        known: pull.known,
    };
    context.repository.propose(&proposed).await
}
