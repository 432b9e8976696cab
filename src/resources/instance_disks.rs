//! Reads the volumes of instances: blocks of the instance, and volumes of their own.

use super::Scope;
use super::listing::{ById, Listing};
use super::shape::{attributes, tags};
use crate::aws::Session;
use crate::model::{Reason, Resource, Value};
use aws_sdk_ec2::operation::describe_volumes::DescribeVolumesOutput;
use aws_sdk_ec2::types::{Instance, Volume};
use std::collections::BTreeMap;

pub(super) const VOLUMES: &str = "ec2:DescribeVolumes";
/// The largest page that EC2 returns.
const PAGE_SIZE: i32 = 1000;

static LISTING: Listing<DescribeVolumesOutput, Volume> = Listing {
    action: VOLUMES,
    scope: Scope::Regional,
    items: |page| page.volumes,
    id: Volume::volume_id,
};

/// Lists the region's volumes by id.
pub(super) async fn volumes(session: &Session) -> Result<ById<Volume>, Reason> {
    let request = session.ec2().describe_volumes().max_results(PAGE_SIZE);
    LISTING
        .by_id(session, request.into_paginator().send())
        .await
}

/// Converts the root volume and the other volumes of an instance.
pub(super) fn disks(
    instance: &Instance,
    volumes: &BTreeMap<String, Volume>,
    recorded: Option<&Resource>,
) -> (Vec<Value>, Vec<Value>) {
    let (mut root, mut others) = (Vec::new(), Vec::new());
    for mapping in instance.block_device_mappings() {
        let Some((ebs, volume)) = mapping
            .ebs()
            .and_then(|ebs| Some((ebs, volumes.get(ebs.volume_id()?)?)))
        else {
            continue;
        };
        let mut disk = attributes([
            (
                "delete_on_termination",
                ebs.delete_on_termination().unwrap_or_default().into(),
            ),
            ("device_name", mapping.device_name().into()),
            ("encrypted", volume.encrypted().unwrap_or_default().into()),
            ("iops", volume.iops().into()),
            ("kms_key_id", volume.kms_key_id().into()),
            ("throughput", volume.throughput().into()),
            ("volume_id", ebs.volume_id().into()),
            ("volume_size", volume.size().into()),
            (
                "volume_type",
                volume.volume_type().map(|ty| ty.as_str()).into(),
            ),
        ]);
        if let Some(own) = recorded.and_then(|recorded| own_tags(recorded, volume)) {
            disk.insert("tags".to_owned(), own);
        }
        if mapping.device_name() == instance.root_device_name() {
            root.push(Value::Map(disk));
        } else {
            disk.insert("snapshot_id".to_owned(), volume.snapshot_id().into());
            others.push(Value::Map(disk));
        }
    }
    (root, others)
}

/// Returns a volume's tags without those that the provider's `default_tags` added: the tags that the state has in
/// `tags_all` and not in `tags`. Returns `None` where the state does not record the volume's tags, as with
/// `volume_tags`.
fn own_tags(recorded: &Resource, volume: &Volume) -> Option<Value> {
    let blocks = ["root_block_device", "ebs_block_device"].iter();
    let mut blocks = blocks.flat_map(|name| recorded.get(name).as_list().unwrap_or_default());
    let block = blocks.find(|block| block.get("volume_id").as_str() == volume.volume_id())?;
    let all = block.get("tags_all").as_map()?;
    if !recorded.get("volume_tags").is_empty() {
        return None;
    }
    let own = block.get("tags");
    let by_default =
        |key: &str, value: &Value| all.get(key) == Some(value) && own.get(key).is_null();
    let live = tags(volume.tags().iter().map(|tag| (tag.key(), tag.value())));
    let kept = live.as_map()?.iter();
    let kept = kept.filter(|(key, value)| !by_default(key, value));
    Some(Value::map(
        kept.map(|(key, value)| (key.as_str(), value.clone())),
    ))
}
