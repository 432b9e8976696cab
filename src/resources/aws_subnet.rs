//! `aws_subnet`: a subnet of a VPC.

use super::bulk_reader::BulkReader;
use super::listing::{ById, Listing};
use super::shape::{attributes, tags};
use super::{ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Reason, TypeRules};
use aws_sdk_ec2::operation::describe_subnets::DescribeSubnetsOutput;
use aws_sdk_ec2::types::{Subnet, SubnetCidrBlockStateCode};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_subnet",
    scope: Scope::Regional,
    listed: false,
    rules: TypeRules::NONE,
    actions: &[SUBNETS],
    read: |session, request| READER.read(session, request).boxed(),
};

static READER: BulkReader<Subnet> = BulkReader {
    tf_type: TYPE.tf_type,
    list: |session| subnets(session).boxed(),
    get_by_id: |session, resource| {
        async move {
            let request = session.ec2().describe_subnets().subnet_ids(&resource.id);
            let answer = session.find(SUBNETS, NOT_FOUND, request.send()).await?;
            Ok(answer.and_then(|answer| answer.subnets?.into_iter().next()))
        }
        .boxed()
    },
    convert,
    is_user_created: None,
};

const SUBNETS: &str = "ec2:DescribeSubnets";
/// EC2's error codes for a subnet that does not exist.
const NOT_FOUND: &[&str] = &["InvalidSubnetID.NotFound"];
/// The largest page that EC2 returns.
const PAGE_SIZE: i32 = 1000;

static LISTING: Listing<DescribeSubnetsOutput, Subnet> = Listing {
    action: SUBNETS,
    scope: Scope::Regional,
    items: |page| page.subnets,
    id: Subnet::subnet_id,
};

/// Lists the region's subnets by id.
async fn subnets(session: &Session) -> Result<ById<Subnet>, Reason> {
    let request = session.ec2().describe_subnets().max_results(PAGE_SIZE);
    LISTING
        .by_id(session, request.into_paginator().send())
        .await
}

/// Converts a subnet to the provider's attributes.
fn convert(subnet: &Subnet) -> Attributes {
    let associated = subnet
        .ipv6_cidr_block_association_set()
        .iter()
        .find(|association| {
            let state = association
                .ipv6_cidr_block_state()
                .and_then(|state| state.state());
            state == Some(&SubnetCidrBlockStateCode::Associated)
        });
    let mut all = attributes([
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
        (
            "ipv6_cidr_block",
            associated
                .and_then(|association| association.ipv6_cidr_block())
                .into(),
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
            "tags_all",
            tags(subnet.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
        ("vpc_id", subnet.vpc_id().into()),
    ]);
    all.extend(host_names(subnet));
    all
}

/// Converts which names instances get that are launched in the subnet.
fn host_names(subnet: &Subnet) -> Attributes {
    let options = subnet.private_dns_name_options_on_launch();
    let a = options.and_then(|options| options.enable_resource_name_dns_a_record());
    let aaaa = options.and_then(|options| options.enable_resource_name_dns_aaaa_record());
    let kind = options.and_then(|options| options.hostname_type());
    attributes([
        ("enable_resource_name_dns_a_record_on_launch", a.into()),
        (
            "enable_resource_name_dns_aaaa_record_on_launch",
            aaaa.into(),
        ),
        (
            "private_dns_hostname_type_on_launch",
            kind.map(|kind| kind.as_str()).into(),
        ),
    ])
}
