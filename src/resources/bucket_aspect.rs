//! What the types have in common that stand for one aspect of a bucket: one call each, by the bucket's name.

use super::{Answer, Ask};
use crate::model::{Attributes, Reading, Reason, Resource};
use futures::future::{BoxFuture, join_all};

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
