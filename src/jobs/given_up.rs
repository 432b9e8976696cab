//! Reports a job that was given up: in a reply to the comment that asked for it, else in a check on the commit.

use super::context::RepositoryContext;
use super::steps::audit::{EffectSource, record_not_done, record_not_scanned};
use super::steps::checks::{CHECK, create_check_run, stack_check};
use super::steps::orders::applied_effects;
use super::steps::reply::reply;
use super::steps::repository_settings::{self, may_publish};
use crate::commands;
use crate::github::{CheckRun, Conclusion};
use crate::queue::job::{Job, JobError, RepositoryTask};
use crate::queue::operator::DISCARDED;
use crate::report;
use crate::store::OrderKey;

/// The cause as a public repository shows it.
const IN_THE_LOG: &str = "the server's log says why";

/// The remedy where all tries failed.
const NOT_DONE: &str = "Your request may be half done; comment it again to have the rest done.";

/// A job that was given up, and why.
pub(super) struct GivenUp<'a> {
    pub job: &'a Job,
    /// The key of the job.
    pub id: &'a str,
    pub problem: &'a str,
}

/// Reports that a job was given up, why, and what to do about it.
pub(super) async fn run(
    context: &RepositoryContext<'_>,
    failure: &GivenUp<'_>,
) -> Result<(), JobError> {
    let is_told = match repository_settings::of_default_branch(context).await? {
        Some(settings) => may_publish(context, &settings),
        None => context.head.private,
    };
    let problem = if is_told { failure.problem } else { IN_THE_LOG };
    match failure.job {
        Job::Task {
            task: RepositoryTask::Comment { issue, comment, .. },
            ..
        } => report_to_comment(context, *issue, *comment, problem).await,
        Job::Task {
            task: RepositoryTask::Boxes { issue, .. },
            ..
        } => {
            let text = format!(
                "I could not do what the box asks for: {}. {}",
                report::sentence(problem),
                remedy(failure)
            );
            let repository = &context.repository;
            repository
                .upsert_comment(*issue, "given up", "", &text)
                .await?;
            Ok(())
        }
        Job::Task {
            task:
                RepositoryTask::Order {
                    person,
                    at,
                    via,
                    id,
                    key,
                    ..
                },
            ..
        } => {
            let source = EffectSource::of_order(person, *at, *via, id).with_key(key.as_ref());
            context.tenant.abandon_api_decision(id, problem).await?;
            let applied = applied_effects(context, &source, OrderKey::Sent(id)).await?;
            match applied.is_empty() {
                true => record_not_done(context, &source, problem.to_owned()).await?,
                false => record_not_scanned(context, &source, problem.to_owned()).await?,
            }
            Ok(())
        }
        job if is_told || is_of_secrecy(job) => {
            for name in checks(context, job).await? {
                create_given_up_check(context, &name, failure, problem).await?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Replies to a comment that its commands failed, and why.
async fn report_to_comment(
    context: &RepositoryContext<'_>,
    issue: u64,
    comment: u64,
    problem: &str,
) -> Result<(), JobError> {
    let repository = &context.repository;
    if let Some(comment) = repository.comment(comment).await?
        && !comment.bot
        && !commands::read(&comment.body).is_empty()
        && repository.may_write(&comment.author).await?
    {
        let problem = report::sentence(problem);
        let text = format!("I could not do this: {problem}. {NOT_DONE}");
        return reply(context, issue, &comment, &text).await;
    }
    Ok(())
}

/// Returns whether the job redacts what a repository published: its failure is reported in public repositories as well.
fn is_of_secrecy(job: &Job) -> bool {
    matches!(
        job,
        Job::Task {
            task: RepositoryTask::Conceal,
            ..
        }
    )
}

/// Returns the names of the checks that report a job: for a scan those that it would have created, so that the next
/// scan replaces them.
async fn checks(context: &RepositoryContext<'_>, job: &Job) -> anyhow::Result<Vec<String>> {
    let mut names = match job {
        Job::Scan {
            stack: Some(stack), ..
        } => vec![stack_check(stack)],
        Job::Scan { stack: None, .. } => {
            let stacks = context.tenant.stacks(context.id).await?;
            stacks
                .iter()
                .map(|known| stack_check(&known.stack))
                .collect()
        }
        _ => Vec::new(),
    };
    if names.is_empty() {
        names.push(CHECK.to_owned());
    }
    Ok(names)
}

/// Creates a check that reports a given-up job.
async fn create_given_up_check(
    context: &RepositoryContext<'_>,
    name: &str,
    failure: &GivenUp<'_>,
    problem: &str,
) -> Result<(), JobError> {
    let title = format!("Given up: {}", failure.job);
    let summary = format!("{}. {}", report::sentence(problem), remedy(failure));
    let check = CheckRun {
        name,
        commit: &context.head.commit,
        conclusion: Conclusion::Neutral,
        title: &title,
        summary: &summary,
        text: "",
        annotations: &[],
    };
    create_check_run(context, &check).await
}

/// Returns the remedy for a given-up job. A job that the operator discarded cannot be retried.
fn remedy(failure: &GivenUp<'_>) -> String {
    if failure.problem == DISCARDED {
        return "The next push or command asks for it again.".to_owned();
    }
    let retry = report::code(&format!("driftguard jobs retry {}", failure.id));
    format!("The operator of this server can have it tried again with {retry}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{InstallationId, RepositoryId};

    #[test]
    fn nobody_is_sent_to_retry_what_was_discarded() {
        let job = Job::Task {
            installation: InstallationId(1),
            repository: RepositoryId(1),
            task: RepositoryTask::Conceal,
        };
        let remedy_for = |problem| {
            remedy(&GivenUp {
                job: &job,
                id: "d-1",
                problem,
            })
        };
        assert!(remedy_for("a fault").contains("`driftguard jobs retry d-1`"));
        assert!(!remedy_for(DISCARDED).contains("retry"));
    }
}
