//! Reads what is uploaded to be scanned, and limits how much of it is held at once.

use super::problem::Problem;
use crate::model::InstallationId;
use crate::web::activity::Activity;
use axum::body::to_bytes;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use futures::StreamExt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many uploads are held at once, of all organisations together; each has one at a time.
const AT_ONCE: usize = 16;
/// The largest state, in bytes.
const MAX_STATE: usize = 64 * 1024 * 1024;
/// The largest archive of code, in bytes.
const MAX_CODE: usize = 16 * 1024 * 1024;
/// The largest body, in bytes: both, with what stands between them.
pub(super) const MAX_BODY: usize = MAX_STATE + MAX_CODE + 64 * 1024;
/// How many bytes all uploads take together.
const MAX_HELD: usize = 3 * MAX_BODY;
/// The longest folder, in bytes.
const MAX_FOLDER: usize = 1_024;
/// How long an upload may take.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(120);
/// How long an upload may take before it must come at a rate.
const GRACE: Duration = Duration::from_secs(10);
/// How many bytes of an upload must come in a second, on average: one that trickles keeps out others.
const LEAST_RATE: usize = 32 * 1024;
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

/// The organisations whose uploads are held, and how many bytes of each came so far.
#[derive(Debug, Default)]
pub(super) struct UploadShares(Mutex<BTreeMap<InstallationId, usize>>);

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
        if held.contains_key(&organisation) {
            return Err(Problem::too_many(
                "a scan that this organisation requested is running: wait until it is done",
                LATER,
            ));
        }
        if held.len() >= AT_ONCE {
            return Err(busy());
        }
        held.insert(organisation, 0);
        Ok(UploadShare {
            shares: self.clone(),
            organisation,
        })
    }
}

impl UploadShare {
    /// Takes room for further bytes of the upload.
    ///
    /// # Errors
    /// All uploads together take too much.
    fn grow(&self, count: usize) -> Result<(), Problem> {
        let held = &self.shares.0;
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.values().sum::<usize>() + count > MAX_HELD {
            return Err(busy());
        }
        *held.entry(self.organisation).or_default() += count;
        Ok(())
    }

    /// Returns how many bytes of the upload came so far.
    fn received(&self) -> usize {
        let held = &self.shares.0;
        let held = held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(&self.organisation).copied().unwrap_or_default()
    }

    /// Ends once the upload comes too slowly.
    async fn late(&self) {
        let begun = Instant::now();
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if is_late(begun.elapsed(), self.received()) {
                return;
            }
        }
    }
}

/// Returns whether an upload is given up of which so many bytes came within this time.
fn is_late(elapsed: Duration, received: usize) -> bool {
    let seconds = elapsed.saturating_sub(GRACE).as_secs();
    let seconds = usize::try_from(seconds).unwrap_or(usize::MAX);
    elapsed > UPLOAD_TIMEOUT || received < seconds.saturating_mul(LEAST_RATE)
}

fn busy() -> Problem {
    let detail = "the server makes as many scans for the API as it may: try again later";
    Problem::too_many(detail, LATER)
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
    pub(super) async fn read(request: Request, share: &UploadShare) -> Result<Self, Problem> {
        // Until here it was a stranger's.
        if let Some(activity) = request.extensions().get::<Activity>() {
            activity.uploads();
        }
        let late = "the upload came too slowly";
        tokio::select! {
            read = Box::pin(Self::read_body(request, share)) => read,
            () = share.late() => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, late)),
        }
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

    async fn read_body(request: Request, share: &UploadShare) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next();
        match kind
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
            .as_str()
        {
            "multipart/form-data" => Self::read_form(request, share).await,
            "application/json" => {
                let body = body(request, share).await?;
                match body.is_empty() {
                    true => Ok(Self::default()),
                    false => Ok(Self {
                        state: Some(body),
                        ..Self::default()
                    }),
                }
            }
            _ => match body(request, share).await?.is_empty() {
                true => Ok(Self::default()),
                false => Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "send a state as application/json, or as the field `state` of multipart/form-data",
                )),
            },
        }
    }

    async fn read_form(request: Request, share: &UploadShare) -> Result<Self, Problem> {
        let form = Multipart::from_request(request, &()).await;
        let mut form = form.map_err(|error| Problem::new(error.status(), error.body_text()))?;
        let mut upload = Self::default();
        while let Some(field) = form.next_field().await.map_err(unreadable)? {
            let name = field.name().unwrap_or_default().to_owned();
            match name.as_str() {
                "state" if upload.state.is_none() => {
                    upload.state = Some(bytes(field, MAX_STATE, share).await?);
                }
                "code" if upload.code.is_none() => {
                    upload.code = Some(bytes(field, MAX_CODE, share).await?);
                }
                "folder" => {
                    let text = String::from_utf8(bytes(field, MAX_FOLDER, share).await?);
                    upload.folder = folder(&text.unwrap_or_default())?;
                }
                _ => {
                    let problem = "a form has `state`, `code` and `folder`, each once";
                    return Err(Problem::bad_request(problem));
                }
            }
        }
        if upload.code.is_none() && !upload.folder.is_empty() {
            let problem = "`folder` is a path within the code: send `code` as well";
            return Err(Problem::unprocessable(problem));
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

async fn body(request: Request, share: &UploadShare) -> Result<Vec<u8>, Problem> {
    let mut chunks = request.into_body().into_data_stream();
    let mut read = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| Problem::bad_request(error.to_string()))?;
        add(&mut read, &chunk, ("the body", MAX_STATE), share)?;
    }
    Ok(read)
}

async fn bytes(mut field: Field<'_>, most: usize, share: &UploadShare) -> Result<Vec<u8>, Problem> {
    let name = format!("`{}`", field.name().unwrap_or_default());
    let mut read = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(unreadable)? {
        add(&mut read, &chunk, (&name, most), share)?;
    }
    Ok(read)
}

fn add(
    read: &mut Vec<u8>,
    chunk: &[u8],
    (name, most): (&str, usize),
    share: &UploadShare,
) -> Result<(), Problem> {
    if read.len() + chunk.len() > most {
        return Err(too_large(name, most));
    }
    share.grow(chunk.len())?;
    read.extend_from_slice(chunk);
    Ok(())
}

fn too_large(name: &str, most: usize) -> Problem {
    let most = match most >> 20 {
        0 => format!("{most} bytes"),
        mebibytes => format!("{mebibytes} MiB"),
    };
    let problem = format!("{name} has more than {most}");
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
        let others: Vec<_> = (2..=AT_ONCE as u64)
            .map(|other| take(other).unwrap())
            .collect();
        assert_eq!(take(99).unwrap_err().status(), 429);
        drop(first);
        drop(take(99).unwrap());
        // Not only their number counts: the last one has no room.
        others[0].grow(MAX_HELD - 1).unwrap();
        others[1].grow(1).unwrap();
        assert_eq!(others[1].grow(1).unwrap_err().status(), 429);
        drop(others);
        take(2).unwrap().grow(MAX_HELD).unwrap();
    }

    #[test]
    fn an_upload_that_trickles_is_given_up() {
        let late = |seconds, received| is_late(Duration::from_secs(seconds), received);
        assert!(!late(10, 0) && late(11, 0) && !late(11, LEAST_RATE));
        assert!(late(60, 49 * LEAST_RATE) && !late(60, 50 * LEAST_RATE));
        assert!(late(121, MAX_BODY));
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
