//! Counts the content that is created at GitHub.

use super::allowance::{content_pause, content_slice};
use crate::model::InstallationId;
use futures::future::BoxFuture;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Counts the created content of each installation. GitHub counts over all processes and restarts, so a server counts
/// in its database.
pub trait ContentLedger: Debug + Send + Sync {
    /// Counts a piece of content at a time in epoch milliseconds. Where GitHub's limits are reached, it is not counted,
    /// and the time until it may be created is returned.
    fn count(
        &self,
        installation: InstallationId,
        now: i64,
    ) -> BoxFuture<'_, anyhow::Result<Option<Duration>>>;
}

/// Counts for this process alone, while it runs.
#[derive(Debug, Default)]
pub(super) struct MemoryLedger(Mutex<HashMap<InstallationId, BTreeMap<i64, u64>>>);

impl ContentLedger for MemoryLedger {
    fn count(
        &self,
        installation: InstallationId,
        now: i64,
    ) -> BoxFuture<'_, anyhow::Result<Option<Duration>>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let created = all.entry(installation).or_default();
        let oldest = now - 2 * 3_600_000;
        created.retain(|slice, _| *slice > oldest);
        let slice = content_slice(now);
        *created.entry(slice).or_default() += 1;
        let pause = content_pause(created, now);
        if let (Some(_), Some(count)) = (pause, created.get_mut(&slice)) {
            *count -= 1;
        }
        Box::pin(std::future::ready(Ok(pause)))
    }
}
