//! Converts the option blocks of an instance. What AWS does not return counts as not read.

use super::shape::block;
use crate::model::{Attributes, Value};
use aws_sdk_ec2::types::Instance;

/// Converts every option block that AWS returned.
pub(super) fn options(instance: &Instance) -> Attributes {
    let groups = [
        ("capacity_reservation_specification", capacity(instance)),
        (
            "cpu_core_count",
            processors(instance, |cpu| cpu.core_count()),
        ),
        ("cpu_options", cpu(instance)),
        (
            "cpu_threads_per_core",
            processors(instance, |cpu| cpu.threads_per_core()),
        ),
        ("enclave_options", enclave(instance)),
        ("hibernation", hibernation(instance)),
        ("maintenance_options", maintenance(instance)),
        ("metadata_options", metadata(instance)),
        ("private_dns_name_options", names(instance)),
    ];
    let returned = groups
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    returned.collect()
}

fn capacity(instance: &Instance) -> Option<Value> {
    let options = instance.capacity_reservation_specification()?;
    let target = options.capacity_reservation_target().map(|target| {
        block([
            (
                "capacity_reservation_id",
                Some(target.capacity_reservation_id().into()),
            ),
            (
                "capacity_reservation_resource_group_arn",
                Some(target.capacity_reservation_resource_group_arn().into()),
            ),
        ])
    });
    let preference = options.capacity_reservation_preference();
    Some(block([
        (
            "capacity_reservation_preference",
            preference.map(|value| value.as_str().into()),
        ),
        (
            "capacity_reservation_target",
            Some(target.unwrap_or(Value::List(Vec::new()))),
        ),
    ]))
}

fn processors(
    instance: &Instance,
    count: impl Fn(&aws_sdk_ec2::types::CpuOptions) -> Option<i32>,
) -> Option<Value> {
    instance.cpu_options().and_then(count).map(Into::into)
}

fn cpu(instance: &Instance) -> Option<Value> {
    let options = instance.cpu_options()?;
    Some(block([
        (
            "amd_sev_snp",
            Some(options.amd_sev_snp().map(|value| value.as_str()).into()),
        ),
        ("core_count", options.core_count().map(Into::into)),
        (
            "threads_per_core",
            options.threads_per_core().map(Into::into),
        ),
    ]))
}

fn enclave(instance: &Instance) -> Option<Value> {
    let enabled = instance.enclave_options()?.enabled()?;
    Some(block([("enabled", Some(enabled.into()))]))
}

fn hibernation(instance: &Instance) -> Option<Value> {
    instance.hibernation_options()?.configured().map(Into::into)
}

fn maintenance(instance: &Instance) -> Option<Value> {
    let recovery = instance.maintenance_options()?.auto_recovery()?;
    Some(block([("auto_recovery", Some(recovery.as_str().into()))]))
}

fn metadata(instance: &Instance) -> Option<Value> {
    let options = instance.metadata_options()?;
    let ipv6 = options.http_protocol_ipv6();
    let tags = options.instance_metadata_tags();
    Some(block([
        (
            "http_endpoint",
            options.http_endpoint().map(|value| value.as_str().into()),
        ),
        (
            "http_protocol_ipv6",
            ipv6.map(|value| value.as_str().into()),
        ),
        (
            "http_put_response_hop_limit",
            options.http_put_response_hop_limit().map(Into::into),
        ),
        (
            "http_tokens",
            options.http_tokens().map(|value| value.as_str().into()),
        ),
        (
            "instance_metadata_tags",
            tags.map(|value| value.as_str().into()),
        ),
    ]))
}

fn names(instance: &Instance) -> Option<Value> {
    let options = instance.private_dns_name_options()?;
    let (a, aaaa) = (
        options.enable_resource_name_dns_a_record(),
        options.enable_resource_name_dns_aaaa_record(),
    );
    Some(block([
        ("enable_resource_name_dns_a_record", a.map(Into::into)),
        ("enable_resource_name_dns_aaaa_record", aaaa.map(Into::into)),
        (
            "hostname_type",
            options.hostname_type().map(|value| value.as_str().into()),
        ),
    ]))
}
