//! `aws_internet_gateway`: a VPC's way to the internet.

use super::bulk::{All, Bulk};
use super::shape::{attributes, made_by_aws, tags};
use super::{Answer, Ask, Look, ResourceType, Scope, aws_vpc};
use crate::aws::Session;
use crate::model::{Attributes, Extra, Reason};
use aws_sdk_ec2::types::InternetGateway;
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_internet_gateway",
    scope: Scope::Regional,
    listed: true,
    extra: Extra::NONE,
    actions: &[GATEWAYS, aws_vpc::VPCS],
    read: |session, ask| read(session, ask).boxed(),
};

static BULK: Bulk<InternetGateway> = Bulk {
    tf_type: TYPE.tf_type,
    all: |session| gateways(session).boxed(),
    one: |session, resource| {
        async move {
            let request = session.ec2().describe_internet_gateways();
            let request = request.internet_gateway_ids(&resource.id).send();
            let answer = session.find(GATEWAYS, MISSING, request).await?;
            Ok(answer.and_then(|answer| answer.internet_gateways?.into_iter().next()))
        }
        .boxed()
    },
    convert,
    somebodys: Some(|gateway| !made_by_aws(gateway.tags().iter().map(|tag| tag.key()))),
};

const GATEWAYS: &str = "ec2:DescribeInternetGateways";
/// How EC2 says that a gateway is not there.
const MISSING: &[&str] = &["InvalidInternetGatewayID.NotFound"];
/// EC2's longest page.
const PAGE: i32 = 1000;

/// The gateway of the VPC that each region has from the start is nobody's.
async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    let look = ask.look;
    let mut answer = BULK.read(session, ask).await;
    if look != Look::Account || answer.unclaimed.is_empty() {
        return answer;
    }
    match aws_vpc::vpcs(session).await {
        Ok(vpcs) => answer.unclaimed.retain(|found| {
            let vpc = found.attributes.get("vpc_id").and_then(|id| id.as_str());
            let vpc = vpc.and_then(|id| vpcs.get(id));
            vpc.is_none_or(|vpc| vpc.is_default() != Some(true))
        }),
        Err(reason) => {
            answer.unclaimed.clear();
            answer.gap = Some(reason);
        }
    }
    answer
}

/// The region's gateways, asked once.
async fn gateways(session: &Session) -> Result<All<InternetGateway>, Reason> {
    let ask = async {
        let request = session.ec2().describe_internet_gateways().max_results(PAGE);
        let pages = session
            .pages(GATEWAYS, request.into_paginator().send())
            .await?;
        let gateways = pages
            .into_iter()
            .flat_map(|page| page.internet_gateways.unwrap_or_default());
        Ok(gateways
            .filter_map(|one| Some((one.internet_gateway_id()?.to_owned(), one)))
            .collect())
    };
    session.shared("internet gateways", ask).await
}

/// One gateway of the answer, in the provider's shape.
fn convert(gateway: &InternetGateway) -> Attributes {
    let vpc = gateway.attachments().first().and_then(|one| one.vpc_id());
    attributes([
        ("owner_id", gateway.owner_id().into()),
        (
            "tags_all",
            tags(gateway.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
        ("vpc_id", vpc.into()),
    ])
}
