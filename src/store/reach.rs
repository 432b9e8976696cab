//! The rows that a key of the API reaches, and nothing else of the organisation's.
//!
//! The API has no other way to rows. Of a person's key, each statement leaves out repositories that are none of the key's,
//! or about which GitHub's word is too old; what has no repository is not reached.

use super::{
    AnswerStart, ApiDecision, ApiKeyRecord, FindingFilter, FindingPlace, FoundFindings,
    ListedStack, ListedStacks, Reports, Repository, RequestedScan, ScanRecord, StackPlace, Store,
    Tenant, Workspace,
};
use crate::model::{AuditEntry, RepositoryId, WorkspaceId};
use std::time::Duration;

/// The rows that a key of the API reaches.
#[derive(Debug, Clone)]
pub struct Reach<'a>(Tenant<'a>);

impl Store {
    /// Returns the rows that a key reaches.
    pub fn reach(&self, key: &ApiKeyRecord) -> Reach<'_> {
        let tenant = self.of(key.installation);
        let person = key.owner.person();
        Reach(Tenant {
            key: person.map_or_else(String::new, |_| key.prefix.clone()),
            ..tenant
        })
    }
}

impl Reach<'_> {
    /// Returns whether the key reaches workspaces without a repository, and may create them.
    pub fn has_own_workspaces(&self) -> bool {
        self.0.key.is_empty()
    }

    /// Returns the workspace with this id.
    pub async fn listed_stack(&self, id: &WorkspaceId) -> anyhow::Result<Option<ListedStack>> {
        self.0.listed_stack(id.repository, &id.stack).await
    }

    /// Returns workspaces, the most urgent first: those behind a place.
    pub async fn stacks_by_urgency(
        &self,
        behind: Option<&StackPlace>,
        most: u32,
    ) -> anyhow::Result<ListedStacks> {
        self.0.stacks_by_urgency(behind, most).await
    }

    /// Returns findings of all workspaces, those behind a place.
    pub async fn findings(
        &self,
        filter: &FindingFilter,
        behind: &FindingPlace,
        most: u32,
    ) -> anyhow::Result<FoundFindings> {
        self.0.findings(filter, behind, most).await
    }

    /// Returns the last reports of a workspace, the newest first.
    pub fn reports<'a>(&'a self, id: &'a WorkspaceId) -> Reports<'a> {
        self.0.reports(id.repository, &id.stack)
    }

    /// Returns the scan of a workspace that finished at a moment.
    pub async fn scan_finished_at(
        &self,
        id: &WorkspaceId,
        finished_at: i64,
    ) -> anyhow::Result<Option<ScanRecord>> {
        let stack = id.stack.as_str();
        self.0
            .scan_finished_at(id.repository, stack, finished_at)
            .await
    }

    /// Returns a requested scan.
    pub async fn requested_scan(&self, id: &str) -> anyhow::Result<Option<RequestedScan>> {
        self.0.requested_scan(id).await
    }

    /// Returns when the first scan of a request's workspace finished that began after the request.
    pub async fn scan_of_request(&self, request: &RequestedScan) -> anyhow::Result<Option<i64>> {
        let (repository, stack) = (request.workspace.repository, &request.workspace.stack);
        self.0
            .scan_begun_since(repository, stack, request.requested_at)
            .await
    }

    /// Stores the request of a scan, unless another one of the workspace runs. Returns whether it was stored.
    pub async fn add_requested_scan(
        &self,
        id: &str,
        workspace: &WorkspaceId,
        moment: (i64, Option<Duration>),
    ) -> anyhow::Result<bool> {
        match self.listed_stack(workspace).await? {
            Some(_) => self.0.add_requested_scan(id, workspace, moment).await,
            None => Ok(false),
        }
    }

    /// Records that the scan of a request finished at a moment.
    pub async fn end_requested_scan(&self, request: &str, at: i64) -> anyhow::Result<()> {
        self.0.end_requested_scan(request, Ok(at)).await
    }

    /// Returns the mean time from the first scan with a finding of a workspace to the one that found it resolved since a
    /// moment, in milliseconds.
    pub async fn mean_time_to_repair(
        &self,
        id: &WorkspaceId,
        since: i64,
    ) -> anyhow::Result<Option<i64>> {
        self.0
            .mean_time_to_repair(id.repository, &id.stack, since)
            .await
    }

    /// Stores a decision that is to be carried out.
    pub async fn add_api_decision(
        &self,
        order_id: &str,
        decision: &ApiDecision,
    ) -> anyhow::Result<()> {
        self.0.add_api_decision(order_id, decision).await
    }

    /// Returns the decision that an order carries out, if its workspace is reached.
    pub async fn api_decision(&self, order_id: &str) -> anyhow::Result<Option<ApiDecision>> {
        let Some(decision) = self.0.api_decision(order_id).await? else {
            return Ok(None);
        };
        let workspace = self.listed_stack(&decision.workspace).await?;
        Ok(workspace.map(|_| decision))
    }

    /// Writes an entry of a repository into the audit log.
    pub async fn record_audit(
        &self,
        repository: RepositoryId,
        entry: &AuditEntry,
    ) -> anyhow::Result<()> {
        self.0.record_audit(repository, entry).await
    }

    /// Returns the repositories, by name.
    pub async fn repositories(&self) -> anyhow::Result<Vec<Repository>> {
        self.0.repositories().await
    }

    /// Returns the workspaces that were created through the API.
    pub async fn own_workspaces(&self) -> anyhow::Result<Vec<Workspace>> {
        match self.has_own_workspaces() {
            true => self.0.workspaces().await,
            false => Ok(Vec::new()),
        }
    }

    /// Returns a workspace that was created through the API.
    pub async fn own_workspace(&self, id: &WorkspaceId) -> anyhow::Result<Option<Workspace>> {
        match self.has_own_workspaces() {
            true => self.0.workspace(id).await,
            false => Ok(None),
        }
    }

    /// Stores a new workspace, unless there are too many. Returns whether it was stored.
    pub async fn add_own_workspace(&self, new: &Workspace, most: u32) -> anyhow::Result<bool> {
        match self.has_own_workspaces() {
            true => self.0.add_workspace(new, most).await,
            false => Ok(false),
        }
    }

    /// Deletes a workspace that was created through the API. Returns false where there is none.
    pub async fn delete_own_workspace(&self, id: &WorkspaceId) -> anyhow::Result<bool> {
        match self.has_own_workspaces() {
            true => self.0.delete_workspace(id).await,
            false => Ok(false),
        }
    }

    /// Begins to answer a request, with this seed where it is the first of its name.
    pub async fn begin_answer(
        &self,
        name: &str,
        request: &str,
        begun: (&str, i64),
    ) -> anyhow::Result<AnswerStart> {
        self.0.begin_answer(name, request, begun).await
    }

    /// Keeps an answer.
    pub async fn keep_answer(&self, name: &str, status: u16, body: &str) -> anyhow::Result<()> {
        self.0.keep_answer(name, status, body).await
    }

    /// Forgets that a request was begun: it had no effect.
    pub async fn forget_answer(&self, name: &str) -> anyhow::Result<()> {
        self.0.forget_answer(name).await
    }
}
