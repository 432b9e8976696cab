//! Lists the stacks of a repository.

use super::Tenant;
use super::stack_summaries::{ListedStacks, Row, StackPlace, listed, place};
use crate::model::RepositoryId;
use anyhow::Context;

impl Tenant<'_> {
    /// Returns stacks of a repository, the most urgent first: those behind a place.
    pub async fn stacks_of(
        &self,
        repository: RepositoryId,
        behind: Option<&StackPlace>,
        most: u32,
    ) -> anyhow::Result<ListedStacks> {
        let (rank, stack) = behind.map_or((-1, ""), |place| (place.rank, place.stack.as_str()));
        let rows: Vec<Row> = sqlx::query_as(
            "select urgency_rank, repository, stack, summary, scanned_at, next_at from stacks
             where installation = $1 and repository = $2 and (urgency_rank, stack) > ($3, $4)
             order by urgency_rank, stack limit $5",
        )
        .bind(&self.id)
        .bind(repository.to_string())
        .bind(rank)
        .bind(stack)
        .bind(i64::from(most))
        .fetch_all(self.pool)
        .await
        .context("while reading a repository's most urgent stacks")?;
        let is_cut = u32::try_from(rows.len()).is_ok_and(|count| count == most);
        let next = rows.last().filter(|_| is_cut).map(place);
        Ok(ListedStacks {
            stacks: rows.into_iter().filter_map(listed).collect(),
            next,
        })
    }
}
