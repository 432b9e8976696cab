//! Converts what the provider reads of an instance only where its state has it: interfaces, names of groups, tags of
//! volumes.

use super::shape::{tags, texts, without};
use crate::model::{Attributes, Owner, Resource, SharedItems, Value};
use aws_sdk_ec2::types::{Instance, InstanceNetworkInterface, Volume};
use std::collections::BTreeMap;

/// The resources that attach volumes and groups to an instance.
pub(super) const OWNERS: &[Owner] = &[
    Owner {
        path: "ebs_block_device",
        tf_type: "aws_volume_attachment",
        parent: "instance_id",
        key: "id",
        when: None,
        items: Some(SharedItems {
            set_by: |attachment| {
                let volume = attachment.get("volume_id");
                vec![Value::map(volume.map(|id| ("volume_id", id.clone())))]
            },
            without: |disks, others| {
                without(disks, others, |disk| {
                    disk.get("volume_id").as_str().map(str::to_owned)
                })
            },
        }),
    },
    Owner {
        path: "vpc_security_group_ids",
        tf_type: "aws_network_interface_sg_attachment",
        parent: "network_interface_id",
        key: "primary_network_interface_id",
        when: None,
        items: Some(SharedItems {
            set_by: |attachment| {
                attachment
                    .get("security_group_id")
                    .cloned()
                    .into_iter()
                    .collect()
            },
            without: |groups, others| {
                without(groups, others, |group| group.as_str().map(str::to_owned))
            },
        }),
    },
];

/// Converts the attributes of this kind that the state records.
pub(super) fn attachments(
    instance: &Instance,
    volumes: &BTreeMap<String, Volume>,
    recorded: &Resource,
) -> Attributes {
    let read = [
        ("network_interface", interfaces(instance, recorded)),
        ("security_groups", group_names(instance)),
        ("volume_tags", volume_tags(instance, volumes, recorded)),
    ];
    let is_recorded = |(name, value): (&str, Value)| {
        let is_set = !recorded.get(name).is_empty();
        is_set.then(|| (name.to_owned(), value))
    };
    let mut all: Attributes = read.into_iter().filter_map(is_recorded).collect();
    // Some code names groups by id where the provider takes names: what the state has of these is no name.
    let is_id = |group: &Value| group.as_str().is_some_and(|text| text.starts_with("sg-"));
    let groups = recorded.get("security_groups").as_list();
    if groups.is_some_and(|groups| groups.iter().any(is_id)) {
        all.remove("security_groups");
    }
    all
}

/// Converts the interfaces at the device indexes that the state has. Others were attached by other resources.
fn interfaces(instance: &Instance, recorded: &Resource) -> Value {
    let blocks = recorded.get("network_interface").as_list();
    let known: Vec<_> = blocks
        .unwrap_or_default()
        .iter()
        .filter_map(|block| block.get("device_index").as_i64())
        .collect();
    let interface = |interface: &InstanceNetworkInterface| {
        let attachment = interface.attachment()?;
        let index = attachment.device_index()?;
        let is_known = known.contains(&i64::from(index));
        is_known.then(|| {
            Value::map([
                (
                    "delete_on_termination",
                    Value::from(attachment.delete_on_termination()),
                ),
                ("device_index", index.into()),
                ("network_card_index", attachment.network_card_index().into()),
                (
                    "network_interface_id",
                    interface.network_interface_id().into(),
                ),
            ])
        })
    };
    let interfaces = instance.network_interfaces().iter();
    Value::List(interfaces.filter_map(interface).collect())
}

/// Converts the names of the instance's groups.
fn group_names(instance: &Instance) -> Value {
    let groups = instance.security_groups().iter();
    texts(groups.filter_map(|group| group.group_name()))
}

/// Converts the tags of all volumes of the instance, as one map, without those that the provider's `default_tags` added:
/// the tags that the state has in `tags_all` and not in `tags`. Where volumes differ in a tag, the one that is not as
/// recorded counts.
fn volume_tags(
    instance: &Instance,
    volumes: &BTreeMap<String, Volume>,
    recorded: &Resource,
) -> Value {
    let (inherited, own) = (recorded.get("tags_all"), recorded.get("tags"));
    let recorded = recorded.get("volume_tags");
    let by_default = |key: &str, value: &Value| {
        let is_asked = !own.get(key).is_null() || !recorded.get(key).is_null();
        !is_asked && inherited.get(key) == value
    };
    let ids = instance.block_device_mappings().iter();
    let ids = ids.filter_map(|mapping| mapping.ebs()?.volume_id());
    let mut all = BTreeMap::new();
    for volume in ids.filter_map(|id| volumes.get(id)) {
        let live = tags(volume.tags().iter().map(|tag| (tag.key(), tag.value())));
        for (key, value) in live.as_map().into_iter().flatten() {
            let is_first = !all.contains_key(key) || recorded.get(key) != value;
            if is_first && !by_default(key, value) {
                all.insert(key.clone(), value.clone());
            }
        }
    }
    Value::map(all)
}
