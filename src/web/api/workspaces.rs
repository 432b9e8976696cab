//! `/api/v1/workspaces`: what can be scanned.

use super::Api;
use super::caller::{Reader, Writer};
use super::page::{limit, stack_cursor, stack_place};
use super::problem::{Problem, ReadProblems, WriteProblems};
use super::sent::Parameters;
use crate::model::{InstallationId, RepositoryId, RepositoryName, StackSummary, WorkspaceId};
use crate::queue::now;
use crate::report::instant;
use crate::store::{ApiKeyRecord, ListedStack, REPAIR_PERIOD, Reach, Workspace as OwnWorkspace};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// A workspace: a stack of a repository, or one that was created through the API.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Workspace {
    /// The id.
    #[schema(examples("123.production", "w-0c5e2a4f9b7d4e1f8a6b3c2d1e0f9a8b"))]
    id: String,
    /// The name.
    name: String,
    /// The repository; null for a workspace that was created through the API.
    #[schema(examples("acme/shop"))]
    repository: Option<String>,
    /// The region of resources where neither code nor state names one; null for a stack of a repository.
    region: Option<String>,
    /// The role that reads AWS; null for a stack of a repository, whose `.driftguard.yml` names it, and for the server's
    /// own credentials.
    role_arn: Option<String>,
    /// The external id that the role must require; null where there is no role.
    external_id: Option<String>,
    /// Where the state is; null where states are uploaded, and for a stack of a repository, whose code says it.
    #[schema(examples("s3://acme-state/shop.tfstate"))]
    state: Option<String>,
    /// The last scan; null where there was none yet.
    last_scan: Option<LastScan>,
    /// When the next scan is due; null where only pushes, people and the API start one.
    #[schema(format = DateTime)]
    next_scan_at: Option<String>,
}

/// A workspace, and how long its repairs took.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WorkspaceWithRepairs {
    #[serde(flatten)]
    workspace: Workspace,
    /// The mean time to repair in seconds: from the first scan that reported a finding to the one that found it resolved,
    /// over those that were resolved within 90 days; null where none was.
    #[schema(minimum = 0)]
    mean_time_to_repair: Option<i64>,
}

/// The last scan of a workspace in brief.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LastScan {
    /// The id, for `/api/v1/scans/{scan}`.
    id: String,
    /// When it finished.
    #[schema(format = DateTime)]
    finished_at: String,
    /// Why the workspace could not be scanned; null where it was.
    error: Option<String>,
    /// The number of findings by severity; severities without any are left out.
    #[schema(example = json!({"critical": 1, "low": 3}))]
    findings: BTreeMap<&'static str, usize>,
    /// The number of differences that are set aside.
    set_aside: usize,
    /// The managed instances in the state.
    resources: usize,
    /// The instances that were read.
    checked: usize,
    /// Whether something that can be checked was not: then fewer findings are no proof of less drift.
    is_partial: bool,
    /// The posture of 100, as declared; null where nothing has one.
    posture_declared: Option<u8>,
    /// The posture of 100, live; null where nothing has one.
    posture_live: Option<u8>,
    /// What the drift costs a month, in USD.
    #[schema(examples("106.29"))]
    monthly_cost_delta: String,
}

/// A page of workspaces.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WorkspacePage {
    /// The workspaces, the most urgent first.
    items: Vec<Workspace>,
    /// The `cursor` of the next page; null on the last one.
    next: Option<String>,
}

/// Which page is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// Where to go on: `next` of the page before.
    cursor: Option<String>,
    /// How many entries the page has at most.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Lists the workspaces, the most urgent first
#[utoipa::path(
    get,
    path = "/api/v1/workspaces",
    tag = "workspaces",
    params(PageQuery),
    responses(
        ReadProblems,
        (status = 200, description = "A page of workspaces", body = WorkspacePage),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    Reader(key): Reader,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<WorkspacePage>, Problem> {
    let (most, behind) = (limit(query.limit)?, stack_place(query.cursor.as_deref())?);
    let reach = api.reach(&key);
    let listed = reach.stacks_by_urgency(behind.as_ref(), most).await?;
    let names = Names::of(&reach).await?;
    let shown = |stack: &ListedStack| names.workspace(&api, key.installation, stack);
    Ok(Json(WorkspacePage {
        items: listed.stacks.iter().filter_map(shown).collect(),
        next: listed.next.as_ref().map(stack_cursor),
    }))
}

/// Shows a workspace
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{workspace}",
    tag = "workspaces",
    params(("workspace" = String, Path, description = "The id of the workspace")),
    responses(
        ReadProblems,
        (status = 200, description = "The workspace", body = WorkspaceWithRepairs),
        (status = 404, description = "There is no such workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Reader(key): Reader,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<WorkspaceWithRepairs>, Problem> {
    let Path(id) = path?;
    let found = api.find(&key, &id).await?;
    let reach = api.reach(&key);
    let names = Names::of(&reach).await?;
    let shown = names.workspace(&api, key.installation, &found);
    let since = now() - REPAIR_PERIOD;
    let workspace = id_of(&found);
    let mean = reach.mean_time_to_repair(&workspace, since);
    Ok(Json(WorkspaceWithRepairs {
        workspace: shown.ok_or_else(Problem::not_found)?,
        mean_time_to_repair: mean.await?.map(|mean| mean / 1_000),
    }))
}

/// Deletes a workspace that was created through the API, with its scans
#[utoipa::path(
    delete,
    path = "/api/v1/workspaces/{workspace}",
    tag = "workspaces",
    params(("workspace" = String, Path, description = "The id of the workspace")),
    responses(
        WriteProblems,
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such workspace", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is a stack of a repository", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete(
    State(api): State<Arc<Api>>,
    Writer(key): Writer,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(id) = path?;
    let found = id_of(&api.find(&key, &id).await?);
    if !found.is_own() {
        return Err(Problem::conflict(
            "this workspace is a stack of a repository: it goes when the repository's code no longer has it",
        ));
    }
    match api.reach(&key).delete_own_workspace(&found).await? {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Err(Problem::not_found()),
    }
}

/// Returns the id of a listed stack.
pub(super) fn id_of(listed: &ListedStack) -> WorkspaceId {
    WorkspaceId {
        repository: listed.repository,
        stack: listed.stack.clone(),
    }
}

impl Api {
    /// Returns the workspace with this id, if the key reaches it.
    pub(super) async fn find(&self, key: &ApiKeyRecord, id: &str) -> Result<ListedStack, Problem> {
        let id = WorkspaceId::parse(id).ok_or_else(Problem::not_found)?;
        let found = self.reach(key).listed_stack(&id).await?;
        found.ok_or_else(Problem::not_found)
    }
}

/// The names of an organisation's workspaces.
pub(super) struct Names {
    repositories: BTreeMap<RepositoryId, RepositoryName>,
    own: BTreeMap<WorkspaceId, OwnWorkspace>,
}

impl Names {
    pub(super) async fn of(reach: &Reach<'_>) -> anyhow::Result<Self> {
        let repositories = reach.repositories().await?.into_iter();
        let own = reach.own_workspaces().await?.into_iter();
        Ok(Self {
            repositories: repositories.map(|known| (known.id, known.name)).collect(),
            own: own.map(|known| (known.id.clone(), known)).collect(),
        })
    }

    /// Describes a workspace; `None` for a stack of a repository that the installation lost.
    pub(super) fn workspace(
        &self,
        api: &Api,
        installation: InstallationId,
        listed: &ListedStack,
    ) -> Option<Workspace> {
        let id = id_of(listed);
        let mut shown = Workspace {
            id: id.to_string(),
            name: listed.stack.to_string(),
            repository: None,
            region: None,
            role_arn: None,
            external_id: None,
            state: None,
            last_scan: last_scan(listed),
            next_scan_at: listed.next_at.map(instant),
        };
        if !id.is_own() {
            let name = self.repositories.get(&listed.repository)?;
            shown.repository = Some(name.to_string());
            return Some(shown);
        }
        let own = self.own.get(&id)?;
        shown.name.clone_from(&own.name);
        shown.region = Some(own.region.clone());
        shown.role_arn.clone_from(&own.role_arn);
        shown.state.clone_from(&own.state);
        let scanner = api.scanner.as_ref().filter(|_| own.role_arn.is_some());
        shown.external_id = scanner.map(|scanner| scanner.external_id(installation, &id));
        Some(shown)
    }
}

fn last_scan(listed: &ListedStack) -> Option<LastScan> {
    let summary = listed.summary.as_ref()?;
    Some(LastScan {
        id: super::scans::recorded_id(&id_of(listed), listed.scanned_at),
        finished_at: instant(listed.scanned_at),
        error: summary.error.clone(),
        findings: by_severity(summary),
        set_aside: summary.set_aside,
        resources: summary.resources,
        checked: summary.checked,
        is_partial: summary.is_partial,
        posture_declared: summary.posture.declared,
        posture_live: summary.posture.live,
        monthly_cost_delta: summary.monthly_cost_delta.amount.to_string(),
    })
}

fn by_severity(summary: &StackSummary) -> BTreeMap<&'static str, usize> {
    let findings = summary.findings.iter();
    findings
        .map(|(severity, count)| (severity.as_str(), *count))
        .collect()
}
