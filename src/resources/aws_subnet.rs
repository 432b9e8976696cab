//! `aws_subnet`: a part of a VPC in one availability zone.

use super::bulk::{All, Bulk};
use super::shape::{attributes, tags};
use super::{ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Extra, Reason};
use aws_sdk_ec2::types::{Subnet, SubnetCidrBlockStateCode};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_subnet",
    scope: Scope::Regional,
    listed: false,
    extra: Extra::NONE,
    actions: &[SUBNETS],
    read: |session, ask| BULK.read(session, ask).boxed(),
};

static BULK: Bulk<Subnet> = Bulk {
    tf_type: TYPE.tf_type,
    all: |session| subnets(session).boxed(),
    one: |session, resource| {
        async move {
            let request = session.ec2().describe_subnets().subnet_ids(&resource.id);
            let answer = session.find(SUBNETS, MISSING, request.send()).await?;
            Ok(answer.and_then(|answer| answer.subnets?.into_iter().next()))
        }
        .boxed()
    },
    convert,
    somebodys: None,
};

const SUBNETS: &str = "ec2:DescribeSubnets";
/// How EC2 says that a subnet is not there.
const MISSING: &[&str] = &["InvalidSubnetID.NotFound"];
/// EC2's longest page.
const PAGE: i32 = 1000;

/// The region's subnets, asked once.
async fn subnets(session: &Session) -> Result<All<Subnet>, Reason> {
    let ask = async {
        let request = session.ec2().describe_subnets().max_results(PAGE);
        let pages = session
            .pages(SUBNETS, request.into_paginator().send())
            .await?;
        let subnets = pages
            .into_iter()
            .flat_map(|page| page.subnets.unwrap_or_default());
        Ok(subnets
            .filter_map(|one| Some((one.subnet_id()?.to_owned(), one)))
            .collect())
    };
    session.shared("subnets", ask).await
}

/// One subnet of the answer, in the provider's shape.
fn convert(subnet: &Subnet) -> Attributes {
    let associated = subnet.ipv6_cidr_block_association_set().iter().find(|one| {
        let state = one.ipv6_cidr_block_state().and_then(|state| state.state());
        state == Some(&SubnetCidrBlockStateCode::Associated)
    });
    let names = subnet.private_dns_name_options_on_launch();
    let (a, aaaa, kind) = (
        names.and_then(|names| names.enable_resource_name_dns_a_record()),
        names.and_then(|names| names.enable_resource_name_dns_aaaa_record()),
        names.and_then(|names| names.hostname_type()),
    );
    attributes([
        (
            "assign_ipv6_address_on_creation",
            subnet.assign_ipv6_address_on_creation().into(),
        ),
        ("availability_zone", subnet.availability_zone().into()),
        ("availability_zone_id", subnet.availability_zone_id().into()),
        ("cidr_block", subnet.cidr_block().into()),
        (
            "customer_owned_ipv4_pool",
            subnet.customer_owned_ipv4_pool().into(),
        ),
        ("enable_dns64", subnet.enable_dns64().into()),
        (
            "enable_lni_at_device_index",
            subnet.enable_lni_at_device_index().into(),
        ),
        ("enable_resource_name_dns_a_record_on_launch", a.into()),
        (
            "enable_resource_name_dns_aaaa_record_on_launch",
            aaaa.into(),
        ),
        (
            "ipv6_cidr_block",
            associated.and_then(|one| one.ipv6_cidr_block()).into(),
        ),
        ("ipv6_native", subnet.ipv6_native().into()),
        (
            "map_customer_owned_ip_on_launch",
            subnet.map_customer_owned_ip_on_launch().into(),
        ),
        (
            "map_public_ip_on_launch",
            subnet.map_public_ip_on_launch().into(),
        ),
        ("outpost_arn", subnet.outpost_arn().into()),
        (
            "private_dns_hostname_type_on_launch",
            kind.map(|kind| kind.as_str()).into(),
        ),
        (
            "tags_all",
            tags(subnet.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
        ("vpc_id", subnet.vpc_id().into()),
    ])
}
