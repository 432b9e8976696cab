//! Stores the last scan of each stack in brief, for lists of many stacks: on the stacks' own rows, so that it goes with
//! them.

use super::Tenant;
use super::handle::Handle;
use crate::model::{RepositoryId, StackName, StackSummary};
use anyhow::Context;
use sqlx::AssertSqlSafe;

/// A stack in a list, the most urgent first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedStack {
    /// The repository.
    pub repository: RepositoryId,
    /// The stack.
    pub stack: StackName,
    /// The last scan in brief; `None` where the stack was not scanned yet.
    pub summary: Option<StackSummary>,
    /// When the last scan finished, in epoch milliseconds; 0 where there is none.
    pub scanned_at: i64,
    /// When the stack is due, in epoch milliseconds; `None` where only pushes and people start a scan.
    pub next_at: Option<i64>,
    /// The place in the list.
    pub place: StackPlace,
}

/// The place of a stack in the list of an installation: the list goes on behind it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StackPlace {
    /// The rank of its urgency: 0 is the most urgent.
    pub rank: i64,
    /// The repository's id.
    pub repository: String,
    /// The stack's name.
    pub stack: String,
}

/// A part of the list of an installation's stacks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListedStacks {
    /// The stacks.
    pub stacks: Vec<ListedStack>,
    /// Where the list goes on; `None` at its end.
    pub next: Option<StackPlace>,
}

type Row = (i64, String, String, String, i64, i64);

/// The query whose rows `listed` reads.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select urgency_rank, repository, stack, summary, scanned_at, next_at from stacks where installation = $1 ",
            $rest
        )
    };
}

impl Tenant<'_> {
    /// Returns stacks of all repositories that are reached, the most urgent first: those behind a place. Whoever shows
    /// them to a person leaves out the repositories that the person does not see.
    pub async fn stacks_by_urgency(
        &self,
        behind: Option<&StackPlace>,
        most: u32,
    ) -> anyhow::Result<ListedStacks> {
        let first = StackPlace {
            rank: -1,
            ..StackPlace::default()
        };
        let behind = behind.unwrap_or(&first);
        let statement = format!(
            select!(
                "and (urgency_rank, repository, stack) > ($2, $3, $4) and {}
                 order by urgency_rank, repository, stack limit $5"
            ),
            self.reached("$6")
        );
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(behind.rank)
            .bind(&behind.repository)
            .bind(&behind.stack)
            .bind(i64::from(most))
            .bind(&self.key)
            .fetch_all(self.pool)
            .await
            .context("while reading the most urgent stacks")?;
        Ok(ListedStacks::of(rows, most))
    }

    /// Returns stacks of a repository, the most urgent first: those behind a place.
    pub async fn stacks_of(
        &self,
        repository: RepositoryId,
        behind: Option<&StackPlace>,
        most: u32,
    ) -> anyhow::Result<ListedStacks> {
        let (rank, stack) = behind.map_or((-1, ""), |place| (place.rank, place.stack.as_str()));
        let rows: Vec<Row> = sqlx::query_as(select!(
            "and repository = $2 and (urgency_rank, stack) > ($3, $4) order by urgency_rank, stack limit $5"
        ))
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(rank)
        .bind(stack)
        .bind(i64::from(most))
        .fetch_all(self.pool)
        .await
        .context("while reading a repository's most urgent stacks")?;
        Ok(ListedStacks::of(rows, most))
    }

    /// Returns a stack of the default branch, where its repository is reached.
    pub async fn listed_stack(
        &self,
        repository: RepositoryId,
        stack: &StackName,
    ) -> anyhow::Result<Option<ListedStack>> {
        let statement = format!(
            select!("and repository = $2 and stack = $3 and {}"),
            self.reached("$4")
        );
        let row: Option<Row> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&self.id)
            .bind(repository.to_string())
            .bind(stack.as_str())
            .bind(&self.key)
            .fetch_optional(self.pool)
            .await
            .context("while reading a stack")?;
        Ok(row.and_then(listed))
    }

    /// Returns stacks that were scanned by a version that kept no summaries.
    pub async fn unsummarized_stacks(
        &self,
        most: u32,
    ) -> anyhow::Result<Vec<(RepositoryId, StackName)>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select repository, stack from stacks
             where installation = $1 and urgency_rank = 0 and summary = '' and 1 = (
                 select 1 from scans where scans.installation = stacks.installation
                     and scans.repository = stacks.repository and scans.stack = stacks.stack limit 1)
             order by repository, stack limit $2",
        )
        .bind(&self.id)
        .bind(i64::from(most))
        .fetch_all(self.pool)
        .await
        .context("while looking for stacks without a summary")?;
        let known = |(repository, stack): (String, String)| {
            let repository = RepositoryId(repository.parse().ok()?);
            Some((repository, StackName::new(&stack)?))
        };
        Ok(rows.into_iter().filter_map(known).collect())
    }

    /// Stores the summary of a scan, unless a later one is known.
    pub async fn save_summary(
        &self,
        repository: RepositoryId,
        stack: &StackName,
        summary: &StackSummary,
        scanned_at: i64,
    ) -> anyhow::Result<()> {
        let update = SummaryUpdate {
            installation: &self.id,
            repository,
            stack: stack.as_str(),
            summary,
            scanned_at,
        };
        update.execute(self.pool).await
    }
}

/// The summary of a finished scan; of all stacks of the repository where it names none.
pub(super) struct SummaryUpdate<'a> {
    pub installation: &'a str,
    pub repository: RepositoryId,
    pub stack: &'a str,
    pub summary: &'a StackSummary,
    pub scanned_at: i64,
}

impl SummaryUpdate<'_> {
    /// Stores the summary, unless a later one is known.
    pub async fn execute(&self, handle: &Handle) -> anyhow::Result<()> {
        let text = serde_json::to_string(self.summary);
        sqlx::query(
            "update stacks set summary = $4, urgency_rank = $5, scanned_at = $6,
                 failing_since = case
                     when $5 > 0 then 0
                     when failing_since > 0 then failing_since
                     when urgency_rank = 0 and scanned_at > 0 then scanned_at
                     else $6 end
             where installation = $1 and repository = $2 and (stack = $3 or $3 = '') and scanned_at <= $6",
        )
        .bind(self.installation)
        .bind(self.repository.to_string())
        .bind(self.stack)
        .bind(text.context("while writing a stack's summary")?)
        .bind(self.summary.urgency().rank())
        .bind(self.scanned_at)
        .execute(handle)
        .await
        .context("while saving a stack's summary")?;
        Ok(())
    }
}

impl ListedStacks {
    /// Reads the rows of a list that was read up to a length. A row that cannot be read is left out, and the list goes on
    /// behind it.
    fn of(rows: Vec<Row>, most: u32) -> Self {
        let is_cut = u32::try_from(rows.len()).is_ok_and(|count| count == most);
        Self {
            next: rows.last().filter(|_| is_cut).map(place),
            stacks: rows.into_iter().filter_map(listed).collect(),
        }
    }
}

fn place((rank, repository, stack, ..): &Row) -> StackPlace {
    StackPlace {
        rank: *rank,
        repository: repository.clone(),
        stack: stack.clone(),
    }
}

fn listed((rank, repository, stack, summary, scanned_at, next_at): Row) -> Option<ListedStack> {
    Some(ListedStack {
        repository: RepositoryId(repository.parse().ok()?),
        stack: StackName::new(&stack)?,
        summary: serde_json::from_str(&summary).ok(),
        scanned_at,
        next_at: (next_at > 0).then_some(next_at),
        place: StackPlace {
            rank,
            repository,
            stack,
        },
    })
}
