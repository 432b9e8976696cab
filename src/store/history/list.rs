//! Lists findings across the stacks of an installation.

use super::{Occurrence, StackQuery, occurrence};
use crate::model::{Ending, Kind, RepositoryId, Severity, StackName, WorkspaceId};
use crate::store::Tenant;
use anyhow::Context;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

/// Which findings are listed.
#[derive(Debug, Clone, Default)]
pub struct FindingFilter {
    /// Of this workspace alone.
    pub workspace: Option<WorkspaceId>,
    /// This one alone.
    pub finding: Option<String>,
    /// Of this severity alone.
    pub severity: Option<Severity>,
    /// Of this resource type alone.
    pub tf_type: Option<String>,
    /// Of this kind alone.
    pub kind: Option<Kind>,
    /// Those that ended in this way; `None` for those that are reported.
    pub ending: Option<Ending>,
}

/// A finding in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedFinding {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The time during which scans reported it.
    pub occurrence: Occurrence,
}

/// The place of a finding in the list of an installation: the list goes on behind it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindingPlace {
    /// The repository's id.
    pub repository: String,
    /// The stack.
    pub stack: String,
    /// The finding.
    pub finding: String,
    /// When it was seen first.
    pub first_seen: i64,
}

impl ListedFinding {
    /// Returns the place in the list.
    pub fn place(&self) -> FindingPlace {
        FindingPlace {
            repository: self.workspace.repository.to_string(),
            stack: self.workspace.stack.to_string(),
            finding: self.occurrence.finding.0.clone(),
            first_seen: self.occurrence.first_seen,
        }
    }
}

/// What is read of each finding.
const COLUMNS: &str = "repository, stack, finding, first_seen, last_seen, scans, ending, ended_at, address, resource_type,
     parent_type, account, region, kind, severity";

impl FindingFilter {
    /// Returns the statement: one that an index answers, for what the filter names. `reached` is the condition that the
    /// repository is reached.
    fn statement(&self, reached: &str) -> String {
        // Parts of a statement alone: values are bound.
        let state = match self.ending {
            None => "ended_at = 0 and ending = $11",
            Some(_) => "ended_at > 0 and ending = $11",
        };
        let workspace = match self.workspace {
            None => "$6 = '' and $7 = ''",
            Some(_) => "repository = $6 and stack = $7",
        };
        let finding = match self.finding {
            None => "$12 = ''",
            Some(_) => "finding = $12",
        };
        format!(
            "select {COLUMNS} from finding_history
             where installation = $1 and (repository, stack, finding, first_seen) > ($2, $3, $4, $5)
                 and {state} and {workspace} and {finding} and ($8 = '' or severity = $8)
                 and ($9 = '' or resource_type = $9) and ($10 = '' or kind = $10)
                 and {reached}
             order by repository, stack, finding, first_seen limit $13"
        )
    }
}

impl Tenant<'_> {
    /// Returns findings of all workspaces that are reached, those behind a place.
    pub async fn findings(
        &self,
        filter: &FindingFilter,
        behind: &FindingPlace,
        most: u32,
    ) -> anyhow::Result<Vec<ListedFinding>> {
        let workspace = filter.workspace.as_ref();
        let repository = workspace.map(|id| id.repository.to_string());
        let stack = workspace.map(|id| id.stack.to_string());
        let kind = filter.kind.map(serde_json::to_value).transpose();
        let kind = kind.context("while writing a kind of findings")?;
        let kind = kind.as_ref().and_then(|kind| kind.as_str());
        let statement = filter.statement(&self.reached("$14"));
        let query: StackQuery<'_> = sqlx::query(AssertSqlSafe(statement))
            .bind(self.id.clone())
            .bind(behind.repository.clone())
            .bind(behind.stack.clone())
            .bind(behind.finding.clone())
            .bind(behind.first_seen)
            .bind(repository.unwrap_or_default())
            .bind(stack.unwrap_or_default())
            .bind(filter.severity.map_or("", Severity::as_str).to_owned())
            .bind(filter.tf_type.clone().unwrap_or_default())
            .bind(kind.unwrap_or_default().to_owned())
            .bind(filter.ending.map_or("", Ending::as_str).to_owned())
            .bind(filter.finding.clone().unwrap_or_default())
            .bind(i64::from(most))
            .bind(self.key.clone());
        let rows = query.fetch_all(self.pool).await;
        let rows = rows.context("while listing findings")?;
        rows.iter().map(listed).collect()
    }
}

fn listed(row: &AnyRow) -> anyhow::Result<ListedFinding> {
    let (repository, stack): (String, String) = (row.try_get("repository")?, row.try_get("stack")?);
    Ok(ListedFinding {
        workspace: WorkspaceId {
            repository: RepositoryId(repository.parse().context("while reading a repository")?),
            stack: StackName::new(&stack).context("while reading a stack's name")?,
        },
        occurrence: occurrence(row)?,
    })
}
