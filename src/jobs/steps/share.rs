//! Several processes read AWS beside each other: each takes its share of every account's budget.

use crate::aws::Aws;
use crate::store::Store;
use std::convert::Infallible;
use std::time::Duration;

/// How often the processes that work are counted.
const COUNTED: Duration = Duration::from_secs(5);

/// Runs a scan, and keeps to this process's share as others begin and end.
pub(super) async fn in_share<T>(store: &Store, aws: &Aws, scan: impl Future<Output = T>) -> T {
    count(store, aws).await;
    tokio::select! {
        scanned = scan => scanned,
        never = keep_counting(store, aws) => match never {},
    }
}

async fn keep_counting(store: &Store, aws: &Aws) -> Infallible {
    loop {
        tokio::time::sleep(COUNTED).await;
        count(store, aws).await;
    }
}

/// Counts the processes that hold leases: whoever reads AWS holds one.
async fn count(store: &Store, aws: &Aws) {
    match store.working_processes().await {
        Ok(processes) => aws.share_among(processes),
        Err(error) => tracing::warn!(
            error = format!("{error:#}"),
            "the processes were not counted: the share of AWS's budgets stays"
        ),
    }
}
