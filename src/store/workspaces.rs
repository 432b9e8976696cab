//! Stores the workspaces that were created through the API. Their scans and history are those of a stack without a
//! repository.

use super::limit_locks::lock_limits;
use super::{StackSchedule, Tenant};
use crate::model::{RepositoryId, StackName, WorkspaceId};
use anyhow::Context;

/// A workspace that was created through the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The id.
    pub id: WorkspaceId,
    /// The name, for people.
    pub name: String,
    /// The region of resources where neither code nor state names one.
    pub region: String,
    /// The role that reads AWS; `None` for the server's own credentials.
    pub role_arn: Option<String>,
    /// Where its state is, as `s3://bucket/key`; `None` where states are uploaded.
    pub state: Option<String>,
    /// When it was created, in epoch milliseconds.
    pub created_at: i64,
}

type Row = (String, String, String, String, String, i64);

impl Tenant<'_> {
    /// Stores a new workspace, unless there are too many. Returns whether it was stored.
    pub async fn add_workspace(&self, workspace: &Workspace, most: u32) -> anyhow::Result<bool> {
        let transaction = self.pool.begin().await;
        let transaction = transaction.context("while starting a transaction")?;
        lock_limits(&transaction, &self.id).await?;
        let within = Tenant {
            pool: transaction.handle(),
            clock: self.clock,
            id: self.id.clone(),
            key: self.key.clone(),
        };
        let done = sqlx::query(
            "insert into workspaces (installation, workspace, name, region, role_arn, state, created_at)
             select $1, $2, $3, $4, $5, $6, $7
             where (select count(*) from workspaces where installation = $1) < $8",
        )
        .bind(&self.id)
        .bind(workspace.id.stack.as_str())
        .bind(&workspace.name)
        .bind(&workspace.region)
        .bind(workspace.role_arn.as_deref().unwrap_or_default())
        .bind(workspace.state.as_deref().unwrap_or_default())
        .bind(workspace.created_at)
        .bind(i64::from(most))
        .execute(within.pool)
        .await
        .context("while saving a workspace")?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let stack = StackSchedule {
            stack: workspace.id.stack.clone(),
            schedule: "off".to_owned(),
            next_at: None,
        };
        within.save_stack(RepositoryId::NONE, &stack).await?;
        let committed = transaction.commit().await;
        committed.context("while saving a workspace")?;
        Ok(true)
    }

    /// Returns a workspace.
    pub async fn workspace(&self, id: &WorkspaceId) -> anyhow::Result<Option<Workspace>> {
        let row: Option<Row> = sqlx::query_as(
            "select workspace, name, region, role_arn, state, created_at from workspaces
             where installation = $1 and workspace = $2",
        )
        .bind(&self.id)
        .bind(id.stack.as_str())
        .fetch_optional(self.pool)
        .await
        .context("while reading a workspace")?;
        Ok(row.and_then(workspace).filter(|found| found.id == *id))
    }

    /// Returns all workspaces that were created through the API.
    pub async fn workspaces(&self) -> anyhow::Result<Vec<Workspace>> {
        let rows: Vec<Row> = sqlx::query_as(
            "select workspace, name, region, role_arn, state, created_at from workspaces
             where installation = $1 order by workspace",
        )
        .bind(&self.id)
        .fetch_all(self.pool)
        .await
        .context("while listing workspaces")?;
        Ok(rows.into_iter().filter_map(workspace).collect())
    }

    /// Deletes a workspace, with its scans and history. Returns false where there is none.
    pub async fn delete_workspace(&self, id: &WorkspaceId) -> anyhow::Result<bool> {
        let transaction = self.pool.begin().await;
        let transaction = transaction.context("while starting a transaction")?;
        let mut found = false;
        for (at, statement) in [
            "delete from workspaces where installation = $1 and workspace = $3 and $2 = '0'",
            "delete from stacks where installation = $1 and repository = $2 and stack = $3",
            "delete from scans where installation = $1 and repository = $2 and stack = $3",
            "delete from requested_scans where installation = $1 and repository = $2 and stack = $3",
            "delete from finding_history where installation = $1 and repository = $2 and stack = $3",
            "delete from stack_history where installation = $1 and repository = $2 and stack = $3",
            "delete from decisions where installation = $1 and repository = $2 and stack = $3",
            "delete from accepted_differences where installation = $1 and repository = $2 and stack = $3",
        ]
        .into_iter()
        .enumerate()
        {
            let done = sqlx::query(statement)
                .bind(&self.id)
                .bind(RepositoryId::NONE.to_string())
                .bind(id.stack.as_str())
                .execute(transaction.handle())
                .await
                .context("while deleting a workspace")?;
            found |= at == 0 && done.rows_affected() > 0;
        }
        let committed = transaction.commit().await;
        committed.context("while deleting a workspace")?;
        Ok(found)
    }
}

fn workspace((id, name, region, role_arn, state, created_at): Row) -> Option<Workspace> {
    let named = |text: String| (!text.is_empty()).then_some(text);
    Some(Workspace {
        id: WorkspaceId {
            repository: RepositoryId::NONE,
            stack: StackName::new(&id)?,
        },
        name,
        region,
        role_arn: named(role_arn),
        state: named(state),
        created_at,
    })
}
