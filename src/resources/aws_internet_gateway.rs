//! `aws_internet_gateway`: an internet gateway.

use super::bulk_reader::BulkReader;
use super::listing::{ById, Listing};
use super::shape::{attributes, created_by_aws, tags};
use super::{ReadRequest, ReadResult, ResourceType, Scope, UnmanagedScope, aws_vpc};
use crate::aws::Session;
use crate::model::{Attributes, Reason, TypeRules};
use aws_sdk_ec2::operation::describe_internet_gateways::DescribeInternetGatewaysOutput;
use aws_sdk_ec2::types::InternetGateway;
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_internet_gateway",
    scope: Scope::Regional,
    listed: true,
    rules: TypeRules::NONE,
    actions: &[GATEWAYS, aws_vpc::VPCS],
    read: |session, request| read(session, request).boxed(),
};

static READER: BulkReader<InternetGateway> = BulkReader {
    tf_type: TYPE.tf_type,
    list: |session| gateways(session).boxed(),
    get_by_id: |session, resource| {
        async move {
            let request = session.ec2().describe_internet_gateways();
            let request = request.internet_gateway_ids(&resource.id).send();
            let answer = session.find(GATEWAYS, NOT_FOUND, request).await?;
            Ok(answer.and_then(|answer| answer.internet_gateways?.into_iter().next()))
        }
        .boxed()
    },
    convert,
    is_user_created: Some(|gateway| !created_by_aws(gateway.tags().iter().map(|tag| tag.key()))),
};

const GATEWAYS: &str = "ec2:DescribeInternetGateways";
/// EC2's error codes for a gateway that does not exist.
const NOT_FOUND: &[&str] = &["InvalidInternetGatewayID.NotFound"];
/// The largest page that EC2 returns.
const PAGE_SIZE: i32 = 1000;

/// Reads internet gateways, and leaves out the one of the region's default VPC, which AWS created.
async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    let unmanaged_scope = request.unmanaged_scope;
    let mut answer = READER.read(session, request).await;
    if unmanaged_scope != UnmanagedScope::Account || answer.unmanaged.is_empty() {
        return answer;
    }
    match aws_vpc::vpcs(session).await {
        Ok(vpcs) => answer.unmanaged.retain(|found| {
            let vpc = found.attributes.get("vpc_id").and_then(|id| id.as_str());
            let vpc = vpc.and_then(|id| vpcs.get(id));
            vpc.is_none_or(|vpc| vpc.is_default() != Some(true))
        }),
        Err(reason) => {
            answer.unmanaged.clear();
            answer.incomplete = Some(reason);
        }
    }
    answer
}

static LISTING: Listing<DescribeInternetGatewaysOutput, InternetGateway> = Listing {
    action: GATEWAYS,
    scope: Scope::Regional,
    items: |page| page.internet_gateways,
    id: InternetGateway::internet_gateway_id,
};

/// Lists the region's internet gateways by id.
async fn gateways(session: &Session) -> Result<ById<InternetGateway>, Reason> {
    let request = session
        .ec2()
        .describe_internet_gateways()
        .max_results(PAGE_SIZE);
    LISTING
        .by_id(session, request.into_paginator().send())
        .await
}

/// Converts a gateway to the provider's attributes.
fn convert(gateway: &InternetGateway) -> Attributes {
    let vpc = gateway
        .attachments()
        .first()
        .and_then(|attachment| attachment.vpc_id());
    attributes([
        ("owner_id", gateway.owner_id().into()),
        (
            "tags_all",
            tags(gateway.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
        ("vpc_id", vpc.into()),
    ])
}
