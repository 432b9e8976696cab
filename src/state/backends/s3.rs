//! `s3`: a state in a bucket, versioned, encrypted and locked as it may be.

use super::{BackendType, Doors, Place, Stored, error};
use crate::aws::Session;
use crate::model::{Backend, Reason, Region, ScanError};
use crate::state::{Extent, StateObject};
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
    object: |place| object_of(place).map(Some),
    read: |place, doors| read(place, doors).boxed(),
};

/// What reading an object needs; encrypted with a key of one's own, `kms:Decrypt` besides: see `state::grant`.
const GET: &str = "s3:GetObject";
/// The largest state that is read.
const LARGEST: i64 = 512 * 1024 * 1024;
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
    let state = object(&session, bucket, &key).await.map_err(failed)?.ok_or_else(|| {
        error(format!(
            "{location} does not exist: apply the stack first, or correct the key, the workspace or the account"
        ))
    })?;
    let lock = object(&session, bucket, &format!("{key}.tflock")).await;
    // A lock that cannot be looked at is no reason to stop: nothing is ever locked or waited for.
    let notes = lock
        .ok()
        .flatten()
        .map(|lock| held(&lock))
        .into_iter()
        .collect();
    Ok(Stored {
        bytes: state,
        notes,
    })
}

/// An object's bytes: none where it does not exist.
async fn object(session: &Session, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, Reason> {
    let request = session.s3().get_object().bucket(bucket).key(key).send();
    let Some(answer) = session.find(GET, MISSING, request).await? else {
        return Ok(None);
    };
    let failed = |message: String| Reason::Failed { message };
    if answer
        .content_length()
        .is_some_and(|length| length > LARGEST)
    {
        return Err(failed(format!("it is larger than {LARGEST} bytes")));
    }
    let bytes = answer.body.collect().await;
    let bytes = bytes.map_err(|error| failed(format!("the download broke off: {error}")))?;
    Ok(Some(bytes.to_vec()))
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
