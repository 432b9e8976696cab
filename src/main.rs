//! Starts what the command line names.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    driftguard::cli::run().await
}
