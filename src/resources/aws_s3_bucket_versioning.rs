//! `aws_s3_bucket_versioning`: whether a bucket keeps what is overwritten.

use super::bucket_aspect::{self, bucket};
use super::shape::{attributes, block};
use super::{ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Extra, Reason, Value};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_bucket_versioning::{
    GetBucketVersioningError, GetBucketVersioningOutput,
};
use aws_sdk_s3::types::{BucketVersioningStatus, MfaDeleteStatus};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_s3_bucket_versioning",
    scope: Scope::Regional,
    listed: false,
    extra: Extra {
        never_read: &["mfa", "expected_bucket_owner"],
        form: |path, value| match (path, value.as_str()) {
            ("versioning_configuration.mfa_delete", Some("Disabled")) => Value::Null,
            _ => value,
        },
        ..Extra::NONE
    },
    actions: &[GET],
    read: |session, ask| {
        bucket_aspect::read(ask, move |resource| {
            async move {
                let answer = versioning_of(session, bucket(resource)).await?;
                Ok(answer.map(|answer| {
                    // A bucket that never had versions says nothing.
                    let status = answer.status().map_or("Disabled", |status| status.as_str());
                    let delete = answer.mfa_delete().map(|delete| delete.as_str());
                    attributes([
                        ("bucket", bucket(resource).into()),
                        (
                            "versioning_configuration",
                            block([
                                ("mfa_delete", Some(delete.into())),
                                ("status", Some(status.into())),
                            ]),
                        ),
                    ])
                }))
            }
            .boxed()
        })
        .boxed()
    },
};

/// What reading it needs.
pub(super) const GET: &str = "s3:GetBucketVersioning";

/// Asks for the versioning of a bucket; none where there is no bucket.
pub(super) async fn versioning_of(
    session: &Session,
    bucket: &str,
) -> Result<Option<GetBucketVersioningOutput>, Reason> {
    let request = session.s3().get_bucket_versioning();
    let request = request.bucket(bucket).send().map(as_answered);
    session.find(GET, bucket_aspect::MISSING, request).await
}

type Answered = Result<GetBucketVersioningOutput, SdkError<GetBucketVersioningError>>;

/// The answer, whatever its outermost element is called: stores that stand in for S3 call it otherwise than AWS does,
/// and the SDK takes no other name.
#[expect(clippy::result_large_err, reason = "it is the SDK's own")]
fn as_answered(answered: Answered) -> Answered {
    let Err(error) = &answered else {
        return answered;
    };
    let Some(response) = error
        .raw_response()
        .filter(|response| response.status().is_success())
    else {
        return answered;
    };
    let body = response.body().bytes().unwrap_or_default();
    let body = String::from_utf8_lossy(body);
    let element = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        Some(rest.split_once("</")?.0.trim())
    };
    Ok(GetBucketVersioningOutput::builder()
        .set_status(element("Status").map(BucketVersioningStatus::from))
        .set_mfa_delete(element("MfaDelete").map(MfaDeleteStatus::from))
        .build())
}
