//! Creates check runs: on the scanned commit, and on the pull requests of others.

use crate::github::{Annotation, CheckRun, Conclusion};
use crate::jobs::context::RepositoryContext;
use crate::model::Severity;
use crate::queue::job::JobError;
use crate::report::{CheckText, LineAnnotation};
use std::fmt::Display;

/// The name of the check of a repository that could not be scanned.
pub(in crate::jobs) const CHECK: &str = "DriftGuard";

/// The name of the check of a repository of which not all is scanned: it has too many stacks, or folders without a backend.
pub(in crate::jobs) const CHECK_OF_STACKS: &str = "DriftGuard: stacks";

/// Returns the name of a stack's check.
pub(in crate::jobs) fn stack_check(stack: &dyn Display) -> String {
    format!("{CHECK} / {stack}")
}

/// Creates a check run on the scanned commit.
pub(in crate::jobs) async fn create_check(
    context: &RepositoryContext<'_>,
    name: &str,
    text: &CheckText,
) -> Result<(), JobError> {
    let annotations: Vec<_> = text.annotations.iter().map(annotation).collect();
    let check = CheckRun {
        name,
        commit: &context.head.commit,
        conclusion: if text.good {
            Conclusion::Success
        } else {
            Conclusion::Neutral
        },
        title: &text.title,
        summary: &text.summary,
        text: &text.text,
        annotations: &annotations,
    };
    create_check_run(context, &check).await
}

/// Creates a check run, and records its commit: if the repository is made public, the check is redacted.
pub(in crate::jobs) async fn create_check_run(
    context: &RepositoryContext<'_>,
    check: &CheckRun<'_>,
) -> Result<(), JobError> {
    let (tenant, id) = (&context.tenant, context.id);
    tenant.record_published(id, check.commit).await?;
    Ok(context.repository.create_check_run(check).await?)
}

/// Converts an annotation to GitHub's form.
fn annotation(remark: &LineAnnotation) -> Annotation {
    Annotation {
        path: remark.file.clone(),
        start_line: remark.line,
        end_line: remark.line,
        annotation_level: match remark.severity {
            Severity::Critical | Severity::High => "failure",
            Severity::Medium => "warning",
            Severity::Low | Severity::Info => "notice",
        },
        title: remark.title.clone(),
        message: remark.message.clone(),
    }
}
