//! `aws_s3_bucket_ownership_controls`: whose the objects are that others write into a bucket.

use super::bucket_aspect::{self, bucket};
use super::shape::{attributes, block};
use super::{ResourceType, Scope};
use crate::model::Extra;
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_s3_bucket_ownership_controls",
    scope: Scope::Regional,
    listed: false,
    extra: Extra::NONE,
    actions: &[GET],
    read: |session, ask| {
        bucket_aspect::read(ask, move |resource| {
            async move {
                let name = bucket(resource);
                let request = session.s3().get_bucket_ownership_controls().bucket(name);
                let answer = session.find(GET, MISSING, request.send()).await?;
                let controls = answer.and_then(|answer| answer.ownership_controls);
                Ok(controls.map(|controls| {
                    let rule = controls.rules().first();
                    let whose = rule.map(|rule| rule.object_ownership().as_str().into());
                    attributes([
                        ("bucket", name.into()),
                        ("rule", block([("object_ownership", whose)])),
                    ])
                }))
            }
            .boxed()
        })
        .boxed()
    },
};

const GET: &str = "s3:GetBucketOwnershipControls";
/// How S3 says that a bucket has none, or is not there.
const MISSING: &[&str] = &["OwnershipControlsNotFoundError", "NoSuchBucket"];
