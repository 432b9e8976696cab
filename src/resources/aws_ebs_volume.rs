//! `aws_ebs_volume`: a disk.

use super::bulk::Bulk;
use super::instance_disks::{VOLUMES, volumes};
use super::shape::{attributes, tags};
use super::{ResourceType, Scope};
use crate::model::{Attributes, Extra};
use aws_sdk_ec2::types::{Volume, VolumeState};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_ebs_volume",
    scope: Scope::Regional,
    listed: false,
    extra: Extra {
        never_read: &["final_snapshot"],
        watched: &["iops", "size", "throughput", "type"],
        ..Extra::NONE
    },
    actions: &[VOLUMES],
    read: |session, ask| BULK.read(session, ask).boxed(),
};

static BULK: Bulk<Volume> = Bulk {
    tf_type: TYPE.tf_type,
    all: |session| volumes(session).boxed(),
    one: |session, resource| {
        async move {
            let request = session.ec2().describe_volumes().volume_ids(&resource.id);
            let answer = session.find(VOLUMES, MISSING, request.send()).await?;
            let found = answer.and_then(|answer| answer.volumes?.into_iter().next());
            Ok(found.filter(|volume| volume.state() != Some(&VolumeState::Deleting)))
        }
        .boxed()
    },
    convert,
    somebodys: None,
};

/// How EC2 says that a volume is not there.
const MISSING: &[&str] = &["InvalidVolume.NotFound"];

/// One volume of the answer, in the provider's shape.
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
