//! `aws_ebs_volume`: an EBS volume.

use super::bulk_reader::BulkReader;
use super::instance_disks::{VOLUMES, volumes};
use super::shape::{attributes, created_by_aws, tags};
use super::{ResourceType, Scope};
use crate::model::{Attributes, TypeRules};
use aws_sdk_ec2::types::{Volume, VolumeState};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_ebs_volume",
    scope: Scope::Regional,
    listed: true,
    rules: TypeRules {
        never_read: &["final_snapshot"],
        watched: &["iops", "size", "throughput", "type"],
        ..TypeRules::NONE
    },
    actions: &[VOLUMES],
    read: |session, request| READER.read(session, request).boxed(),
};

static READER: BulkReader<Volume> = BulkReader {
    tf_type: TYPE.tf_type,
    list: |session| volumes(session).boxed(),
    get_by_id: |session, resource| {
        async move {
            let request = session.ec2().describe_volumes().volume_ids(&resource.id);
            let answer = session.find(VOLUMES, NOT_FOUND, request.send()).await?;
            let found = answer.and_then(|answer| answer.volumes?.into_iter().next());
            Ok(found.filter(|volume| volume.state() != Some(&VolumeState::Deleting)))
        }
        .boxed()
    },
    convert,
    is_user_created: Some(is_user_created),
};

/// EC2's error codes for a volume that does not exist.
const NOT_FOUND: &[&str] = &["InvalidVolume.NotFound"];

/// The tags by which a cluster marks the volumes that it creates for its workloads.
const CLUSTER_TAGS: &[&str] = &[
    "CSIVolumeName",
    "ebs.csi.aws.com/cluster",
    "kubernetes.io/created-for/pvc/name",
];

/// Returns false for volumes that an instance created or uses, and for those that a service or a cluster created.
fn is_user_created(volume: &Volume) -> bool {
    let keys = || volume.tags().iter().filter_map(|tag| tag.key());
    let is_deleted = matches!(
        volume.state(),
        Some(VolumeState::Deleted | VolumeState::Deleting)
    );
    let of_cluster = keys().any(|key| CLUSTER_TAGS.contains(&key));
    let in_use = !volume.attachments().is_empty();
    !(in_use || is_deleted || of_cluster || created_by_aws(keys().map(Some)))
}

/// Converts a volume to the provider's attributes.
fn convert(volume: &Volume) -> Attributes {
    attributes([
        ("availability_zone", volume.availability_zone().into()),
        ("encrypted", volume.encrypted().into()),
        ("iops", volume.iops().into()),
        ("kms_key_id", volume.kms_key_id().into()),
        ("multi_attach_enabled", volume.multi_attach_enabled().into()),
        ("outpost_arn", volume.outpost_arn().into()),
        ("size", volume.size().into()),
        ("snapshot_id", volume.snapshot_id().into()),
        (
            "tags_all",
            tags(volume.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
        ("throughput", volume.throughput().into()),
        (
            "type",
            volume.volume_type().map(|kind| kind.as_str()).into(),
        ),
    ])
}
