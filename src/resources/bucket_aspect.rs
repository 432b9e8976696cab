//! What the types have in common that stand for one aspect of a bucket: one call each, by the bucket's name.

use super::{Answer, Ask};
use crate::aws::Session;
use crate::model::{Attributes, Reading, Reason, Resource};
use aws_sdk_s3::operation::get_bucket_acl::GetBucketAclOutput;
use futures::future::{BoxFuture, join_all};
use std::sync::Arc;

/// What reading a bucket's grants needs.
pub(super) const ACL: &str = "s3:GetBucketAcl";

/// How S3 says that a bucket is not there.
pub(super) const MISSING: &[&str] = &["NoSuchBucket"];

/// Asks for the aspect of each tracked bucket; `get` says none where the service says that there is none. It is asked
/// by name, so one answer is enough.
pub(super) async fn read<'a>(
    ask: Ask<'a>,
    get: impl Fn(&'a Resource) -> BoxFuture<'a, Result<Option<Attributes>, Reason>>,
) -> Answer<'a> {
    let one = |resource: &'a Resource| {
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
    Answer {
        readings: join_all(ask.tracked.iter().copied().map(one)).await,
        ..Answer::default()
    }
}

/// The bucket that a resource is an aspect of.
pub(super) fn bucket(resource: &Resource) -> &str {
    let id = resource.id.split(',').next().unwrap_or_default();
    resource.text("bucket").unwrap_or(id)
}

/// A bucket's grants, asked once for the bucket and for what stands for them; none where there is no bucket.
pub(super) async fn acl(
    session: &Session,
    bucket: &str,
) -> Result<Arc<Option<GetBucketAclOutput>>, Reason> {
    let ask = async {
        let request = session.s3().get_bucket_acl().bucket(bucket).send();
        session.find(ACL, MISSING, request).await
    };
    session.shared(&format!("grants of {bucket}"), ask).await
}
