//! Stores the decisions that keys of the API sent, and what came of each.

use super::old_rows::OldRows;
use super::{Store, Tenant, storable};
use crate::model::{RepositoryId, StackName, WorkspaceId, masked};
use anyhow::Context;

/// The most characters of a reason that are stored.
const MAX_PROBLEM: usize = 1_000;

/// How far a decision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionStatus {
    /// Its job waits for its turn.
    Queued,
    /// It was carried out: the scan that follows acts on it.
    Done,
    /// Nothing came of it.
    NotDone,
}

impl DecisionStatus {
    /// Returns the name, as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Done => "done",
            Self::NotDone => "not_done",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Queued, Self::Done, Self::NotDone]
            .into_iter()
            .find(|status| status.as_str() == name)
    }
}

/// A decision that a key of the API sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiDecision {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The id of the finding.
    pub finding: String,
    /// How far it is.
    pub status: DecisionStatus,
    /// Why nothing came of it; empty where something did, or may yet.
    pub problem: String,
    /// When it was sent, in epoch milliseconds.
    pub requested_at: i64,
}

type Row = (String, String, String, String, String, i64);

impl Store {
    /// Deletes the decisions that were sent before a moment.
    pub async fn delete_api_decisions(&self, before: i64) -> anyhow::Result<()> {
        let old = OldRows {
            table: "api_decisions",
            key: "installation, order_id",
            condition: "requested_at < $1",
        };
        old.delete(&self.pool, before).await?;
        Ok(())
    }
}

impl Tenant<'_> {
    /// Stores a decision that is to be carried out by the order with this id, unless it is stored already.
    pub async fn add_api_decision(
        &self,
        order_id: &str,
        decision: &ApiDecision,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "insert into api_decisions
                 (installation, order_id, repository, stack, finding, status, problem, requested_at)
             values ($1, $2, $3, $4, $5, $6, '', $7) on conflict do nothing",
        )
        .bind(&self.id)
        .bind(order_id)
        .bind(decision.workspace.repository.to_string())
        .bind(decision.workspace.stack.as_str())
        .bind(storable(&decision.finding))
        .bind(decision.status.as_str())
        .bind(decision.requested_at)
        .execute(self.pool)
        .await
        .context("while saving a decision of the API")?;
        Ok(())
    }

    /// Returns the decision that the order with this id carries out.
    pub async fn api_decision(&self, order_id: &str) -> anyhow::Result<Option<ApiDecision>> {
        let row: Option<Row> = sqlx::query_as(
            "select repository, stack, finding, status, problem, requested_at from api_decisions
             where installation = $1 and order_id = $2",
        )
        .bind(&self.id)
        .bind(order_id)
        .fetch_optional(self.pool)
        .await
        .context("while reading a decision of the API")?;
        Ok(row.and_then(decision))
    }

    /// Records what came of the decision that an order carries out: why nothing did, if so.
    pub async fn end_api_decision(
        &self,
        order_id: &str,
        end: Result<(), &str>,
    ) -> anyhow::Result<()> {
        let status = match end {
            Ok(()) => DecisionStatus::Done,
            Err(_) => DecisionStatus::NotDone,
        };
        let statement = "update api_decisions set status = $3, problem = $4 where installation = $1 and order_id = $2";
        self.write_end(statement, order_id, (status, end.err().unwrap_or_default()))
            .await
    }

    /// Records why nothing comes any more of a decision that is still queued.
    pub async fn abandon_api_decision(&self, order_id: &str, problem: &str) -> anyhow::Result<()> {
        let statement = "update api_decisions set status = $3, problem = $4
             where installation = $1 and order_id = $2 and status = 'queued'";
        self.write_end(statement, order_id, (DecisionStatus::NotDone, problem))
            .await
    }

    async fn write_end(
        &self,
        statement: &'static str,
        order_id: &str,
        (status, problem): (DecisionStatus, &str),
    ) -> anyhow::Result<()> {
        let problem = storable(&masked(problem));
        let problem: String = problem.chars().take(MAX_PROBLEM).collect();
        sqlx::query(statement)
            .bind(&self.id)
            .bind(order_id)
            .bind(status.as_str())
            .bind(problem)
            .execute(self.pool)
            .await
            .context("while recording what came of a decision of the API")?;
        Ok(())
    }
}

fn decision(row: Row) -> Option<ApiDecision> {
    let (repository, stack, finding, status, problem, requested_at) = row;
    Some(ApiDecision {
        workspace: WorkspaceId {
            repository: RepositoryId(repository.parse().ok()?),
            stack: StackName::new(&stack)?,
        },
        finding,
        status: DecisionStatus::named(&status)?,
        problem,
        requested_at,
    })
}
