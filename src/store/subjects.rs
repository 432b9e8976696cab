//! Of what decisions are, and which form the ids of findings had: what outlives an upgrade that changes ids.

use super::scans::{Row, records};
use super::{ScanRecord, Tenant};
use crate::model::{Address, FindingId, Kind, RepositoryId, StackName};
use anyhow::Context;
use serde::{Deserialize, Serialize};

/// The form that ids of findings have in this version. It is raised where the same drift gets another id than before.
pub(super) const SCHEME: i64 = 2;

/// What a decision is about, beside the values that its finding's id holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What happened.
    pub kind: Kind,
    /// Its address; none where no state claims it.
    pub address: Option<Address>,
    /// The managed parent of what no state claims.
    pub under: Option<Address>,
    /// Its type.
    pub tf_type: String,
    /// What `terraform import` takes.
    pub import_id: Option<String>,
    /// The attributes that differ.
    pub paths: Vec<String>,
}

impl Tenant<'_> {
    /// The newest scans of a stack by versions whose ids had another form, the newest first.
    pub async fn former_scans(
        &self,
        repository: RepositoryId,
        stack: &str,
        most: u32,
    ) -> anyhow::Result<Vec<ScanRecord>> {
        let rows: Vec<Row> = sqlx::query_as(
            "select scan, commit_id, outcome, finished_at from scans
             where installation = $1 and repository = $2 and stack = $3 and scheme < $4
             order by finished_at desc limit $5",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack)
        .bind(SCHEME)
        .bind(i64::from(most))
        .fetch_all(self.pool)
        .await
        .context("while reading an earlier version's scans")?;
        records(repository, stack, rows)
    }

    /// Of what the decisions about ids of another form are, as far as it was noted.
    pub async fn former_subjects(
        &self,
        repository: RepositoryId,
        stack: &StackName,
    ) -> anyhow::Result<Vec<(FindingId, Subject)>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select finding, subject from decisions
             where installation = $1 and repository = $2 and stack = $3 and scheme < $4 and subject <> ''",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack.as_str())
        .bind(SCHEME)
        .fetch_all(self.pool)
        .await
        .context("while reading of what decisions are")?;
        let read = |(finding, subject): (String, String)| {
            let subject =
                serde_json::from_str(&subject).context("while reading of what a decision is")?;
            Ok((FindingId(finding), subject))
        };
        rows.into_iter().map(read).collect()
    }

    /// The findings about which something was decided, and of which is not noted what they are of.
    pub async fn without_subject(
        &self,
        repository: RepositoryId,
        stack: &StackName,
    ) -> anyhow::Result<Vec<FindingId>> {
        let rows: Vec<String> = sqlx::query_scalar(
            "select finding from decisions
             where installation = $1 and repository = $2 and stack = $3 and (scheme < $4 or subject = '')",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack.as_str())
        .bind(SCHEME)
        .fetch_all(self.pool)
        .await
        .context("while looking for decisions")?;
        Ok(rows.into_iter().map(FindingId).collect())
    }

    /// Notes of what the decision about a finding is, whose id has this version's form.
    pub async fn note_subject(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        (finding, subject): (&FindingId, &Subject),
    ) -> anyhow::Result<()> {
        let subject =
            serde_json::to_string(subject).context("while writing of what a decision is")?;
        sqlx::query(
            "update decisions set subject = $5, scheme = $6
             where installation = $1 and repository = $2 and stack = $3 and finding = $4",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack.as_str())
        .bind(&finding.0)
        .bind(subject)
        .bind(SCHEME)
        .execute(self.pool)
        .await
        .context("while noting of what a decision is")?;
        Ok(())
    }
}
