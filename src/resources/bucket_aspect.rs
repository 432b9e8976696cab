//! Reads the types that configure one aspect of a bucket, with one call per bucket.

use super::read::each;
use super::{ReadRequest, ReadResult};
use crate::aws::Session;
use crate::model::{Attributes, Reading, Reason, Resource};
use aws_sdk_s3::operation::get_bucket_acl::GetBucketAclOutput;
use futures::future::BoxFuture;
use std::sync::Arc;

/// The IAM action that reads a bucket's grants.
pub(super) const ACL: &str = "s3:GetBucketAcl";

/// S3's error codes for a bucket that does not exist.
pub(super) const NOT_FOUND: &[&str] = &["NoSuchBucket"];

/// Reads the aspect of each tracked bucket. `get` returns `None` where the bucket lacks it; since it asks by name, no
/// second call confirms that.
pub(super) async fn read<'a>(
    request: ReadRequest<'a>,
    get: impl Fn(&'a Resource) -> BoxFuture<'a, Result<Option<Attributes>, Reason>>,
) -> ReadResult<'a> {
    let read_bucket = |resource: &'a Resource| {
        let answer = get(resource);
        async move {
            let reading = match answer.await {
                Ok(Some(attributes)) => Reading::Found(attributes),
                Ok(None) => Reading::Absent,
                Err(reason) => Reading::Unknown(reason),
            };
            (resource, reading)
        }
    };
    ReadResult {
        readings: each(&request.tracked, |resource| read_bucket(resource)).await,
        ..ReadResult::default()
    }
}

/// Returns the bucket that a resource configures.
pub(super) fn bucket(resource: &Resource) -> &str {
    let id = resource.id.split(',').next().unwrap_or_default();
    resource.text("bucket").unwrap_or(id)
}

/// Reads a bucket's grants, once for all types that need them. Returns `None` where the bucket does not exist.
pub(super) async fn acl(
    session: &Session,
    bucket: &str,
) -> Result<Arc<Option<GetBucketAclOutput>>, Reason> {
    let request = async {
        let request = session.s3().get_bucket_acl().bucket(bucket).send();
        session.find(ACL, NOT_FOUND, request).await
    };
    session
        .shared(&format!("grants of {bucket}"), request)
        .await
}
