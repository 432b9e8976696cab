//! `aws_nat_gateway`: private subnets' way out.

use super::bulk::{All, Bulk};
use super::shape::{attributes, made_by_aws, tags, texts};
use super::{ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Extra, Reason};
use aws_sdk_ec2::types::{NatGateway, NatGatewayState};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_nat_gateway",
    scope: Scope::Regional,
    listed: true,
    extra: Extra {
        settled: &[
            "private_ip",
            "secondary_private_ip_address_count",
            "secondary_private_ip_addresses",
        ],
        ..Extra::NONE
    },
    actions: &[GATEWAYS],
    read: |session, ask| BULK.read(session, ask).boxed(),
};

static BULK: Bulk<NatGateway> = Bulk {
    tf_type: TYPE.tf_type,
    all: |session| gateways(session).boxed(),
    one: |session, resource| {
        async move {
            let request = session.ec2().describe_nat_gateways();
            let request = request.nat_gateway_ids(&resource.id).send();
            let answer = session.find(GATEWAYS, MISSING, request).await?;
            let found = answer.and_then(|answer| answer.nat_gateways?.into_iter().next());
            Ok(found.filter(stands))
        }
        .boxed()
    },
    convert,
    somebodys: Some(|gateway| !made_by_aws(gateway.tags().iter().map(|tag| tag.key()))),
};

const GATEWAYS: &str = "ec2:DescribeNatGateways";
/// How EC2 says that a gateway is not there.
const MISSING: &[&str] = &["NatGatewayNotFound"];
/// EC2's longest page.
const PAGE: i32 = 1000;

/// The region's gateways that stand, asked once. EC2 shows a deleted one for an hour.
async fn gateways(session: &Session) -> Result<All<NatGateway>, Reason> {
    let ask = async {
        let request = session.ec2().describe_nat_gateways().max_results(PAGE);
        let pages = session
            .pages(GATEWAYS, request.into_paginator().send())
            .await?;
        let gateways = pages
            .into_iter()
            .flat_map(|page| page.nat_gateways.unwrap_or_default());
        Ok(gateways
            .filter(stands)
            .filter_map(|one| Some((one.nat_gateway_id()?.to_owned(), one)))
            .collect())
    };
    session.shared("NAT gateways", ask).await
}

/// Whether a gateway is neither gone nor about to be.
fn stands(gateway: &NatGateway) -> bool {
    !matches!(
        gateway.state(),
        Some(NatGatewayState::Deleted | NatGatewayState::Deleting)
    )
}

/// One gateway of the answer, in the provider's shape.
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
