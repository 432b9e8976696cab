//! Enqueues what people ask for on a page or by the API.

use super::inbox::Inbox;
use super::job::{Job, OrderOrigin, QueuedJob, RepositoryTask, Trigger};
use super::now;
use crate::model::{ApiKeyUse, InstallationId, RepositoryId, StackName, masked};
use crate::store::ScanRequest;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The longest command, in characters.
pub const MAX_COMMAND: usize = 1_000;

/// An order of a person, who may write to the repository: the caller has asked GitHub.
#[derive(Debug, Clone, Copy)]
pub struct OrderRequest<'a> {
    /// The tenant.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// The stack that the order is about, which alone it changes.
    pub stack: &'a StackName,
    /// The command, without `/driftguard`, as in `restore f-1c9e`; at most `MAX_COMMAND` characters.
    pub command: &'a str,
    /// The login of the person.
    pub person: &'a str,
    /// Where the order comes from.
    pub via: OrderOrigin,
    /// The key of the API that it comes with; `None` from a page.
    pub key: Option<&'a ApiKeyUse>,
    /// The id of the order: a repetition, as of a double click, has the same one.
    pub id: &'a str,
}

impl Inbox {
    /// Enqueues an order, and returns once it is committed. False where one with the same id was enqueued for the
    /// repository before: an order has its effect once, however often it is sent.
    ///
    /// # Errors
    /// The command is too long, or the database failed.
    pub async fn order(&self, request: &OrderRequest<'_>) -> anyhow::Result<bool> {
        let length = request.command.chars().count();
        anyhow::ensure!(length <= MAX_COMMAND, "a command is too long");
        let id = order_id(request.id);
        let (installation, repository) = (request.installation, request.repository);
        let key = format!("order/{installation}/{repository}/{id}");
        let task = RepositoryTask::Order {
            command: masked(&on_a_line(request.command)).into_owned(),
            person: request.person.to_owned(),
            at: now(),
            via: request.via,
            id,
            stack: Some(request.stack.clone()),
            key: request.key.cloned(),
        };
        let job = Job::Task {
            installation,
            repository,
            task,
        };
        let queued = QueuedJob::new(job, key);
        self.queue.push(&queued, Duration::ZERO).await
    }
}

/// Returns the id of an order as its job has it, of that of its request.
pub fn order_id(request_id: &str) -> String {
    hex::encode(Sha256::digest(request_id))
}

/// A stack to scan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StackScan {
    /// The tenant.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// The stack.
    pub stack: StackName,
}

impl Inbox {
    /// Requests a scan of a stack, and enqueues it under a key, to be taken after a delay. `asked_at` is when it was asked
    /// for, in epoch milliseconds. False where one with the same key was enqueued before.
    pub async fn scan(
        &self,
        scan: &StackScan,
        trigger: Trigger,
        asked_at: i64,
        (key, delay): (String, Duration),
    ) -> anyhow::Result<bool> {
        let request = ScanRequest {
            repository: scan.repository,
            stack: Some(scan.stack.as_str()),
            commit: None,
            asked_at,
        };
        self.store
            .of(scan.installation)
            .request_scan(&request)
            .await?;
        let job = Job::Scan {
            installation: scan.installation,
            repository: scan.repository,
            stack: Some(scan.stack.to_string()),
            trigger,
        };
        self.queue.push(&QueuedJob::new(job, key), delay).await
    }
}

/// Joins the lines of a text: a second one would be another command.
fn on_a_line(text: &str) -> String {
    text.replace(
        |c: char| c.is_control() || "\u{2028}\u{2029}".contains(c),
        " ",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_one_line() {
        let text = "ignore f-1 x\n/driftguard adopt all\r\n\u{2028}\0";
        let line = on_a_line(text);
        assert!(line.starts_with("ignore f-1 x /driftguard adopt all"));
        assert!(!line.contains(['\n', '\r', '\u{2028}', '\0']));
    }
}
