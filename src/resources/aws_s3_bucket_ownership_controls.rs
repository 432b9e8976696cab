//! `aws_s3_bucket_ownership_controls`: the object ownership setting of a bucket.

use super::bucket_aspect::{self, bucket};
use super::shape::{attributes, block};
use super::{ResourceType, Scope};
use crate::model::TypeRules;
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_s3_bucket_ownership_controls",
    scope: Scope::Regional,
    listed: false,
    rules: TypeRules::NONE,
    actions: &[GET],
    read: |session, request| {
        bucket_aspect::read(request, move |resource| {
            async move {
                let name = bucket(resource);
                let request = session.s3().get_bucket_ownership_controls().bucket(name);
                let answer = session.find(GET, NOT_FOUND, request.send()).await?;
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
/// S3's error codes for a bucket that does not exist or lacks the configuration.
const NOT_FOUND: &[&str] = &["OwnershipControlsNotFoundError", "NoSuchBucket"];
