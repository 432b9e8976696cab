//! `aws_vpc`: a VPC.

use super::listing::{ById, Listing};
use super::read::{each, resolve_tracked};
use super::shape::{attributes, tags};
use super::{ReadRequest, ReadResult, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Reading, Reason, Resource, TypeRules, Value};
use aws_sdk_ec2::operation::describe_vpcs::DescribeVpcsOutput;
use aws_sdk_ec2::types::{Vpc, VpcAttributeName, VpcCidrBlockStateCode};
use futures::FutureExt;
use futures::future::try_join_all;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_vpc",
    scope: Scope::Regional,
    listed: false,
    rules: TypeRules {
        // Said when a range is asked of IPAM, and not told again.
        never_read: &[
            "ipv4_ipam_pool_id",
            "ipv4_netmask_length",
            "ipv6_netmask_length",
        ],
        ..TypeRules::NONE
    },
    actions: &[VPCS, ATTRIBUTE],
    read: |session, request| read(session, request).boxed(),
};

/// The IAM action that lists VPCs.
pub(super) const VPCS: &str = "ec2:DescribeVpcs";
const ATTRIBUTE: &str = "ec2:DescribeVpcAttribute";
/// EC2's error codes for a VPC that does not exist.
const NOT_FOUND: &[&str] = &["InvalidVpcID.NotFound"];
/// The largest page that EC2 returns.
const PAGE_SIZE: i32 = 1000;
/// The pool of Amazon's own IPv6 ranges.
const AMAZON_POOL: &str = "Amazon";
/// The VPC attributes that take a call each, by the provider's name.
const ATTRIBUTES: &[(&str, VpcAttributeName)] = &[
    ("enable_dns_hostnames", VpcAttributeName::EnableDnsHostnames),
    ("enable_dns_support", VpcAttributeName::EnableDnsSupport),
    (
        "enable_network_address_usage_metrics",
        VpcAttributeName::EnableNetworkAddressUsageMetrics,
    ),
];

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    if request.tracked.is_empty() {
        return ReadResult::default();
    }
    let vpcs = match vpcs(session).await {
        Ok(vpcs) => vpcs,
        Err(reason) => return ReadResult::unknown(&request, &reason),
    };
    let get_by_id = |resource: &'a Resource| {
        async move {
            let request = session.ec2().describe_vpcs().vpc_ids(&resource.id).send();
            let answer = session.find(VPCS, NOT_FOUND, request).await?;
            Ok(answer.and_then(|answer| answer.vpcs?.into_iter().next()))
        }
        .boxed()
    };
    let readings = resolve_tracked(&request.tracked, &vpcs, |_, vpc| convert(vpc), get_by_id).await;
    let whole = each(&readings, |(resource, reading)| async move {
        let Reading::Found(all) = reading else {
            return (*resource, reading.clone());
        };
        let asked = ATTRIBUTES
            .iter()
            .map(|attribute| option(session, &resource.id, attribute));
        let reading = match try_join_all(asked).await {
            Ok(options) => {
                let mut all = all.clone();
                all.extend(options);
                Reading::Found(all)
            }
            Err(reason) => Reading::Unknown(reason),
        };
        (*resource, reading)
    });
    ReadResult {
        readings: whole.await,
        ..ReadResult::default()
    }
}

static LISTING: Listing<DescribeVpcsOutput, Vpc> = Listing {
    action: VPCS,
    scope: Scope::Regional,
    items: |page| page.vpcs,
    id: Vpc::vpc_id,
};

/// Lists the region's VPCs by id.
pub(super) async fn vpcs(session: &Session) -> Result<ById<Vpc>, Reason> {
    let request = session.ec2().describe_vpcs().max_results(PAGE_SIZE);
    LISTING
        .by_id(session, request.into_paginator().send())
        .await
}

/// Reads one attribute of a VPC.
async fn option(
    session: &Session,
    vpc: &str,
    (name, attribute): &(&str, VpcAttributeName),
) -> Result<(String, Value), Reason> {
    let request = session.ec2().describe_vpc_attribute().vpc_id(vpc);
    let answer = session
        .call(ATTRIBUTE, request.attribute(attribute.clone()).send())
        .await?;
    let setting = match attribute {
        VpcAttributeName::EnableDnsHostnames => answer.enable_dns_hostnames(),
        VpcAttributeName::EnableDnsSupport => answer.enable_dns_support(),
        _ => answer.enable_network_address_usage_metrics(),
    };
    let value = setting.and_then(|setting| setting.value()).into();
    Ok(((*name).to_owned(), value))
}

/// Converts a VPC to the provider's attributes.
fn convert(vpc: &Vpc) -> Attributes {
    let associated = vpc
        .ipv6_cidr_block_association_set()
        .iter()
        .find(|association| {
            let state = association
                .ipv6_cidr_block_state()
                .and_then(|state| state.state());
            state == Some(&VpcCidrBlockStateCode::Associated)
        });
    let pool = associated.and_then(|association| association.ipv6_pool());
    let of_amazon = pool == Some(AMAZON_POOL);
    attributes([
        ("assign_generated_ipv6_cidr_block", of_amazon.into()),
        ("cidr_block", vpc.cidr_block().into()),
        (
            "instance_tenancy",
            vpc.instance_tenancy().map(|kind| kind.as_str()).into(),
        ),
        (
            "ipv6_cidr_block",
            associated
                .and_then(|association| association.ipv6_cidr_block())
                .into(),
        ),
        (
            "ipv6_cidr_block_network_border_group",
            associated
                .and_then(|association| association.network_border_group())
                .into(),
        ),
        ("ipv6_ipam_pool_id", pool.filter(|_| !of_amazon).into()),
        (
            "tags_all",
            tags(vpc.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
    ])
}
