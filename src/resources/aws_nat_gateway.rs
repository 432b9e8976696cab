//! `aws_nat_gateway`: a NAT gateway.

use super::bulk_reader::BulkReader;
use super::listing::{ById, Listing};
use super::shape::{attributes, created_by_aws, tags, texts};
use super::{ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Reason, TypeRules};
use aws_sdk_ec2::operation::describe_nat_gateways::DescribeNatGatewaysOutput;
use aws_sdk_ec2::types::{NatGateway, NatGatewayState};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_nat_gateway",
    scope: Scope::Regional,
    listed: true,
    rules: TypeRules {
        settled: &[
            "private_ip",
            "secondary_private_ip_address_count",
            "secondary_private_ip_addresses",
        ],
        ..TypeRules::NONE
    },
    actions: &[GATEWAYS],
    read: |session, request| READER.read(session, request).boxed(),
};

static READER: BulkReader<NatGateway> = BulkReader {
    tf_type: TYPE.tf_type,
    list: |session| gateways(session).boxed(),
    get_by_id: |session, resource| {
        async move {
            let request = session.ec2().describe_nat_gateways();
            let request = request.nat_gateway_ids(&resource.id).send();
            let answer = session.find(GATEWAYS, NOT_FOUND, request).await?;
            let found = answer.and_then(|answer| answer.nat_gateways?.into_iter().next());
            Ok(found.filter(is_live))
        }
        .boxed()
    },
    convert,
    is_user_created: Some(|gateway| !created_by_aws(gateway.tags().iter().map(|tag| tag.key()))),
};

const GATEWAYS: &str = "ec2:DescribeNatGateways";
/// EC2's error codes for a gateway that does not exist.
const NOT_FOUND: &[&str] = &["NatGatewayNotFound"];
/// The largest page that EC2 returns.
const PAGE_SIZE: i32 = 1000;

static LISTING: Listing<DescribeNatGatewaysOutput, NatGateway> = Listing {
    action: GATEWAYS,
    scope: Scope::Regional,
    items: |page| {
        let gateways = page.nat_gateways?.into_iter();
        Some(gateways.filter(is_live).collect())
    },
    id: NatGateway::nat_gateway_id,
};

/// Lists the region's NAT gateways by id. EC2 lists a deleted one for an hour, which is left out.
async fn gateways(session: &Session) -> Result<ById<NatGateway>, Reason> {
    let request = session.ec2().describe_nat_gateways().max_results(PAGE_SIZE);
    LISTING
        .by_id(session, request.into_paginator().send())
        .await
}

/// Returns whether a gateway is neither deleted nor being deleted.
fn is_live(gateway: &NatGateway) -> bool {
    !matches!(
        gateway.state(),
        Some(NatGatewayState::Deleted | NatGatewayState::Deleting)
    )
}

/// Converts a gateway to the provider's attributes.
fn convert(gateway: &NatGateway) -> Attributes {
    let (alone, all) = (
        gateway.nat_gateway_addresses().len() == 1,
        gateway.nat_gateway_addresses().iter(),
    );
    let (primary, others): (Vec<_>, Vec<_>) =
        all.partition(|address| alone || address.is_primary() == Some(true));
    let primary = primary.first();
    let addresses = others.iter().filter_map(|address| address.allocation_id());
    let private: Vec<_> = others
        .iter()
        .filter_map(|address| address.private_ip())
        .collect();
    attributes([
        (
            "allocation_id",
            primary.and_then(|address| address.allocation_id()).into(),
        ),
        (
            "connectivity_type",
            gateway.connectivity_type().map(|kind| kind.as_str()).into(),
        ),
        (
            "private_ip",
            primary.and_then(|address| address.private_ip()).into(),
        ),
        ("secondary_allocation_ids", texts(addresses)),
        (
            "secondary_private_ip_address_count",
            i32::try_from(private.len()).ok().into(),
        ),
        ("secondary_private_ip_addresses", texts(private)),
        ("subnet_id", gateway.subnet_id().into()),
        (
            "tags_all",
            tags(gateway.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
    ])
}
