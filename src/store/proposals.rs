//! Stores the pull requests that DriftGuard opened, by branch.

use super::Tenant;
use crate::model::{Proposal, ProposalState, RepositoryId};
use anyhow::Context;

type Row = (
    String,
    String,
    String,
    i64,
    String,
    String,
    i64,
    i64,
    i64,
    String,
);

/// The query whose rows `proposal` reads.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select repository, branch, stack, number, state, findings, opened_at, changed_at, anew, closed_by
             from proposals where installation = $1 ",
            $rest
        )
    };
}

impl Tenant<'_> {
    /// Stores a proposal.
    pub async fn save_proposal(&self, proposal: &Proposal) -> anyhow::Result<()> {
        let findings =
            serde_json::to_string(&proposal.findings).context("while writing a proposal")?;
        sqlx::query(
            "insert into proposals
                 (installation, repository, branch, stack, number, state, findings, fingerprint, opened_at, changed_at, anew,
                  closed_by)
             values ($1, $2, $3, $4, $5, $6, $7, '', $8, $9, $10, $11)
             on conflict (installation, repository, branch) do update set
                 stack = excluded.stack, number = excluded.number, state = excluded.state,
                 findings = excluded.findings, opened_at = excluded.opened_at,
                 changed_at = excluded.changed_at, anew = excluded.anew, closed_by = excluded.closed_by",
        )
        .bind(&self.id)
        .bind(proposal.repository.to_string())
        .bind(&proposal.branch)
        .bind(&proposal.stack)
        .bind(i64::try_from(proposal.number).context("a pull request's number is too large")?)
        .bind(proposal.state.as_str())
        .bind(findings)
        .bind(proposal.opened_at)
        .bind(proposal.changed_at)
        .bind(i64::from(proposal.recreate))
        .bind(&proposal.closed_by)
        .execute(self.pool)
        .await
        .context("while saving a proposal")?;
        Ok(())
    }

    /// Returns the last proposal of a branch.
    pub async fn proposal(
        &self,
        repository: RepositoryId,
        branch: &str,
    ) -> anyhow::Result<Option<Proposal>> {
        let row: Option<Row> = sqlx::query_as(select!("and repository = $2 and branch = $3"))
            .bind(&self.id)
            .bind(repository.to_string())
            .bind(branch)
            .fetch_optional(self.pool)
            .await
            .context("while reading a proposal")?;
        row.map(proposal).transpose()
    }

    /// Returns the proposal with this number; `None` where the pull request is not DriftGuard's.
    pub async fn proposal_of(
        &self,
        repository: RepositoryId,
        number: u64,
    ) -> anyhow::Result<Option<Proposal>> {
        let row: Option<Row> = sqlx::query_as(select!("and repository = $2 and number = $3"))
            .bind(&self.id)
            .bind(repository.to_string())
            .bind(i64::try_from(number).unwrap_or_default())
            .fetch_optional(self.pool)
            .await
            .context("while reading a proposal")?;
        row.map(proposal).transpose()
    }

    /// Returns all proposals of a repository, by branch.
    pub async fn proposals(&self, repository: RepositoryId) -> anyhow::Result<Vec<Proposal>> {
        let rows: Vec<Row> = sqlx::query_as(select!("and repository = $2 order by branch"))
            .bind(&self.id)
            .bind(repository.to_string())
            .fetch_all(self.pool)
            .await
            .context("while reading a repository's proposals")?;
        rows.into_iter().map(proposal).collect()
    }

    /// Returns proposals of a repository that ended, the newest first.
    pub async fn ended_proposals(
        &self,
        repository: RepositoryId,
        most: usize,
    ) -> anyhow::Result<Vec<Proposal>> {
        let rows: Vec<Row> = sqlx::query_as(select!(
            "and repository = $2 and state not in ('open', 'taken_over') order by number desc, branch limit $3"
        ))
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(i64::try_from(most)?)
        .fetch_all(self.pool)
        .await
        .context("while reading a repository's ended proposals")?;
        rows.into_iter().map(proposal).collect()
    }

    /// Returns open proposals, of one repository or of all, the oldest first.
    pub async fn open_proposals(
        &self,
        repository: Option<RepositoryId>,
        most: u32,
    ) -> anyhow::Result<Vec<Proposal>> {
        let rows: Vec<Row> = sqlx::query_as(select!(
            "and ($2 = '' or repository = $2) and state in ('open', 'taken_over')
             order by opened_at, repository, branch limit $3"
        ))
        .bind(&self.id)
        .bind(repository.map(|id| id.to_string()).unwrap_or_default())
        .bind(i64::from(most))
        .fetch_all(self.pool)
        .await
        .context("while reading the open proposals")?;
        rows.into_iter().map(proposal).collect()
    }
}

fn proposal(row: Row) -> anyhow::Result<Proposal> {
    let (
        repository,
        branch,
        stack,
        number,
        state,
        findings,
        opened_at,
        changed_at,
        anew,
        closed_by,
    ) = row;
    let repository = repository.parse();
    Ok(Proposal {
        repository: RepositoryId(repository.context("while reading a proposal's repository")?),
        stack,
        number: u64::try_from(number).context("a proposal's number is negative")?,
        state: ProposalState::parse(&state)
            .with_context(|| format!("`{state}` is no state of a proposal"))?,
        findings: serde_json::from_str(&findings).context("while reading a proposal's findings")?,
        branch,
        opened_at,
        changed_at,
        recreate: anew != 0,
        closed_by,
    })
}
