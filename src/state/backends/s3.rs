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
    variables: &[],
    objects: state_objects,
    read: |config, access| read(config, access).boxed(),
    workspaces: |config, access| workspaces(config, access).boxed(),
};

/// The IAM action that reads an object. One encrypted with a customer managed key needs `kms:Decrypt` besides: see
/// `state::grant`.
const GET_OBJECT: &str = "s3:GetObject";
/// The IAM action that lists objects.
const LIST_BUCKET: &str = "s3:ListBucket";
/// How many pages of a thousand objects are listed to find the workspaces.
const MAX_PAGES: usize = 50;
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
    Ok(format!("{}/{}/{key}", prefix(config)?, config.workspace))
}

/// Returns the folder of the workspaces, without a slash at its end.
fn prefix<'a>(config: &'a BackendConfig<'_>) -> Result<&'a str, ScanError> {
    let prefix = config.text("workspace_key_prefix")?.unwrap_or("env:");
    Ok(prefix.trim_matches('/'))
}

/// Returns the objects that a role must be allowed to read: for all workspaces, their whole folder as well.
fn state_objects(config: &BackendConfig<'_>) -> Result<Vec<StateObject>, ScanError> {
    let text = |name: &str| config.text(name).ok().flatten();
    let object = StateObject {
        bucket: config.required("bucket")?.to_owned(),
        key: key(config)?,
        extent: Extent::Object,
        region: text("region").and_then(Region::new),
        kms_key: text("kms_key_id").map(str::to_owned),
    };
    if !config.all_workspaces {
        return Ok(vec![object]);
    }
    let folder = StateObject {
        key: prefix(config)?.to_owned(),
        extent: Extent::ListedBelow,
        ..object.clone()
    };
    let default = StateObject {
        extent: Extent::ListedObject,
        ..object
    };
    Ok(vec![default, folder])
}

/// Opens a session in the bucket's region.
async fn session(
    config: &BackendConfig<'_>,
    access: &BackendAccess<'_>,
) -> Result<Session, Reason> {
    let region = config.text("region").ok().flatten().and_then(Region::new);
    let region = region.unwrap_or_else(|| access.region.clone());
    access.aws.session(None, &region).await
}

/// Lists the workspaces with an object in the bucket; the default one too, where it has one.
async fn workspaces(
    config: &BackendConfig<'_>,
    access: &BackendAccess<'_>,
) -> Result<Vec<String>, ScanError> {
    let (bucket, key) = (config.required("bucket")?, config.required("key")?);
    let key = key.trim_start_matches('/');
    let folder = format!("{}/", prefix(config)?);
    let location = format!("s3://{bucket}/{folder}");
    let failed = |reason: Reason| error(format!("{location} cannot be listed: {reason}"));
    let session = session(config, access).await.map_err(failed)?;
    let mut names = Vec::new();
    let default = list(&session, bucket, key).await.map_err(failed)?;
    if default.iter().flatten().any(|found| found == key) {
        names.push("default".to_owned());
    }
    let keys = list(&session, bucket, &folder).await.map_err(failed)?;
    let keys = keys.ok_or_else(|| {
        error(format!(
            "{location} holds too many objects to find the workspaces of this stack: name them under `workspaces` in \
             .driftguard.yml"
        ))
    })?;
    // Other stacks may have theirs in the same folder.
    names.extend(keys.iter().filter_map(|found| {
        let (name, rest) = found.strip_prefix(&folder)?.split_once('/')?;
        (rest == key).then(|| name.to_owned())
    }));
    Ok(names)
}

/// Lists the keys that begin so; `None` where there are too many.
async fn list(
    session: &Session,
    bucket: &str,
    prefix: &str,
) -> Result<Option<Vec<String>>, Reason> {
    let (mut keys, mut after) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let request = session.s3().list_objects_v2().bucket(bucket).prefix(prefix);
        let request = request.set_continuation_token(after.take()).send();
        let page = session.call(LIST_BUCKET, request).await?;
        let found = page.contents().iter().filter_map(|object| object.key());
        keys.extend(found.map(str::to_owned));
        after = page.next_continuation_token().map(str::to_owned);
        if after.is_none() {
            return Ok(Some(keys));
        }
    }
    Ok(None)
}

async fn read(
    config: &BackendConfig<'_>,
    access: &BackendAccess<'_>,
) -> Result<StoredState, ScanError> {
    let (bucket, key) = (config.required("bucket")?, key(config)?);
    let location = format!("s3://{bucket}/{key}");
    let failed = |reason: Reason| error(format!("{location} cannot be read: {reason}"));
    let session = session(config, access).await.map_err(failed)?;
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
