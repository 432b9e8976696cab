//! Reads `replication_configuration` of `aws_s3_bucket`.

use super::bucket_blocks::{REPLICATION, nothing};
use super::shape::{block, tags};
use crate::aws::Session;
use crate::model::{Reason, Value};
use aws_sdk_s3::types::{
    DeleteMarkerReplicationStatus, Destination, ReplicationRule, ReplicationRuleFilter,
    SourceSelectionCriteria, SseKmsEncryptedObjectsStatus, Tag,
};

/// S3's error codes for a bucket without replication.
const NOT_FOUND: &[&str] = &["ReplicationConfigurationNotFoundError", "NoSuchBucket"];

/// Reads the replication configuration of a bucket.
pub(super) async fn configuration(session: &Session, bucket: &str) -> Result<Value, Reason> {
    let request = session.s3().get_bucket_replication().bucket(bucket).send();
    let found = session.find(REPLICATION, NOT_FOUND, request).await?;
    let found = found.and_then(|found| found.replication_configuration);
    Ok(found.map_or_else(nothing, |found| {
        let rules = found.rules().iter().map(rule).collect();
        block([
            ("role", Some(found.role().into())),
            ("rules", Some(Value::List(rules))),
        ])
    }))
}

fn rule(rule: &ReplicationRule) -> Value {
    #[expect(
        deprecated,
        reason = "rules of the oldest form have it in place of a filter"
    )]
    let prefix = rule.prefix();
    let markers = rule.delete_marker_replication();
    let markers = markers.and_then(|markers| markers.status());
    let markers = markers.filter(|status| **status == DeleteMarkerReplicationStatus::Enabled);
    let criteria = rule.source_selection_criteria().map(criteria);
    let destination = rule.destination().map(destination);
    Value::map([
        (
            "delete_marker_replication_status",
            markers.map(|status| status.as_str()).into(),
        ),
        ("destination", destination.unwrap_or_else(nothing)),
        ("filter", rule.filter().map_or_else(nothing, filter)),
        ("id", rule.id().into()),
        ("prefix", prefix.into()),
        ("priority", rule.priority().into()),
        (
            "source_selection_criteria",
            criteria.unwrap_or_else(nothing),
        ),
        ("status", rule.status().as_str().into()),
    ])
}

fn filter(filter: &ReplicationRuleFilter) -> Value {
    let (prefix, tagged): (_, Vec<&Tag>) = match filter.and() {
        Some(both) => (both.prefix(), both.tags().iter().collect()),
        None => (filter.prefix(), filter.tag().into_iter().collect()),
    };
    let tagged = tagged
        .iter()
        .map(|tag| (Some(tag.key()), Some(tag.value())));
    block([
        ("prefix", Some(prefix.into())),
        ("tags", Some(tags(tagged))),
    ])
}

fn criteria(criteria: &SourceSelectionCriteria) -> Value {
    let encrypted = criteria.sse_kms_encrypted_objects().map(|objects| {
        let enabled = *objects.status() == SseKmsEncryptedObjectsStatus::Enabled;
        block([("enabled", Some(enabled.into()))])
    });
    block([(
        "sse_kms_encrypted_objects",
        Some(encrypted.unwrap_or_else(nothing)),
    )])
}

fn destination(destination: &Destination) -> Value {
    let owner = destination
        .access_control_translation()
        .map(|owner| block([("owner", Some(owner.owner().as_str().into()))]));
    let key = destination.encryption_configuration();
    let key = key.and_then(|key| key.replica_kms_key_id());
    let metrics = destination.metrics().map(|metrics| {
        let minutes = metrics.event_threshold().and_then(|time| time.minutes());
        block([
            ("minutes", Some(minutes.into())),
            ("status", Some(metrics.status().as_str().into())),
        ])
    });
    let time = destination.replication_time().map(|time| {
        let minutes = time.time().and_then(|time| time.minutes());
        block([
            ("minutes", Some(minutes.into())),
            ("status", Some(time.status().as_str().into())),
        ])
    });
    block([
        (
            "access_control_translation",
            Some(owner.unwrap_or_else(nothing)),
        ),
        ("account_id", Some(destination.account().into())),
        ("bucket", Some(destination.bucket().into())),
        ("metrics", Some(metrics.unwrap_or_else(nothing))),
        ("replica_kms_key_id", Some(key.into())),
        ("replication_time", Some(time.unwrap_or_else(nothing))),
        (
            "storage_class",
            Some(
                destination
                    .storage_class()
                    .map(|class| class.as_str())
                    .into(),
            ),
        ),
    ])
}
