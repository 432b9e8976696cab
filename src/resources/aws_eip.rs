//! `aws_eip`: an Elastic IP address.

use super::bulk_reader::BulkReader;
use super::listing::ById;
use super::shape::{attributes, created_by_aws, tags};
use super::{ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Reason, TypeRules, Value};
use aws_sdk_ec2::types::{Address, DomainType};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_eip",
    scope: Scope::Regional,
    listed: true,
    rules: TypeRules {
        // Set when an address is allocated or associated; EC2 does not return them.
        never_read: &["address", "associate_with_private_ip", "ipam_pool_id"],
        settled: &["instance", "network_interface"],
        ..TypeRules::NONE
    },
    actions: &[ADDRESSES],
    read: |session, request| READER.read(session, request).boxed(),
};

static READER: BulkReader<Address> = BulkReader {
    tf_type: TYPE.tf_type,
    list: |session| addresses(session).boxed(),
    get_by_id: |session, resource| {
        async move {
            let request = session.ec2().describe_addresses();
            let request = request.allocation_ids(&resource.id).send();
            let answer = session.find(ADDRESSES, NOT_FOUND, request).await?;
            Ok(answer.and_then(|answer| answer.addresses?.into_iter().next()))
        }
        .boxed()
    },
    convert,
    // AWS services allocate and release addresses of their own.
    is_user_created: Some(|address| {
        let by_service = address.service_managed().is_some();
        !by_service && !created_by_aws(address.tags().iter().map(|tag| tag.key()))
    }),
};

const ADDRESSES: &str = "ec2:DescribeAddresses";
/// EC2's error codes for an address that does not exist.
const NOT_FOUND: &[&str] = &["InvalidAllocationID.NotFound", "InvalidAddress.NotFound"];

/// Lists the region's Elastic IP addresses by allocation id. EC2 returns them without pages.
async fn addresses(session: &Session) -> Result<ById<Address>, Reason> {
    let request = async {
        let request = session.ec2().describe_addresses().send();
        let answer = session.call(ADDRESSES, request).await?;
        let addresses = answer.addresses.unwrap_or_default().into_iter();
        Ok(addresses
            .filter_map(|address| Some((address.allocation_id()?.to_owned(), address)))
            .collect())
    };
    session.shared("addresses", request).await
}

/// Converts an address to the provider's attributes.
fn convert(address: &Address) -> Attributes {
    let in_vpc = address.domain() == Some(&DomainType::Vpc);
    attributes([
        (
            "customer_owned_ipv4_pool",
            address.customer_owned_ipv4_pool().into(),
        ),
        (
            "domain",
            address.domain().map(|domain| domain.as_str()).into(),
        ),
        ("instance", address.instance_id().into()),
        (
            "network_border_group",
            address.network_border_group().into(),
        ),
        ("network_interface", address.network_interface_id().into()),
        ("public_ip", address.public_ip().into()),
        ("public_ipv4_pool", address.public_ipv4_pool().into()),
        (
            "tags_all",
            tags(address.tags().iter().map(|tag| (tag.key(), tag.value()))),
        ),
        ("vpc", Value::Bool(in_vpc)),
    ])
}
