//! Defines the exit codes: an interface for scripts and CI.

use super::output::tell;
use crate::model::{Finding, Report, Severity, Status};
use crate::report::printable_lines;
use std::process::ExitCode;

/// Drift, or something that was not fixed.
pub(super) const DRIFT: u8 = 2;
/// No drift found, and not everything could be checked.
const PARTIAL: u8 = 3;
/// Wrong usage.
const USAGE: u8 = 64;

/// Help and version are no errors. An argument may be a file's name, as a shell puts it in for `*`.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    if printable_lines(&text) == text.trim_end_matches('\n') {
        // A reader that closes the pipe early has read all that it wanted.
        let _ = error.print();
    } else {
        tell(&text);
    }
    match error.use_stderr() {
        false => ExitCode::SUCCESS,
        true => ExitCode::from(USAGE),
    }
}

/// Usage that only the command itself finds to be wrong.
pub(super) fn refused(reason: &str) -> ExitCode {
    tell(&format!("driftguard: {reason}"));
    ExitCode::from(USAGE)
}

/// Prints the whole chain of causes to standard error.
pub(super) fn failed(error: &anyhow::Error) -> ExitCode {
    tell(&format!("driftguard: {error:#}"));
    ExitCode::FAILURE
}

/// 2 where something drifted that is at least this severe, else 3 where something is unknown, else 0.
pub(super) fn of(report: &Report, fail_on: Severity) -> ExitCode {
    let counts = |finding: &&Finding| finding.severity >= fail_on;
    if findings(report).any(|finding| counts(&finding)) {
        return ExitCode::from(DRIFT);
    }
    partial(report)
}

/// 3 where something could not be checked, else 0.
pub(super) fn partial(report: &Report) -> ExitCode {
    let scanned = report.stacks.iter().map(|stack| stack.outcome.as_ref());
    let unknown = scanned.into_iter().any(|stack| {
        stack.map_or(true, |stack| {
            stack.summary.unknown > 0 || !stack.unread.is_empty()
        })
    });
    let unseen = report.accounts.iter().flat_map(|account| &account.coverage);
    let mut unseen = unseen.filter(|row| !row.is_of_calls());
    if unknown || unseen.any(|row| row.status != Status::Checked) {
        return ExitCode::from(PARTIAL);
    }
    ExitCode::SUCCESS
}

/// Everything that drifted.
pub(super) fn findings(report: &Report) -> impl Iterator<Item = &Finding> {
    let stacks = report
        .stacks
        .iter()
        .filter_map(|stack| stack.outcome.as_ref().ok());
    let below = stacks.flat_map(|stack| &stack.findings);
    below.chain(report.accounts.iter().flat_map(|account| &account.findings))
}
