//! The pull requests that DriftGuard opened, by branch.

use super::Tenant;
use crate::model::RepositoryId;
use anyhow::Context;

/// A pull request of DriftGuard's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The repository.
    pub repository: RepositoryId,
    /// The branch, which is its identity.
    pub branch: String,
    /// The stack it mends.
    pub stack: String,
    /// Its number.
    pub number: u64,
    /// How it stands.
    pub state: ProposalState,
    /// The ids of the findings it mends.
    pub findings: Vec<String>,
    /// A hash of the drifted values: once declined, it stays so until this changes.
    pub fingerprint: String,
    /// When it last changed, in epoch milliseconds.
    pub changed_at: i64,
}

/// How a pull request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalState {
    /// Open.
    Open,
    /// Closed by DriftGuard: nothing was left to mend.
    Closed,
    /// Merged.
    Merged,
    /// Closed unmerged by a human.
    Declined,
}

impl ProposalState {
    const NAMES: [(Self, &'static str); 4] = [
        (Self::Open, "open"),
        (Self::Closed, "closed"),
        (Self::Merged, "merged"),
        (Self::Declined, "declined"),
    ];

    fn as_str(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(state, _)| *state == self);
        found.map_or("", |(_, name)| name)
    }

    fn of(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(state, _)| *state)
    }
}

type Row = (String, String, i64, String, String, String, i64);

impl Tenant<'_> {
    /// Keeps a proposal as it is now.
    pub async fn keep_proposal(&self, proposal: &Proposal) -> anyhow::Result<()> {
        let findings =
            serde_json::to_string(&proposal.findings).context("while writing a proposal")?;
        sqlx::query(
            "insert into proposals
                 (installation, repository, branch, stack, number, state, findings, fingerprint, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (installation, repository, branch) do update set
                 stack = excluded.stack, number = excluded.number, state = excluded.state,
                 findings = excluded.findings, fingerprint = excluded.fingerprint,
                 changed_at = excluded.changed_at",
        )
        .bind(&self.id)
        .bind(proposal.repository.to_string())
        .bind(&proposal.branch)
        .bind(&proposal.stack)
        .bind(i64::try_from(proposal.number).context("a pull request's number is too large")?)
        .bind(proposal.state.as_str())
        .bind(findings)
        .bind(&proposal.fingerprint)
        .bind(proposal.changed_at)
        .execute(self.pool)
        .await
        .context("while keeping a proposal")?;
        Ok(())
    }

    /// Notes how a pull request stands. One that is none of DriftGuard's changes nothing.
    pub async fn settle_proposal(
        &self,
        repository: RepositoryId,
        number: u64,
        state: ProposalState,
        now: i64,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "update proposals set state = $4, changed_at = $5
             where installation = $1 and repository = $2 and number = $3 and state <> $4",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(i64::try_from(number).unwrap_or_default())
        .bind(state.as_str())
        .bind(now)
        .execute(self.pool)
        .await
        .context("while settling a proposal")?;
        Ok(())
    }

    /// The last proposal on a branch.
    pub async fn proposal(
        &self,
        repository: RepositoryId,
        branch: &str,
    ) -> anyhow::Result<Option<Proposal>> {
        let row: Option<Row> = sqlx::query_as(
            "select branch, stack, number, state, findings, fingerprint, changed_at from proposals
             where installation = $1 and repository = $2 and branch = $3",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(branch)
        .fetch_optional(self.pool)
        .await
        .context("while reading a proposal")?;
        row.map(|row| proposal(repository, row)).transpose()
    }

    /// All proposals of a stack, by branch.
    pub async fn proposals(
        &self,
        repository: RepositoryId,
        stack: &str,
    ) -> anyhow::Result<Vec<Proposal>> {
        let rows: Vec<Row> = sqlx::query_as(
            "select branch, stack, number, state, findings, fingerprint, changed_at from proposals
             where installation = $1 and repository = $2 and stack = $3 order by branch",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack)
        .fetch_all(self.pool)
        .await
        .context("while reading a stack's proposals")?;
        rows.into_iter()
            .map(|row| proposal(repository, row))
            .collect()
    }
}

fn proposal(repository: RepositoryId, row: Row) -> anyhow::Result<Proposal> {
    let (branch, stack, number, state, findings, fingerprint, changed_at) = row;
    Ok(Proposal {
        repository,
        stack,
        number: u64::try_from(number).context("a proposal's number is negative")?,
        state: ProposalState::of(&state)
            .with_context(|| format!("`{state}` is no state of a proposal"))?,
        findings: serde_json::from_str(&findings).context("while reading a proposal's findings")?,
        branch,
        fingerprint,
        changed_at,
    })
}
