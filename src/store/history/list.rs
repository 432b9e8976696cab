//! Lists findings across the stacks of an installation.

use super::{Occurrence, StackQuery, occurrence};
use crate::model::{Ending, Kind, RepositoryId, Severity, StackName, WorkspaceId};
use crate::store::Tenant;
use anyhow::Context;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

/// How many findings are looked at for a part of the list: where only few of them fit the filter, the list goes on behind
/// them.
const WINDOW: i64 = 5_000;

/// Which findings are listed.
#[derive(Debug, Clone, Default)]
pub struct FindingFilter {
    /// Of this workspace alone.
    pub workspace: Option<WorkspaceId>,
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
    fn place(&self) -> FindingPlace {
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

/// What orders the findings of an installation, and those of one workspace.
const PLACE: &str = "repository, stack, finding, first_seen";
const PLACE_IN_WORKSPACE: &str = "finding, first_seen";

/// A value of a statement.
enum Bound {
    Text(String),
    Number(i64),
}

/// Conditions, each of which an index answers where it can, with their values.
struct Conditions {
    text: String,
    values: Vec<Bound>,
    /// The columns that order what fits.
    order: &'static str,
}

impl Conditions {
    /// Selects findings of a tenant by workspace and state.
    fn new(tenant: &Tenant<'_>, filter: &FindingFilter) -> Self {
        let mut conditions = Self {
            text: "installation = $1".to_owned(),
            values: vec![Bound::Text(tenant.id.clone())],
            order: PLACE,
        };
        if let Some(WorkspaceId { repository, stack }) = &filter.workspace {
            conditions.order = PLACE_IN_WORKSPACE;
            conditions.and_equal("repository", repository.to_string());
            conditions.and_equal("stack", stack.to_string());
        }
        // Written out: partial indexes hold the ones, and the others.
        match filter.ending {
            None => conditions.text.push_str(" and ended_at = 0"),
            Some(ending) => {
                conditions.text.push_str(" and ended_at > 0");
                conditions.and_equal("ending", ending.as_str().to_owned());
            }
        }
        conditions
    }

    fn and_equal(&mut self, column: &str, value: String) {
        let place = self.bind(Bound::Text(value));
        self.text.push_str(&format!(" and {column} = {place}"));
    }

    /// Selects what is behind a place.
    fn and_behind(&mut self, place: &FindingPlace) {
        let mut values = Vec::new();
        if self.order == PLACE {
            values.push(Bound::Text(place.repository.clone()));
            values.push(Bound::Text(place.stack.clone()));
        }
        values.push(Bound::Text(place.finding.clone()));
        values.push(Bound::Number(place.first_seen));
        let places: Vec<_> = values.into_iter().map(|it| self.bind(it)).collect();
        let (order, places) = (self.order, places.join(", "));
        self.text.push_str(&format!(" and ({order}) > ({places})"));
    }

    fn bind(&mut self, value: Bound) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// Writes the query for columns of some of the findings, in order.
    fn select(&self, columns: &str, limit: &str) -> String {
        let (text, order) = (&self.text, self.order);
        format!("select {columns} from finding_history where {text} order by {order} {limit}")
    }

    /// Writes the query for those of the next findings that fit a filter. No index knows what it asks for, so it is
    /// looked for in a part of the list.
    fn select_fitting(&mut self, filter: &FindingFilter, most: u32) -> anyhow::Result<String> {
        let seen = self.select(COLUMNS, &format!("limit {WINDOW}"));
        let kind = filter.kind.map(serde_json::to_value).transpose();
        let kind = kind.context("while writing a kind of findings")?;
        let filters = [
            ("severity", filter.severity.map(Severity::as_str)),
            ("resource_type", filter.tf_type.as_deref()),
            ("kind", kind.as_ref().and_then(|kind| kind.as_str())),
        ];
        let mut fits = Vec::new();
        for (column, value) in filters {
            if let Some(value) = value {
                let place = self.bind(Bound::Text(value.to_owned()));
                fits.push(format!("{column} = {place}"));
            }
        }
        let (fits, order) = (fits.join(" and "), self.order);
        Ok(format!(
            "select {COLUMNS} from ({seen}) as seen where {fits} order by {order} limit {most}"
        ))
    }

    /// Reads the rows of a query.
    async fn read(&self, tenant: &Tenant<'_>, statement: String) -> anyhow::Result<Vec<AnyRow>> {
        let mut query: StackQuery<'_> = sqlx::query(AssertSqlSafe(statement));
        for value in &self.values {
            query = match value {
                Bound::Text(text) => query.bind(text.clone()),
                Bound::Number(number) => query.bind(*number),
            };
        }
        let rows = query.fetch_all(tenant.pool).await;
        rows.context("while listing findings")
    }
}

impl FindingFilter {
    /// Returns whether the filter asks for what no index knows.
    fn is_selective(&self) -> bool {
        self.severity.is_some() || self.tf_type.is_some() || self.kind.is_some()
    }
}

impl Tenant<'_> {
    /// Returns findings of all workspaces, those behind a place, and where the list goes on. It may go on where nothing
    /// was found: each part looks at so many findings only.
    pub async fn findings(
        &self,
        filter: &FindingFilter,
        behind: &FindingPlace,
        most: u32,
    ) -> anyhow::Result<(Vec<ListedFinding>, Option<FindingPlace>)> {
        let part = || {
            let mut conditions = Conditions::new(self, filter);
            conditions.and_behind(behind);
            conditions
        };
        let mut conditions = part();
        let end_of_part = conditions.select(PLACE, &format!("limit 1 offset {}", WINDOW - 1));
        let statement = match filter.is_selective() {
            false => conditions.select(COLUMNS, &format!("limit {most}")),
            true => conditions.select_fitting(filter, most)?,
        };
        let rows = conditions.read(self, statement).await?;
        let listed = rows.iter().map(listed);
        let listed = listed.collect::<anyhow::Result<Vec<_>>>()?;
        let is_full = u32::try_from(listed.len()).is_ok_and(|count| count == most);
        if let Some(last) = listed.last().filter(|_| is_full) {
            let next = last.place();
            return Ok((listed, Some(next)));
        }
        if !filter.is_selective() {
            return Ok((listed, None));
        }
        let last = part().read(self, end_of_part).await?;
        let next = last.first().map(place).transpose()?;
        Ok((listed, next))
    }

    /// Returns the workspaces whose last scan reported a finding, some of them; of one workspace, whether its did.
    pub async fn workspaces_with(
        &self,
        finding: &str,
        workspace: Option<&WorkspaceId>,
        most: u32,
    ) -> anyhow::Result<Vec<WorkspaceId>> {
        let filter = FindingFilter {
            workspace: workspace.cloned(),
            ..FindingFilter::default()
        };
        let mut conditions = Conditions::new(self, &filter);
        conditions.and_equal("finding", finding.to_owned());
        // Any of them: an index by the finding has another order.
        conditions.order = "finding";
        // With fewer columns SQLite would walk all findings in an index that has these.
        let statement = conditions.select(COLUMNS, &format!("limit {most}"));
        let rows = conditions.read(self, statement).await?;
        rows.iter().map(workspace_of).collect()
    }
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

fn place(row: &AnyRow) -> anyhow::Result<FindingPlace> {
    Ok(FindingPlace {
        repository: row.try_get("repository")?,
        stack: row.try_get("stack")?,
        finding: row.try_get("finding")?,
        first_seen: row.try_get("first_seen")?,
    })
}
