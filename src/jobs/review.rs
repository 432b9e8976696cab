//! Checks on the pull requests of others: what has drifted in the stacks that they touch.

use super::bot::{Bot, Visit, judged};
use crate::github::{Annotation, CheckRun, Conclusion};
use crate::model::{Severity, Tree};
use crate::queue::job::JobError;
use crate::report::{self, Remark};
use crate::settings::Checks;

impl Bot {
    /// Leaves a check for each stack that a pull request touches.
    pub(super) async fn review(&self, visit: &Visit<'_>, number: u64) -> Result<(), JobError> {
        let Some(settings) = self.settings(visit).await? else {
            return Ok(());
        };
        if settings.checks == Checks::Off || !Self::tells(visit, &settings) {
            return Ok(());
        }
        let repository = &visit.repository;
        let Some(pull) = repository.pull(number).await.map_err(judged)? else {
            return Ok(());
        };
        if !pull.open || pull.base != visit.head.default_branch {
            return Ok(());
        }
        let files = repository.changed(number).await.map_err(judged)?;
        for standing in self.standings(visit).await? {
            let scanned = standing.scanned_at > 0;
            if !scanned
                || !files
                    .iter()
                    .any(|file| Tree::holds(&standing.report.path, file))
            {
                continue;
            }
            let text = report::review(&standing);
            let name = format!("DriftGuard / {}", standing.report.name);
            let check = CheckRun {
                name: &name,
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
            visit.leave_check(&check).await?;
        }
        Ok(())
    }
}

/// A remark as GitHub shows it.
pub(super) fn annotation(remark: &Remark) -> Annotation {
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
