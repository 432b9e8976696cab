//! `GET /api/v1/scans/{scan}`.

use super::Api;
use super::accept::preferred;
use super::caller::Reader;
use super::problem::{Problem, ReadProblems};
use crate::model::{Report, StackReport, WorkspaceId};
use crate::queue::now;
use crate::report::{self, instant};
use crate::store::{Reach, RequestedScan, ScanRecord, ScanStatus};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

/// How long a repository's scan may leave no report, in milliseconds.
const REPORT_TIMEOUT: i64 = 2 * 60 * 60 * 1_000;
/// The beginning of the id of a requested scan.
pub(super) const REQUESTED: &str = "s-";

/// The media types of a scan, and of its report alone.
const JSON: &str = "application/json";
const SARIF: &str = "application/sarif+json";
const MARKDOWN: &str = "text/markdown";

/// A scan.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Scan {
    /// The id.
    id: String,
    /// The workspace.
    workspace: String,
    /// How far it is.
    #[schema(value_type = ScanStatusName)]
    status: &'static str,
    /// Why it failed; null where it did not.
    problem: Option<String>,
    /// When it was requested; null where it was not requested through the API.
    #[schema(format = DateTime)]
    requested_at: Option<String>,
    /// When it finished or failed; null until then, and where nobody knows, since its process died or it left no report.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    /// What `driftguard scan --format json` prints, by the schema at `/api/v1/scan.schema.json`; null where there is
    /// none.
    #[schema(value_type = Option<Object>)]
    report: Option<Value>,
}

/// How far a scan is.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it describes the names of `ScanStatus` alone")]
pub(super) enum ScanStatusName {
    Queued,
    Running,
    Done,
    Failed,
}

/// Shows a scan, with its report
///
/// As `Accept` prefers: as JSON, or the report alone as SARIF or Markdown.
#[utoipa::path(
    get,
    path = "/api/v1/scans/{scan}",
    tag = "scans",
    params(("scan" = String, Path, description = "The id of the scan")),
    responses(
        ReadProblems,
        (status = 200, description = "The scan", content(
            (Scan = "application/json"),
            (Value = "application/sarif+json"),
            (String = "text/markdown"),
        )),
        (status = 404, description = "There is no such scan", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There is no report to write in this form", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    Reader(key): Reader,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path(id) = path?;
    let found = find(&api.reach(&key), &id).await?;
    let kind = preferred(&headers, &[JSON, SARIF, MARKDOWN]);
    if kind == JSON {
        return Ok(Json(found.shown()?).into_response());
    }
    let problem = "the scan left no report, or not yet: ask for it as JSON to see why";
    let report = found.report.ok_or_else(|| Problem::conflict(problem))?;
    let text = match kind == SARIF {
        true => report::sarif(&report).map_err(anyhow::Error::from)?,
        false => report::summary(&report),
    };
    let kind = [(header::CONTENT_TYPE, format!("{kind}; charset=utf-8"))];
    Ok((kind, text).into_response())
}

/// Returns the id of a recorded scan, whoever requested it.
pub(super) fn recorded_id(workspace: &WorkspaceId, finished_at: i64) -> String {
    format!("{workspace}.{finished_at}")
}

/// Reads the id of a recorded scan.
fn recorded(id: &str) -> Option<(WorkspaceId, i64)> {
    let (workspace, finished_at) = id.rsplit_once('.')?;
    let found = (WorkspaceId::parse(workspace)?, finished_at.parse().ok()?);
    // One id has one form.
    (recorded_id(&found.0, found.1) == id).then_some(found)
}

/// A scan, as it is found.
struct Found {
    id: String,
    workspace: WorkspaceId,
    status: ScanStatus,
    problem: Option<String>,
    requested_at: Option<i64>,
    finished_at: Option<i64>,
    report: Option<Report>,
}

impl Found {
    fn shown(self) -> Result<Scan, Problem> {
        let report = match &self.report {
            None => None,
            Some(report) => {
                let text = report::json(report).map_err(anyhow::Error::from)?;
                Some(serde_json::from_str(&text).map_err(anyhow::Error::from)?)
            }
        };
        Ok(Scan {
            id: self.id,
            workspace: self.workspace.to_string(),
            status: self.status.as_str(),
            problem: self.problem,
            requested_at: self.requested_at.map(instant),
            finished_at: self.finished_at.map(instant),
            report,
        })
    }

    /// Adds what a recorded scan left.
    fn ended(mut self, scan: ScanRecord) -> Self {
        self.finished_at = Some(scan.finished_at);
        self.status = ScanStatus::Failed;
        self.problem = scan.outcome["error"].as_str().map(str::to_owned);
        if let Ok(stack) = serde_json::from_value::<StackReport>(scan.outcome) {
            let problem = stack.outcome.as_ref().err();
            self.problem = problem.map(|error| error.message.clone());
            if self.problem.is_none() {
                self.status = ScanStatus::Done;
            }
            self.report = Some(Report {
                stacks: vec![stack],
                accounts: Vec::new(),
            });
        }
        self
    }
}

/// Finds a scan.
async fn find(reach: &Reach<'_>, id: &str) -> Result<Found, Problem> {
    if let Some((workspace, finished_at)) = recorded(id) {
        let scan = reach.scan_finished_at(&workspace, finished_at).await?;
        let scan = scan.ok_or_else(Problem::not_found)?;
        let found = Found {
            id: id.to_owned(),
            workspace,
            status: ScanStatus::Done,
            problem: None,
            requested_at: None,
            finished_at: None,
            report: None,
        };
        return Ok(found.ended(scan));
    }
    let requested = match id.starts_with(REQUESTED) && !id.contains('\0') {
        true => reach.requested_scan(id).await?,
        false => None,
    };
    let requested = requested.ok_or_else(Problem::not_found)?;
    of_request(reach, requested).await
}

/// Finds how far a requested scan is.
async fn of_request(reach: &Reach<'_>, requested: RequestedScan) -> Result<Found, Problem> {
    let ended = match requested.finished_at {
        Some(at) => Some(at),
        None if requested.workspace.is_own() => None,
        None => {
            let ended = reach.scan_of_request(&requested).await?;
            if let Some(at) = ended {
                reach.end_requested_scan(&requested.id, at).await?;
            }
            ended
        }
    };
    let mut found = Found {
        id: requested.id,
        status: requested.status,
        problem: Some(requested.problem).filter(|problem| !problem.is_empty()),
        requested_at: Some(requested.requested_at),
        finished_at: requested.finished_at,
        report: None,
        workspace: requested.workspace,
    };
    let recorded = match ended {
        Some(at) => reach.scan_finished_at(&found.workspace, at).await?,
        None => None,
    };
    if let Some(scan) = recorded {
        return Ok(found.ended(scan));
    }
    let is_late = !found.workspace.is_own() && now() > requested.requested_at + REPORT_TIMEOUT;
    let why = match found.status {
        _ if requested.is_abandoned => "interrupted, upload again",
        ScanStatus::Queued if is_late => "it left no report: the repository's checks may say why",
        ScanStatus::Done => "its report is no longer kept",
        _ => return Ok(found),
    };
    found.status = ScanStatus::Failed;
    found.problem = Some(why.to_owned());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_recorded_scan_has_one_form() {
        for id in ["123.production.1795537800000", "w-0a.1"] {
            let (workspace, at) = recorded(id).unwrap();
            assert_eq!(recorded_id(&workspace, at), id);
        }
        for wrong in [
            "",
            "s-1",
            "123.production",
            "123.production.+1",
            "1.a.01",
            "w-0a",
        ] {
            assert!(recorded(wrong).is_none(), "{wrong}");
        }
    }
}
