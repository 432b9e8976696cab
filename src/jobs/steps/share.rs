//! Shares each account's AWS budget among several processes.

use crate::aws::Aws;
use crate::store::Store;
use std::convert::Infallible;
use std::time::Duration;

/// How often the working processes are counted.
const COUNTED: Duration = Duration::from_secs(5);

/// Runs a scan within this process's share, which changes as other processes start and end.
pub(in crate::jobs) async fn in_share<T>(
    store: &Store,
    aws: &Aws,
    scan: impl Future<Output = T>,
) -> T {
    count(store, aws).await;
    tokio::select! {
        scanned = scan => scanned,
        never = recount(store, aws) => match never {},
    }
}

async fn recount(store: &Store, aws: &Aws) -> Infallible {
    loop {
        tokio::time::sleep(COUNTED).await;
        count(store, aws).await;
    }
}

/// Counts the processes that hold leases: every process that reads AWS holds one.
async fn count(store: &Store, aws: &Aws) {
    match store.working_processes().await {
        Ok(processes) => aws.share_among(processes),
        Err(error) => tracing::warn!(
            error = format!("{error:#}"),
            "the processes were not counted: the share of AWS's budgets stays"
        ),
    }
}
