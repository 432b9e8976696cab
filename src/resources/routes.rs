//! Reads a region's route tables once, for the types that describe tables, routes and associations.

use super::Scope;
use super::listing::{ById, Listing};
use super::shape::attributes;
use crate::aws::Session;
use crate::model::{Attributes, Reason};
use aws_sdk_ec2::operation::describe_route_tables::DescribeRouteTablesOutput;
use aws_sdk_ec2::types::{Filter, Route, RouteOrigin, RouteTable};

/// The IAM action that lists route tables.
pub(super) const TABLES: &str = "ec2:DescribeRouteTables";
/// EC2's error codes for a table that does not exist.
pub(super) const NOT_FOUND: &[&str] = &["InvalidRouteTableID.NotFound"];
/// The largest page of route tables that EC2 returns.
const PAGE_SIZE: i32 = 100;
/// The gateway of the route to the VPC itself, which every table has.
const LOCAL: &str = "local";
/// The prefix of VPC endpoint ids.
const ENDPOINT: &str = "vpce-";

static LISTING: Listing<DescribeRouteTablesOutput, RouteTable> = Listing {
    action: TABLES,
    scope: Scope::Regional,
    items: |page| page.route_tables,
    id: RouteTable::route_table_id,
};

/// Lists the region's route tables by id.
pub(super) async fn tables(session: &Session) -> Result<ById<RouteTable>, Reason> {
    let request = session.ec2().describe_route_tables().max_results(PAGE_SIZE);
    LISTING
        .by_id(session, request.into_paginator().send())
        .await
}

/// Returns the route tables that match a filter.
pub(super) async fn tables_matching(
    session: &Session,
    filter: &str,
    value: &str,
) -> Result<Vec<RouteTable>, Reason> {
    let filter = Filter::builder().name(filter).values(value).build();
    let request = session.ec2().describe_route_tables().filters(filter);
    let answer = session.find(TABLES, NOT_FOUND, request.send()).await?;
    Ok(answer
        .and_then(|answer| answer.route_tables)
        .unwrap_or_default())
}

/// Returns whether a person wrote a route. The local route, those that a VPN gateway propagates and those that a
/// gateway endpoint adds are AWS's own.
pub(super) fn is_written(route: &Route) -> bool {
    let gateway = route.gateway_id().unwrap_or_default();
    let by_endpoint = gateway.starts_with(ENDPOINT) && route.destination_prefix_list_id().is_some();
    let announced = route.origin() == Some(&RouteOrigin::EnableVgwRoutePropagation);
    gateway != LOCAL && !by_endpoint && !announced
}

/// Returns the destination of a route, which is unique in its table.
pub(super) fn destination(route: &Route) -> Option<&str> {
    let six = route.destination_ipv6_cidr_block();
    let to = route.destination_cidr_block().or(six);
    to.or(route.destination_prefix_list_id())
}

/// Converts the target of a route to the provider's attributes.
pub(super) fn targets(route: &Route) -> Attributes {
    let gateway = route.gateway_id();
    let is_endpoint = |id: &&str| id.starts_with(ENDPOINT);
    attributes([
        ("carrier_gateway_id", route.carrier_gateway_id().into()),
        ("core_network_arn", route.core_network_arn().into()),
        (
            "egress_only_gateway_id",
            route.egress_only_internet_gateway_id().into(),
        ),
        ("gateway_id", gateway.filter(|id| !is_endpoint(id)).into()),
        ("local_gateway_id", route.local_gateway_id().into()),
        ("nat_gateway_id", route.nat_gateway_id().into()),
        ("network_interface_id", route.network_interface_id().into()),
        ("transit_gateway_id", route.transit_gateway_id().into()),
        ("vpc_endpoint_id", gateway.filter(is_endpoint).into()),
        (
            "vpc_peering_connection_id",
            route.vpc_peering_connection_id().into(),
        ),
    ])
}
