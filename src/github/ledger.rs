//! Who counts the content that is created.

use super::allowance::{content_pause, content_slice};
use crate::model::InstallationId;
use futures::future::BoxFuture;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Counts the content that is created for each installation. GitHub counts what all processes create, and does not
/// forget it where one is started anew: so a server counts in its database.
pub trait ContentLedger: Debug + Send + Sync {
    /// Counts one more piece of content at a moment, in epoch milliseconds; where GitHub's limits leave no room for it, it
    /// is not counted, and the time until there is room comes back.
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
