//! Stores people's decisions about findings.

use super::Tenant;
use crate::model::{Decision, RepositoryId, StackName};
use anyhow::Context;

impl Tenant<'_> {
    /// Stores a decision, in place of an earlier one about the same finding.
    pub async fn save_decision(
        &self,
        repository: RepositoryId,
        decision: &Decision,
    ) -> anyhow::Result<()> {
        let text = serde_json::to_string(decision).context("while writing a decision")?;
        sqlx::query(
            "insert into decisions (installation, repository, stack, finding, decision, decided_at)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (installation, repository, stack, finding) do update set
                 decision = excluded.decision, decided_at = excluded.decided_at
             where excluded.decided_at >= decisions.decided_at",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(decision.stack.as_str())
        .bind(&decision.finding.0)
        .bind(text)
        .bind(decision.decided_at)
        .execute(self.pool)
        .await
        .context("while saving a decision")?;
        Ok(())
    }

    /// Returns the decisions about a repository's findings, by stack and finding.
    pub async fn decisions(&self, repository: RepositoryId) -> anyhow::Result<Vec<Decision>> {
        let rows: Vec<String> = sqlx::query_scalar(
            "select decision from decisions where installation = $1 and repository = $2 order by stack, finding",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .fetch_all(self.pool)
        .await
        .context("while reading decisions")?;
        rows.iter()
            .map(|row| serde_json::from_str(row).context("while reading a decision"))
            .collect()
    }

    /// Deletes a decision.
    pub async fn delete_decision(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        finding: &str,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "delete from decisions where installation = $1 and repository = $2 and stack = $3 and finding = $4",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack.as_str())
        .bind(finding)
        .execute(self.pool)
        .await
        .context("while deleting a decision")?;
        Ok(())
    }
}
