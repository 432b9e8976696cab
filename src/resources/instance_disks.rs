//! The disks of instances: blocks of theirs in the provider's shape, volumes of their own in the API's.

use super::bulk::All;
use super::shape::attributes;
use crate::aws::Session;
use crate::model::{Reason, Value};
use aws_sdk_ec2::types::{Instance, Volume};
use std::collections::BTreeMap;

pub(super) const VOLUMES: &str = "ec2:DescribeVolumes";
/// EC2's longest page.
const PAGE: i32 = 1000;

/// The region's volumes by id, asked once.
pub(super) async fn volumes(session: &Session) -> Result<All<Volume>, Reason> {
    let ask = async {
        let request = session.ec2().describe_volumes().max_results(PAGE);
        let pages = session
            .pages(VOLUMES, request.into_paginator().send())
            .await?;
        let volumes = pages
            .into_iter()
            .flat_map(|page| page.volumes.unwrap_or_default());
        Ok(volumes
            .filter_map(|one| Some((one.volume_id()?.to_owned(), one)))
            .collect())
    };
    session.shared("volumes", ask).await
}

/// The root disk, and the others.
pub(super) fn disks(
    instance: &Instance,
    volumes: &BTreeMap<String, Volume>,
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
        if mapping.device_name() == instance.root_device_name() {
            root.push(Value::Map(disk));
        } else {
            disk.insert("snapshot_id".to_owned(), volume.snapshot_id().into());
            others.push(Value::Map(disk));
        }
    }
    (root, others)
}
