//! Stores what people accept of each stack, by its last completed scan.

use super::{Tenant, storable};
use crate::model::{AcceptedDifference, FindingId, RepositoryId, Severity, StackName};
use anyhow::Context;
use sqlx::AssertSqlSafe;

/// The most rows that one statement writes.
const ROWS: usize = 100;

/// The day behind all others, which stands for none.
const FOR_GOOD: &str = "9999-12-31";

/// Where a part of the list ends; the next one goes on behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedPlace {
    /// When the last difference ends, as the table has it.
    pub until: String,
    /// The repository, as the table has it.
    pub repository: String,
    /// The stack.
    pub stack: String,
    /// The finding.
    pub finding: String,
}

/// An accepted difference with its stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedRecord {
    /// The repository.
    pub repository: RepositoryId,
    /// The stack.
    pub stack: StackName,
    /// The difference.
    pub difference: AcceptedDifference,
    /// Its place in the list.
    pub place: AcceptedPlace,
}

type Row = (
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    String,
);

impl Tenant<'_> {
    /// Stores what people accept of a stack, in place of what was known.
    pub(super) async fn save_accepted(
        &self,
        repository: RepositoryId,
        stack: &str,
        accepted: &[AcceptedDifference],
    ) -> anyhow::Result<()> {
        sqlx::query(
            "delete from accepted_differences where installation = $1 and repository = $2 and stack = $3",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(stack)
        .execute(self.pool)
        .await
        .context("while deleting accepted differences")?;
        for some in accepted.chunks(ROWS) {
            let rows: Vec<_> = (0..some.len()).map(row).collect();
            let statement = format!(
                "insert into accepted_differences (installation, repository, stack, finding, name, severity, until, reason, owner)
                 values {} on conflict do nothing",
                rows.join(", ")
            );
            let mut query = sqlx::query(AssertSqlSafe(statement))
                .bind(&self.id)
                .bind(repository.to_string())
                .bind(stack);
            for known in some {
                query = query
                    .bind(&known.finding.0)
                    .bind(storable(&known.name))
                    .bind(known.severity.as_str())
                    .bind(known.until.as_deref().unwrap_or(FOR_GOOD))
                    .bind(storable(&known.reason))
                    .bind(storable(&known.owner));
            }
            let done = query.execute(self.pool).await;
            done.context("while saving accepted differences")?;
        }
        Ok(())
    }

    /// Returns a part of what people accept, in one repository or in all, what ends soonest first, and where the list goes
    /// on.
    pub async fn accepted(
        &self,
        only: Option<RepositoryId>,
        behind: Option<&AcceptedPlace>,
        most: u32,
    ) -> anyhow::Result<(Vec<AcceptedRecord>, Option<AcceptedPlace>)> {
        let [until, repository, stack, finding] = match behind {
            Some(place) => [
                &place.until,
                &place.repository,
                &place.stack,
                &place.finding,
            ]
            .map(String::as_str),
            None => [""; 4],
        };
        let rows: Vec<Row> = sqlx::query_as(
            "select repository, stack, finding, name, severity, until, reason, owner from accepted_differences
             where installation = $1 and (until, repository, stack, finding) > ($2, $3, $4, $5)
                 and ($7 = '' or repository = $7)
             order by until, repository, stack, finding limit $6",
        )
        .bind(&self.id)
        .bind(until)
        .bind(repository)
        .bind(stack)
        .bind(finding)
        .bind(i64::from(most))
        .bind(only.map(|id| id.to_string()).unwrap_or_default())
        .fetch_all(self.pool)
        .await
        .context("while reading the accepted differences")?;
        let is_cut = u32::try_from(rows.len()).is_ok_and(|count| count == most);
        let last = rows.last().filter(|_| is_cut).map(place);
        Ok((rows.into_iter().filter_map(record).collect(), last))
    }
}

/// Writes the parameters of a row: the first three of the statement are the stack's.
fn row(at: usize) -> String {
    let first = 4 + at * 6;
    let own: Vec<_> = (first..first + 6)
        .map(|place| format!("${place}"))
        .collect();
    format!("($1, $2, $3, {})", own.join(", "))
}

fn place((repository, stack, finding, _, _, until, ..): &Row) -> AcceptedPlace {
    AcceptedPlace {
        until: until.clone(),
        repository: repository.clone(),
        stack: stack.clone(),
        finding: finding.clone(),
    }
}

fn record(row: Row) -> Option<AcceptedRecord> {
    let place = place(&row);
    let (repository, stack, finding, name, severity, until, reason, owner) = row;
    Some(AcceptedRecord {
        repository: RepositoryId(repository.parse().ok()?),
        stack: StackName::new(&stack)?,
        difference: AcceptedDifference {
            finding: FindingId(finding),
            name,
            severity: Severity::named(&severity).unwrap_or_default(),
            until: Some(until).filter(|until| until != FOR_GOOD),
            reason,
            owner,
        },
        place,
    })
}
