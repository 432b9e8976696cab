//! `s3`: a state in a bucket, which may be versioned, encrypted and locked.

use super::{BackendAccess, BackendConfig, BackendType, StoredState, error};
use crate::aws::Session;
use crate::model::{Backend, Reason, Region, ScanError};
use crate::state::{Extent, StateObject};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::Bytes;
use futures::FutureExt;
use serde::Deserialize;

pub(super) static TYPE: BackendType = BackendType {
    kind: "s3",
    locate: |config| {
        Ok(Backend {
            kind: "s3".to_owned(),
            location: format!("s3://{}/{}", config.required("bucket")?, key(config)?),
        })
    },
    names: &["bucket", "key", "region", "workspace_key_prefix"],
    object: |config| state_object(config).map(Some),
    read: |config, access| read(config, access).boxed(),
};

/// The IAM action that reads an object. One encrypted with a customer managed key needs `kms:Decrypt` besides: see
/// `state::grant`.
const GET_OBJECT: &str = "s3:GetObject";
/// The largest lock file that is read, in bytes.
const MAX_LOCK: u64 = 64 * 1024;
/// S3's error codes for an object or bucket that does not exist.
const NOT_FOUND: &[&str] = &["NoSuchKey", "NoSuchBucket", "NotFound"];

/// Returns the object's key; workspaces other than the default one have a folder of their own.
fn key(config: &BackendConfig<'_>) -> Result<String, ScanError> {
    let key = config.required("key")?.trim_start_matches('/');
    if config.is_default_workspace() {
        return Ok(key.to_owned());
    }
    let prefix = config.text("workspace_key_prefix")?.unwrap_or("env:");
    Ok(format!(
        "{}/{}/{key}",
        prefix.trim_matches('/'),
        config.workspace
    ))
}

/// Returns the object that a role must be allowed to read.
fn state_object(config: &BackendConfig<'_>) -> Result<StateObject, ScanError> {
    let text = |name: &str| config.text(name).ok().flatten();
    Ok(StateObject {
        bucket: config.required("bucket")?.to_owned(),
        key: key(config)?,
        extent: Extent::Object,
        region: text("region").and_then(Region::new),
        kms_key: text("kms_key_id").map(str::to_owned),
    })
}

async fn read(
    config: &BackendConfig<'_>,
    access: &BackendAccess<'_>,
) -> Result<StoredState, ScanError> {
    let (bucket, key) = (config.required("bucket")?, key(config)?);
    let region = config.text("region").ok().flatten().and_then(Region::new);
    let region = region.unwrap_or_else(|| access.region.clone());
    let location = format!("s3://{bucket}/{key}");
    let failed = |reason: Reason| error(format!("{location} cannot be read: {reason}"));
    let session = access.aws.session(None, &region).await.map_err(failed)?;
    let found = get_object(&session, bucket, &key).await.map_err(failed)?;
    let object = found.ok_or_else(|| {
        let prefix = config.text("workspace_key_prefix").ok().flatten();
        let workspace = prefix.map_or("the workspace".to_owned(), |prefix| {
            format!("the workspace (those of this backend lie under {prefix}/)")
        });
        error(format!(
            "{location} does not exist: apply the stack first, or correct the key, {workspace} or the account"
        ))
    })?;
    let size = size(&object).map_err(failed)?;
    let memory = access.states.admit(&location, size).await?;
    let state = read_body(object, size).await.map_err(failed)?;
    let lock = lock(&session, bucket, &format!("{key}.tflock")).await;
    // A lock that cannot be looked at is no reason to stop: nothing is ever locked or waited for.
    let notes = lock.ok().flatten().map(|lock| describe_lock(&lock));
    Ok(StoredState {
        bytes: state,
        memory,
        notes: notes.into_iter().collect(),
    })
}

/// Opens an object; `None` where it does not exist. Its body is not read yet.
async fn get_object(
    session: &Session,
    bucket: &str,
    key: &str,
) -> Result<Option<GetObjectOutput>, Reason> {
    let request = session.s3().get_object().bucket(bucket).key(key).send();
    session.find(GET_OBJECT, NOT_FOUND, request).await
}

/// Reads the lock file of a state, if there is one.
async fn lock(session: &Session, bucket: &str, key: &str) -> Result<Option<Bytes>, Reason> {
    let Some(lock) = get_object(session, bucket, key).await? else {
        return Ok(None);
    };
    read_body(lock, MAX_LOCK).await.map(Some)
}

/// Returns the size of an object, in bytes.
fn size(object: &GetObjectOutput) -> Result<u64, Reason> {
    let length = object.content_length();
    let length = length.and_then(|length| u64::try_from(length).ok());
    length.ok_or_else(|| failed_read("S3 does not say how large it is".to_owned()))
}

/// Reads the body of an object, and fails where it is larger than the limit.
async fn read_body(object: GetObjectOutput, largest: u64) -> Result<Bytes, Reason> {
    let mut bytes = Vec::with_capacity(usize::try_from(largest).unwrap_or_default());
    let mut body = object.body;
    while let Some(chunk) = body.next().await {
        let chunk =
            chunk.map_err(|error| failed_read(format!("the download broke off: {error}")))?;
        if (bytes.len() + chunk.len()) as u64 > largest {
            return Err(failed_read(format!("it has more than {largest} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

fn failed_read(message: String) -> Reason {
    Reason::Failed { message }
}

/// Describes who holds a lock, from the lock file.
fn describe_lock(lock: &[u8]) -> String {
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "PascalCase", default)]
    struct Lock {
        operation: String,
        who: String,
        created: String,
    }
    let lock: Lock = serde_json::from_slice(lock).unwrap_or_default();
    let or_unknown = |text: String| {
        if text.is_empty() {
            "unknown".to_owned()
        } else {
            text
        }
    };
    format!(
        "the state is locked (operation {}, by {}, since {}): what is being applied may show as drift",
        or_unknown(lock.operation),
        or_unknown(lock.who),
        or_unknown(lock.created)
    )
}
