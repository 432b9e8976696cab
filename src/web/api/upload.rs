//! Reads what is uploaded to be scanned, and limits how much of it is held at once.

use super::problem::Problem;
use crate::model::InstallationId;
use crate::web::activity::Activity;
use axum::body::to_bytes;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many uploads are held at once, of all organisations together; each has one at a time.
const AT_ONCE: usize = 3;
/// The largest state, in bytes.
const MAX_STATE: usize = 64 * 1024 * 1024;
/// The largest archive of code, in bytes.
const MAX_CODE: usize = 16 * 1024 * 1024;
/// The largest body, in bytes: both, with what stands between them.
pub(super) const MAX_BODY: usize = MAX_STATE + MAX_CODE + 64 * 1024;
/// The longest folder, in bytes.
const MAX_FOLDER: usize = 1_024;
/// How long an upload may take.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(120);
/// After how long a refused upload may be tried again.
const LATER: Duration = Duration::from_secs(14);

/// What was uploaded.
#[derive(Debug, Default)]
pub(super) struct Upload {
    /// The state.
    pub state: Option<Vec<u8>>,
    /// The code, as a gzipped tar archive.
    pub code: Option<Vec<u8>>,
    /// The folder of the root module; empty for the outermost.
    pub folder: String,
}

/// The organisations whose uploads are held.
#[derive(Debug, Default)]
pub(super) struct UploadShares(Mutex<BTreeSet<InstallationId>>);

/// One upload's share, which is given back when it is dropped.
#[derive(Debug)]
pub(super) struct UploadShare {
    shares: Arc<UploadShares>,
    organisation: InstallationId,
}

impl UploadShares {
    /// Takes the share of an organisation.
    ///
    /// # Errors
    /// The organisation has one, or too many others do.
    pub(super) fn take(
        self: &Arc<Self>,
        organisation: InstallationId,
    ) -> Result<UploadShare, Problem> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.contains(&organisation) {
            return Err(Problem::too_many(
                "a scan that this organisation requested is running: wait until it is done",
                LATER,
            ));
        }
        if held.len() >= AT_ONCE {
            let detail = "the server makes as many scans for the API as it may: try again later";
            return Err(Problem::too_many(detail, LATER));
        }
        held.insert(organisation);
        Ok(UploadShare {
            shares: self.clone(),
            organisation,
        })
    }
}

impl Drop for UploadShare {
    fn drop(&mut self) {
        let held = &self.shares.0;
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&self.organisation);
    }
}

impl Upload {
    /// Reads the body of a request: a state as JSON, a form of `state`, `code` and `folder`, or nothing.
    pub(super) async fn read(request: Request) -> Result<Self, Problem> {
        // Until here it was a stranger's.
        if let Some(activity) = request.extensions().get::<Activity>() {
            activity.uploads();
        }
        let reading = Box::pin(Self::read_body(request));
        let read = tokio::time::timeout(UPLOAD_TIMEOUT, reading).await;
        let late = "the upload took too long";
        read.map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, late))?
    }

    /// Refuses a body where there is nothing to upload.
    pub(super) async fn refuse(request: Request) -> Result<(), Problem> {
        let body = to_bytes(request.into_body(), MAX_FOLDER).await;
        match body.is_ok_and(|body| body.is_empty()) {
            true => Ok(()),
            false => Err(Problem::conflict(
                "this workspace is a stack of a repository, whose own state and code are scanned: send no body, or create \
                 a workspace for what you upload",
            )),
        }
    }

    async fn read_body(request: Request) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next();
        match kind
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
            .as_str()
        {
            "multipart/form-data" => Self::read_form(request).await,
            "application/json" => {
                let body = body(request).await?;
                match body.is_empty() {
                    true => Ok(Self::default()),
                    false => Ok(Self {
                        state: Some(body),
                        ..Self::default()
                    }),
                }
            }
            _ => match body(request).await?.is_empty() {
                true => Ok(Self::default()),
                false => Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "send a state as application/json, or as the field `state` of multipart/form-data",
                )),
            },
        }
    }

    async fn read_form(request: Request) -> Result<Self, Problem> {
        let form = Multipart::from_request(request, &()).await;
        let mut form = form.map_err(|error| Problem::new(error.status(), error.body_text()))?;
        let mut upload = Self::default();
        while let Some(field) = form.next_field().await.map_err(unreadable)? {
            let name = field.name().unwrap_or_default().to_owned();
            match name.as_str() {
                "state" if upload.state.is_none() => {
                    upload.state = Some(bytes(field, MAX_STATE).await?);
                }
                "code" if upload.code.is_none() => {
                    upload.code = Some(bytes(field, MAX_CODE).await?);
                }
                "folder" => {
                    let text = String::from_utf8(bytes(field, MAX_FOLDER).await?);
                    upload.folder = folder(&text.unwrap_or_default())?;
                }
                _ => {
                    let problem = "a form has `state`, `code` and `folder`, each once";
                    return Err(Problem::bad_request(problem));
                }
            }
        }
        Ok(upload)
    }
}

/// Reads a folder of the code.
fn folder(text: &str) -> Result<String, Problem> {
    let parts = text.split('/').filter(|part| !matches!(*part, "" | "."));
    let parts: Vec<_> = parts.collect();
    if text.starts_with('/') || parts.contains(&"..") || text.contains(char::is_control) {
        let problem = "`folder` is a path within the code, as in infra/production";
        return Err(Problem::unprocessable(problem));
    }
    Ok(parts.join("/"))
}

async fn body(request: Request) -> Result<Vec<u8>, Problem> {
    let body = to_bytes(request.into_body(), MAX_STATE).await;
    // Its only other error is a connection that broke off.
    let body = body.map_err(|_| too_large("the body", MAX_STATE))?;
    Ok(body.into())
}

async fn bytes(mut field: Field<'_>, most: usize) -> Result<Vec<u8>, Problem> {
    let name = format!("`{}`", field.name().unwrap_or_default());
    let mut read = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(unreadable)? {
        if read.len() + chunk.len() > most {
            return Err(too_large(&name, most));
        }
        read.extend_from_slice(&chunk);
    }
    Ok(read)
}

fn too_large(what: &str, most: usize) -> Problem {
    let problem = format!("{what} has more than {} MiB", most >> 20);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, problem)
}

fn unreadable(error: MultipartError) -> Problem {
    Problem::new(error.status(), error.body_text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_has_one_upload_and_the_process_a_few() {
        let shares = Arc::<UploadShares>::default();
        let take = |organisation| shares.take(InstallationId(organisation));
        let first = take(1).unwrap();
        assert_eq!(take(1).unwrap_err().status(), 429);
        let others = [take(2).unwrap(), take(3).unwrap()];
        assert_eq!(take(4).unwrap_err().status(), 429);
        drop(first);
        drop(take(4).unwrap());
        drop(others);
        assert!(take(2).is_ok());
    }

    #[test]
    fn a_folder_stays_within_the_code() {
        assert_eq!(
            folder("./infra//production/"),
            Ok("infra/production".to_owned())
        );
        assert_eq!(folder(""), Ok(String::new()));
        for wrong in ["/etc", "../x", "a/../..", "a\nb"] {
            assert!(folder(wrong).is_err(), "{wrong}");
        }
    }
}
