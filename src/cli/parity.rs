//! `driftguard parity`: reads a stack both ways, and prints where a native reader differs from the provider.

use super::exit;
use super::output::{print, tell};
use super::source::Source;
use crate::report::printable_lines;
use crate::scan::ProviderAccess;
use crate::scan::parity::{Parity, ParityInput, compare_readers};
use anyhow::Context;
use clap::Args;
use std::fmt::Write;
use std::process::ExitCode;

/// The arguments of `driftguard parity`: what to read.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    source: Source,
}

pub(super) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let scanned = options.source.scan().await?;
    let providers = scanned.providers.as_ref();
    let providers = providers.context("name the folder of providers: --providers DIR")?;
    let input = ParityInput {
        tree: &scanned.checkout.tree,
        settings: &scanned.provider_scope,
        providers: ProviderAccess::of_caller(providers),
    };
    let parity = compare_readers(&scanned.result, &input).await;
    for (address, reason) in &parity.not_compared {
        tell(&format!("driftguard: {address} is not compared: {reason}"));
    }
    print(&text(&parity))?;
    Ok(match parity.differences.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(exit::DRIFT),
    })
}

/// Writes the differences, and how many resources were compared.
fn text(parity: &Parity) -> String {
    let mut text = String::new();
    for difference in &parity.differences {
        let _ = writeln!(text, "{}", printable_lines(&difference.to_string()));
    }
    let (compared, differences) = (parity.compared, parity.differences.len());
    let _ = writeln!(
        text,
        "{compared} resources read both ways, {differences} differences"
    );
    text
}
