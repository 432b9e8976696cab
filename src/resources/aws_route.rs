//! `aws_route`: one route of a table.

use super::ask::match_up;
use super::routes::{TABLES, destination, found, is_written, tables, targets};
use super::shape::{attributes, option};
use super::{Answer, Ask, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Claim, Extra, Resource};
use aws_sdk_ec2::types::{Route, RouteTable};
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_route",
    scope: Scope::Regional,
    listed: false,
    extra: Extra {
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
        ..Extra::NONE
    },
    actions: &[TABLES],
    read: |session, ask| read(session, ask).boxed(),
};

/// What a route may lead to, with the option of the command that takes it away.
const DESTINATIONS: &[(&str, &str)] = &[
    ("destination_cidr_block", "destination-cidr-block"),
    ("destination_ipv6_cidr_block", "destination-ipv6-cidr-block"),
    ("destination_prefix_list_id", "destination-prefix-list-id"),
];

async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    if ask.tracked.is_empty() {
        return Answer::default();
    }
    let tables = match tables(session).await {
        Ok(tables) => tables,
        Err(reason) => return Answer::unknown(&ask, &reason),
    };
    let there = |resource: &&'a Resource| {
        let route = of(resource, tables.get(table(resource))?)?;
        Some((resource.id.clone(), route.clone()))
    };
    let routes: BTreeMap<String, Route> = ask.tracked.iter().filter_map(there).collect();
    let confirm = |resource: &'a Resource| {
        async move {
            let tables = found(session, "route-table-id", table(resource)).await?;
            Ok(tables.iter().find_map(|table| of(resource, table)).cloned())
        }
        .boxed()
    };
    let convert = |resource: &'a Resource, route: &Route| convert(table(resource), route);
    Answer {
        readings: match_up(&ask.tracked, &routes, convert, confirm).await,
        ..Answer::default()
    }
}

fn table(resource: &Resource) -> &str {
    resource.text("route_table_id").unwrap_or_default()
}

/// The route of a table that leads where the recorded one does.
fn of<'t>(resource: &Resource, table: &'t RouteTable) -> Option<&'t Route> {
    let mut wanted = DESTINATIONS
        .iter()
        .filter_map(|(name, _)| resource.text(name));
    let wanted = wanted.find(|text| !text.is_empty());
    let mut written = table.routes().iter().filter(|route| is_written(route));
    written.find(|route| wanted.is_some() && destination(route) == wanted)
}

/// One route of a table, in the provider's shape.
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
