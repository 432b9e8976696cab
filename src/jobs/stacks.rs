//! Which stacks a repository has, and when each is scanned without anybody asking.

use super::bot::Bot;
use super::find::FoundStacks;
use super::inbox::Inbox;
use super::job::{Job, Ticket, Trigger};
use super::now;
use super::scan::Scan;
use crate::model::{RepositoryId, StackName};
use crate::settings::Schedule;
use crate::store::{Request, Scheduled};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::time::Duration;

/// What a pull request is closed with whose stack is gone.
const GONE: &str = "The default branch no longer has this stack. Closed by DriftGuard.";

impl Bot {
    /// Keeps the stacks of the default branch with their schedules, and forgets those that it no longer has.
    pub(super) async fn keep_stacks(
        &self,
        scan: &Scan<'_>,
        chosen: &FoundStacks,
    ) -> anyhow::Result<()> {
        let (tenant, id) = (&scan.visit.tenant, scan.visit.id);
        let known = tenant.stacks(id).await?;
        for stack in &chosen.stacks {
            let schedule = stack.settings.schedule.to_string();
            let same = |one: &&Scheduled| one.stack == stack.name && one.schedule == schedule;
            if known.iter().any(|one| same(&one)) {
                continue;
            }
            let scheduled = Scheduled {
                stack: stack.name.clone(),
                next_at: next(&schedule, id, &stack.name, now()),
                schedule,
            };
            tenant.keep_stack(id, &scheduled).await?;
        }
        let kept: HashSet<_> = chosen.stacks.iter().map(|stack| &stack.name).collect();
        let left_out: HashSet<_> = chosen.left_out.iter().collect();
        for gone in known.iter().filter(|known| !kept.contains(&known.stack)) {
            if left_out.contains(&gone.stack) {
                // It is there still: its pull requests stay.
                tenant.drop_stack(id, &gone.stack).await?;
                continue;
            }
            for proposal in tenant.proposals(id).await? {
                if proposal.stack == gone.stack.as_str() && proposal.state.is_open() {
                    let repository = &scan.visit.repository;
                    repository.withdraw(&proposal.branch, GONE).await?;
                }
            }
            tenant.drop_stack(id, &gone.stack).await?;
        }
        Ok(())
    }
}

impl Inbox {
    /// Enqueues the scans that are due. What was missed while nothing ran is made up for by one scan a stack.
    pub async fn tick(&self, now: i64) -> anyhow::Result<()> {
        for due in self.store.due(now).await? {
            let tenant = self.store.of(due.installation);
            let request = Request {
                repository: due.repository,
                stack: Some(due.stack.as_str()),
                commit: None,
                asked_at: due.slot,
            };
            tenant.ask_scan(&request).await?;
            let job = Job::Scan {
                installation: due.installation,
                repository: due.repository,
                stack: Some(due.stack.to_string()),
                trigger: Trigger::Schedule,
            };
            let key = format!("{}/{}@{}", due.repository, due.stack, due.slot);
            self.queue
                .push(&Ticket::new(job, key), Duration::ZERO)
                .await?;
            let next = next(&due.schedule, due.repository, &due.stack, now);
            tenant.reschedule(&due, next).await?;
        }
        Ok(())
    }
}

/// When a schedule comes next; none where it never does.
fn next(schedule: &str, repository: RepositoryId, stack: &StackName, after: i64) -> Option<i64> {
    let schedule = match schedule {
        "" => Schedule::default(),
        // The settings were checked when they were read.
        text => Schedule::parse(text).ok()?,
    };
    schedule.next(after, seed(repository, stack))
}

/// A number of each stack's own: so that not all are scanned at once.
fn seed(repository: RepositoryId, stack: &StackName) -> u64 {
    let digest = Sha256::digest(format!("{repository}/{stack}"));
    digest[..8]
        .iter()
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}
