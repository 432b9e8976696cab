//! Creates checks on the pull requests of others: the drift of the stacks that they touch.

use super::context::RepositoryContext;
use super::steps::checks::{create_check_run, stack_check};
use super::steps::repository_settings::{self, may_publish};
use super::steps::stack_statuses::stack_statuses;
use crate::github::{CheckRun, Conclusion};
use crate::model::{StackStatus, Tree};
use crate::queue::job::JobError;
use crate::report;
use crate::settings::Checks;

/// Creates a check for each stack that a pull request touches.
pub(super) async fn run(context: &RepositoryContext<'_>, number: u64) -> Result<(), JobError> {
    let Some(settings) = repository_settings::of_default_branch(context).await? else {
        return Ok(());
    };
    if settings.checks == Checks::Off || !may_publish(context, &settings) {
        return Ok(());
    }
    let repository = &context.repository;
    let Some(pull) = repository.pull(number).await? else {
        return Ok(());
    };
    if !pull.open || pull.base != context.head.default_branch {
        return Ok(());
    }
    let files = repository.changed_files(number).await?;
    let is_touched = |status: &StackStatus| {
        let path = &status.report.path;
        status.scanned_at > 0 && files.iter().any(|file| Tree::holds(path, file))
    };
    for status in stack_statuses(context)
        .await?
        .iter()
        .filter(|status| is_touched(status))
    {
        let text = report::review(status);
        let check = CheckRun {
            name: &stack_check(&status.report.name),
            commit: &pull.head,
            conclusion: match (text.good, settings.checks) {
                (true, _) => Conclusion::Success,
                (false, Checks::Failing) => Conclusion::Failure,
                (false, _) => Conclusion::Neutral,
            },
            title: &text.title,
            summary: &text.summary,
            text: &text.text,
            annotations: &[],
        };
        create_check_run(context, &check).await?;
    }
    Ok(())
}
