//! A job that was given up, told where people look: under the comment that asked for it, else in a check on the commit.

use super::bot::{Bot, Visit, judged};
use crate::github::{CheckRun, Conclusion};
use crate::queue::job::{Errand, Job, JobError};
use crate::queue::operator::DISCARDED;
use crate::report;

/// What is told of the cause in a repository that everybody sees.
const IN_THE_LOG: &str = "the server's log says why";

/// A job that was given up, and why.
pub(super) struct Failure<'a> {
    pub job: &'a Job,
    /// Names the job.
    pub id: &'a str,
    pub problem: &'a str,
}

impl Bot {
    /// Tells that a job was given up, why, and what to do about it.
    pub(super) async fn tell_failure(
        &self,
        visit: &Visit<'_>,
        failure: &Failure<'_>,
    ) -> Result<(), JobError> {
        let settings = self.settings(visit).await?;
        let tells = match &settings {
            Some(settings) => Self::tells(visit, settings),
            None => visit.head.private,
        };
        let problem = if tells { failure.problem } else { IN_THE_LOG };
        match failure.job {
            Job::Errand {
                errand: Errand::Comment { issue, comment, .. },
                ..
            } => self.apologise(visit, *issue, *comment, problem).await,
            Job::Errand {
                errand: Errand::Boxes { issue, .. },
                ..
            } => {
                let text = format!(
                    "I could not do what the box asks for: {}. {}",
                    report::sentence(problem),
                    remedy(failure)
                );
                let said = visit.repository.say(*issue, "given up", "", &text);
                said.await.map(drop).map_err(judged)
            }
            job if tells || is_of_secrecy(job) => {
                for name in checks(visit, job).await? {
                    give_up_check(visit, &name, failure, problem).await?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Whether it was to empty what a repository shows to everybody: that it failed is told there too.
fn is_of_secrecy(job: &Job) -> bool {
    matches!(
        job,
        Job::Errand {
            errand: Errand::Conceal,
            ..
        }
    )
}

/// The checks that tell of a job: for a scan those that it would have left, so that the next one takes their place.
async fn checks(visit: &Visit<'_>, job: &Job) -> anyhow::Result<Vec<String>> {
    let name = |stack: &dyn std::fmt::Display| format!("DriftGuard / {stack}");
    let mut names = match job {
        Job::Scan {
            stack: Some(stack), ..
        } => vec![name(stack)],
        Job::Scan { stack: None, .. } => {
            let stacks = visit.tenant.stacks(visit.id).await?;
            stacks.iter().map(|known| name(&known.stack)).collect()
        }
        _ => Vec::new(),
    };
    if names.is_empty() {
        names.push("DriftGuard".to_owned());
    }
    Ok(names)
}

async fn give_up_check(
    visit: &Visit<'_>,
    name: &str,
    failure: &Failure<'_>,
    problem: &str,
) -> Result<(), JobError> {
    let title = format!("Given up: {}", failure.job);
    let summary = format!("{}. {}", report::sentence(problem), remedy(failure));
    let check = CheckRun {
        name,
        commit: &visit.head.commit,
        conclusion: Conclusion::Neutral,
        title: &title,
        summary: &summary,
        text: "",
        annotations: &[],
    };
    visit.leave_check(&check).await
}

/// What can be done about a job that was given up. One that the operator discarded is kept no more.
fn remedy(failure: &Failure<'_>) -> String {
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
        let job = Job::Errand {
            installation: InstallationId(1),
            repository: RepositoryId(1),
            errand: Errand::Conceal,
        };
        let told = |problem| {
            remedy(&Failure {
                job: &job,
                id: "d-1",
                problem,
            })
        };
        assert!(told("a fault").contains("`driftguard jobs retry d-1`"));
        assert!(!told(DISCARDED).contains("retry"));
    }
}
