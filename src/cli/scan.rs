//! `driftguard scan`: one scan of a checkout, without GitHub.

use super::exit;
use super::output::Output;
use super::source::Source;
use clap::Args;
use std::process::ExitCode;

/// The arguments of `driftguard scan`: what to scan, and the form of the report.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    output: Output,
}

pub(super) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let mut scanned = options.source.scan().await?;
    scanned.result.hide_names();
    options.output.write(&scanned.result.report)?;
    Ok(exit::of(&scanned.result.report, options.source.fail_on()))
}
