//! The routes of a region: read once for the types that stand for tables and for parts of them.

use super::bulk::All;
use super::shape::attributes;
use crate::aws::Session;
use crate::model::{Attributes, Reason};
use aws_sdk_ec2::types::{Filter, Route, RouteOrigin, RouteTable};

/// What reading route tables needs.
pub(super) const TABLES: &str = "ec2:DescribeRouteTables";
/// How EC2 says that a table is not there.
pub(super) const MISSING: &[&str] = &["InvalidRouteTableID.NotFound"];
/// EC2's longest page of tables.
const PAGE: i32 = 100;
/// The way to the VPC itself, which every table has.
const LOCAL: &str = "local";
/// How the ids of VPC endpoints begin.
const ENDPOINT: &str = "vpce-";

/// The region's route tables, asked once.
pub(super) async fn tables(session: &Session) -> Result<All<RouteTable>, Reason> {
    let ask = async {
        let request = session.ec2().describe_route_tables().max_results(PAGE);
        let pages = session
            .pages(TABLES, request.into_paginator().send())
            .await?;
        let tables = pages
            .into_iter()
            .flat_map(|page| page.route_tables.unwrap_or_default());
        Ok(tables
            .filter_map(|one| Some((one.route_table_id()?.to_owned(), one)))
            .collect())
    };
    session.shared("route tables", ask).await
}

/// A second look at the tables that a filter finds.
pub(super) async fn found(
    session: &Session,
    filter: &str,
    value: &str,
) -> Result<Vec<RouteTable>, Reason> {
    let filter = Filter::builder().name(filter).values(value).build();
    let request = session.ec2().describe_route_tables().filters(filter);
    let answer = session.find(TABLES, MISSING, request.send()).await?;
    Ok(answer
        .and_then(|answer| answer.route_tables)
        .unwrap_or_default())
}

/// Whether somebody wrote a route: not the way to the VPC itself, nor one that a VPN gateway announces or a gateway
/// endpoint adds by itself.
pub(super) fn is_written(route: &Route) -> bool {
    let gateway = route.gateway_id().unwrap_or_default();
    let by_endpoint = gateway.starts_with(ENDPOINT) && route.destination_prefix_list_id().is_some();
    let announced = route.origin() == Some(&RouteOrigin::EnableVgwRoutePropagation);
    gateway != LOCAL && !by_endpoint && !announced
}

/// Where a route leads, which is what tells the routes of a table apart.
pub(super) fn destination(route: &Route) -> Option<&str> {
    let six = route.destination_ipv6_cidr_block();
    let to = route.destination_cidr_block().or(six);
    to.or(route.destination_prefix_list_id())
}

/// By what a route leads there, under the provider's names.
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
