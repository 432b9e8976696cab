//! `aws_eip`: a public address that stays.

use super::bulk::{All, Bulk};
use super::shape::{attributes, made_by_aws, tags};
use super::{ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Extra, Reason, Value};
use aws_sdk_ec2::types::{Address, DomainType};
use futures::FutureExt;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_eip",
    scope: Scope::Regional,
    listed: true,
    extra: Extra {
        // Said when an address is asked for or bound, and not told again.
        never_read: &["address", "associate_with_private_ip", "ipam_pool_id"],
        settled: &["instance", "network_interface"],
        ..Extra::NONE
    },
    actions: &[ADDRESSES],
    read: |session, ask| BULK.read(session, ask).boxed(),
};

static BULK: Bulk<Address> = Bulk {
    tf_type: TYPE.tf_type,
    all: |session| addresses(session).boxed(),
    one: |session, resource| {
        async move {
            let request = session.ec2().describe_addresses();
            let request = request.allocation_ids(&resource.id).send();
            let answer = session.find(ADDRESSES, MISSING, request).await?;
            Ok(answer.and_then(|answer| answer.addresses?.into_iter().next()))
        }
        .boxed()
    },
    convert,
    // What a load balancer or a managed gateway holds is its own.
    somebodys: Some(|address| {
        let by_service = address.service_managed().is_some();
        !by_service && !made_by_aws(address.tags().iter().map(|tag| tag.key()))
    }),
};

const ADDRESSES: &str = "ec2:DescribeAddresses";
/// How EC2 says that an address is not there.
const MISSING: &[&str] = &["InvalidAllocationID.NotFound", "InvalidAddress.NotFound"];

/// The region's addresses, asked once. They come in one answer.
async fn addresses(session: &Session) -> Result<All<Address>, Reason> {
    let ask = async {
        let request = session.ec2().describe_addresses().send();
        let answer = session.call(ADDRESSES, request).await?;
        let addresses = answer.addresses.unwrap_or_default().into_iter();
        Ok(addresses
            .filter_map(|one| Some((one.allocation_id()?.to_owned(), one)))
            .collect())
    };
    session.shared("addresses", ask).await
}

/// One address of the answer, in the provider's shape.
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
