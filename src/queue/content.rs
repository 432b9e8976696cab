//! Counts in the database what is created at GitHub, over all processes and restarts.

use crate::github::{CONTENT_MEMORY, ContentLedger, content_pause, content_slice};
use crate::model::InstallationId;
use crate::store::Store;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::time::Duration;

/// How far the clock of another process may be ahead, in milliseconds.
const MAX_SKEW: i64 = 60 * 1000;

impl ContentLedger for Store {
    /// Counts before it checks the limit: two processes that count at once may both be refused, but never both take the
    /// last place.
    fn count(
        &self,
        installation: InstallationId,
        now: i64,
    ) -> BoxFuture<'_, anyhow::Result<Option<Duration>>> {
        async move {
            let tenant = self.of(installation);
            let slice = content_slice(now);
            tenant.count_content(slice).await?;
            let memory = i64::try_from(CONTENT_MEMORY.as_millis()).unwrap_or(i64::MAX);
            let mut created = tenant.created_content(now.saturating_sub(memory)).await?;
            // What was counted while a clock was ahead is not created in the future.
            created.retain(|slice, _| *slice <= now.saturating_add(MAX_SKEW));
            let pause = content_pause(&created, now);
            if pause.is_some() {
                tenant.uncount_content(slice).await?;
            }
            Ok(pause)
        }
        .boxed()
    }
}
