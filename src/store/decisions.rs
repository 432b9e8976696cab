//! Stores people's decisions about findings.

use super::Tenant;
use crate::model::{Choice, Decision, RepositoryId, StackName};
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

    /// Returns the decisions about merged restores that wait for an apply, of one repository or of all, the oldest first.
    pub async fn applying_decisions(
        &self,
        repository: Option<RepositoryId>,
        most: u32,
    ) -> anyhow::Result<Vec<(RepositoryId, Decision)>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            r#"select repository, decision from decisions
               where installation = $1 and ($2 = '' or repository = $2) and decision like '%"choice":"applying"%'
               order by decided_at, repository, stack, finding limit $3"#,
        )
        .bind(&self.id)
        .bind(repository.map(|id| id.to_string()).unwrap_or_default())
        .bind(i64::from(most))
        .fetch_all(self.pool)
        .await
        .context("while looking for restores that wait for an apply")?;
        let read = |(repository, decision): (String, String)| {
            let decision: Decision = serde_json::from_str(&decision).ok()?;
            let repository = RepositoryId(repository.parse().ok()?);
            let is_applying = matches!(decision.choice, Choice::Applying { .. });
            is_applying.then_some((repository, decision))
        };
        Ok(rows.into_iter().filter_map(read).collect())
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
