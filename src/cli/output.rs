//! Writes a report in the requested form, to standard output or a file.

use crate::model::Report;
use crate::report::{self, Paint, printable_lines};
use anyhow::Context;
use clap::{Args, ValueEnum};
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::PathBuf;

/// Writes to standard output. A reader that closes the pipe early has read all that it wanted.
///
/// # Errors
/// A further reason why a report is not written.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    let written = output.write_all(text.as_bytes());
    match written.and_then(|()| output.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("while writing to standard output"),
    }
}

/// Writes a patch to standard output: as `git apply` takes it, and on a terminal without what moves a cursor or turns a
/// text around, since the lines around an edit may hold anything.
///
/// # Errors
/// As `print`.
fn print_patch(patch: &str) -> anyhow::Result<()> {
    if patch.is_empty() || !std::io::stdout().is_terminal() {
        return print(patch);
    }
    print(&(printable_lines(patch) + "\n"))
}

/// Writes lines to standard error, without what looks like a credential and what moves a cursor. Where nobody reads them
/// any more, the exit code still tells.
pub(super) fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", printable_lines(text));
}

/// The form of a report.
#[derive(Debug, Args)]
pub(super) struct Output {
    /// The format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: docs/scan.schema.json
    Json,
    /// For a job's summary or a comment
    Markdown,
    /// For code scanning: SARIF 2.1.0
    Sarif,
}

impl Output {
    /// Writes a report. A reader that closes the pipe early is no error.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub(super) fn write(&self, report: &Report) -> anyhow::Result<()> {
        let text = match self.format {
            Format::Text => report::text(report, self.paint()),
            Format::Json => report::json(report)?,
            Format::Markdown => report::summary(report),
            Format::Sarif => report::sarif(report)?,
        };
        match &self.output {
            Some(file) => std::fs::write(file, text)
                .with_context(|| format!("while writing {}", file.display())),
            None => print(&text),
        }
    }

    /// Writes a report and the patch of its fixes: both in the form that holds both. As text, or beside a file, the patch
    /// alone goes to standard output, as `git apply` takes it; the text then goes to standard error.
    ///
    /// # Errors
    /// As `write`.
    pub(super) fn write_with_patch(&self, report: &Report, patch: &str) -> anyhow::Result<()> {
        match (self.format, &self.output) {
            (Format::Json, None) => print(&report::json_with_patch(report, patch)?),
            (Format::Markdown, None) => print(&report::summary_with_patch(report, patch)),
            (Format::Sarif, None) => self.write(report),
            (Format::Text, None) => {
                tell(&report::text(report, Paint::Plain));
                print_patch(patch)
            }
            (_, Some(_)) => {
                self.write(report)?;
                print_patch(patch)
            }
        }
    }

    /// Colours for a terminal whose user did not turn them off.
    fn paint(&self) -> Paint {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self.output.is_none() && !plain && std::io::stdout().is_terminal() {
            true => Paint::Coloured,
            false => Paint::Plain,
        }
    }
}
