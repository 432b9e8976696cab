//! Starts what the command line names.

use std::process::ExitCode;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("driftguard: the threads cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(driftguard::cli::run());
    // Whatever a blocking thread still does, such as to resolve a name, nobody waits for.
    runtime.shutdown_background();
    code
}
