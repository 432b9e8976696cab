//! `aws_route`: a route of a route table.

use super::read::resolve_tracked;
use super::routes::{TABLES, destination, is_written, tables, tables_matching, targets};
use super::shape::{attributes, option};
use super::{ReadRequest, ReadResult, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Claim, Resource, TypeRules};
use aws_sdk_ec2::types::{Route, RouteTable};
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_route",
    scope: Scope::Regional,
    listed: false,
    rules: TypeRules {
        undo: Some(|found, _| {
            let given = |name: &str| found.get(name).cloned().unwrap_or_default();
            let destination = DESTINATIONS
                .iter()
                .map(|(name, flag)| (flag, given(name)))
                .find(|(_, value)| !value.is_empty());
            let destination = destination.map(|(flag, value)| option(flag, &value));
            "aws ec2 delete-route".to_owned()
                + &option("route-table-id", &given("route_table_id"))
                + &destination.unwrap_or_default()
        }),
        claims: Some(Claim {
            parent: "route_table_id",
            is: |route, found| {
                let theirs = |name: &str| found.attributes.get(name).and_then(|text| text.as_str());
                let same = |name: &str| {
                    route.text(name).unwrap_or_default() == theirs(name).unwrap_or_default()
                };
                found.tf_type == TYPE.tf_type
                    && same("route_table_id")
                    && DESTINATIONS.iter().all(|(name, _)| same(name))
            },
        }),
        ..TypeRules::NONE
    },
    actions: &[TABLES],
    read: |session, request| read(session, request).boxed(),
};

/// The destination attributes of a route, each with the AWS CLI's option for it.
const DESTINATIONS: &[(&str, &str)] = &[
    ("destination_cidr_block", "destination-cidr-block"),
    ("destination_ipv6_cidr_block", "destination-ipv6-cidr-block"),
    ("destination_prefix_list_id", "destination-prefix-list-id"),
];

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    if request.tracked.is_empty() {
        return ReadResult::default();
    }
    let tables = match tables(session).await {
        Ok(tables) => tables,
        Err(reason) => return ReadResult::unknown(&request, &reason),
    };
    let there = |resource: &&'a Resource| {
        let route = of(resource, tables.get(table(resource))?)?;
        Some((resource.id.clone(), route.clone()))
    };
    let routes: BTreeMap<String, Route> = request.tracked.iter().filter_map(there).collect();
    let get_by_id = |resource: &'a Resource| {
        async move {
            let tables = tables_matching(session, "route-table-id", table(resource)).await?;
            Ok(tables.iter().find_map(|table| of(resource, table)).cloned())
        }
        .boxed()
    };
    let convert = |resource: &'a Resource, route: &Route| convert(table(resource), route);
    ReadResult {
        readings: resolve_tracked(&request.tracked, &routes, convert, get_by_id).await,
        ..ReadResult::default()
    }
}

fn table(resource: &Resource) -> &str {
    resource.text("route_table_id").unwrap_or_default()
}

/// Returns the route of a table that has the recorded destination.
fn of<'t>(resource: &Resource, table: &'t RouteTable) -> Option<&'t Route> {
    let mut recorded_destination = DESTINATIONS
        .iter()
        .filter_map(|(name, _)| resource.text(name));
    let recorded_destination = recorded_destination.find(|text| !text.is_empty());
    let mut written = table.routes().iter().filter(|route| is_written(route));
    written
        .find(|route| recorded_destination.is_some() && destination(route) == recorded_destination)
}

/// Converts a route to the provider's attributes.
pub(super) fn convert(table: &str, route: &Route) -> Attributes {
    let mut all = targets(route);
    all.extend(attributes([
        (
            "destination_cidr_block",
            route.destination_cidr_block().into(),
        ),
        (
            "destination_ipv6_cidr_block",
            route.destination_ipv6_cidr_block().into(),
        ),
        (
            "destination_prefix_list_id",
            route.destination_prefix_list_id().into(),
        ),
        ("route_table_id", table.into()),
    ]));
    all
}
