//! `aws_vpc`: a network.

use super::ask::match_up;
use super::bulk::All;
use super::shape::{attributes, tags};
use super::{Answer, Ask, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Extra, Reading, Reason, Resource, Value};
use aws_sdk_ec2::types::{Vpc, VpcAttributeName, VpcCidrBlockStateCode};
use futures::FutureExt;
use futures::future::{join_all, try_join_all};

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_vpc",
    scope: Scope::Regional,
    listed: false,
    extra: Extra {
        // Said when a range is asked of IPAM, and not told again.
        never_read: &[
            "ipv4_ipam_pool_id",
            "ipv4_netmask_length",
            "ipv6_netmask_length",
        ],
        ..Extra::NONE
    },
    actions: &[VPCS, ATTRIBUTE],
    read: |session, ask| read(session, ask).boxed(),
};

/// What reading VPCs needs.
pub(super) const VPCS: &str = "ec2:DescribeVpcs";
const ATTRIBUTE: &str = "ec2:DescribeVpcAttribute";
/// How EC2 says that a VPC is not there.
const MISSING: &[&str] = &["InvalidVpcID.NotFound"];
/// EC2's longest page.
const PAGE: i32 = 1000;
/// The pool of IPv6 ranges that is AWS's own.
const AMAZONS_POOL: &str = "Amazon";
/// What EC2 answers of a VPC only when asked for it alone, by the provider's name.
const ASKED: &[(&str, VpcAttributeName)] = &[
    ("enable_dns_hostnames", VpcAttributeName::EnableDnsHostnames),
    ("enable_dns_support", VpcAttributeName::EnableDnsSupport),
    (
        "enable_network_address_usage_metrics",
        VpcAttributeName::EnableNetworkAddressUsageMetrics,
    ),
];

async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    if ask.tracked.is_empty() {
        return Answer::default();
    }
    let vpcs = match vpcs(session).await {
        Ok(vpcs) => vpcs,
        Err(reason) => return Answer::unknown(&ask, &reason),
    };
    let confirm = |resource: &'a Resource| {
        async move {
            let request = session.ec2().describe_vpcs().vpc_ids(&resource.id).send();
            let answer = session.find(VPCS, MISSING, request).await?;
            Ok(answer.and_then(|answer| answer.vpcs?.into_iter().next()))
        }
        .boxed()
    };
    let readings = match_up(&ask.tracked, &vpcs, |_, vpc| convert(vpc), confirm).await;
    let whole = readings.into_iter().map(|(resource, reading)| async move {
        let Reading::Found(mut all) = reading else {
            return (resource, reading);
        };
        let asked = ASKED.iter().map(|one| option(session, &resource.id, one));
        let reading = match try_join_all(asked).await {
            Ok(options) => {
                all.extend(options);
                Reading::Found(all)
            }
            Err(reason) => Reading::Unknown(reason),
        };
        (resource, reading)
    });
    Answer {
        readings: join_all(whole).await,
        ..Answer::default()
    }
}

/// The region's VPCs, asked once.
pub(super) async fn vpcs(session: &Session) -> Result<All<Vpc>, Reason> {
    let ask = async {
        let request = session.ec2().describe_vpcs().max_results(PAGE);
        let pages = session.pages(VPCS, request.into_paginator().send()).await?;
        let vpcs = pages
            .into_iter()
            .flat_map(|page| page.vpcs.unwrap_or_default());
        Ok(vpcs
            .filter_map(|one| Some((one.vpc_id()?.to_owned(), one)))
            .collect())
    };
    session.shared("VPCs", ask).await
}

/// One option of one VPC.
async fn option(
    session: &Session,
    vpc: &str,
    (name, attribute): &(&str, VpcAttributeName),
) -> Result<(String, Value), Reason> {
    let request = session.ec2().describe_vpc_attribute().vpc_id(vpc);
    let answer = session
        .call(ATTRIBUTE, request.attribute(attribute.clone()).send())
        .await?;
    let told = match attribute {
        VpcAttributeName::EnableDnsHostnames => answer.enable_dns_hostnames(),
        VpcAttributeName::EnableDnsSupport => answer.enable_dns_support(),
        _ => answer.enable_network_address_usage_metrics(),
    };
    let value = told.and_then(|told| told.value()).into();
    Ok(((*name).to_owned(), value))
}

/// One VPC of the answer, in the provider's shape.
fn convert(vpc: &Vpc) -> Attributes {
    let associated = vpc.ipv6_cidr_block_association_set().iter().find(|one| {
        let state = one.ipv6_cidr_block_state().and_then(|state| state.state());
        state == Some(&VpcCidrBlockStateCode::Associated)
    });
    let pool = associated.and_then(|one| one.ipv6_pool());
    let of_amazon = pool == Some(AMAZONS_POOL);
    attributes([
        ("assign_generated_ipv6_cidr_block", of_amazon.into()),
        ("cidr_block", vpc.cidr_block().into()),
        (
            "instance_tenancy",
            vpc.instance_tenancy().map(|kind| kind.as_str()).into(),
        ),
        (
            "ipv6_cidr_block",
            associated.and_then(|one| one.ipv6_cidr_block()).into(),
        ),
        (
            "ipv6_cidr_block_network_border_group",
            associated.and_then(|one| one.network_border_group()).into(),
        ),
        ("ipv6_ipam_pool_id", pool.filter(|_| !of_amazon).into()),
        (
            "tags_all",
            tags(vpc.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
    ])
}
