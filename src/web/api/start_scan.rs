//! `POST /api/v1/workspaces/{workspace}/scans`.

use super::Api;
use super::author::scan_entry;
use super::caller::Scanner;
use super::problem::{Problem, WriteProblems};
use super::repeat::{Repeat, Seed};
use super::scans::{REQUESTED, ScanStatusName};
use super::upload::{Upload, UploadShare};
use super::workspaces::id_of;
use crate::model::WorkspaceId;
use crate::queue::api_scan::{ALIVE, ApiScan};
use crate::queue::job::Trigger;
use crate::queue::now;
use crate::queue::orders::StackScan;
use crate::store::{ApiKeyRecord, ScanStatus};
use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// A scan that was requested.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StartedScan {
    /// The id, for `/api/v1/scans/{scan}`.
    #[schema(examples("s-0c5e2a4f9b7d4e1f8a6b3c2d1e0f9a8b"))]
    id: String,
    /// Always `queued`.
    #[schema(value_type = ScanStatusName)]
    status: &'static str,
}

/// What may be uploaded to be scanned.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the form alone")]
pub(super) struct UploadForm {
    /// A Terraform state.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    state: Option<String>,
    /// The code, as a gzipped tar archive.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    code: Option<String>,
    /// The folder of the root module in the code; by default the outermost.
    folder: Option<String>,
}

/// Starts a scan of a workspace
///
/// With a state as the body, or with `state` and `code` of a form: they are held in memory until the scan ends, and
/// stored nowhere. Without a body a workspace is scanned with the state that it names, and a stack of a repository as
/// `/driftguard scan` does.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{workspace}/scans",
    tag = "scans",
    params(
        ("workspace" = String, Path, description = "The id of the workspace"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[ -~]+$", description = "A second request with the same key has no second effect, for a day"),
    ),
    request_body(
        content(
            (serde_json::Value = "application/json"),
            (UploadForm = "multipart/form-data"),
        ),
    ),
    responses(
        WriteProblems,
        (status = 202, description = "The scan begins", body = StartedScan),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such workspace", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The upload took too long", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A scan of the workspace runs, or there is nothing to scan", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body has another type", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A value cannot be used", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests or uploads", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "This server makes no scans, or GitHub does not say what the person of the key may do", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn start(
    State(api): State<Arc<Api>>,
    Scanner(key): Scanner,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let Path(id) = path?;
    let workspace = id_of(&api.find(&key, &id).await?);
    let repeat = Repeat::of(&headers)?;
    if !workspace.is_own() {
        Upload::refuse(request).await?;
        let request = fingerprint(&workspace, &Upload::default());
        let enqueue = |seed| enqueued(api.clone(), key.clone(), (scan_id(seed), workspace));
        return repeat.answer(&api, &key, &request, enqueue).await;
    }
    let share = api.uploads.take(key.installation)?;
    let upload = Upload::read(request, &share).await?;
    let request = fingerprint(&workspace, &upload);
    let begin = |seed| {
        let scan = OwnScan {
            id: scan_id(seed),
            upload,
            workspace,
            share,
        };
        begun(api.clone(), key.clone(), scan)
    };
    repeat.answer(&api, &key, &request, begin).await
}

fn scan_id(seed: Seed) -> String {
    format!("{REQUESTED}{}", hex::encode(&seed[..16]))
}

/// Starts a scan of a workspace that was created through the API, unless the same request did so before.
async fn begun(
    api: Arc<Api>,
    key: ApiKeyRecord,
    scan: OwnScan,
) -> Result<(StatusCode, StartedScan), Problem> {
    let id = scan.id.clone();
    if api.reach(&key).requested_scan(&id).await?.is_none() {
        api.scan_own(&key, scan).await?;
    }
    Ok((StatusCode::ACCEPTED, StartedScan::new(id)))
}

/// Enqueues a scan of a repository's stack, unless the same request did so before.
async fn enqueued(
    api: Arc<Api>,
    key: ApiKeyRecord,
    (id, workspace): (String, WorkspaceId),
) -> Result<(StatusCode, StartedScan), Problem> {
    api.scan_stack(&key, &id, &workspace).await?;
    Ok((StatusCode::ACCEPTED, StartedScan::new(id)))
}

impl StartedScan {
    fn new(id: String) -> Self {
        Self {
            id,
            status: ScanStatus::Queued.as_str(),
        }
    }
}

/// Returns what tells two requests apart.
fn fingerprint(workspace: &WorkspaceId, upload: &Upload) -> String {
    let hash = |bytes: &Option<Vec<u8>>| {
        let bytes = bytes.as_deref().unwrap_or_default();
        hex::encode(digest(&SHA256, bytes))
    };
    let (state, code) = (hash(&upload.state), hash(&upload.code));
    format!("POST scans {workspace} {state} {code} {}", upload.folder)
}

/// A scan of a workspace that was created through the API.
struct OwnScan {
    id: String,
    upload: Upload,
    workspace: WorkspaceId,
    share: UploadShare,
}

impl Api {
    /// Starts a scan of a workspace that was created through the API.
    async fn scan_own(&self, key: &ApiKeyRecord, asked: OwnScan) -> Result<(), Problem> {
        let none = "this server makes no scans for the API";
        let scanner = self.scanner.as_ref();
        let scanner = scanner.ok_or_else(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE, none))?;
        let reach = self.reach(key);
        let workspace = reach.own_workspace(&asked.workspace).await?;
        let workspace = workspace.ok_or_else(Problem::not_found)?;
        if asked.upload.state.is_none() && workspace.state.is_none() {
            return Err(Problem::conflict(
                "the workspace names no `state`: upload one as the body of the request",
            ));
        }
        let requested = reach.add_requested_scan(&asked.id, &workspace.id, (now(), Some(ALIVE)));
        if !requested.await? {
            return Err(Problem::conflict(
                "a scan of this workspace is running: wait until it is done",
            ));
        }
        let Upload {
            state,
            code,
            folder,
        } = asked.upload;
        scanner.clone().start(ApiScan {
            id: asked.id,
            installation: key.installation,
            workspace,
            state,
            code,
            folder,
            share: Box::new(asked.share),
        });
        Ok(())
    }

    /// Enqueues a scan of a repository's stack.
    async fn scan_stack(
        &self,
        key: &ApiKeyRecord,
        id: &str,
        workspace: &WorkspaceId,
    ) -> Result<(), Problem> {
        let reach = self.reach(key);
        let known = reach.requested_scan(id).await?;
        let requested_at = known.as_ref().map_or_else(now, |known| known.requested_at);
        let is_persons = key.owner.person().is_some();
        if is_persons {
            // As an order: the job asks GitHub about the person once more.
            let command = format!("scan {}", workspace.stack);
            self.order(key, workspace, (&command, id), None).await?;
        }
        if known.is_none() {
            let requested = (requested_at, None);
            reach.add_requested_scan(id, workspace, requested).await?;
        }
        if is_persons {
            return Ok(());
        }
        let scan = StackScan {
            installation: key.installation,
            repository: workspace.repository,
            stack: workspace.stack.clone(),
        };
        let queued = (format!("api/{id}"), Duration::ZERO);
        self.inbox
            .scan(&scan, Trigger::Api, requested_at, queued)
            .await?;
        let entry = scan_entry(key, (id, workspace), requested_at);
        reach.record_audit(workspace.repository, &entry).await?;
        Ok(())
    }
}
