//! `GET /api/v1/workspaces/{workspace}/coverage`: what the last scan checked, and what it could not.

use super::Api;
use super::caller::Reader;
use super::problem::{Problem, ReadProblems};
use super::workspaces::id_of;
use crate::report::instant;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

/// What the last scan that left a report checked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WorkspaceCoverage {
    /// The scan.
    scan: String,
    /// When it finished.
    #[schema(format = DateTime)]
    finished_at: String,
    /// The rows by type, account and region: `coverage` of `/api/v1/scan.schema.json`.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Value>,
    /// What was not evaluated or not understood, in sentences.
    notes: Vec<String>,
}

/// Shows what the last scan of a workspace checked
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{workspace}/coverage",
    tag = "workspaces",
    params(("workspace" = String, Path, description = "The id of the workspace")),
    responses(
        ReadProblems,
        (status = 200, description = "The coverage", body = WorkspaceCoverage),
        (status = 404, description = "There is no such workspace", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "No scan left a report yet", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Reader(key): Reader,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<WorkspaceCoverage>, Problem> {
    let Path(id) = path?;
    let workspace = id_of(&api.find(&key, &id).await?);
    let reach = api.reach(&key);
    let mut reports = reach.reports(&workspace);
    while let Some((report, scan)) = reports.next().await? {
        let Ok(scanned) = report.outcome else {
            continue;
        };
        let rows = serde_json::to_value(&scanned.coverage).map_err(anyhow::Error::from)?;
        return Ok(Json(WorkspaceCoverage {
            scan: super::scans::recorded_id(&workspace, scan.finished_at),
            finished_at: instant(scan.finished_at),
            items: rows.as_array().cloned().unwrap_or_default(),
            notes: scanned.notes,
        }));
    }
    let problem = "no scan of this workspace left a report yet: start one";
    Err(Problem::conflict(problem))
}
