//! Stores what decisions are about, beside the finding's id: what survives an upgrade that changes the ids.

use super::scans::{Row, records};
use super::{ScanRecord, Tenant};
use crate::model::{Address, FindingId, Kind, RepositoryId, StackName};
use anyhow::Context;
use serde::{Deserialize, Serialize};

/// The scheme of finding ids in this version. Raised where the same drift gets another id than before.
pub(super) const ID_SCHEME: i64 = 2;

/// What a decision is about, without the values that its finding's id is derived from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionSubject {
    /// The kind of the finding.
    pub kind: Kind,
    /// The address; `None` for an unmanaged resource.
    pub address: Option<Address>,
    /// The managed parent of an unmanaged resource.
    pub under: Option<Address>,
    /// The resource type.
    pub tf_type: String,
    /// The id that `terraform import` takes.
    pub import_id: Option<String>,
    /// The paths of the attributes that differ.
    pub paths: Vec<String>,
}

impl Tenant<'_> {
    /// Returns the newest scans of a stack by versions with another id scheme, the newest first.
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
        .bind(ID_SCHEME)
        .bind(i64::from(most))
        .fetch_all(self.pool)
        .await
        .context("while reading an earlier version's scans")?;
        records(repository, stack, rows)
    }

    /// Returns the subjects of decisions with ids of another scheme, where they are stored.
    pub async fn former_subjects(
        &self,
        repository: RepositoryId,
        stack: &StackName,
    ) -> anyhow::Result<Vec<(FindingId, DecisionSubject)>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select finding, subject from decisions
             where installation = $1 and repository = $2 and stack = $3 and scheme < $4 and subject <> ''",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack.as_str())
        .bind(ID_SCHEME)
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

    /// Returns the decided findings whose subject is not stored.
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
        .bind(ID_SCHEME)
        .fetch_all(self.pool)
        .await
        .context("while looking for decisions")?;
        Ok(rows.into_iter().map(FindingId).collect())
    }

    /// Stores the subject of a decision whose finding has an id of this scheme.
    pub async fn save_subject(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        (finding, subject): (&FindingId, &DecisionSubject),
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
        .bind(ID_SCHEME)
        .execute(self.pool)
        .await
        .context("while recording of what a decision is")?;
        Ok(())
    }
}
