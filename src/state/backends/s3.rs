//! `s3`: a state in a bucket, versioned, encrypted and locked as it may be.

use super::{BackendType, Doors, Place, Stored, error};
use crate::aws::Session;
use crate::model::{Backend, Reason, Region, ScanError};
use crate::state::{Extent, StateObject};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::Bytes;
use futures::FutureExt;
use serde::Deserialize;

pub(super) static TYPE: BackendType = BackendType {
    kind: "s3",
    locate: |place| {
        Ok(Backend {
            kind: "s3".to_owned(),
            location: format!("s3://{}/{}", place.required("bucket")?, key(place)?),
        })
    },
    names: &["bucket", "key", "region", "workspace_key_prefix"],
    object: |place| object_of(place).map(Some),
    read: |place, doors| read(place, doors).boxed(),
};

/// What reading an object needs; encrypted with a key of one's own, `kms:Decrypt` besides: see `state::grant`.
const GET: &str = "s3:GetObject";
/// The largest lock that is read.
const LARGEST_LOCK: u64 = 64 * 1024;
/// How S3 says that an object or a bucket is not there.
const MISSING: &[&str] = &["NoSuchKey", "NoSuchBucket", "NotFound"];

/// The object's key; other workspaces than the default one have a folder of their own.
fn key(place: &Place<'_>) -> Result<String, ScanError> {
    let key = place.required("key")?.trim_start_matches('/');
    if place.is_default_workspace() {
        return Ok(key.to_owned());
    }
    let prefix = place.text("workspace_key_prefix")?.unwrap_or("env:");
    Ok(format!(
        "{}/{}/{key}",
        prefix.trim_matches('/'),
        place.workspace
    ))
}

/// What a role must be allowed to read.
fn object_of(place: &Place<'_>) -> Result<StateObject, ScanError> {
    let text = |name: &str| place.text(name).ok().flatten();
    Ok(StateObject {
        bucket: place.required("bucket")?.to_owned(),
        key: key(place)?,
        extent: Extent::Object,
        region: text("region").and_then(Region::new),
        kms_key: text("kms_key_id").map(str::to_owned),
    })
}

async fn read(place: &Place<'_>, doors: &Doors<'_>) -> Result<Stored, ScanError> {
    let (bucket, key) = (place.required("bucket")?, key(place)?);
    let region = place.text("region").ok().flatten().and_then(Region::new);
    let region = region.unwrap_or_else(|| doors.region.clone());
    let location = format!("s3://{bucket}/{key}");
    let failed = |reason: Reason| error(format!("{location} cannot be read: {reason}"));
    let session = doors.aws.session(None, &region).await.map_err(failed)?;
    let found = find(&session, bucket, &key).await.map_err(failed)?;
    let object = found.ok_or_else(|| {
        let prefix = place.text("workspace_key_prefix").ok().flatten();
        let workspace = prefix.map_or("the workspace".to_owned(), |prefix| {
            format!("the workspace (those of this backend lie under {prefix}/)")
        });
        error(format!(
            "{location} does not exist: apply the stack first, or correct the key, {workspace} or the account"
        ))
    })?;
    let size = size(&object).map_err(failed)?;
    let memory = doors.states.admit(&location, size).await?;
    let state = whole(object, size).await.map_err(failed)?;
    let lock = lock(&session, bucket, &format!("{key}.tflock")).await;
    // A lock that cannot be looked at is no reason to stop: nothing is ever locked or waited for.
    let notes = lock.ok().flatten().map(|lock| held(&lock));
    Ok(Stored {
        bytes: state,
        memory,
        notes: notes.into_iter().collect(),
    })
}

/// An object: none where it does not exist. Its bytes are not read yet.
async fn find(
    session: &Session,
    bucket: &str,
    key: &str,
) -> Result<Option<GetObjectOutput>, Reason> {
    let request = session.s3().get_object().bucket(bucket).key(key).send();
    session.find(GET, MISSING, request).await
}

/// The lock beside a state, as far as it is read.
async fn lock(session: &Session, bucket: &str, key: &str) -> Result<Option<Bytes>, Reason> {
    let Some(lock) = find(session, bucket, key).await? else {
        return Ok(None);
    };
    whole(lock, LARGEST_LOCK).await.map(Some)
}

/// How many bytes an object has.
fn size(object: &GetObjectOutput) -> Result<u64, Reason> {
    let length = object.content_length();
    let length = length.and_then(|length| u64::try_from(length).ok());
    length.ok_or_else(|| broken("S3 does not say how large it is".to_owned()))
}

/// An object's bytes, and an error where it has more than so many.
async fn whole(object: GetObjectOutput, largest: u64) -> Result<Bytes, Reason> {
    let mut bytes = Vec::with_capacity(usize::try_from(largest).unwrap_or_default());
    let mut body = object.body;
    while let Some(part) = body.next().await {
        let part = part.map_err(|error| broken(format!("the download broke off: {error}")))?;
        if (bytes.len() + part.len()) as u64 > largest {
            return Err(broken(format!("it has more than {largest} bytes")));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.into())
}

fn broken(message: String) -> Reason {
    Reason::Failed { message }
}

/// Who holds a lock, as far as the lock itself says.
fn held(lock: &[u8]) -> String {
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
