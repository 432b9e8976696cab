//! Limits the size of a stack's report: it is stored, and read again together with those of earlier scans.

use crate::model::{ScanError, StackReport};
use std::io::{self, Write};

/// The size limit of a stack's report as JSON, in bytes: some thousand findings.
const MAX_BYTES: usize = 8 << 20;

/// Returns the reports, each within the limit.
pub(crate) fn limited(reports: Vec<StackReport>) -> Vec<StackReport> {
    reports.into_iter().map(within_limit).collect()
}

/// Returns the report, or one with an error that it is too large: a state may list the same difference any number of
/// times.
fn within_limit(report: StackReport) -> StackReport {
    let mut room = LimitedWriter(MAX_BYTES);
    if serde_json::to_writer(&mut room, &report).is_ok() {
        return report;
    }
    let count = report
        .outcome
        .as_ref()
        .map_or(0, |scanned| scanned.findings.len());
    let message = format!(
        "the report of this stack takes more than {} MiB ({count} findings), so it is not stored and no pull request is \
         changed: split the stack, or check whether its state belongs to this account; `driftguard scan` \
         shows all findings",
        MAX_BYTES >> 20
    );
    StackReport {
        outcome: Err(ScanError {
            kind: "limit".into(),
            message,
        }),
        ..report
    }
}

/// How many bytes of JSON the last reports of a repository's stacks may have together where all are read at once.
const MAX_TOGETHER: usize = 48 << 20;

/// Room for the reports of a repository's stacks.
pub(crate) struct ReportRoom(LimitedWriter);

impl ReportRoom {
    /// Creates room for the reports of one repository.
    pub(crate) fn of_repository() -> Self {
        Self(LimitedWriter(MAX_TOGETHER))
    }

    /// Returns a report, or in place of one that does not fit beside those before an error that says so.
    pub(crate) fn keep(&mut self, report: StackReport) -> StackReport {
        let mut room = LimitedWriter(self.0.0);
        if serde_json::to_writer(&mut room, &report).is_ok() {
            self.0 = room;
            return report;
        }
        let message = format!(
            "its last report is left out here, because those of the repository's stacks together take more than {} MiB: see \
             the check of the stack",
            MAX_TOGETHER >> 20
        );
        StackReport {
            outcome: Err(ScanError {
                kind: "limit".into(),
                message,
            }),
            ..report
        }
    }
}

/// Counts written bytes, discards them, and fails beyond the limit.
struct LimitedWriter(usize);

impl Write for LimitedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.0.checked_sub(bytes.len());
        self.0 = left.ok_or_else(|| io::Error::other("too long"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Finding, Kind, Scanned, StackName, Verdict};

    fn report(findings: usize) -> StackReport {
        let finding = Finding {
            reason: Some("x".repeat(1000)),
            ..Finding::new(Kind::Modified, Verdict::Drift, "aws_instance")
        };
        StackReport {
            name: StackName::of_path("a"),
            path: "a".to_owned(),
            backend: None,
            outcome: Ok(Scanned {
                findings: vec![finding; findings],
                ..Scanned::default()
            }),
        }
    }

    #[test]
    fn the_reports_of_a_repository_are_kept_as_long_as_there_is_room() {
        let mut room = ReportRoom::of_repository();
        let large = report(7_000);
        let fit = MAX_TOGETHER / serde_json::to_vec(&large).unwrap().len();
        let kept = (0..10).filter(|_| room.keep(large.clone()).outcome.is_ok());
        assert!((3..9).contains(&fit) && kept.count() == fit);
        assert!(room.keep(report(10)).outcome.is_ok(), "a small one fits");
        let error = room.keep(large).outcome.unwrap_err();
        assert!(error.message.contains("more than 48 MiB"), "{error}");
    }

    #[test]
    fn a_report_that_is_too_long_to_be_kept_is_one_that_says_so() {
        assert_eq!(within_limit(report(1_000)), report(1_000));
        let error = within_limit(report(9_000)).outcome.unwrap_err();
        assert_eq!(error.kind, "limit");
        assert!(error.message.contains("9000 findings"), "{}", error.message);
    }
}
