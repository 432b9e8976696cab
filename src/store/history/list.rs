//! Lists findings across the stacks of an installation.

use super::conditions::{Conditions, StatementValue};
use super::record::name;
use super::{OCCURRENCE_COLUMNS, Occurrence, occurrence};
use crate::model::{Ending, Kind, RepositoryId, Severity, StackName, WorkspaceId};
use crate::store::{Tenant, storable};
use anyhow::Context;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};
use std::collections::BTreeSet;

/// How many findings are searched at most for a part of a list, in the order of the list: whoever looks for something
/// rare goes on behind them.
const MAX_SEARCHED: u32 = 5_000;

/// The order of the list, which the indexes have.
const ORDER: &str = "repository, stack, finding, first_seen";

/// Which findings are listed.
#[derive(Debug, Clone, Default)]
pub struct FindingFilter {
    /// Of this workspace alone.
    pub workspace: Option<WorkspaceId>,
    /// Of these repositories alone; `None` for all.
    pub repositories: Option<Vec<RepositoryId>>,
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
    /// Those whose address, type, id, account or region holds this text, in capitals or not; empty for all.
    pub text: String,
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

/// A part of the list of an installation's findings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FoundFindings {
    /// The findings.
    pub findings: Vec<ListedFinding>,
    /// Where the list goes on; `None` at its end.
    pub next: Option<FindingPlace>,
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

impl FindingFilter {
    /// Writes the conditions that the order of an index answers: of what it reads behind a place, all is listed.
    fn range(&self, tenant: &Tenant<'_>, behind: &FindingPlace) -> Conditions {
        let mut range = Conditions::default();
        range.equal("installation", tenant.id.as_str());
        if !tenant.key.is_empty() {
            range.with(tenant.key.as_str(), |key| tenant.reached(key));
        }
        // Each has an index of its own: the reported ones, those that ended in a way, and all of a severity.
        match (self.ending, self.severity) {
            (ending, Some(severity)) => {
                range.equal("ending", ending.map_or("", Ending::as_str));
                range.equal("severity", severity.as_str());
            }
            (None, None) => range.add("ended_at = 0"),
            (Some(ending), None) => {
                range.add("ended_at > 0");
                range.equal("ending", ending.as_str());
            }
        }
        if let Some(id) = &self.workspace {
            range.equal("repository", id.repository.to_string());
            range.equal("stack", id.stack.as_str());
        }
        if let Some(finding) = &self.finding {
            range.equal("finding", finding.as_str());
        }
        let names = self.repository_names().unwrap_or_default();
        // Not before the first repository, nor behind the last: their ids are digits, which are compared as texts alike.
        let first = names.first().map(String::as_str).unwrap_or_default();
        let mut place = behind.clone();
        if place.repository.as_str() < first {
            place = FindingPlace {
                repository: first.to_owned(),
                ..FindingPlace::default()
            };
        }
        if place != FindingPlace::default() {
            range.compare(ORDER, ">", place_values(&place));
        }
        if let Some(last) = names.last() {
            range.compare("repository", "<=", [last.as_str().into()]);
        }
        range
    }

    /// Adds the conditions that each row is looked at for. Returns whether there are any.
    fn narrow(&self, found: &mut Conditions) -> anyhow::Result<bool> {
        let before = found.len();
        if let Some(names) = self.repository_names() {
            found.within("repository", names.into_iter().map(StatementValue::from));
        }
        if let Some(tf_type) = &self.tf_type {
            found.equal("resource_type", storable(tf_type));
        }
        if let Some(kind) = self.kind {
            let kinds = stored_kinds(kind)?;
            found.within("kind", kinds.into_iter().map(StatementValue::from));
        }
        let text = storable(self.text.trim());
        if !text.is_empty() {
            let columns = "address || ' ' || resource_type || ' ' || import_id || ' ' || account || ' ' || region || ' ' || finding";
            found.holds(columns, &text);
        }
        Ok(found.len() > before)
    }

    fn repository_names(&self) -> Option<BTreeSet<String>> {
        let ids = self.repositories.as_ref()?.iter();
        Some(ids.map(ToString::to_string).collect())
    }
}

impl Tenant<'_> {
    /// Returns a part of the findings of all workspaces, those behind a place. Where few of them fit the filter, so many
    /// are searched, and the list goes on behind them.
    pub async fn findings(
        &self,
        filter: &FindingFilter,
        behind: &FindingPlace,
        most: u32,
    ) -> anyhow::Result<FoundFindings> {
        if filter.repositories.as_ref().is_some_and(Vec::is_empty) {
            return Ok(FoundFindings::default());
        }
        let range = filter.range(self, behind);
        let mut found = range.clone();
        let mut end = None;
        if filter.narrow(&mut found)? {
            end = self.end_of_search(range).await?;
            if let Some(end) = &end {
                found.compare(ORDER, "<=", place_values(end));
            }
        }
        let statement = format!(
            "select repository, stack, {OCCURRENCE_COLUMNS} from finding_history where {} order by {ORDER} limit {most}",
            found.text()
        );
        let rows = found.query(AssertSqlSafe(statement));
        let rows = rows.fetch_all(self.pool).await;
        let rows = rows.context("while listing findings")?;
        let findings: Vec<_> = rows.iter().map(listed).collect::<anyhow::Result<_>>()?;
        let is_full = u32::try_from(findings.len()).is_ok_and(|count| count == most);
        let last = findings.last().filter(|_| is_full);
        Ok(FoundFindings {
            next: last.map(ListedFinding::place).or(end),
            findings,
        })
    }

    /// Returns the place up to which the findings of a range are searched; `None` where that is all of them.
    async fn end_of_search(&self, range: Conditions) -> anyhow::Result<Option<FindingPlace>> {
        let statement = format!(
            "select {ORDER} from finding_history where {} order by {ORDER} limit 1 offset {}",
            range.text(),
            MAX_SEARCHED - 1
        );
        let row = range.query(AssertSqlSafe(statement));
        let row = row.fetch_optional(self.pool).await;
        let row = row.context("while looking for the end of a search")?;
        row.as_ref().map(place).transpose()
    }
}

/// Returns the kinds that a list shows as one.
fn stored_kinds(kind: Kind) -> anyhow::Result<Vec<String>> {
    let kinds = match kind {
        Kind::Modified => vec![Kind::Modified, Kind::CodeOnly, Kind::StateOnly],
        kind => vec![kind],
    };
    kinds.iter().map(name).collect()
}

fn place_values(place: &FindingPlace) -> [StatementValue; 4] {
    [
        place.repository.as_str().into(),
        place.stack.as_str().into(),
        place.finding.as_str().into(),
        place.first_seen.into(),
    ]
}

fn place(row: &AnyRow) -> anyhow::Result<FindingPlace> {
    Ok(FindingPlace {
        repository: row.try_get("repository")?,
        stack: row.try_get("stack")?,
        finding: row.try_get("finding")?,
        first_seen: row.try_get("first_seen")?,
    })
}

fn listed(row: &AnyRow) -> anyhow::Result<ListedFinding> {
    Ok(ListedFinding {
        workspace: workspace_of(row)?,
        occurrence: occurrence(row)?,
    })
}

fn workspace_of(row: &AnyRow) -> anyhow::Result<WorkspaceId> {
    let (repository, stack): (String, String) = (row.try_get("repository")?, row.try_get("stack")?);
    Ok(WorkspaceId {
        repository: RepositoryId(repository.parse().context("while reading a repository")?),
        stack: StackName::new(&stack).context("while reading a stack's name")?,
    })
}
