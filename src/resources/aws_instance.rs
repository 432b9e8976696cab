//! `aws_instance`: an EC2 instance.

use super::instance_aspects::{ATTRIBUTE, Aspect, CREDITS, TEMPLATE, aspects};
use super::instance_attachments::{OWNERS, attachments};
use super::instance_disks::{VOLUMES, disks, volumes};
use super::instance_options::options;
use super::read::{resolve_tracked, unmanaged_resource};
use super::shape::{attributes, block, created_by_aws, tags, texts};
use super::{ReadRequest, ReadResult, ResourceType, Scope, UnmanagedScope};
use crate::aws::Session;
use crate::model::{Attributes, Reason, Resource, TypeRules, Value};
use aws_sdk_ec2::types::{
    Filter, Instance, InstanceNetworkInterface, InstanceStateName, Placement, Volume,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use sha1::{Digest, Sha1};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_instance",
    scope: Scope::Regional,
    listed: true,
    rules: TypeRules {
        owners: OWNERS,
        never_read: &[
            "force_destroy",
            "get_password_data",
            "password_data",
            "user_data_replace_on_change",
            "instance_market_options",
            "launch_template",
            "ephemeral_block_device",
            "ebs_block_device.tags_all",
            "root_block_device.tags_all",
        ],
        watched: &[
            "disable_api_termination",
            "iam_instance_profile",
            "instance_type",
            "metadata_options.http_endpoint",
            "metadata_options.http_tokens",
            "user_data",
            "user_data_base64",
            "vpc_security_group_ids",
        ],
        hashed: &[("ebs_block_device", &["device_name", "snapshot_id"])],
        normalize,
        settled: &[
            "associate_public_ip_address",
            "cpu_core_count",
            "cpu_options",
            "cpu_threads_per_core",
            "credit_specification",
            "ebs_block_device",
            "ebs_optimized",
            "enable_primary_ipv6",
            "ipv6_address_count",
            "ipv6_addresses",
            "secondary_private_ips",
            "security_groups",
        ],
        unseen: &["disable_api_stop", "disable_api_termination"],
        ..TypeRules::NONE
    },
    actions: &[INSTANCES, VOLUMES, ATTRIBUTE, CREDITS, TEMPLATE],
    read: |session, request| read(session, request).boxed(),
};

const INSTANCES: &str = "ec2:DescribeInstances";
/// EC2's error codes for an instance that does not exist.
const NOT_FOUND: &[&str] = &["InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"];
/// The largest page that EC2 returns.
const PAGE_SIZE: i32 = 1000;
/// The most instance ids that a filter takes.
const MAX_FILTER_IDS: usize = 200;

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    let all = request.unmanaged_scope == UnmanagedScope::Account;
    let ids: Vec<_> = request
        .tracked
        .iter()
        .map(|resource| resource.id.clone())
        .collect();
    if ids.is_empty() && !all {
        return ReadResult::default();
    }
    let bulk = describe(session, if all { Vec::new() } else { ids.clone() });
    let volumes = async {
        if ids.is_empty() {
            Ok(Arc::default())
        } else {
            volumes(session).await
        }
    };
    let aspects = aspects(session, &request.tracked);
    let (instances, volumes, aspects) = futures::join!(bulk, volumes, aspects);
    let (instances, volumes) = match (instances, volumes) {
        (Ok(instances), Ok(volumes)) => (instances, volumes),
        (Err(reason), _) | (_, Err(reason)) => return ReadResult::unknown(&request, &reason),
    };
    let get_by_id = |resource: &'a Resource| get_by_id(session, &resource.id).boxed();
    let convert = |resource: &'a Resource, instance: &Instance| {
        let mut attributes = convert(instance, &volumes, Some(resource));
        if let Some(read) = aspects.get(&resource.id) {
            attributes.extend(read.iter().map(|aspect| aspect_value(resource, aspect)));
        }
        attributes
    };
    let mut answer = ReadResult {
        readings: resolve_tracked(&request.tracked, &instances, convert, get_by_id).await,
        ..ReadResult::default()
    };
    if all {
        let own = instances
            .iter()
            .filter(|(_, instance)| !created_by_aws(instance.tags().iter().map(|tag| tag.key())));
        let found = own.map(|(id, instance)| {
            unmanaged_resource(
                session,
                TYPE.tf_type,
                id,
                self::convert(instance, &volumes, None),
            )
        });
        answer.unmanaged = found.collect();
    }
    answer
}

/// Describes one instance that the list does not hold; none where AWS knows no such instance that still runs.
async fn get_by_id(session: &Session, id: &str) -> Result<Option<Instance>, Reason> {
    let request = session.ec2().describe_instances().instance_ids(id).send();
    let answer = session.find(INSTANCES, NOT_FOUND, request).await?;
    let found = answer
        .into_iter()
        .flat_map(|page| page.reservations.unwrap_or_default());
    Ok(found
        .flat_map(|reservation| reservation.instances.unwrap_or_default())
        .find(|instance| !is_terminated(instance)))
}

/// Describes instances by id: all of the region, or those with these ids. Terminated ones are left out.
async fn describe(
    session: &Session,
    ids: Vec<String>,
) -> Result<BTreeMap<String, Instance>, Reason> {
    let client = session.ec2();
    let mut request = client.describe_instances();
    request = match ids.len() {
        1..=MAX_FILTER_IDS => {
            let filter = Filter::builder().name("instance-id").set_values(Some(ids));
            request.filters(filter.build())
        }
        _ => request.max_results(PAGE_SIZE),
    };
    let pages = session
        .pages(INSTANCES, request.into_paginator().send())
        .await?;
    let reservations = pages
        .into_iter()
        .flat_map(|page| page.reservations.unwrap_or_default());
    let instances = reservations.flat_map(|reservation| reservation.instances.unwrap_or_default());
    let live = instances.filter(|instance| !is_terminated(instance));
    Ok(live
        .filter_map(|instance| Some((instance.instance_id()?.to_owned(), instance)))
        .collect())
}

/// Returns whether an instance is terminated or shutting down.
fn is_terminated(instance: &Instance) -> bool {
    let state = instance.state().and_then(|state| state.name());
    matches!(
        state,
        Some(InstanceStateName::Terminated | InstanceStateName::ShuttingDown)
    )
}

/// Converts an attribute that no list has to the provider's attribute.
fn aspect_value(resource: &Resource, aspect: &Aspect) -> (String, Value) {
    let (name, value) = match aspect {
        Aspect::UserData(data) if !resource.get("user_data_base64").is_empty() => {
            ("user_data_base64", data.as_deref().into())
        }
        Aspect::UserData(data) => ("user_data", hashed(data.as_deref())),
        Aspect::Flag(name, flag) => (*name, (*flag).into()),
        Aspect::Shutdown(behavior) => (
            "instance_initiated_shutdown_behavior",
            behavior.as_deref().into(),
        ),
        Aspect::Credits(credits) => (
            "credit_specification",
            block([("cpu_credits", Some(credits.as_deref().into()))]),
        ),
    };
    (name.to_owned(), value)
}

/// Returns user data as the provider stores it: the SHA-1 of the decoded Base64.
fn hashed(data: Option<&str>) -> Value {
    let Some(data) = data.filter(|data| !data.is_empty()) else {
        return Value::Null;
    };
    let plain = STANDARD
        .decode(data)
        .unwrap_or_else(|_| data.as_bytes().to_vec());
    hex::encode(Sha1::digest(plain)).into()
}

/// Converts an instance to the provider's attributes.
fn convert(
    instance: &Instance,
    volumes: &BTreeMap<String, Volume>,
    recorded: Option<&Resource>,
) -> Attributes {
    let interfaces = instance.network_interfaces();
    let index = |interface: &&InstanceNetworkInterface| {
        interface.attachment().and_then(|a| a.device_index())
    };
    let primary = interfaces
        .iter()
        .find(|interface| index(interface) == Some(0));
    let profile = instance
        .iam_instance_profile()
        .and_then(|profile| profile.arn());
    let monitoring = instance
        .monitoring()
        .and_then(|monitoring| monitoring.state());
    let (root, others) = disks(instance, volumes, recorded);
    let mut all = attributes([
        ("ami", instance.image_id().into()),
        ("ebs_block_device", Value::List(others)),
        (
            "ebs_optimized",
            instance.ebs_optimized().unwrap_or_default().into(),
        ),
        (
            "iam_instance_profile",
            profile.and_then(|arn| arn.rsplit('/').next()).into(),
        ),
        (
            "instance_type",
            instance.instance_type().map(|ty| ty.as_str()).into(),
        ),
        ("key_name", instance.key_name().into()),
        (
            "monitoring",
            monitoring
                .is_some_and(|state| state.as_str() == "enabled" || state.as_str() == "pending")
                .into(),
        ),
        ("private_ip", instance.private_ip_address().into()),
        ("root_block_device", Value::List(root)),
        ("subnet_id", instance.subnet_id().into()),
        (
            "tags_all",
            tags(instance.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
    ]);
    all.extend(placement(instance));
    all.extend(options(instance));
    if let Some(recorded) = recorded {
        all.extend(attachments(instance, volumes, recorded));
    }
    if let Some(primary) = primary {
        all.extend(network(instance, primary));
    }
    all
}

/// Converts where the instance runs: zone, host, group and tenancy.
fn placement(instance: &Instance) -> Attributes {
    let placement = instance.placement();
    let zone = placement.and_then(Placement::availability_zone);
    let group = placement.and_then(Placement::group_name);
    let partition = placement.and_then(Placement::partition_number);
    let tenancy = placement.and_then(Placement::tenancy);
    let mut all = attributes([
        ("availability_zone", zone.into()),
        ("host_id", placement.and_then(Placement::host_id).into()),
        ("placement_group", group.into()),
        ("placement_partition_number", partition.into()),
        ("tenancy", tenancy.map(|tenancy| tenancy.as_str()).into()),
    ]);
    if let Some(arn) = placement.and_then(Placement::host_resource_group_arn) {
        all.insert("host_resource_group_arn".to_owned(), arn.into());
    }
    all
}

/// Converts the settings of the primary network interface.
fn network(instance: &Instance, primary: &InstanceNetworkInterface) -> Attributes {
    let groups = instance.security_groups().iter();
    let groups = groups.filter_map(|group| group.group_id());
    let addresses = primary.private_ip_addresses().iter();
    let secondary = addresses.filter(|address| address.primary() == Some(false));
    let ipv6: Vec<_> = primary
        .ipv6_addresses()
        .iter()
        .filter_map(|address| address.ipv6_address())
        .collect();
    let checked = instance.source_dest_check().or(primary.source_dest_check());
    let has_primary = primary
        .ipv6_addresses()
        .iter()
        .any(|address| address.is_primary_ipv6() == Some(true));
    let mut all = attributes([
        (
            "associate_public_ip_address",
            primary.association().is_some().into(),
        ),
        (
            "ipv6_address_count",
            i64::try_from(ipv6.len()).unwrap_or_default().into(),
        ),
        ("ipv6_addresses", texts(ipv6)),
        (
            "secondary_private_ips",
            texts(secondary.filter_map(|address| address.private_ip_address())),
        ),
        ("source_dest_check", checked.unwrap_or(true).into()),
        ("vpc_security_group_ids", texts(groups)),
    ]);
    if !primary.ipv6_addresses().is_empty() {
        all.insert("enable_primary_ipv6".to_owned(), has_primary.into());
    }
    all
}

/// Normalizes a profile's ARN to its name, and user data to its SHA-1 whichever version of the provider wrote it.
fn normalize(path: &str, value: Value) -> Value {
    match (path, &value) {
        ("iam_instance_profile", Value::String(text)) => {
            text.rsplit('/').next().unwrap_or_default().into()
        }
        ("user_data", Value::String(text)) if !is_hash(text) && !text.is_empty() => {
            hex::encode(Sha1::digest(text)).into()
        }
        _ => value,
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_data_is_its_hash_whichever_way_it_is_written() {
        let plain = normalize("user_data", "#!/bin/sh\n".into());
        let encoded = STANDARD.encode("#!/bin/sh\n");
        assert_eq!(plain, hashed(Some(&encoded)));
        assert_eq!(normalize("user_data", plain.clone()), plain);
    }
}
