//! Schedules scans.

use super::inbox::Inbox;
use super::job::Trigger;
use super::orders::StackScan;
use crate::model::{RepositoryId, StackName};
use crate::settings::Schedule;
use sha2::{Digest, Sha256};
use std::time::Duration;

impl Inbox {
    /// Enqueues the scans that are due. One scan per stack makes up for those missed while no process ran.
    pub async fn tick(&self, now: i64) -> anyhow::Result<()> {
        for due in self.store.due(now).await? {
            let tenant = self.store.of(due.installation);
            let scan = StackScan {
                installation: due.installation,
                repository: due.repository,
                stack: due.stack.clone(),
            };
            let key = format!("{}/{}@{}", due.repository, due.stack, due.slot);
            let queued = (key, Duration::ZERO);
            self.scan(&scan, Trigger::Schedule, due.slot, queued)
                .await?;
            let next = next(&due.schedule, due.repository, &due.stack, now);
            tenant.reschedule(&due, next).await?;
        }
        Ok(())
    }
}

/// Returns when a schedule is due next; `None` where it never is.
pub(crate) fn next(
    schedule: &str,
    repository: RepositoryId,
    stack: &StackName,
    after: i64,
) -> Option<i64> {
    let schedule = match schedule {
        "" => Schedule::default(),
        // The settings were checked when they were read.
        text => Schedule::parse(text).ok()?,
    };
    schedule.next(after, seed(repository, stack))
}

/// Returns a number of the stack's own, so that not all stacks are scanned at once.
fn seed(repository: RepositoryId, stack: &StackName) -> u64 {
    let digest = Sha256::digest(format!("{repository}/{stack}"));
    digest[..8]
        .iter()
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}
